/**
 * What goes on on a connection: questions and answers, the room with its seat, and what is said
 * again when the connection comes back.
 */

import { closedByServer } from './closed.js';
import { Connection, again } from './connection.js';
import { Calls } from './calls.js';
import { PROTOCOL_VERSION } from './control.js';
import { Emitter } from './emitter.js';
import { Misuse, Refused } from './error.js';
import { within } from './greet.js';
import { Room } from './room.js';
import { Schemas } from './schemas.js';
import { Seat } from './seat.js';
import { bytesOnly, messagesOf } from './shape.js';
import { jsonOf } from './target.js';

/** How often the time to the server and back is measured. */
const MEASURE_EVERY_MS = 5000;
/** Refusals of a seat after which the client asks again. */
const LATER = new Set(['Failed', 'Busy', 'Stopping']);

const EVENTS = ['drop', 'resume', 'move', 'close', 'error', 'notice', 'ban'];

export class Session {
  #schemas = new Schemas();
  #games;
  #lead;
  #reconnectMs;
  /** Seats that came when nobody waited for them any more, and are being given back. */
  #strays = 0;
  #brokeAt = 0;
  #measuring = null;
  #acking = false;

  /** See `connect` for the options. */
  constructor(url, { token, profile, games, lead, timeout, silence, reconnect, platform }) {
    this.platform = platform;
    this.timeoutMs = timeout;
    this.token = token;
    this.profile = profile;
    this.#games = games;
    this.#lead = lead;
    this.#reconnectMs = reconnect;
    this.emitter = new Emitter(EVENTS, (error) => platform.report(error));
    this.calls = new Calls(platform);
    const owner = this.#owner();
    this.connection = new Connection({ platform, url, deadlineMs: timeout, silenceMs: silence, owner });
    /** The room, while there is one. */
    this.room = null;
    /** Why the connection is over for good. */
    this.closed = null;
    /** By the ids of their questions. */
    this.watches = new Map();
    /** By the ids of joins that queue up: who hears of the place. */
    this.queued = new Map();
    /** A join that was taken out of a waiting list. It may have come through just before. */
    this.unqueued = null;
  }

