/** A room as a game sees it: from a seat, or looked on at from outside. */

import { Clock } from './clock.js';
import { Emitter } from './emitter.js';
import { Misuse } from './error.js';
import { LiveState } from './live.js';
import { Roster } from './roster.js';
import { bytesOnly } from './shape.js';

const EVENTS = ['frame', 'event', 'chat', 'roster', 'drop', 'resume', 'end', 'close'];
const ENTITY_EVENTS = ['add', 'change', 'remove'];

/** Made by a `Client`: see `client.joinOrCreate` and `client.spectate`. */
export class Room {
  #seat;
  #channel;
  #live;
  /** What there was of the state before it took another form. */
  #before = null;
  #emitter;
  #corked = [];
  #messages;
  #leaving = null;
  #clock = new Clock();
  #roster = new Roster();
  #counts = {
    frames: 0, frameBytes: 0, framesWhole: 0, framesMerged: 0, desyncs: 0,
    events: 0, inputs: 0, inputsReplaced: 0, resumed: 0, awayMs: 0,
  };

  constructor(channel, seat, delayMs) {
    this.#channel = channel;
    this.#seat = seat;
    this.#messages = bytesOnly(seat.game);
    this.#emitter = new Emitter(EVENTS, (error) => channel.platform.report(error));
    this.#clock.restart(seat.pace.tickHz);
    this.#adopt();
    /** Whether this client has no seat and only looks on. */
    this.spectating = delayMs !== null;
    /** How much later than players somebody who looks on sees everything, in milliseconds. */
    this.delayMs = delayMs ?? 0;
    /** With this others come into a private room; else `null`. */
    this.code = null;
    /** Why the room is over for this client; `null` while it is not. */
    this.over = null;
    /** Done when the first state is there. */
    this.ready = new Promise((resolve, reject) => {
      this._ready = { resolve, reject };
    });
    this.ready.catch(() => {});
  }

  #adopt() {
    this.#before = this.#live?.value ?? null;
    this.#live = new LiveState(this.#seat.replica.schema);
    for (const table of this.#live.entities) {
      table.events = Object.fromEntries(ENTITY_EVENTS.map((what) => [what, `${what} ${table.name}`]));
      this.#emitter.allow(Object.values(table.events));
    }
  }

  /** The room's id, a text. */
  get id() { return this.#seat.room; }
  /** The game's name. */
  get game() { return this.#seat.game; }
  /** This client's player id; 0 for who looks on. */
  get player() { return this.#seat.player; }
  /** Ticks per second; 0 where the room steps when somebody acts. */
  get tickHz() { return this.#seat.pace.tickHz; }
  /** A frame comes every so many ticks. */
  get sendEvery() { return this.#seat.pace.sendEvery; }
  /** The tick of the newest frame. */
  get tick() { return this.#seat.replica.newest; }
  /** What the state consists of. */
  get schema() { return this.#seat.replica.schema; }

  /**
   * The state, kept up to date: read it, and leave it as it is. Entities are in `Map`s by slot, and
   * each is the same object for as long as it lives. When another version of the server has taken
   * the match over, it stays as it was until all of it has come in its new form.
   */
  get state() { return this.#live.value ?? this.#before; }

  /** Everybody with a seat, this client too, by player id; empty where the game does not tell. */
  get roster() { return this.#roster.people; }
  /** How many look on. */
  get spectators() { return this.#roster.spectators; }

  /**
   * With this the same program, started anew, has its seat again: `client.resume(token)`. Another
   * after each `resume`. A secret: whoever has it has the seat. `null` where seats are not held.
   */
  get token() {
    const { token } = this.#seat;
    if (!token || this.over) return null;
    return btoa(String.fromCharCode(...token)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  }

  /** The number of the newest input that the room has applied: see `input`. */
  get inputApplied() { return this.#seat.inputs.applied; }
  /** The tick that it was for; `null` if none is applied yet. */
  get inputAppliedTick() { return this.#seat.inputs.appliedTick; }
  /** How many ticks before its own the newest input came, as of the last frame; below 0: late. */
  get inputSlack() { return this.#seat.inputs.slack; }

  /** What was counted and measured: times in milliseconds. */
  get stats() {
    const { rttMs, jitterMs } = this.#clock;
    return { ...this.#counts, rttMs, jitterMs, inputLeadTicks: this.#seat.inputs.lead };
  }

  /** The tick whose frame could be here now at the earliest, with a fraction: see `Clock`. */
  arrivingTick() { return this.#clock.arrivingTick(this.#channel.platform.now()); }
  /** The tick at which the room itself is now, with a fraction, as far as that can be known. */
  serverTick() { return this.#clock.serverTick(this.#channel.platform.now()); }

  /**
   * From now on a function is called when something happens; returns a function that ends it.
   *
   * | name | with |
   * |---|---|
   * | `add`, `change`, `remove`, and a table's name | an entity, its slot; `add` at once for those there are |
   * | `frame` | the state, its tick, whether it came whole |
   * | `event` | the event, `{ tick, number }` |
   * | `chat` | a line of the chat: `{ from, name, scope, at, text }`, `from` null: the game itself |
   * | `roster` | what has changed: a list of `{ what, person }` |
   * | `drop` | why the connection broke, for how many milliseconds the client tries to come back |
   * | `resume` | `{ afterMs, eventsLost }` |
   * | `end` | the match's result |
   * | `close` | why the room is over, an error or `null`; always, once, the last |
   */
  on(name, ...rest) {
    if (!ENTITY_EVENTS.includes(name)) return this.#emitter.on(name, ...rest);
    const [of, hear] = rest;
    const table = this.#live.named(of);
    const off = this.#emitter.on(table.events[name], hear);
    if (name === 'add') this.#live.mapOf(table)?.forEach((value, slot) => this.#emitter.call(hear, value, slot));
    return off;
  }

  /** How messages of the game name an entity. */
  entityId(table, slot) {
    const { number } = this.#live.named(table);
    const rows = this.#seat.replica.rows.tables[number];
    return rows.has(slot) ? { slot, generation: rows.generations[slot] } : null;
  }

  /**
   * Says what the player does now, for the tick that the room is about to make, or for `tick` if a
   * game keeps a pace of its own (`feel/pace`). Never waits: of those that cannot go out yet only the
   * newest is kept, and while the connection is broken, too.
   * Returns `{ number, tick }`; once `inputApplied` has reached the number the room has applied it.
   */
  input(value, tick = null) {
    this.#seated();
    const body = this.#messages.input.encode(value);
    const { connection, number: channel, platform, up } = this.#channel;
    const waits = connection.inputs.has(channel);
    const replaced = up ? waits : this.#seat.kept;
    const sent = this.#seat.input(body, { waits, kept: !up, tick, now: platform.now() });
    this.#counts[replaced ? 'inputsReplaced' : 'inputs'] += 1;
    if (up) connection.sendInput(sent.message, channel);
    return { number: sent.number, tick: sent.tick };
  }

  /** Asks the room something, which it does once, and returns its answer. */
  async request(value, { timeout } = {}) {
    this.#seated();
    const body = this.#messages.request.encode(value);
    const reply = await this.#channel.call({ type: 'Request', body }, timeout);
    return this.#messages.reply.decode(reply);
  }

  /**
   * Says something to the others, where the game has a chat, once; done when it is said. Refused with
   * `Muted`, `TooFast`, `BadText`, `NoChat` or by the game. `scope` is the game's own: 0 as it is usual.
   */
  async chat(text, { scope = 0, timeout } = {}) {
    this.#seated();
    await this.#channel.call({ type: 'Chat', scope, text }, timeout);
  }

  /** Gives the seat up, or looks on no more; done when the server knows. */
  leave() {
    if (this.over) return Promise.resolve();
    if (!this.#leaving) {
      const waiting = {};
      waiting.done = new Promise((resolve) => { waiting.resolve = resolve; });
      this.#leaving = waiting;
      this.#channel.say({ type: 'Leave' });
    }
    return this.#leaving.done;
  }

  #seated() {
    if (this.spectating) throw new Misuse('Spectator', 'who looks on has no say: join the room');
    if (this.over) throw new Misuse('NoSeat', 'the room is over for this client: join another');
  }

  // What follows is for the channel.

  get _seat() { return this.#seat; }
  get _leaving() { return this.#leaving; }
  get _clock() { return this.#clock; }
  set _messages(messages) { this.#messages = messages; }

  /** The program has had its chance to say what it wants to hear of. */
  _uncork() {
    const waiting = this.#corked ?? [];
    this.#corked = null;
    waiting.forEach((tell) => tell());
  }

  #tell(tell) {
    if (this.#corked) this.#corked.push(tell);
    else tell();
  }

  #emit(name, ...words) {
    this.#tell(() => this.#emitter.emit(name, ...words));
  }

  /** A state frame came. Returns whether to ask for the state anew. */
  _frame(message, now) {
    const counts = this.#counts;
    const { frame, state, desync, events } = this.#seat.frame(message, now);
    counts.frames += 1;
    counts.frameBytes += message.length;
    counts.framesWhole += frame.whole;
    counts.framesMerged += frame.base !== null;
    counts.desyncs += desync;
    counts.events += frame.events.length;
    this.#clock.frame(frame.tick, now);
    if (state) {
      // Who has not had the chance to listen gets all there is as added.
      const heard = !this.#corked;
      this.#live.update(this.#seat.replica.rows, (what, { events }, value, slot) => {
        if (heard) this.#emitter.emit(events[what], value, slot);
      });
      if (heard) this.#emitter.emit('frame', this.state, frame.tick, frame.whole);
      this._ready.resolve();
    }
    for (const { body, room, tick, number } of events) {
      if (body) this.#tell(() => this.#happened(body, { tick, number }));
      else if (room?.type === 'Chat') this.#emit('chat', room);
    }
    return desync;
  }

  #happened(body, when) {
    let event;
    try {
      event = this.#messages.event.decode(body);
    } catch (error) {
      this.#channel.session.report(error);
      return;
    }
    this.#emitter.emit('event', event, when);
  }

  _people(message) {
    const changes = this.#roster.take(message);
    if (changes.length > 0) this.#emit('roster', changes);
  }

  _broke(closed, withinMs) {
    this.#emit('drop', closed, withinMs);
  }

  /** The seat is back, `afterMs` after the connection broke. Returns whether the state has another form. */
  _resumed(joined, schema, eventsLost, afterMs, now) {
    const before = this.schema;
    this.#seat.resume(joined, schema, eventsLost, now);
    this.#clock.restart(this.tickHz);
    if (schema !== before) {
      for (const table of this.#live.entities) {
        this.#live.mapOf(table)?.forEach((value, slot) => this.#emit(table.events.remove, value, slot));
      }
      this.#adopt();
    }
    this.#counts.resumed += 1;
    this.#counts.awayMs += afterMs;
    this.#emit('resume', { afterMs, eventsLost });
    return schema !== before;
  }

  _ended(result) {
    this.#emit('end', result);
    this._close(null);
  }

  /** It is over: `why` is an error, or `null`. */
  _close(why) {
    if (this.over) return;
    this.over = why ?? new Misuse('NoSeat', 'the room is over');
    this._ready.reject(this.over);
    this.#leaving?.resolve();
    this.#emit('close', why);
  }
}
