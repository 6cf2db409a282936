/** A world for a client: a clock that is moved by hand, and sockets whose other end is the test. */

import {
  CONTROL,
  INPUT,
  decodeInput,
  decodeToServer,
  encodeToClient,
  onChannel,
  readChannel,
} from '../../src/protocol.js';

export class World {
  constructor() {
    this.time = 1000;
    this.share = 1;
    this.timers = new Map();
    this.numbered = 0;
    this.sockets = [];
    this.errors = [];
    this.wakes = new Set();
  }

  now = () => this.time;
  date = () => 1_700_000_000_000 + this.time;
  random = () => this.share;
  report = (error) => this.errors.push(error);
  fetch = async () => ({ ok: false });

  later = (work, ms) => {
    this.numbered += 1;
    this.timers.set(this.numbered, { at: this.time + ms, work });
    return this.numbered;
  };

  cancel = (timer) => this.timers.delete(timer);

  onWake = (wake) => {
    this.wakes.add(wake);
    return () => this.wakes.delete(wake);
  };

  webSocket = (url, protocol) => {
    const socket = new Wire(url, protocol);
    this.sockets.push(socket);
    return socket;
  };

  get wire() {
    return this.sockets.at(-1);
  }

  /** Lets everything happen that waits for nothing. */
  async settle() {
    for (let turn = 0; turn < 50; turn += 1) await null;
  }

  /** Time goes by, timer after timer. */
  async pass(ms) {
    const end = this.time + ms;
    await this.settle();
    for (;;) {
      const due = [...this.timers].filter(([, { at }]) => at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
      if (due === undefined) break;
      const [number, { at, work }] = due;
      this.timers.delete(number);
      this.time = Math.max(this.time, at);
      work();
      await this.settle();
    }
    this.time = end;
  }

  /** The page is seen again. */
  async wake() {
    for (const wake of [...this.wakes]) wake();
    await this.settle();
  }
}

/** A WebSocket as a browser has it, seen from the server. */
class Wire {
  constructor(url, protocol) {
    Object.assign(this, { url, protocol, readyState: 0, bufferedAmount: 0 });
    this.heard = [];
    this.closed = null;
  }

  send(message) {
    const [channel, bytes] = readChannel(message);
    // What is said on the first has no number.
    const on = channel > 0 ? { channel } : {};
    if (bytes[0] === CONTROL) this.heard.push({ ...decodeToServer(bytes), ...on });
    else if (bytes[0] === INPUT) this.heard.push({ type: 'Input', ...decodeInput(bytes), ...on });
    else throw new Error('what is this?');
  }

  close(code, reason) {
    this.readyState = 3;
    this.closed = { code, reason };
  }

  /** What the client has said since the last time. */
  said() {
    return this.heard.splice(0);
  }

  open() {
    this.readyState = 1;
    this.onopen();
  }

  bytes(bytes, channel = 0) {
    const message = onChannel(channel, bytes);
    this.onmessage({ data: message.buffer.slice(message.byteOffset, message.byteOffset + message.length) });
  }

  say(message, channel) {
    const { joined, ...rest } = message;
    if (joined === undefined) {
      this.bytes(encodeToClient(message), channel);
      return;
    }
    // What is in another message has no `type`.
    const { type, ...seat } = joined;
    this.bytes(encodeToClient({ ...rest, joined: seat }), channel);
  }

  welcome(more) {
    this.open();
    this.say({ type: 'Welcome', server: 'test/1', games: ['game'], messages_per_sec: 150, ping_interval_ms: 10_000, ...more });
  }

  /** The connection ends: without a code it breaks. */
  end(code = 1006, reason = '') {
    this.readyState = 3;
    this.onclose({ code, reason });
  }
}
