/**
 * The ticks of this client: at the room's rate, ahead of the room by as much as inputs need to get
 * there, and a little. Where that changes the ticks go a few percent faster or slower for a while.
 *
 * Each frame says how early the newest input was for its tick, or that the room had to go on without
 * one. With when it was sent that says which tick the room was at, seen from here, way included.
 */

import { Glide } from './glide.js';
import { Recent } from './recent.js';

/** Ticks go faster or slower by so much at most: below what a player feels. */
const RATE = 0.05;
/** Ticks that are further off than this are left out, or waited for. */
const JUMP_MS = 250;
/** So much of a tick inputs arrive before they would be late, and by `slack` ticks more. */
const MARGIN = 0.5;
/** As long as nothing is known, the way to the room and back is taken to be so long. */
const RTT_MS = 100;
/** Ticks of which it is known when they were made. */
const SENT = 256;
/** Ticks that are made at once at most: a program that was asleep does not play the past. */
const DUE_MAX = 4;

export class Pace {
  #ms;
  #slack;
  #sent = [];
  #ahead = new Recent();
  #first = null;
  #glide = new Glide(RATE, JUMP_MS);
  #last = null;
  #share = 0;
  /** The input that the room has gone on without. */
  #missing = null;

  /** For a room of that many ticks a second, of which inputs are to be early by `slack`. */
  constructor({ tickHz, slack = 1 }) {
    if (!(tickHz > 0)) throw new RangeError('a room that steps when somebody acts has no pace');
    this.#ms = 1000 / tickHz;
    this.#slack = slack;
  }

  /**
   * A frame of this tick came `now`: with `room.inputSlack`, and `room.inputAppliedTick`, `null` if
   * there was none. `rttMs`: to the room and back, if it is known.
   */
  frame(tick, slack, applied, now = performance.now(), rttMs = null) {
    // What the room was to make next when this input came: its tick, if it came as early as it says;
    // this frame's next, if the room has gone on without it.
    const late = applied !== null && applied < tick;
    const input = late ? applied + 1 : tick + 1 + slack;
    const sent = this.#sent[input % SENT];
    if (sent?.tick === input) {
      const ahead = (tick + 1) * this.#ms - sent.at;
      // However long one input is late, it is one.
      if (late && input === this.#missing) this.#ahead.raise(ahead);
      else this.#ahead.add(ahead);
      this.#missing = late ? input : null;
    }
    if (this.#ahead.count === 0) this.#first ??= (tick + 1) * this.#ms - now + (rttMs ?? RTT_MS);
  }

  /** The ticks to make `now`, oldest first: for each read the keys, say the input for this tick, predict. */
  due(now = performance.now()) {
    const ahead = this.#ahead.count > 0 ? this.#ahead.level : this.#first;
    if (ahead === null) return [];
    const time = this.#glide.follow(now, now + ahead + (this.#slack + MARGIN) * this.#ms) / this.#ms;
    const newest = Math.floor(time);
    this.#last ??= newest - 1;
    const ticks = [];
    for (let tick = Math.max(this.#last + 1, newest - DUE_MAX + 1); tick <= newest; tick += 1) {
      ticks.push(tick);
      this.#sent[tick % SENT] = { tick, at: now };
      this.#last = tick;
    }
    this.#share = Math.min(Math.max(time - this.#last, 0), 1);
    return ticks;
  }

  /** How much of the tick after the last has passed, from 0 to 1, when `due` was last asked. */
  get share() { return this.#share; }

  /** The connection was broken: what is known of it is old news. Ticks go on. */
  restart() {
    this.#ahead.clear();
    this.#first = null;
    this.#missing = null;
  }
}
