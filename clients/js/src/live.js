/**
 * The state as plain values that are kept up to date.
 *
 * What they look like is what `greenroom schema --ts` prints: single values in an object, tables of
 * entities in it as `Map`s by slot, lists as arrays, maps as `Map`s. An entity is one object for as
 * long as it lives; what changes in it is written into it.
 *
 * After each frame rows are compared with those of the frame before, so the decoder need not know
 * of this, and a state that is sent whole changes only what is different.
 */

import { tablesOf } from './form.js';
import { place } from './value.js';

const sameBytes = (one, other) => one === other
  || (one.length === other.length && one.every((byte, place) => byte === other[place]));

/** The generation of a slot's row, -1 without one. */
const generationOf = ({ slots, generations }, slot) => (slot < slots ? generations[slot] : -1);

/** The rows of a table as they were. */
class Before {
  constructor() {
    this.slots = 0;
    this.generations = new Int32Array(0);
    this.lanes = new Int32Array(0);
    this.texts = [];
  }

  take({ slots, generations, lanes, texts }, width) {
    if (this.generations.length < slots) {
      this.generations = new Int32Array(generations.length);
      this.lanes = new Int32Array(lanes.length);
    }
    this.slots = slots;
    this.generations.set(generations.subarray(0, slots));
    this.lanes.set(lanes.subarray(0, slots * width));
    this.texts = texts.slice();
  }
}

/** The next of a row's lanes, and beyond those of its texts, from `part` on that is not as before; or -1. */
function nextChange({ width, texts: { length }, before }, now, slot, part) {
  for (; part < width; part += 1) {
    const at = slot * width + part;
    if (now.lanes[at] !== before.lanes[at]) return part;
  }
  for (; part < width + length; part += 1) {
    const at = slot * length + part - width;
    if (!sameBytes(now.texts[at], before.texts[at])) return part;
  }
  return -1;
}

export class LiveState {
  constructor(schema) {
    this.tables = tablesOf(schema);
    for (const table of this.tables) table.before = new Before();
    /** The tables of entities. */
    this.entities = this.tables.filter(({ kind }) => kind === 'Entities');
    /** The state; `null` before there is one. */
    this.value = null;
    /** In place of the `Map` that the only row of the first table is not in. */
    this.root = { get: () => this.value };
  }

  /** The table of entities of this name, for those who want to hear of it. */
  named(name) {
    const table = this.entities.find((each) => each.name === name);
    if (table) return table;
    const names = this.entities.map((each) => each.name);
    throw new TypeError(`the state has no table ${name}: it has ${names.join(', ') || 'none'}`);
  }

  /** The `Map` of a table of entities. */
  mapOf(table) {
    return table.path.reduce((value, name) => value?.[name], this.value);
  }

  /**
   * Brings the state up to what the rows say. Then tells what became of entities, by
   * `tell(what, table, value, slot)`: first each `'remove'`, then each `'add'` and each `'change'`.
   */
  update(rows, tell) {
    const { tables } = this;
    this.rows = rows.tables;
    if (this.value === null) {
      this.value = this.valueOf(tables[0], 0);
      for (const { path } of this.entities) place(this.value, path, new Map());
    }
    for (const table of tables) Object.assign(table, { dirty: [], remove: [], add: [], change: [] });
    for (const table of tables) if (!table.top) this.mark(table);
    for (const table of tables) if (table.top) this.renew(table);
    for (const { number, width, before } of tables) before.take(this.rows[number], width);
    for (const table of this.entities) for (const [slot, value] of table.remove) tell('remove', table, value, slot);
    for (const what of ['add', 'change']) {
      for (const table of this.entities) {
        const map = this.mapOf(table);
        for (const slot of table[what]) tell(what, table, map.get(slot), slot);
      }
    }
  }

  /** Notes in a top table's `dirty`, by slot, in which owned tables something has changed there. */
  mark(table) {
    const { before } = table;
    const now = this.rows[table.number];
    for (let slot = Math.max(now.slots, before.slots) - 1; slot >= 0; slot -= 1) {
      const is = generationOf(now, slot);
      if (is === generationOf(before, slot) && (is < 0 || nextChange(table, now, slot, 0) < 0)) continue;
      let own = table;
      let at = slot;
      for (; !own.owner.top; own = own.owner) at = Math.floor(at / own.each);
      const lists = own.owner.dirty[Math.floor(at / own.each)] ??= new Map();
      // A single cell is written where it is; all else is made anew.
      if (own !== table || own.kind !== 'Cells') lists.set(own, null);
      else if (!lists.has(own)) lists.set(own, [at]);
      else lists.get(own)?.push(at);
    }
  }

  /** Brings the values of a table's rows up to date. */
  renew(table) {
    const { before, remove, add, change } = table;
    const now = this.rows[table.number];
    if (table.kind === 'Single') {
      if (before.slots > 0) this.write(table, 0, this.root);
      return;
    }
    const map = this.mapOf(table);
    const slots = Math.max(now.slots, before.slots);
    for (let slot = 0; slot < slots; slot += 1) {
      const is = generationOf(now, slot);
      const was = generationOf(before, slot);
      if (is === was) {
        if (is >= 0 && this.write(table, slot, map)) change.push(slot);
        continue;
      }
      if (was >= 0) {
        remove.push([slot, map.get(slot)]);
        map.delete(slot);
      }
      if (is >= 0) {
        map.set(slot, this.valueOf(table, slot));
        add.push(slot);
      }
    }
  }

  /** Writes into a row's value what has changed. Returns whether something has. */
  write(table, slot, map) {
    const { number, width, patches, dirty } = table;
    const now = this.rows[number];
    let last;
    let value;
    for (let part = nextChange(table, now, slot, 0); part >= 0; part = nextChange(table, now, slot, part + 1)) {
      const patch = patches[part];
      if (patch === last) continue;
      if (last === undefined) value = map.get(slot);
      last = patch;
      if (patch === null) map.set(slot, this.valueOf(table, slot));
      else patch(value, now, slot * width, slot);
    }
    const lists = dirty[slot];
    if (!lists) return last !== undefined;
    if (table.list) map.set(slot, this.valueOf(table, slot));
    else for (const [own, cells] of lists) this.writeOwned(map.get(slot), own, slot, cells);
    return true;
  }

  writeOwned(value, own, owner, cells) {
    const at = own.path.reduce((inner, name) => inner?.[name], value);
    if (cells === null || !Array.isArray(at)) place(value, own.path, this.ownedBy(own, owner));
    else for (const cell of cells) at[cell - owner * own.each] = this.valueOf(own, cell);
  }

  valueOf(table, slot) {
    if (table.list) return this.ownedBy(table.owned[0], slot);
    const value = table.row(this.rows[table.number], slot);
    for (const own of table.owned) {
      if (value !== null && typeof value === 'object') place(value, own.path, this.ownedBy(own, slot));
    }
    return value;
  }

  ownedBy(table, owner) {
    const rows = this.rows[table.number];
    const values = [];
    const end = Math.min((owner + 1) * table.each, rows.slots);
    for (let slot = owner * table.each; slot < end; slot += 1) {
      if (rows.has(slot)) values.push(this.valueOf(table, slot));
    }
    if (table.field && values.length > 0) return values[0];
    // Of a field that this client may not see there is nothing, or an empty list.
    if (table.field && !table.list) return undefined;
    const { map } = table.field ? table.owned[0] : table;
    return map ? new Map(values.map(({ key, value }) => [key, value])) : values;
  }
}
