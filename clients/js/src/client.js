/** A connection to a server as a game sees it, and the first of the places for a room that it has. */

import { Misuse } from './error.js';
import { CHANNELS_MAX } from './frame.js';
import { withFinding } from './load.js';
import { Place } from './place.js';

/**
 * Made by `connect`. What a `Place` has it has, too, and of `on` besides:
 *
 * | name | with |
 * |---|---|
 * | `drop` | why the connection broke, for how many milliseconds the client tries to come back |
 * | `resume` | after how many milliseconds it is back |
 * | `close` | why the connection is over for good: always, once |
 * | `error` | what the server says and this client does not know, and the like: it goes on |
 */
export class Client extends Place {
  #session;
  #beside;

  constructor(session) {
    const [first, ...others] = session.channels;
    super(first);
    this.#session = session;
    this.#beside = others.map((channel) => new Place(channel));
  }

  /** Name and version of the server. */
  get server() { return this.#session.connection.welcome.server; }
  /** The games that it hosts. */
  get games() { return this.#session.connection.welcome.games; }
  /** `'up'`, `'broken'` while the client tries to come back, or `'closed'`. */
  get state() { return this.#session.connection.state; }
  /** Why the connection is over for good; `null` while it is not. */
  get closed() { return this.#session.closed; }

  /**
   * A place beside this one for another room, 1 to 3: a party's beside a match, say. At most one of
   * the rooms is of a game that does not say it is played beside others.
   */
  beside(number) {
    const place = Number.isInteger(number) ? this.#beside[number - 1] : undefined;
    if (place) return place;
    throw new Misuse('BadPlace', `there is no beside(${number}): there is 1 to ${CHANNELS_MAX}, and the client itself is the first place`);
  }

  /** The open rooms of a game, oldest first, at most 100. */
  list(game) { return this.#find('list', game); }

  /**
   * The rooms of which something holds, a page of them: `{ rooms, next }`; the same query with
   * `cursor: next` has those after it. See `queryOf` in `finding.js` for what a query may say.
   */
  find(query) { return this.#find('find', query); }

  /**
   * The same as a `Map` by room id that is kept up to date, also when the connection comes back.
   * `hear` gets the map and what has changed, `{ added, changed, removed }`. Returns
   * `{ rooms, stop() }`.
   */
  watch(query, hear = () => {}) { return this.#find('watch', query, hear); }

  /**
   * Keeps so many seats in one room, found as `create`, `join`, `joinOrCreate` or `joinById` would:
   * `{ how: 'joinOrCreate', game: 'arena', options: {} }`, or `{ room: id }`. Returns
   * `{ room, codes, expiresMs }`: each code is for one `joinReserved`.
   */
  reserve(where, seats) { return this.#find('reserve', where, seats); }

  /** Gives up a seat that is kept. */
  unreserve(code) {
    this.#session.first.say({ type: 'Unreserve', code });
  }

  /** Says who this is from the next connection on: before the token that `connect` got expires. */
  setToken(token) {
    this.#session.token = token;
  }

  /** Ends the connection, and gives all seats up. */
  close() {
    this.#session.connection.close();
  }

  #find(what, ...words) {
    return withFinding((finding) => finding[what](this.#session.first, ...words));
  }
}
