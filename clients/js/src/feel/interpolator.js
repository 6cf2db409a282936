/**
 * Others, drawn smoothly: where they were a little while ago, between two frames of which both are
 * there. How long ago follows from how irregularly frames come, and changes without a jump.
 */

import { Fields } from './fields.js';
import { Glide } from './glide.js';
import { Recent } from './recent.js';

/** Frames that are kept: those that are behind the picture are dropped as it goes on. */
const FRAMES = 64;
/** The picture goes faster or slower by so much, to change its delay: 100 ms take half a second or more. */
const RATE = 0.2;
/** A picture that is further off than this jumps: the program was asleep. */
const JUMP_MS = 1000;

export class Interpolator {
  #fields;
  #isSame;
  #extrapolateMs;
  #delayMaxMs;
  #frames = [];
  #late = new Recent();
  #interval = 0;
  #glide = new Glide(RATE, JUMP_MS);
  #delay = 0;
  #time = 0;

  /**
   * `fields`: what moves, see `Fields`. `isSame(one, other)`: whether an entity may have gone from the
   * one state to the other, rather than jumped. `delayMaxMs`: later than that the picture is never, and
   * entities stand still when frames are even later. `extrapolateMs`: for so long they go on as they
   * went when no frame comes.
   */
  constructor({ fields, isSame = () => true, delayMaxMs = 500, extrapolateMs = 100 }) {
    this.#fields = new Fields(fields);
    this.#isSame = isSame;
    this.#delayMaxMs = delayMaxMs;
    this.#extrapolateMs = extrapolateMs;
  }

  /** How late the picture is, in milliseconds: after the newest frame that could be here by now. */
  get delayMs() { return this.#delay; }
  /** The time in the room that was last drawn: what a player who aims has seen. */
  get time() { return this.#time; }

  /**
   * A frame came `now`: its time in the room, and each entity by a key that is its own, in anything
   * that makes a `Map`. A tick's time is `tick * 1000 / room.tickHz`.
   */
  push(time, entities, now = performance.now()) {
    const last = this.#frames.at(-1);
    if (last !== undefined && time <= last.time) {
      // Another room, or the same from an earlier point on.
      if (time === last.time) return;
      this.restart();
    } else if (last !== undefined) {
      // Frames that are left out do not make the picture later.
      const step = time - last.time;
      this.#interval = this.#interval === 0 ? step : Math.min(step, this.#interval * 1.1);
    }
    const copy = new Map();
    for (const [key, entity] of entities) copy.set(key, { ...entity });
    this.#frames.push({ time, entities: copy });
    if (this.#frames.length > FRAMES) this.#frames.shift();
    this.#late.add(now - time);
  }

  /** What to draw `now`, a `Map` by key; empty before the first frame. */
  at(now = performance.now()) {
    if (this.#frames.length === 0) return new Map();
    const late = Math.min(this.#late.level - this.#late.least + this.#interval, this.#delayMaxMs);
    const arriving = now - this.#late.least;
    this.#glide.follow(now, arriving - late);
    // When frames come again the picture goes on from where it stopped, and catches up.
    this.#time = this.#glide.hold(this.#frames.at(-1).time + this.#extrapolateMs);
    this.#delay = arriving - this.#time;
    return this.#picture(this.#time);
  }

  /** Nothing that came before holds any more. */
  restart() {
    this.#frames = [];
    this.#late.clear();
    this.#interval = 0;
    this.#glide.restart();
  }

  #picture(time) {
    const frames = this.#frames;
    // The two around this time; the last two, where it is after them.
    while (frames.length > 2 && frames[1].time <= time) frames.shift();
    const [from, to = from] = frames;
    const share = to === from ? 0 : Math.max((time - from.time) / (to.time - from.time), 0);
    const shown = share >= 1 ? to : from;
    const picture = new Map();
    for (const [key, entity] of shown.entities) {
      picture.set(key, this.#between(from.entities.get(key), to.entities.get(key), share) ?? { ...entity });
    }
    return picture;
  }

  #between(one, other, share) {
    if (one === undefined || other === undefined || !this.#isSame(one, other)) return null;
    const difference = this.#fields.difference(one, other);
    // Beyond the last frame it is that frame's entity which goes on.
    return share >= 1 ? this.#fields.moved(other, difference, share - 1) : this.#fields.moved(one, difference, share);
  }
}
