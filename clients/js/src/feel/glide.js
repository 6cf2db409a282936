/**
 * A clock that follows another without a jump: it goes a little faster or slower until they agree.
 * Only when they are very far apart, as at first, or when a program comes back from sleep, it jumps.
 */

/** In so many milliseconds it would make up for what it is off, if it may go that much faster. */
const CATCH_UP_MS = 1000;

export class Glide {
  #at = null;
  #value = 0;

  /** `rate`: by which share it goes faster or slower at most; `jumpMs`: what is further off it jumps. */
  constructor(rate, jumpMs) {
    this.rate = rate;
    this.jumpMs = jumpMs;
  }

  /** It is `now` on this machine, and it should show `goal`; both in milliseconds. Returns what it shows. */
  follow(now, goal) {
    const passed = this.#at === null ? 0 : Math.max(now - this.#at, 0);
    const off = goal - (this.#value + passed);
    if (this.#at === null || Math.abs(off) > this.jumpMs) {
      this.#value = goal;
    } else {
      const faster = Math.min(Math.max(off / CATCH_UP_MS, -this.rate), this.rate);
      this.#value += passed * (1 + faster);
    }
    this.#at = this.#at === null ? now : Math.max(now, this.#at);
    return this.#value;
  }

  /** It stood still when it got there. */
  hold(end) {
    this.#value = Math.min(this.#value, end);
    return this.#value;
  }

  restart() {
    this.#at = null;
  }
}
