/** A connection to a server as a game sees it, with at most one room at a time. */

import { Misuse } from './error.js';
import { foundOf, queryOf, toCreate, toJoin, toJoinOrCreate, toMatch } from './target.js';
import { Watch } from './watch.js';

/** Made by `connect`. */
export class Client {
  #session;

  constructor(session) {
    this.#session = session;
  }

  /** Name and version of the server. */
  get server() { return this.#session.connection.welcome.server; }
  /** The games that it hosts. */
  get games() { return this.#session.connection.welcome.games; }
  /** `'up'`, `'broken'` while the client tries to come back, or `'closed'`. */
  get state() { return this.#session.connection.state; }
  /** The room, while there is one; else `null`. */
  get room() { return this.#session.room; }
  /** Why the connection is over for good; `null` while it is not. */
  get closed() { return this.#session.closed; }

  /**
   * From now on a function is called when something happens; returns a function that ends it.
   *
   * | name | with |
   * |---|---|
   * | `drop` | why the connection broke, for how many milliseconds the client tries to come back |
   * | `resume` | after how many milliseconds it is back |
   * | `move` | the room that the game has moved the player to, and the one before, which is over |
   * | `close` | why the connection is over for good: always, once |
   * | `error` | what the server says and this client does not know, and the like: it goes on |
   * | `notice` | what the operator says to players: show it |
   * | `ban` | `{ room, forMs, text }`: the account is kept out of this room, which is over for it |
   */
  on(name, hear) {
    return this.#session.emitter.on(name, hear);
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
  async resume(token, { timeout = this.#session.timeoutMs } = {}) {
    this.#unseated();
    const text = atob(token.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const attempt = this.#session.connection.pauses.attempt();
    const message = { type: 'Resume', token: bytes, attempt, tick: null, events: null, schema: null };
    // If it came later, it would have to be given up: so the connection ends.
    const late = () => this.#session.connection.socket.drop('no answer to Resume');
    return this.#session.entered(await this.#session.call(message, timeout, late));
  }

  /** Looks on at a room without a seat. */
  async spectate(room, { timeout = this.#session.timeoutMs } = {}) {
    this.#unseated();
    const id = typeof room === 'string' ? room : room.id;
    const message = { type: 'Spectate', room: id, schema: null };
    return this.#session.entered(await this.#session.call(message, timeout));
  }

  /** The open rooms of a game, oldest first, at most 100. */
  async list(game) {
    return (await this.#session.call({ type: 'List', game })).map(foundOf);
  }

  /**
   * The rooms of which something holds, a page of them: `{ rooms, next }`; the same query with
   * `cursor: next` has those after it. See `queryOf` for what a query may say.
   */
  async find(query) {
    const { rooms, next } = await this.#session.call({ type: 'Find', query: queryOf(query) });
    return { rooms: rooms.map(foundOf), next };
  }

  /**
   * The same as a `Map` by room id that is kept up to date, also when the connection comes back.
   * `hear` gets the map and what has changed, `{ added, changed, removed }`. Returns
   * `{ rooms, stop() }`.
   */
  async watch(query, hear = () => {}) {
    const watch = new Watch(queryOf(query), (...words) => this.#session.emitter.call(hear, ...words));
    const { id, answer } = this.#session.ask({ type: 'Watch', query: watch.query });
    this.#session.watches.set(id, watch);
    try {
      await answer;
    } catch (error) {
      this.#session.watches.delete(id);
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
    return this.#session.call({ type: 'Reserve', to, seats });
  }

  /** Gives up a seat that is kept. */
  unreserve(code) {
    this.#session.connection.say({ type: 'Unreserve', code });
  }

  /** Says who this is from the next connection on: before the token that `connect` got expires. */
  setToken(token) {
    this.#session.token = token;
  }

  /** Ends the connection, and gives the seat up. */
  close() {
    this.#session.connection.close();
  }

  #unseated() {
    if (this.#session.room === null) return;
    throw new Misuse('AlreadySeated', 'this client is in a room: leave it first');
  }

  async #join(to, how = {}, onPlace = null) {
    const { profile = this.#session.profile, timeout = this.#session.timeoutMs, signal } = how;
    this.#unseated();
    signal?.throwIfAborted();
    const { name = '', data } = profile;
    const said = { name, data: data === undefined ? '' : JSON.stringify(data) };
    const unqueue = (id) => {
      if (!this.#session.queued.delete(id)) return;
      this.#session.unqueued = id;
      this.#session.connection.say({ type: 'Leave' });
    };
    const message = { type: 'Join', to, schema: null, profile: said };
    const { id, answer } = this.#session.ask(message, timeout, unqueue);
    if (onPlace !== null) this.#session.queued.set(id, onPlace);
    const abort = () => {
      this.#session.calls.settle(id, null, signal.reason);
      unqueue(id);
    };
    signal?.addEventListener('abort', abort);
    try {
      return await this.#session.entered(await answer);
    } finally {
      this.#session.queued.delete(id);
      signal?.removeEventListener('abort', abort);
    }
  }

  #unwatch(watch) {
    for (const [id, other] of this.#session.watches) {
      if (other !== watch) continue;
      this.#session.watches.delete(id);
      this.#session.connection.say({ type: 'Unwatch', id });
    }
  }
}
