/** The rows of a state: lanes in typed arrays, texts as bytes, and what is expected of them. */

import { must } from './error.js';

/**
 * Memory that the rows of a state may take, as the protocol counts it, in bytes. With what is
 * expected of them and room to grow it is at most four times that.
 */
export const ROWS_BYTES_MAX = 16 << 20;

const SIZE = 'a state of more than 16 MiB';

/** Bytes that a text costs besides its own. */
const TEXT_BYTES = 24;

const NO_TEXT = new Uint8Array(0);

/** The rows of one table by slot. */
export class TableRows {
  constructor(layout) {
    this.layout = layout;
    /** Slots that ever were in use. */
    this.slots = 0;
    /** Per slot the generation of its row, or -1. */
    this.generations = new Int32Array(0);
    /** `layout.width` lanes per slot. */
    this.lanes = new Int32Array(0);
    /** As many texts per slot as the layout has. */
    this.texts = [];
    /** Per lane by what it changed last. */
    this.velocities = new Int32Array(0);
    /** Per group of each slot. */
    this.contexts = new Uint8Array(0);
    /** Per slot: 1 if a velocity or a context may not be 0. */
    this.moving = new Uint8Array(0);
    /** Per slot: 1 if the row is new in the frame being read. */
    this.fresh = new Uint8Array(0);
  }

  /** Memory of so many slots. */
  bytes(slots) {
    return slots * (4 * this.layout.width + TEXT_BYTES * this.layout.texts.length + 4);
  }

  /** Makes room for `slots` slots, the new ones empty. */
  grow(slots) {
    if (slots <= this.slots) return;
    const old = this.generations.length;
    if (slots > old) {
      const space = Math.max(slots, Math.min(2 * old, this.layout.slotsMax));
      const { width, groups, predicts } = this.layout;
      this.generations = larger(this.generations, space).fill(-1, old);
      this.lanes = larger(this.lanes, space * width);
      this.fresh = larger(this.fresh, space);
      if (predicts) {
        this.velocities = larger(this.velocities, space * width);
        this.contexts = larger(this.contexts, space * groups);
        this.moving = larger(this.moving, space);
      }
    }
    while (this.texts.length < slots * this.layout.texts.length) this.texts.push(NO_TEXT);
    this.slots = slots;
  }

  has(slot) {
    return slot < this.slots && this.generations[slot] >= 0;
  }

  /** Empties `slot`, which has a row, and returns the bytes of its texts. */
  clear(slot) {
    const { width, groups, texts, predicts } = this.layout;
    this.generations[slot] = -1;
    this.lanes.fill(0, slot * width, (slot + 1) * width);
    if (predicts) {
      this.velocities.fill(0, slot * width, (slot + 1) * width);
      this.contexts.fill(0, slot * groups, (slot + 1) * groups);
      this.moving[slot] = 0;
    }
    let freed = 0;
    for (let text = slot * texts.length; text < (slot + 1) * texts.length; text += 1) {
      freed += this.texts[text].length;
      this.texts[text] = NO_TEXT;
    }
    return freed;
  }

  /** Sum of the hashes of all rows. */
  hash() {
    const { number, width, texts } = this.layout;
    let sum = 0;
    for (let slot = 0; slot < this.slots; slot += 1) {
      if (this.generations[slot] < 0) continue;
      let hash = 0x811c9dc5 | 0;
      for (let lane = slot * width, end = lane + width; lane < end; lane += 1) {
        hash = mix(hash, this.lanes[lane]);
      }
      for (let text = slot * texts.length; text < (slot + 1) * texts.length; text += 1) {
        const bytes = this.texts[text];
        hash = mix(hash, bytes.length);
        for (let place = 0; place < bytes.length; place += 1) hash = mix(hash, bytes[place]);
      }
      hash = mix(mix(hash, (number << 24) ^ slot), this.generations[slot]);
      sum = (sum + (hash ^ (hash >>> 15))) | 0;
    }
    return sum;
  }
}

function mix(hash, word) {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return (product << 13) | (product >>> 19);
}

function larger(array, length) {
  const copy = new array.constructor(length);
  copy.set(array);
  return copy;
}

/** All rows of a state. */
export class Rows {
  constructor(layout) {
    this.tables = layout.map((table) => new TableRows(table));
    /** Bytes of all texts. */
    this.textBytes = 0;
  }

  /** The state that every whole state is a change of: the rows that are always there, all zeros. */
  static initial(layout) {
    const rows = new Rows(layout);
    rows.spawn(rows.tables[0], 0, 0);
    return rows;
  }

  /** Makes an empty `slot` a row of zeros, and the cells that it owns too. */
  spawn(table, slot, generation) {
    this.admit(table, slot + 1);
    table.generations[slot] = generation;
    for (const layout of table.layout.owned) {
      if (!layout.cells) continue;
      const cells = this.tables[layout.number];
      const start = slot * layout.each;
      this.admit(cells, start + layout.each);
      cells.generations.fill(generation, start, start + layout.each);
    }
  }

  /** Empties a `slot` that has a row, and those that it owns. */
  remove(table, slot) {
    this.textBytes -= table.clear(slot);
    for (const layout of table.layout.owned) {
      const rows = this.tables[layout.number];
      const end = Math.min((slot + 1) * layout.each, rows.slots);
      for (let own = slot * layout.each; own < end; own += 1) {
        if (rows.generations[own] >= 0) this.remove(rows, own);
      }
    }
  }

  setText(table, index, bytes) {
    this.textBytes += bytes.length - table.texts[index].length;
    must(this.textBytes <= ROWS_BYTES_MAX, SIZE);
    table.texts[index] = bytes;
  }

  admit(table, slots) {
    must(slots <= table.layout.slotsMax);
    if (slots <= table.slots) return;
    let bytes = table.bytes(2 * slots);
    for (const other of this.tables) bytes += other.bytes(other.slots);
    must(bytes <= ROWS_BYTES_MAX, SIZE);
    table.grow(slots);
  }

  /** The state hash, as an unsigned number. */
  hash() {
    let sum = 0;
    for (const table of this.tables) sum = (sum + table.hash()) | 0;
    return sum >>> 0;
  }
}
