/** How late things come: the last of them, of which nearly all are below the level. */

/** How many are looked at: some 4 s of frames. */
const SAMPLES = 128;
/** Of so many one may be above the level: one stall does not make everything late. */
const ONE_OF = 50;

export class Recent {
  #samples = [];
  #sorted = [];

  add(value) {
    if (this.#samples.push(value) > SAMPLES) this.#samples.shift();
    this.#sorted = [...this.#samples].sort((one, other) => one - other);
  }

  /** The last one turns out to be at least that late. */
  raise(value) {
    this.add(Math.max(this.#samples.pop(), value));
  }

  get count() { return this.#samples.length; }
  get least() { return this.#sorted[0]; }
  /** All but one of fifty are not above this. */
  get level() { return this.#sorted[this.count - 1 - Math.floor(this.count / ONE_OF)]; }

  clear() {
    this.#samples = [];
    this.#sorted = [];
  }
}