  /** Asks, and waits for the answer. */
  call(message, timeoutMs, late) {
    try {
      return this.ask(message, timeoutMs, late).answer;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same, with the question's number: `{ id, answer }`. */
  ask(message, timeoutMs = this.timeoutMs, late = undefined, type = undefined) {
    if (this.closed !== null) throw this.closed;
    if (this.connection.socket.overfull) {
      throw new Misuse('Busy', 'too much waits for the server: try again later');
    }
    return this.calls.ask(message, timeoutMs, (bytes) => this.connection.send(bytes), late, type);
  }

  /** A room that was entered is the program's once its state is there. */
  async entered(room) {
    const [messages] = await Promise.all([this.#messages(room), room.ready]);
    room._messages = messages;
    // After the program had its turn, in which it says what it wants to hear of.
    this.platform.later(() => room._uncork(), 0);
    return room;
  }

  async #messages(room) {
    let described = null;
    try {
      described = typeof this.#games === 'function'
        ? await within(this.platform, `what ${room.game} looks like`, this.timeoutMs, this.#games(room.game))
        : this.#games.find(({ game }) => game === room.game) ?? null;
    } catch (error) {
      this.report(error);
    }
    if (described === null) return bytesOnly(room.game);
    if (BigInt(`0x${described.hash}`) !== room._seat.schemaHash) {
      this.report(new Misuse('OtherSchema', `the server's ${room.game} is another version than the schema `
        + `that connect() was given: print it anew with \`greenroom schema --game ${room.game}\``));
    }
    return messagesOf(described.messages, room.game);
  }

  /** What the connection asks of its owner. */
  #owner() {
    return {
      hello: () => ({
        type: 'Hello',
        protocol: PROTOCOL_VERSION,
        client: 'greenroom-client-js/0.1.0',
        token: this.token,
        schemas: this.#schemas.hashes(),
      }),
      patienceMs: () => Math.min(this.room?._seat.token ? this.room._seat.holdMs : Infinity, this.#reconnectMs),
      restore: (socket) => this.#restore(socket),
      heard: (message) => this.#heard(message),
      up: (afterMs) => this.#up(afterMs),
      broke: (closed, withinMs) => this.#broke(closed, withinMs),
      probe: () => this.#measure(),
      closed: (closed) => this.#end(closed),
      report: (error) => this.report(error),
    };
  }

  /** Something is wrong that is no reason to stop. */
  report(error) {
    this.emitter.emit('error', error);
  }

  #heard(message) {
    if (message instanceof Uint8Array) {
      if (this.room?._frame(message, this.platform.now())) this.connection.say({ type: 'Resync' });
      this.#acknowledge();
      return;
    }
    const hear = this.#hears[message.type];
    if (hear !== undefined) {
      hear(message);
      return;
    }
    const why = `the server said ${message.type}, which this client leaves out: update the client`;
    this.report(new Misuse('Unknown', why));
  }

  #hears = {
    Joined: (joined) => this.#take(joined, null),
    Moved: ({ joined }) => this.#move(this.connection, joined),
    Spectating: (spectating) => this.#take(spectating, spectating.delay_ms),
    Refused: ({ id, why, text }) => {
      const asked = this.calls.settle(id, null, new Refused(why, text));
      if (asked !== 'Ping') this.room?._seat.acks.arrived(0, this.platform.now());
      this.#acknowledge();
    },
    Reply: ({ id, body }) => {
      this.room?._seat.acks.arrived(body.length, this.platform.now());
      this.calls.settle(id, body);
      this.#acknowledge();
    },
    Rooms: ({ id, rooms }) => this.calls.settle(id, rooms),
    Found: ({ id, ...found }) => this.calls.settle(id, found),
    Watched: ({ id, ...changes }) => {
      this.watches.get(id)?.take(changes);
      this.calls.settle(id, null);
    },
    Reserved: ({ id, room, codes, expires_ms: expiresMs }) => this.calls.settle(id, { room, codes, expiresMs }),
    Waiting: ({ id, place }) => {
      const hear = this.queued.get(id);
      if (hear !== undefined) this.emitter.call(hear, place);
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
    Dismissed: ({ code }) => this.#over((room) => room._close(closedByServer(code, '', null))),
    Welcome: () => this.connection.socket.close(4001, 'the server sent a second Welcome'),
  };

  /** A seat, or a place among those who look on. */
  #take(joined, delayMs) {
    const schema = this.#schemas.of(joined);
    const now = this.platform.now();
    if (this.room?.spectating && delayMs !== null) {
      this.calls.settle(joined.id, this.room);
      this.room._resumed(joined, schema, true, now - this.#brokeAt, now);
      return;
    }
    const room = new Room(this, new Seat(joined, schema, this.#lead, now), delayMs);
    const asked = this.calls.settle(joined.id, room);
    if (asked === null) {
      // The program no longer wants it, and may by now be asking for another.
      this.#strays += 1;
      if (this.unqueued !== joined.id) this.connection.say({ type: 'Leave' });
      this.unqueued = null;
      return;
    }
    this.calls.used(joined.requests ?? 0);
    this.calls.seated();
    this.room = room;
    if (asked === 'Resume') this.#ack(this.connection);
    this.#keepMeasuring();
  }

  /**
   * The game has moved the player: this seat takes the place of the one before. `to` is where the
   * server is told that the client knows.
   */
  #move(to, joined) {
    const before = this.room;
    // One that is being given back is so wherever it is.
    if (before === null) return;
    const seat = new Seat(joined, this.#schemas.of(joined), this.#lead, this.platform.now());
    const room = new Room(this, seat, null);
    const moved = new Refused('Moved', 'the game has moved the player to another room');
    this.#leaveBehind(moved);
    before._close(moved);
    this.calls.used(joined.requests);
    this.calls.seated();
    this.room = room;
    to.say({ type: 'Arrived', room: joined.room, player: joined.player });
    if (before._leaving) room.leave();
    this.#keepMeasuring();
    // If the new one ends before its state is there, its end is all there is to tell.
    this.entered(room).then(() => this.emitter.emit('move', room, before), () => {});
  }

  #over(tell) {
    if (this.#strays > 0) {
      this.#strays -= 1;
      return;
    }
    const { room } = this;
    if (room === null) return;
    this.#leaveBehind();
    tell(room);
  }

  #leaveBehind(why = new Misuse('NoSeat', 'the room was over before it answered')) {
    this.room = null;
    this.calls.unseated(why);
    this.platform.cancel(this.#measuring);
  }

  /** Tells the server what has arrived, when that is due. */
  #acknowledge() {
    const { room } = this;
    if (room === null || room._seat.token === null || room._seat.acks.due === null) return;
    const wait = room._seat.acks.due - this.platform.now();
    if (wait <= 0) {
      this.#ack(this.connection);
    } else if (!this.#acking) {
      this.#acking = true;
      this.platform.later(() => {
        this.#acking = false;
        if (this.connection.state === 'up') this.#acknowledge();
      }, wait);
    }
  }

  #ack(to) {
    const { acks, eventsSeen } = this.room._seat;
    acks.told();
    to.say({ type: 'Ack', events: eventsSeen, replies: this.calls.settled() });
  }

  /**
   * Asks what any server answers at once, with few bytes: the protocol has no ping that a page could
   * send. There is no game without a name.
   */
  #measure() {
    const { now } = this.platform;
    const start = now();
    const measured = () => this.room?._clock.measured(now() - start);
    try {
      const ask = this.ask({ type: 'List', game: '' }, this.timeoutMs, undefined, 'Ping');
      ask.answer.then(measured, (error) => error instanceof Refused && measured());
    } catch {
      // Too much is under way; there is another time.
    }
  }

  #keepMeasuring() {
    this.platform.cancel(this.#measuring);
    this.#measuring = this.platform.later(() => this.#keepMeasuring(), MEASURE_EVERY_MS);
    if (this.connection.state === 'up') this.#measure();
  }

  #broke(closed, withinMs) {
    this.#brokeAt = this.platform.now();
    this.calls.broke(closed);
    this.#strays = 0;
    this.unqueued = null;
    const { room } = this;
    if (room !== null && !room.spectating && room._seat.token === null) {
      this.#leaveBehind();
      room._close(closed);
    }
    room?._broke(closed, withinMs);
    this.emitter.emit('drop', closed, withinMs);
  }

