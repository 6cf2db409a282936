/** A place for one room at a time, as a game sees it: a connection has four. */

import { Misuse } from './error.js';
import { withFinding } from './load.js';
import { isPlain, toCreate, toJoin, toJoinOrCreate } from './target.js';

/** Made by `client.beside`; a `Client` is the first. */
export class Place {
  #channel;

  constructor(channel) {
    this.#channel = channel;
  }

  /** The room, while there is one; else `null`. */
  get room() { return this.#channel.room; }

  /**
   * From now on a function is called when something happens; returns a function that ends it.
   *
   * | name | with |
   * |---|---|
   * | `move` | the room that the game has moved the player to, and the one before, which is over |
   * | `notice` | what the operator says to players: show it |
   * | `ban` | `{ room, forMs, text }`: the account is kept out of this room, which is over for it |
   *
   * A `Client` has more.
   */
  on(name, hear) {
    return this.#channel.emitter.on(name, hear);
  }

  /** A seat in a new room; `how` may say `seats`, `visibility`, `meta`, `profile`, `timeout`. */
  create(game, options, how) {
    if (isPlain(how)) return this.#join(toCreate(game, options), how);
    return withFinding(({ toNew }) => this.#join(toNew(game, options, how), how));
  }

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
  match(query, how) {
    return withFinding(({ toMatch }) => this.#join(toMatch(query, how?.orCreate), how));
  }

  /**
   * A seat in this room; if it is full, in its waiting list until one is free. `onPlace` hears the
   * place there, 1 being the next; `signal` goes out of the list.
   */
  wait(room, { onPlace, ...how } = {}) {
    return this.#join({ type: 'Wait', room }, { timeout: 600_000, ...how }, onPlace ?? (() => {}));
  }

  /** The seat that this program had before it was started anew: see `room.token`. */
  async resume(token, { timeout } = {}) {
    this.#unseated();
    const { connection } = this.#channel;
    const text = atob(token.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const attempt = connection.pauses.attempt();
    const message = { type: 'Resume', token: bytes, attempt, tick: null, events: null, schema: null };
    // If it came later, it would have to be given up: so the connection ends.
    const late = () => connection.socket.drop('no answer to Resume');
    return this.#channel.entered(await this.#channel.call(message, timeout, late));
  }

  /** Looks on at a room without a seat. */
  async spectate(room, { timeout } = {}) {
    this.#unseated();
    const id = typeof room === 'string' ? room : room.id;
    const message = { type: 'Spectate', room: id, schema: null };
    return this.#channel.entered(await this.#channel.call(message, timeout));
  }

  #unseated() {
    if (this.room) throw new Misuse('AlreadySeated', 'there is a room in this place: leave it first, or go beside it with client.beside(1)');
  }

  async #join(to, how = {}, onPlace = null) {
    const channel = this.#channel;
    const { profile = channel.session.profile, timeout, signal } = how;
    this.#unseated();
    signal?.throwIfAborted();
    const { name = '', data } = profile;
    const said = { name, data: data === undefined ? '' : JSON.stringify(data) };
    const unqueue = (id) => {
      if (!channel.queued.delete(id)) return;
      channel.unqueued = id;
      channel.say({ type: 'Leave' });
    };
    const message = { type: 'Join', to, schema: null, profile: said };
    const { id, answer } = channel.calls.ask(message, timeout, unqueue);
    if (onPlace) channel.queued.set(id, onPlace);
    const abort = () => {
      channel.calls.settle(id, signal.reason, 'reject');
      unqueue(id);
    };
    signal?.addEventListener('abort', abort);
    try {
      return await channel.entered(await answer);
    } finally {
      channel.queued.delete(id);
      signal?.removeEventListener('abort', abort);
    }
  }
}
