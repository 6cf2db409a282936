/** One WebSocket, from its opening to its end. */

import { closedByNetwork, closedByServer, closedHere } from './closed.js';
import { SUBPROTOCOL, decodeToClient, encodeToServer } from './control.js';
import { GreenroomError, must } from './error.js';
import { STATE, STATE_EVENTS, onChannel, readChannel } from './frame.js';

/** Bytes that may wait in the browser: beyond, what can wait does so here, or is refused. */
const BUFFERED_MAX = 16 << 10;
const BUFFERED_TOO_MUCH = 1 << 20;
/** Characters of a close reason, which must not have more than 123 bytes. */
const REASON_MAX = 40;
/** All that a page is told of it. */
const GONE = 'the server cannot be reached, or went away: is it running, and is its certificate trusted?';

/**
 * Messages come one by one from `next`, or once `listen` was called to a function, each with its
 * channel: what the server said as an object, state frames as bytes. `Closing` is kept for the end, and what this client does
 * not know is reported and left out.
 */
export class Socket {
  /** `report` gets what the server said and this client does not know. */
  constructor(platform, url, report) {
    this.report = report;
    /** How it ended: a `Closed`, or `null`. */
    this.ended = null;
    /** What the server said about closing. */
    this.said = null;
    this.waiting = [];
    this.hear = null;
    this.inner = platform.webSocket(url, SUBPROTOCOL);
    this.inner.binaryType = 'arraybuffer';
    this.opened = new Promise((resolve, reject) => {
      this.inner.onopen = () => resolve();
      this.refuse = reject;
    });
    // Whoever waits for it hears of it; if nobody does, that is no news.
    this.opened.catch(() => {});
    this.inner.onmessage = ({ data }) => this.took(data);
    const gone = () => this.end(closedByNetwork(GONE, this.said));
    this.inner.onclose = ({ code, reason }) => {
      if (code === 1006 || code === 1005) gone();
      else this.end(closedByServer(code, reason, this.said));
    };
    // Browsers say `close` at once after it; Node does not where there never was a connection.
    this.inner.onerror = () => platform.later(gone, 0);
  }

  took(data) {
    if (this.ended) return;
    try {
      must(data instanceof ArrayBuffer, 'a message');
      const [channel, bytes] = readChannel(new Uint8Array(data));
      const message = this.read(bytes);
      if (message) this.waiting.push([message, channel]);
    } catch (error) {
      this.close(4000, error.message);
    }
    this.serve();
  }

  read(bytes) {
    if (bytes[0] === STATE || bytes[0] === STATE_EVENTS) return bytes;
    try {
      const message = decodeToClient(bytes);
      if (message.type !== 'Closing') return message;
      this.said = message;
    } catch (error) {
      if (!error.unknown) throw error;
      const why = `the server says message ${bytes[1]}, which this client does not know: update the client`;
      this.report(new GreenroomError('Unknown', why));
    }
    return null;
  }

  /** From now on messages go to `hear`, and the end to `end`. */
  listen(hear, end) {
    this.hear = hear;
    this.onEnd = end;
    this.serve();
  }

  /** The next message and its channel. An error, the `Closed`, when the connection ends before. One waits at a time. */
  next() {
    return new Promise((resolve, reject) => {
      this.listen((...words) => {
        this.hear = null;
        resolve(words);
      }, reject);
    });
  }

  serve() {
    while (this.hear && !this.ended && this.waiting.length > 0) this.hear(...this.waiting.shift());
    if (!this.hear || !this.ended) return;
    this.hear = null;
    this.onEnd(this.ended);
  }

  /** What came before all that waits. */
  putBack(earlier) {
    this.waiting.unshift(...earlier);
  }

  say(message, channel) {
    this.send(encodeToServer(message), channel);
  }

  send(bytes, channel = 0) {
    if (!this.ended && this.inner.readyState === 1) this.inner.send(onChannel(channel, bytes));
  }

  /** Whether the network takes less than it is given: what can be replaced should wait. */
  get full() {
    return this.inner.bufferedAmount > BUFFERED_MAX;
  }

  /** Whether more would only be memory. */
  get overfull() {
    return this.inner.bufferedAmount > BUFFERED_TOO_MUCH;
  }

  /** Ends the connection with this code: 1000 gives the seat up, others from 4000 on do not. */
  close(code, why) {
    if (this.ended) return;
    this.inner.close(code, why.slice(0, REASON_MAX));
    this.end(closedHere(code, why));
  }

  /** The connection is dead. Nothing is said about it that the server could take for an end. */
  drop(why) {
    if (this.ended) return;
    this.inner.close();
    this.end(closedByNetwork(why, this.said));
  }

  end(closed) {
    if (this.ended) return;
    this.ended = closed;
    this.refuse(closed);
    this.serve();
  }
}