  /** On a new connection: the seat is asked for again. */
  async #restore(socket) {
    const { room } = this;
    if (room === null || room.spectating) return;
    const seat = room._seat;
    const attempt = this.connection.pauses.attempt();
    let events = seat.eventsSeen;
    let ended = null;
    for (;;) {
      socket.say({ type: 'Resume', id: 0, token: seat.token, attempt, tick: seat.tick, events, schema: null });
      let answer = await socket.next();
      if (answer.type === 'Ended') {
        ended = { result: jsonOf(answer.result) };
        answer = await socket.next();
      }
      if (answer.type === 'Joined' && answer.id === 0) {
        this.#resumed(socket, answer, events === null);
        return;
      }
      if (answer.type === 'Moved' && answer.joined.id === 0) {
        this.#move(socket, answer.joined);
        this.#ack(socket);
        return;
      }
      if (answer.type !== 'Refused' || answer.id !== 0) {
        socket.close(4001, 'the server said something else before it answered Resume');
        throw socket.ended;
      }
      const { why, text } = answer;
      if (LATER.has(why)) throw again(text);
      if (why !== 'TooFarBehind' || events === null) {
        // The connection is as good as any for another room.
        this.#leaveBehind();
        if (ended !== null) room._ended(ended.result);
        else room._close(room._leaving && why === 'SeatGone' ? null : new Refused(why, text));
        return;
      }
      events = null;
    }
  }

  #resumed(socket, joined, eventsLost) {
    const now = this.platform.now();
    const { room } = this;
    let other;
    try {
      other = room._resumed(joined, this.#schemas.of(joined), eventsLost, now - this.#brokeAt, now);
    } catch (error) {
      socket.close(4000, error.message);
      throw socket.ended;
    }
    // Another version of the game may have other messages, too.
    if (other) this.#messages(room).then((messages) => { room._messages = messages; });
    this.calls.used(joined.requests);
    // Makes the token before void.
    this.#ack(socket);
  }

  /** The connection is back. Says once more what the server may not have heard. */
  #up(afterMs) {
    const { room, connection } = this;
    for (const bytes of this.calls.again()) connection.send(bytes);
    for (const [id, watch] of [...this.watches]) this.#watchAgain(id, watch);
    if (room?.spectating) {
      this.call({ type: 'Spectate', room: room.id, schema: null }).catch((error) => {
        if (this.room !== room || this.connection.state !== 'up') return;
        this.#leaveBehind();
        room._close(error);
      });
    } else if (room?._leaving) {
      connection.say({ type: 'Leave' });
    } else {
      const input = room?._seat.inputAgain(this.platform.now());
      if (input) connection.sendInput(input);
    }
    this.emitter.emit('resume', afterMs);
  }

  #watchAgain(before, watch) {
    // One without an answer so far is a question that goes out again by itself.
    if (!watch.answered) return;
    watch.restart();
    this.watches.delete(before);
    const { id, answer } = this.ask({ type: 'Watch', query: watch.query });
    this.watches.set(id, watch);
    answer.catch((error) => this.report(error));
  }

  #end(closed) {
    this.closed = closed;
    const { room } = this;
    this.calls.fail(closed);
    if (room !== null) {
      this.#leaveBehind();
      room._close(closed);
    }
    this.emitter.emit('close', closed);
  }
}
