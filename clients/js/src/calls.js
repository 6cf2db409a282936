/**
 * Questions under way to the server, by the number that their answers carry. Each keeps its message
 * as long as it waits: after a break the server may not have got it.
 */

import { encodeToServer } from './control.js';
import { Misuse, TimedOut } from './error.js';

/** Questions under way at most. The room takes fewer from one player. */
const CALLS_MAX = 64;

/** Whether it is asked of the room in which the client has a seat. */
const isOfSeat = (type) => type === 'Request' || type === 'Chat';

/** Those that cannot be asked again on another connection. */
const ONCE = new Set(['Join', 'Spectate', 'Resume', 'Reserve', 'Ping']);

export class Calls {
  constructor(channel) {
    this.channel = channel;
    this.last = 0;
    /** The last before the present seat. */
    this.beforeSeat = 0;
    this.waiting = new Map();
  }

  /**
   * Asks. Returns the question's `id` and a promise of the `answer`. `late` is called with the id when
   * its time is over. `type` is what the question is known as.
   */
  ask(message, timeoutMs = this.channel.session.timeout, late = () => {}, type = message.type) {
    const { session, connection, number, platform } = this.channel;
    if (session.closed) throw session.closed;
    if (connection.socket.overfull || this.waiting.size >= CALLS_MAX) {
      throw new Misuse('Busy', 'too much waits for the server: wait for some of its answers first');
    }
    const id = this.last + 1;
    const bytes = encodeToServer({ ...message, id });
    this.last = id;
    const answer = new Promise((resolve, reject) => {
      const timer = platform.later(() => {
        this.settle(id, new TimedOut(type, timeoutMs), 'reject');
        late(id);
      }, timeoutMs);
      this.waiting.set(id, { type, bytes, timer, resolve, reject });
    });
    connection.send(bytes, number);
    return { id, answer };
  }

  /** An answer or, with `'reject'`, an error in its stead. Returns what the question was, if it still waited. */
  settle(id, answer, how = 'resolve') {
    const call = this.waiting.get(id);
    if (!call) return null;
    this.waiting.delete(id);
    this.channel.platform.cancel(call.timer);
    call[how](answer);
    return call.type;
  }

  /** Numbers up to this one were used already, perhaps by another client in this seat. */
  used(id) {
    this.last = Math.max(this.last, id);
  }

  /** A new seat: requests of the one before are nothing to it. */
  seated() {
    this.beforeSeat = this.last;
  }

  /** The number up to which no request waits for its answer. */
  settled() {
    for (const [id, { type }] of this.waiting) {
      if (isOfSeat(type) && id > this.beforeSeat) return id - 1;
    }
    return this.last;
  }

  /** The messages that go out again on a new connection, in order. */
  again() {
    const again = [...this.waiting].filter(([id, { type }]) => !isOfSeat(type) || id > this.beforeSeat);
    return again.map(([, { bytes }]) => bytes);
  }

  /** The connection is gone: what cannot be asked again has failed. */
  broke(error) {
    this.fail(error, ({ type }) => ONCE.has(type));
  }

  /** The seat is over. */
  unseated(error) {
    this.fail(error, ({ type }) => isOfSeat(type));
  }

  fail(error, which = () => true) {
    for (const [id, call] of [...this.waiting]) if (which(call)) this.settle(id, error, 'reject');
  }
}
