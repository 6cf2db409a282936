/** What goes on on a connection, beside the rooms: each of those is on a channel of its own. */

import { Channel } from './channel.js';
import { Connection } from './connection.js';
import { PROTOCOL_VERSION } from './control.js';
import { Misuse, Refused } from './error.js';
import { CHANNELS_MAX } from './frame.js';
import { within } from './greet.js';
import { Schemas } from './schemas.js';
import { bytesOnly, messagesOf } from './shape.js';
import { VERSION } from './version.js';

/** How often the time to the server and back is measured. */
const MEASURE_EVERY_MS = 2000;

/** What is told of a channel, and what of the connection on the first. */
const EVENTS = ['move', 'notice', 'ban'];
const FIRST_EVENTS = ['drop', 'resume', 'close', 'error', ...EVENTS];

export class Session {
  #brokeAt = 0;
  #measuring = null;

  /** What it is given are the options of `connect`. */
  constructor(url, options) {
    Object.assign(this, options);
    this.schemas = new Schemas();
    this.channels = Array.from({ length: 1 + CHANNELS_MAX }, (_, number) => (
      new Channel(this, number, number === 0 ? FIRST_EVENTS : EVENTS)));
    [this.first] = this.channels;
    this.connection = new Connection(url, options, this);
    /** Why the connection is over for good. */
    this.closed = null;
    /** By the ids of their questions. */
    this.watches = new Map();
  }

  /** Since the connection broke. */
  get awayMs() { return this.platform.now() - this.#brokeAt; }

  // What the connection asks of its owner.

  hello() {
    return {
      type: 'Hello',
      protocol: PROTOCOL_VERSION,
      client: VERSION,
      token: this.token,
      schemas: this.schemas.hashes(),
    };
  }

  /** As long as some seat is held. */
  patienceMs() {
    const holds = this.channels.map(({ holdMs }) => holdMs).filter((holdMs) => holdMs !== null);
    return Math.min(holds.length > 0 ? Math.max(...holds) : Infinity, this.reconnect);
  }

  heard(message, channel) {
    this.channels[channel].heard(message);
  }

  broke(closed, withinMs) {
    this.#brokeAt = this.platform.now();
    for (const channel of this.channels) channel.broke(closed, withinMs);
    this.first.emitter.emit('drop', closed, withinMs);
  }

  /** On a new connection: each seat is asked for again, and what else is said waits until all are answered. */
  async restore(socket) {
    this.attempt = this.connection.pauses.attempt();
    const asked = new Set(this.channels.filter((channel) => channel.resume(socket)));
    const others = [];
    while (asked.size > 0) {
      const [message, number] = await socket.next();
      const channel = this.channels[number];
      if (!asked.has(channel)) others.push([message, number]);
      else if (!channel.answered(socket, message)) asked.delete(channel);
    }
    socket.putBack(others);
  }

  up(afterMs) {
    for (const channel of this.channels) channel.again();
    for (const [id, watch] of [...this.watches]) watch.again(id);
    this.first.emitter.emit('resume', afterMs);
  }

  end(closed) {
    this.closed = closed;
    this.platform.cancel(this.#measuring);
    for (const channel of this.channels) channel.end(closed);
    this.first.emitter.emit('close', closed);
  }

  /** Something is wrong that is no reason to stop. */
  report(error) {
    this.first.emitter.emit('error', error);
  }

  /** What the messages of a room's game look like. */
  async messages(room) {
    let described = null;
    try {
      described = typeof this.games === 'function'
        ? await within(this.platform, `the messages of ${room.game}`, this.timeout, this.games(room.game))
        : this.games.find(({ game }) => game === room.game) ?? null;
    } catch (error) {
      this.report(error);
    }
    if (!described) return bytesOnly(room.game);
    if (BigInt(`0x${described.hash}`) !== room._seat.schemaHash) {
      this.report(new Misuse('OtherSchema', `the server has another version of ${room.game} than connect({ games }): `
        + `give what \`greenroom schema --game ${room.game}\` prints`));
    }
    return messagesOf(described.messages, room.game);
  }

  /**
   * Asks what any server answers at once, with few bytes: the protocol has no ping that a page could
   * send. There is no game without a name.
   */
  probe() {
    const { now } = this.platform;
    const start = now();
    const measured = () => {
      for (const { room } of this.channels) room?._clock.measured(now() - start);
    };
    try {
      const ask = this.first.calls.ask({ type: 'List', game: '' }, this.timeout, undefined, 'Ping');
      ask.answer.then(measured, (error) => error instanceof Refused && measured());
    } catch {
      // Too much is under way; there is another time.
    }
  }

  /** Now, and from time to time while there is a room. */
  measureFromNow() {
    this.platform.cancel(this.#measuring);
    if (this.channels.every(({ room }) => !room)) return;
    this.#measuring = this.platform.later(() => this.measureFromNow(), MEASURE_EVERY_MS);
    if (this.connection.state === 'up') this.probe();
  }
}
