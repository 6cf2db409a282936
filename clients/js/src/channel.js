/**
 * One channel of a connection: questions and answers, the room with its seat, and what is said again
 * when the connection comes back. A connection has four, the first of which is the client's own.
 */

import { Calls } from './calls.js';
import { dismissed } from './closed.js';
import { again } from './connection.js';
import { Emitter } from './emitter.js';
import { Misuse, Refused } from './error.js';
import { Room } from './room.js';
import { Seat } from './seat.js';
import { jsonOf } from './target.js';

/** Refusals of a seat after which the client asks again. */
const LATER = new Set(['Failed', 'Busy', 'Stopping']);

export class Channel {
  /** Seats that came when nobody waited for them any more, and are being given back. */
  #strays = 0;
  #acking = false;
  /** Whether the seat is asked for again, and events are known not to be there any more. */
  #resuming = false;
  #behind = false;
  /** The result of a match that has ended while the client was away. */
  #ended = null;

  /** Its number, and the names of what its program may want to hear of. */
  constructor(session, number, events) {
    const { platform } = session;
    Object.assign(this, { session, number, platform });
    this.emitter = new Emitter(events, (error) => platform.report(error));
    this.calls = new Calls(this);
    /** The room, while there is one. */
    this.room = null;
    /** By the ids of joins that queue up: who hears of the place. */
    this.queued = new Map();
    /** A join that was taken out of a waiting list. It may have come through just before. */
    this.unqueued = null;
  }

  get connection() { return this.session.connection; }
  get up() { return this.connection.state === 'up'; }

  say(message) {
    this.connection.say(message, this.number);
  }

  /** Asks, and waits for the answer. */
  async call(...words) {
    return this.calls.ask(...words).answer;
  }

  /** A room that was entered is the program's once its state is there. */
  async entered(room) {
    const [messages] = await Promise.all([this.session.messages(room), room.ready]);
    room._messages = messages;
    // After the program had its turn, in which it says what it wants to hear of.
    this.platform.later(() => room._uncork(), 0);
    return room;
  }

  heard(message) {
    if (message instanceof Uint8Array) {
      if (this.room?._frame(message, this.platform.now())) this.say({ type: 'Resync' });
      this.#acknowledge();
    } else {
      const hear = this.#hears[message.type] ?? this.#answer;
      hear(message);
    }
  }

  #answer = (message) => this.calls.settle(message.id, message);

