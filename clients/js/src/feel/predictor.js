/**
 * What is the player's own, drawn without waiting for the room: the room's last word, and from there
 * on the game's own rule with the inputs that the room has not answered yet. Where the room turns out
 * to have done something else, what is drawn goes over to it within a moment.
 */

import { Fields } from './fields.js';

/** Ticks that are predicted at most: what is further ahead stands still until the room is heard again. */
const AHEAD_MAX = 128;
/** After `smoothMs` this share of a correction is left to be seen. */
const LEFT = 0.05;

export class Predictor {
  #step;
  #fields;
  #smoothMs;
  #jump;
  /** The room's last word. */
  #base = null;
  #baseTick = 0;
  /** The input that the room goes on with while no newer comes. */
  #held;
  /** Inputs that it has not answered yet, by tick, oldest first. */
  #pending = [];
  #predicted = null;
  #tick = 0;
  /** What is drawn beside the prediction, field by field, at a time. */
  #error;
  #errorAt = null;
  #correction = 0;

  /**
   * `step(state, input, tick)`: the state after that tick, in a new object, by the room's own rule. `idle`:
   * the input of who has not said any. `fields`: what is smoothed, see `Fields`. A correction of more than
   * `jump`, in units of the linear fields, is not smoothed.
   */
  constructor({ step, idle, fields, smoothMs = 100, jump = Infinity }) {
    this.#step = step;
    this.#held = idle;
    this.#fields = new Fields(fields);
    this.#smoothMs = smoothMs;
    this.#jump = jump;
    this.#error = this.#fields.names.map(() => 0);
  }

  /** How far the room's last word was from what had been predicted, in units of the linear fields. */
  get correction() { return this.#correction; }
  /** The tick of what is predicted. */
  get tick() { return this.#tick; }

  /** The player does this at that tick, after all those before. Of two for one tick the newer counts. */
  input(input, tick) {
    if (this.#pending.at(-1)?.tick >= tick) this.#pending.pop();
    this.#pending.push({ tick, input });
    if (this.#pending.length > AHEAD_MAX) this.#pending.shift();
    if (this.#base === null) return;
    this.#predict(tick);
  }

  /**
   * The room's state after a tick, and the tick of the newest input in it (`room.inputAppliedTick`),
   * `null` if there was none. `state` `null`: there is nothing of the player's to see now.
   */
  server(state, tick, applied, now = performance.now()) {
    const before = this.#predicted;
    while (applied !== null && this.#pending.length > 0 && this.#pending[0].tick <= applied) {
      this.#held = this.#pending.shift().input;
    }
    this.#base = state === null ? null : { ...state };
    this.#baseTick = tick;
    if (this.#base === null) {
      this.#predicted = null;
      this.#correction = 0;
      return;
    }
    this.#predict(Math.max(this.#tick, tick));
    if (before === null) this.#settle(now);
    else this.#correct(this.#fields.difference(this.#predicted, before), now);
  }

  /**
   * What to draw `now`, or `null`: the prediction, and a share of the next tick with the keys as they
   * are now, so that they are answered in the next picture (`pace.share`).
   */
  state(now = performance.now(), share = 0, input = this.#newest()) {
    if (this.#predicted === null) return null;
    let shown = this.#predicted;
    if (share > 0) {
      const next = this.#step({ ...shown }, input, this.#tick + 1);
      shown = this.#fields.moved(shown, this.#fields.difference(shown, next), share);
    }
    return this.#fields.moved(shown, this.#error, this.#left(now));
  }

  #newest() {
    return this.#pending.length > 0 ? this.#pending.at(-1).input : this.#held;
  }

  /** From the room's word to a tick, as the room will do it. */
  #predict(to) {
    let state = { ...this.#base };
    let input = this.#held;
    let next = 0;
    const end = Math.min(to, this.#baseTick + AHEAD_MAX);
    for (let tick = this.#baseTick + 1; tick <= end; tick += 1) {
      // Of those that came too late for their tick the newest counts.
      while (next < this.#pending.length && this.#pending[next].tick <= tick) {
        input = this.#pending[next].input;
        next += 1;
      }
      state = this.#step(state, input, tick);
    }
    this.#predicted = state;
    this.#tick = to;
  }

  #correct(difference, now) {
    this.#correction = this.#fields.length(difference);
    if (this.#correction > this.#jump) {
      this.#settle(now);
      return;
    }
    const left = this.#left(now);
    this.#error = this.#error.map((value, place) => value * left + difference[place]);
    this.#errorAt = now;
  }

  #settle(now) {
    this.#error = this.#error.map(() => 0);
    this.#errorAt = now;
  }

  #left(now) {
    if (this.#errorAt === null) return 0;
    return LEFT ** (Math.max(now - this.#errorAt, 0) / this.#smoothMs);
  }
}
