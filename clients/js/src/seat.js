/** A seat in a room: the copy of its state, events and inputs. No socket, no clock. */

import { Acks } from './acks.js';
import { must } from './error.js';
import { encodeInput, readFrame } from './frame.js';
import { Inputs } from './inputs.js';
import { Replica } from './replica.js';

/** Events that are kept back while the state is being sent anew. */
const HELD_MAX = 8192;
/** Whole states in a row that do not have the hash they came with: asking again only costs. */
const VAIN_MAX = 8;

export class Seat {
  /** Of a `Joined` or a `Spectating`, `now`. */
  constructor(joined, schema, lead, now) {
    this.room = joined.room;
    this.game = joined.game;
    /** 0 for somebody who looks on. */
    this.player = joined.player ?? 0;
    this.replica = new Replica(schema);
    this.replica.newest = joined.tick;
    this.inputs = new Inputs(lead, joined.send_every, joined.inputs ?? 0);
    this.acks = new Acks();
    this.eventsSeen = joined.events;
    this.held = [];
    /** The newest input, as bytes, and whether it is kept for want of a connection. */
    this.newestInput = null;
    this.kept = false;
    this.vain = 0;
    this.take(joined, now);
  }

  take(joined, now) {
    this.pace = { tickHz: joined.tick_hz, sendEvery: joined.send_every };
    this.holdMs = joined.hold_ms ?? 0;
    this.token = this.holdMs > 0 && joined.token.length > 0 ? joined.token : null;
    this.schemaHash = joined.schema_hash;
    this.newestAt = now;
    this.resyncAsked = false;
  }

  /** The seat is back, or is looked on from again. `eventsLost`: some came that were not kept. */
  resume(joined, schema, eventsLost, now) {
    must(joined.room === this.room && (joined.player ?? 0) === this.player, 'a seat');
    if (eventsLost) this.eventsSeen = joined.events;
    must(joined.events === this.eventsSeen, `event ${joined.events} instead of ${this.eventsSeen}`);
    this.replica = this.replica.resumed(joined, schema);
    this.inputs.resume(joined.inputs ?? 0);
    this.take(joined, now);
  }

  /** Of the state, if it is what the server has; or `null`. */
  get tick() {
    return this.replica.tick;
  }

  /**
   * Takes a state frame. Returns `{ frame, state, desync, events }`: what the frame says, whether
   * the state is there, whether to ask for it anew, and the events that are due.
   */
  frame(message, now) {
    const frame = readFrame(message, this.replica.newest);
    this.replica.newest = frame.tick;
    this.newestAt = now;
    this.inputs.acknowledge(frame.inputsApplied, frame.slack);
    const desync = this.apply(frame);
    for (const event of frame.events) {
      this.eventsSeen = (this.eventsSeen + 1) >>> 0;
      must(event.number === this.eventsSeen, `event ${event.number} instead of ${this.eventsSeen}`);
      this.acks.arrived(event.bytes, now);
      this.held.push(event);
    }
    const state = this.tick !== null;
    must(state || this.held.length <= HELD_MAX, 'too many events');
    return { frame, state, desync, events: state ? this.held.splice(0) : [] };
  }

  /** Whether the copy was found to be wrong just now. */
  apply(frame) {
    const { replica } = this;
    if (!frame.whole && replica.tick === null) {
      // On its way since before the server heard of it.
      const first = !this.resyncAsked;
      this.resyncAsked = true;
      return first;
    }
    let right = false;
    try {
      right = replica.applyState(frame) !== 'differs';
    } catch (error) {
      if (frame.whole) throw error;
    }
    if (right) {
      this.resyncAsked = false;
      this.vain = 0;
      return false;
    }
    if (frame.whole) this.vain += 1;
    must(this.vain < VAIN_MAX, 'a hash');
    replica.tick = null;
    this.resyncAsked = true;
    return true;
  }

  /**
   * Counts an input and makes its message. `waits`: the one before has not gone out, and this one
   * takes its place; `kept`: there is no connection; `tick`: the one it is for, `null` to have it
   * chosen. Returns `{ number, tick, message }`.
   */
  input(body, { waits, kept, tick, now }) {
    const number = this.inputs.count(kept ? this.kept : waits, kept);
    this.newestInput = body;
    this.kept = kept;
    return { number, ...this.stamped(now, tick) };
  }

  /** The newest input once more, for a new connection; `null` if there was none. */
  inputAgain(now) {
    if (!this.newestInput) return null;
    this.inputs.again(this.kept);
    this.kept = false;
    return this.stamped(now).message;
  }

  stamped(now, wanted = null) {
    const tick = wanted ?? this.inputs.due(this.replica.newest, now - this.newestAt, this.pace);
    this.inputs.stamp(tick);
    return { tick, message: encodeInput(tick, this.newestInput) };
  }
}
