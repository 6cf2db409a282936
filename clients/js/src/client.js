/** A connection to a server as a game sees it, with at most one room at a time. */

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
import { foundOf, queryOf, toCreate, toJoin, toJoinOrCreate, toMatch } from './target.js';
import { Watch } from './watch.js';

/** How often the time to the server and back is measured. */
const MEASURE_EVERY_MS = 5000;
/** Refusals of a seat after which the client asks again. */
const LATER = new Set(['Failed', 'Busy', 'Stopping']);

/** Made by `connect`. */
export class Client {
  #emitter;
  #calls;
  #schemas = new Schemas();
  #games;
  #token;
  #profile;
  #lead;
  #reconnectMs;
  #watches = new Map();
  /** Seats that came when nobody waited for them any more, and are being given back. */
  #strays = 0;
  /** A join that was taken out of a waiting list. It may have come through just before. */
  #unqueued = null;
  /** By the ids of joins that queue up: who hears of the place. */
  #queued = new Map();
  #brokeAt = 0;
  #measuring = null;

  /** See `connect` for the options. */
  constructor(url, { token, profile, games, lead, timeout, silence, reconnect, platform }) {
    this.platform = platform;
    this.timeoutMs = timeout;
    this.#token = token;
    this.#profile = profile;
    this.#games = games;
    this.#lead = lead;
    this.#reconnectMs = reconnect;
    this.#emitter = new Emitter(['drop', 'resume', 'close', 'error', 'notice'], (error) => platform.report(error));
    this.#calls = new Calls(platform);
    this.connection = new Connection({ platform, url, deadlineMs: timeout, silenceMs: silence, owner: this.#owner() });
    /** The room, while there is one. */
    this.room = null;
  }

  /** Name and version of the server. */
  get server() { return this.connection.welcome.server; }
  /** The games that it hosts. */
  get games() { return this.connection.welcome.games; }
  /** `'up'`, `'broken'` while the client tries to come back, or `'closed'`. */
  get state() { return this.connection.state; }

  /**
   * From now on a function is called when something happens; returns a function that ends it.
   *
   * | name | with |
   * |---|---|
   * | `drop` | why the connection broke, for how many milliseconds the client tries to come back |
   * | `resume` | after how many milliseconds it is back |
   * | `close` | why the connection is over for good: always, once |
   * | `error` | what the server says and this client does not know, and the like: it goes on |
   * | `notice` | what the operator says to players: show it |
   */
  on(name, hear) {
    return this.#emitter.on(name, hear);
  }

  /** A seat in a new room; `how` may say `seats`, `visibility`, `meta`, `profile`, `timeout`. */
  create(game, options, how) { return this.#join(toCreate(game, options, how), how); }
  /** A seat in any open room of the game with these options. */
  join(game, options, how) { return this.#join(toJoin(game, options), how); }
  /** The same, or else in a new room. */
  joinOrCreate(game, options, how) { return this.#join(toJoinOrCreate(game, options), how); }
  /** A seat in the room with this id. */
  joinById(room, how) { return this.#join({ type: 'Room', room }, how); }
  /** A seat in the private room with this code. */
  joinByCode(code, how) { return this.#join({ type: 'Code', code }, how); }
  /** The seat that is kept by this code, see `reserve`. */
  joinReserved(code, how) { return this.#join({ type: 'Reserved', code }, how); }
  /** A seat in the first room that a query finds, or else in a new one as `how.orCreate` says. */
  match(query, how) { return this.#join(toMatch(query, how?.orCreate), how); }

  /**
   * A seat in this room; if it is full, in its waiting list until one is free. `onPlace` hears the
   * place there, 1 being the next; `signal` goes out of the list.
   */
  wait(room, { onPlace, ...how } = {}) {
    return this.#join({ type: 'Wait', room }, { timeout: 600_000, ...how }, onPlace ?? (() => {}));
  }

  /** The seat that this program had before it was started anew: see `room.token`. */
  async resume(token, { timeout = this.timeoutMs } = {}) {
    this.#unseated();
    const bytes = Uint8Array.from(atob(token.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
    const attempt = this.connection.pauses.attempt();
    const message = { type: 'Resume', token: bytes, attempt, tick: null, events: null, schema: null };
    // If it came later, it would have to be given up: so the connection ends.
    return this.#entered(await this.call(message, timeout, () => this.connection.socket.drop('no answer to Resume')));
  }

  /** Looks on at a room without a seat. */
  async spectate(room, { timeout = this.timeoutMs } = {}) {
    this.#unseated();
    const id = typeof room === 'string' ? room : room.id;
    return this.#entered(await this.call({ type: 'Spectate', room: id, schema: null }, timeout));
  }

  /** The open rooms of a game, oldest first, at most 100. */
  async list(game) {
    return (await this.call({ type: 'List', game })).map(foundOf);
  }

  /**
   * The rooms of which something holds, a page of them: `{ rooms, next }`; the same query with
   * `cursor: next` has those after it. See `queryOf` for what a query may say.
   */
  async find(query) {
    const { rooms, next } = await this.call({ type: 'Find', query: queryOf(query) });
    return { rooms: rooms.map(foundOf), next };
  }

  /**
   * The same as a `Map` by room id that is kept up to date, also when the connection comes back.
   * `hear` gets the map and what has changed, `{ added, changed, removed }`. Returns
   * `{ rooms, stop() }`.
   */
  async watch(query, hear = () => {}) {
    const watch = new Watch(queryOf(query), (...words) => this.#emitter.call(hear, ...words));
    const { id, answer } = this.#ask({ type: 'Watch', query: watch.query });
    this.#watches.set(id, watch);
    try {
      await answer;
    } catch (error) {
      this.#watches.delete(id);
      throw error;
    }
    return { rooms: watch.rooms, stop: () => this.#unwatch(watch) };
  }

  /**
   * Keeps so many seats in one room, found as `create`, `join`, `joinOrCreate` or `joinById` would:
   * `{ how: 'joinOrCreate', game: 'arena', options: {} }`, or `{ room: id }`. Returns
   * `{ room, codes, expiresMs }`: each code is for one `joinReserved`.
   */
  async reserve(where, seats) {
    const makers = { create: toCreate, join: toJoin, joinOrCreate: toJoinOrCreate };
    const { room, how = 'joinOrCreate', game, options } = where;
    if (room === undefined && !Object.hasOwn(makers, how)) {
      throw new Misuse('BadTarget', `seats are kept by how: ${Object.keys(makers).join(', ')}; or by room`);
    }
    const to = room === undefined ? makers[how](game, options, where) : { type: 'Room', room };
    return this.call({ type: 'Reserve', to, seats });
  }

  /** Gives up a seat that is kept. */
  unreserve(code) {
    this.connection.say({ type: 'Unreserve', code });
  }

  /** Says who this is from the next connection on: before the token that `connect` got expires. */
  setToken(token) {
    this.#token = token;
  }

  /** Ends the connection, and gives the seat up. */
  close() {
    this.connection.close();
  }

  /** Asks, and waits for the answer. */
  call(message, timeoutMs, late) {
    try {
      return this.#ask(message, timeoutMs, late).answer;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #ask(message, timeoutMs = this.timeoutMs, late = undefined, type = undefined) {
    if (this.closed) throw this.closed;
    if (this.connection.socket.overfull) throw new Misuse('Busy', 'too much waits for the server: try again later');
    return this.#calls.ask(message, timeoutMs, (bytes) => this.connection.send(bytes), late, type);
  }

  #unseated() {
    if (this.room !== null) throw new Misuse('AlreadySeated', 'this client is in a room: leave it first');
  }

  async #join(to, { profile = this.#profile, timeout = this.timeoutMs, signal } = {}, onPlace = null) {
    this.#unseated();
    signal?.throwIfAborted();
    const { name = '', data } = profile;
    const said = { name, data: data === undefined ? '' : JSON.stringify(data) };
    const unqueue = (id) => {
      if (!this.#queued.delete(id)) return;
      this.#unqueued = id;
      this.connection.say({ type: 'Leave' });
    };
    const { id, answer } = this.#ask({ type: 'Join', to, schema: null, profile: said }, timeout, unqueue);
    if (onPlace !== null) this.#queued.set(id, onPlace);
    const abort = () => {
      this.#calls.settle(id, null, signal.reason);
      unqueue(id);
    };
    signal?.addEventListener('abort', abort);
    try {
      return await this.#entered(await answer);
    } finally {
      this.#queued.delete(id);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** A room that was entered is the program's once its state is there. */
  async #entered(room) {
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
      this._report(error);
    }
    if (described === null) return bytesOnly(room.game);
    if (BigInt(`0x${described.hash}`) !== room._seat.schemaHash) {
      this._report(new Misuse('OtherSchema', `the server's ${room.game} is another version than the schema `
        + `that connect() was given: print it anew with \`greenroom schema --game ${room.game}\``));
    }
    return messagesOf(described.messages, room.game);
  }

  #unwatch(watch) {
    for (const [id, other] of this.#watches) {
      if (other !== watch) continue;
      this.#watches.delete(id);
      this.connection.say({ type: 'Unwatch', id });
    }
  }

  /** What the connection asks of its owner. */
  #owner() {
    return {
      hello: () => ({
        type: 'Hello',
        protocol: PROTOCOL_VERSION,
        client: 'greenroom-client-js/0.1.0',
        token: this.#token,
        schemas: this.#schemas.hashes(),
      }),
      patienceMs: () => Math.min(this.room?._seat.token ? this.room._seat.holdMs : Infinity, this.#reconnectMs),
      restore: (socket) => this.#restore(socket),
      heard: (message) => this.#heard(message),
      up: (afterMs) => this.#up(afterMs),
      broke: (closed, withinMs) => this.#broke(closed, withinMs),
      probe: () => this.#measure(),
      closed: (closed) => this.#end(closed),
      report: (error) => this._report(error),
    };
  }

  /** Something is wrong that is no reason to stop. */
  _report(error) {
    this.#emitter.emit('error', error);
  }

  #heard(message) {
    if (message instanceof Uint8Array) {
      if (this.room?._frame(message, this.platform.now())) this.connection.say({ type: 'Resync' });
      this.#acknowledge();
      return;
    }
    const hear = this.#hears[message.type];
    if (hear === undefined) this._report(new Misuse('Unknown', `the server said ${message.type}, which this client leaves out: update the client`));
    else hear(message);
  }

  #hears = {
    Joined: (joined) => this.#take(joined, null),
    Spectating: (spectating) => this.#take(spectating, spectating.delay_ms),
    Refused: ({ id, why, text }) => {
      const asked = this.#calls.settle(id, null, new Refused(why, text));
      if (asked !== 'Ping') this.room?._seat.acks.arrived(0, this.platform.now());
      this.#acknowledge();
    },
    Reply: ({ id, body }) => {
      this.room?._seat.acks.arrived(body.length, this.platform.now());
      this.#calls.settle(id, body);
      this.#acknowledge();
    },
    Rooms: ({ id, rooms }) => this.#calls.settle(id, rooms),
    Found: ({ id, ...found }) => this.#calls.settle(id, found),
    Watched: ({ id, ...changes }) => {
      this.#watches.get(id)?.take(changes);
      this.#calls.settle(id, null);
    },
    Reserved: ({ id, room, codes, expires_ms: expiresMs }) => this.#calls.settle(id, { room, codes, expiresMs }),
    Waiting: ({ id, place }) => {
      const hear = this.#queued.get(id);
      if (hear !== undefined) this.#emitter.call(hear, place);
    },
    RoomCode: ({ room, code }) => {
      if (this.room?.id === room) this.room.code = code;
    },
    Notice: ({ text }) => this.#emitter.emit('notice', text),
    Roster: (message) => this.room?._people(message),
    Left: () => this.#over((room) => room._close(null)),
    Ended: ({ result }) => this.#over((room) => room._ended(result)),
    Dismissed: ({ code }) => this.#over((room) => room._close(closedByServer(code, '', null))),
    Welcome: () => this.connection.socket.close(4001, 'the server sent a second Welcome'),
  };

  /** A seat, or a place among those who look on. */
  #take(joined, delayMs) {
    const schema = this.#schemas.of(joined);
    const now = this.platform.now();
    if (this.room?.spectating && delayMs !== null) {
      this.#calls.settle(joined.id, this.room);
      this.room._resumed(joined, schema, true, now - this.#brokeAt, now);
      return;
    }
    const room = new Room(this, new Seat(joined, schema, this.#lead, now), delayMs);
    const asked = this.#calls.settle(joined.id, room);
    if (asked === null) {
      // The program no longer wants it, and may by now be asking for another.
      this.#strays += 1;
      if (this.#unqueued !== joined.id) this.connection.say({ type: 'Leave' });
      this.#unqueued = null;
      return;
    }
    this.#calls.used(joined.requests ?? 0);
    this.#calls.seated();
    this.room = room;
    if (asked === 'Resume') this.#ack(this.connection);
    this.#keepMeasuring();
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

  #leaveBehind() {
    this.room = null;
    this.#calls.unseated(new Misuse('NoSeat', 'the room was over before it answered'));
    this.platform.cancel(this.#measuring);
  }

  /** Tells the server what has arrived, when that is due. */
  #acknowledge() {
    const { room } = this;
    if (room === null || room._seat.token === null || room._seat.acks.due === null) return;
    const wait = room._seat.acks.due - this.platform.now();
    if (wait <= 0) {
      this.#ack(this.connection);
    } else if (!this.acking) {
      this.acking = true;
      this.platform.later(() => {
        this.acking = false;
        if (this.state === 'up') this.#acknowledge();
      }, wait);
    }
  }

  #ack(to) {
    const { acks, eventsSeen } = this.room._seat;
    acks.told();
    to.say({ type: 'Ack', events: eventsSeen, replies: this.#calls.settled() });
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
      const ask = this.#ask({ type: 'List', game: '' }, this.timeoutMs, undefined, 'Ping');
      ask.answer.then(measured, (error) => error instanceof Refused && measured());
    } catch {
      // Too much is under way; there is another time.
    }
  }

  #keepMeasuring() {
    this.platform.cancel(this.#measuring);
    this.#measuring = this.platform.later(() => this.#keepMeasuring(), MEASURE_EVERY_MS);
    if (this.state === 'up') this.#measure();
  }

  #broke(closed, withinMs) {
    this.#brokeAt = this.platform.now();
    this.#calls.broke(closed);
    this.#strays = 0;
    this.#unqueued = null;
    const { room } = this;
    if (room !== null && !room.spectating && room._seat.token === null) {
      this.#leaveBehind();
      room._close(closed);
    }
    room?._broke(closed, withinMs);
    this.#emitter.emit('drop', closed, withinMs);
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
        ended = answer.result;
        answer = await socket.next();
      }
      if (answer.type === 'Joined' && answer.id === 0) {
        this.#resumed(socket, answer, events === null);
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
        if (ended !== null) room._ended(ended);
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
    this.#calls.used(joined.requests);
    // Makes the token before void.
    this.#ack(socket);
  }

  /** The connection is back. Says once more what the server may not have heard. */
  #up(afterMs) {
    const { room, connection } = this;
    for (const bytes of this.#calls.again()) connection.send(bytes);
    for (const [id, watch] of [...this.#watches]) this.#watchAgain(id, watch);
    if (room?.spectating) {
      this.call({ type: 'Spectate', room: room.id, schema: null }).catch((error) => {
        if (this.room !== room || this.state !== 'up') return;
        this.#leaveBehind();
        room._close(error);
      });
    } else if (room?._leaving) {
      connection.say({ type: 'Leave' });
    } else {
      const input = room?._seat.inputAgain(this.platform.now());
      if (input) connection.sendInput(input);
    }
    this.#emitter.emit('resume', afterMs);
  }

  #watchAgain(before, watch) {
    // One without an answer so far is a question that goes out again by itself.
    if (!watch.answered) return;
    watch.restart();
    this.#watches.delete(before);
    const { id, answer } = this.#ask({ type: 'Watch', query: watch.query });
    this.#watches.set(id, watch);
    answer.catch((error) => this._report(error));
  }

  #end(closed) {
    /** Why the connection is over; `undefined` while it is not. */
    this.closed = closed;
    const { room } = this;
    this.#calls.fail(closed);
    if (room !== null) {
      this.#leaveBehind();
      room._close(closed);
    }
    this.#emitter.emit('close', closed);
  }
}