  /** All else is an answer. */
  #hears = {
    Joined: (joined) => this.#take(joined, null),
    Moved: ({ joined }) => this.#move(this.connection, joined),
    Spectating: (spectating) => this.#take(spectating, spectating.delay_ms),
    Refused: ({ id, why, text }) => {
      const asked = this.calls.settle(id, new Refused(why, text), 'reject');
      if (asked !== 'Ping') this.#arrived(0);
    },
    Reply: ({ id, body }) => {
      this.calls.settle(id, body);
      this.#arrived(body.length);
    },
    Watched: ({ id, ...changes }) => {
      this.session.watches.get(id)?.take(changes);
      this.calls.settle(id, null);
    },
    Waiting: ({ id, place }) => {
      const hear = this.queued.get(id);
      if (hear) this.emitter.call(hear, place);
    },
    RoomCode: ({ room, code }) => {
      if (this.room?.id === room) this.room.code = code;
    },
    Banned: ({ room, for_ms: forMs, text }) => {
      this.emitter.emit('ban', { room, forMs: Number(forMs), text });
    },
    Notice: ({ text }) => this.emitter.emit('notice', text),
    Roster: (message) => this.room?._people(message),
    Left: () => this.#over((room) => room._close(null)),
    Ended: ({ result }) => {
      const value = jsonOf(result);
      this.#over((room) => room._ended(value));
    },
    Dismissed: ({ code }) => this.#over((room) => room._close(dismissed(code))),
  };

  /** A seat, or a place among those who look on. */
  #take(joined, delayMs) {
    const schema = this.session.schemas.of(joined);
    const now = this.platform.now();
    if (this.room?.spectating && delayMs !== null) {
      this.calls.settle(joined.id, this.room);
      this.room._resumed(joined, schema, true, this.session.awayMs, now);
      return;
    }
    const room = this.#roomOf(joined, schema, delayMs, now);
    const asked = this.calls.settle(joined.id, room);
    if (!asked) {
      // The program no longer wants it, and may by now be asking for another.
      this.#strays += 1;
      if (this.unqueued !== joined.id) this.say({ type: 'Leave' });
      this.unqueued = null;
      return;
    }
    this.#enter(room, joined);
    if (asked === 'Resume') this.#ack(this.connection);
    this.session.measureFromNow();
  }

  #roomOf(joined, schema, delayMs, now) {
    return new Room(this, new Seat(joined, schema, this.session.lead, now), delayMs);
  }

  #enter(room, { requests = 0 }) {
    this.calls.used(requests);
    this.calls.seated();
    this.room = room;
  }

  /**
   * The game has moved the player: this seat takes the place of the one before. `to` is where the
   * server is told that the client knows.
   */
  #move(to, joined) {
    const before = this.room;
    // One that is being given back is so wherever it is.
    if (!before) return;
    const room = this.#roomOf(joined, this.session.schemas.of(joined), null, this.platform.now());
    const moved = new Refused('Moved', 'the game has moved the player to another room');
    this.#leaveBehind(moved);
    before._close(moved);
    this.#enter(room, joined);
    to.say({ type: 'Arrived', room: joined.room, player: joined.player }, this.number);
    if (before._leaving) room.leave();
    this.session.measureFromNow();
    // If the new one ends before its state is there, its end is all there is to tell.
    this.entered(room).then(() => this.emitter.emit('move', room, before), () => {});
  }

  #over(tell) {
    if (this.#strays > 0) {
      this.#strays -= 1;
      return;
    }
    const { room } = this;
    if (!room) return;
    this.#leaveBehind();
    tell(room);
  }

  #leaveBehind(why = new Misuse('NoSeat', 'the room was over before it answered')) {
    this.room = null;
    this.calls.unseated(why);
  }

  #arrived(bytes) {
    this.room?._seat.acks.arrived(bytes, this.platform.now());
    this.#acknowledge();
  }

  /** Tells the server what has arrived, when that is due. */
  #acknowledge() {
    const { room } = this;
    if (!room?._seat.token || room._seat.acks.due === null) return;
    const wait = room._seat.acks.due - this.platform.now();
    if (wait <= 0) {
      this.#ack(this.connection);
    } else if (!this.#acking) {
      this.#acking = true;
      this.platform.later(() => {
        this.#acking = false;
        if (this.up) this.#acknowledge();
      }, wait);
    }
  }

  #ack(to) {
    const { acks, eventsSeen } = this.room._seat;
    acks.told();
    to.say({ type: 'Ack', events: eventsSeen, replies: this.calls.settled() }, this.number);
  }

  /** For how long the seat is there for who comes back; `null` without one. */
  get holdMs() {
    const { room } = this;
    if (room?.spectating) return Infinity;
    return room?._seat.token ? room._seat.holdMs : null;
  }

  /** The connection has broken, and is tried to be opened again for so long. */
  broke(closed, withinMs) {
    this.calls.broke(closed);
    this.#strays = 0;
    this.unqueued = null;
    const { room } = this;
    if (room && !room.spectating && !room._seat.token) {
      this.#leaveBehind();
      room._close(closed);
    }
    room?._broke(closed, Math.min(withinMs, this.holdMs ?? 0));
  }

  /** On a new connection: the seat is asked for again. Returns whether there is one. */
  resume(socket) {
    this.#resuming = this.room?.spectating === false;
    this.#behind = false;
    this.#ended = null;
    if (this.#resuming) this.#askAgain(socket);
    return this.#resuming;
  }

  #askAgain(socket) {
    const { token, tick, eventsSeen } = this.room._seat;
    const attempt = this.session.attempt;
    const events = this.#behind ? null : eventsSeen;
    socket.say({ type: 'Resume', id: 0, token, attempt, tick, events, schema: null }, this.number);
  }

  /** What the server says to that. Returns whether there is more to come. */
  answered(socket, answer) {
    const { room } = this;
    if (answer.type === 'Ended' && !this.#ended) {
      this.#ended = { result: jsonOf(answer.result) };
      return true;
    }
    if (answer.type === 'Joined' && answer.id === 0) {
      this.#resumed(socket, answer);
      return false;
    }
    if (answer.type === 'Moved' && answer.joined.id === 0) {
      this.#move(socket, answer.joined);
      this.#ack(socket);
      return false;
    }
    if (answer.type !== 'Refused' || answer.id !== 0) {
      socket.close(4001, 'the server did not answer Resume');
      throw socket.ended;
    }
    const { why, text } = answer;
    if (LATER.has(why)) throw again(text);
    if (why === 'TooFarBehind' && !this.#behind) {
      this.#behind = true;
      this.#askAgain(socket);
      return true;
    }
    // The connection is as good as any for another room.
    this.#leaveBehind();
    if (this.#ended) room._ended(this.#ended.result);
    else room._close(room._leaving && why === 'SeatGone' ? null : new Refused(why, text));
    return false;
  }

  #resumed(socket, joined) {
    const { room, session } = this;
    let other;
    try {
      other = room._resumed(joined, session.schemas.of(joined), this.#behind, session.awayMs, this.platform.now());
    } catch (error) {
      socket.close(4000, error.message);
      throw socket.ended;
    }
    // Another version of the game may have other messages, too.
    if (other) session.messages(room).then((messages) => { room._messages = messages; });
    this.calls.used(joined.requests);
    // Makes the token before void.
    this.#ack(socket);
  }

  /** The connection is back. Says once more what the server may not have heard. */
  again() {
    const { room, connection, number } = this;
    for (const bytes of this.calls.again()) connection.send(bytes, number);
    if (room?.spectating) {
      this.call({ type: 'Spectate', room: room.id, schema: null }).catch((error) => {
        if (this.room !== room || !this.up) return;
        this.#leaveBehind();
        room._close(error);
      });
    } else if (room?._leaving) {
      this.say({ type: 'Leave' });
    } else {
      const input = room?._seat.inputAgain(this.platform.now());
      if (input) connection.sendInput(input, number);
    }
  }

  /** The connection is over for good. */
  end(closed) {
    const { room } = this;
    this.calls.fail(closed);
    if (!room) return;
    this.#leaveBehind();
    room._close(closed);
  }
}
