/** Who wants to hear of what. */

/** Calls functions by the name of what happened. One that throws keeps nobody else from hearing. */
export class Emitter {
  /** `report` gets what functions throw. */
  constructor(names, report) {
    this.report = report;
    this.hearers = new Map();
    this.allow(names);
  }

  /** There are these names, too. */
  allow(names) {
    for (const name of names) if (!this.hearers.has(name)) this.hearers.set(name, new Set());
  }

  /** From now on `hear` is called for `name`. Returns a function that ends it. */
  on(name, hear) {
    const all = this.hearers.get(name);
    if (!all) {
      throw new TypeError(`nothing is called ${name} here: there is ${[...this.hearers.keys()].join(', ')}`);
    }
    if (typeof hear !== 'function') throw new TypeError(`give a function to call for ${name}`);
    // In a box of its own, so that one function can be given twice.
    const box = { hear };
    all.add(box);
    return () => all.delete(box);
  }

  emit(name, ...words) {
    const all = this.hearers.get(name);
    if (all.size === 0) return;
    for (const { hear } of [...all]) this.call(hear, ...words);
  }

  call(hear, ...words) {
    try {
      hear(...words);
    } catch (error) {
      this.report(error);
    }
  }
}
