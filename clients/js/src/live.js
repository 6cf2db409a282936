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

/** The rows of a table as they were. */
class Before {
  constructor() {
    this.slots = 0;
    this.generations = new Int32Array(0);
    this.lanes = new Int32Array(0);
    this.texts = [];
  }

  take(rows, width) {
    const { slots } = rows;
    if (this.generations.length < slots) {
      this.generations = new Int32Array(rows.generations.length);
      this.lanes = new Int32Array(rows.lanes.length);
    }
    this.slots = slots;
    this.generations.set(rows.generations.subarray(0, slots));
    this.lanes.set(rows.lanes.subarray(0, slots * width));
    const { length } = rows.texts;
    for (let text = 0; text < length; text += 1) this.texts[text] = rows.texts[text];
    this.texts.length = length;
  }
}

export class LiveState {
  constructor(schema) {
    this.tables = tablesOf(schema);
    this.before = this.tables.map(() => new Before());
    /** The state; `null` before there is one. */
    this.value = null;
    /** In place of the `Map` that the only row of the first table is not in. */
    this.root = { get: () => this.value };
  }

  /** The table of entities of this name, for those who want to hear of it. */
  entities(name) {
    const table = this.tables.find((each) => each.name === name && each.kind === 'Entities');
    if (table !== undefined) return table;
    const names = this.tables.filter(({ kind }) => kind === 'Entities').map((each) => each.name);
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
    if (this.value === null) {
      this.value = this.valueOf(rows, tables[0], 0);
      for (const table of tables) {
        if (table.kind === 'Entities') place(this.value, table.path, new Map());
      }
    }
    const dirty = this.dirty(rows);
    const tops = tables.filter(({ top }) => top);
    const news = tops.map((table) => this.compare(rows, table, dirty.get(table)));
    tables.forEach(({ number, width }) => this.before[number].take(rows.tables[number], width));
    news.forEach(({ removed }, place) => {
      for (const [slot, value] of removed) tell('remove', tops[place], value, slot);
    });
    for (const what of ['add', 'change']) {
      news.forEach((each, place) => {
        const map = this.mapOf(tops[place]);
        for (const slot of each[what]) tell(what, tops[place], map.get(slot), slot);
      });
    }
  }

  /** By top table, by slot: the owned tables of which something has changed there. */
  dirty(rows) {
    const dirty = new Map(this.tables.map((table) => [table, new Map()]));
    for (const table of this.tables) {
      if (table.top) continue;
      const [now, before] = [rows.tables[table.number], this.before[table.number]];
      const slots = Math.max(now.slots, before.slots);
      for (let slot = 0; slot < slots; slot += 1) {
        if (!this.differs(table, now, before, slot)) continue;
        let own = table;
        let at = slot;
        let cell = slot;
        while (!this.tables[own.owner].top) {
          at = Math.floor(at / own.each);
          own = this.tables[own.owner];
          cell = -1;
        }
        const owner = Math.floor(at / own.each);
        const ofTop = dirty.get(this.tables[own.owner]);
        if (!ofTop.has(owner)) ofTop.set(owner, new Map());
        const cells = ofTop.get(owner);
        // A single cell is written where it is; all else is made anew.
        if (own.kind !== 'Cells' || cell < 0) cells.set(own, null);
        else if (!cells.has(own)) cells.set(own, [cell]);
        else cells.get(own)?.push(cell);
      }
    }
    return dirty;
  }

  differs({ width, texts }, now, before, slot) {
    const is = slot < now.slots ? now.generations[slot] : -1;
    const was = slot < before.slots ? before.generations[slot] : -1;
    if (is !== was) return true;
    if (is < 0) return false;
    for (let lane = slot * width, end = lane + width; lane < end; lane += 1) {
      if (now.lanes[lane] !== before.lanes[lane]) return true;
    }
    for (let text = slot * texts.length, end = text + texts.length; text < end; text += 1) {
      if (!sameBytes(now.texts[text], before.texts[text])) return true;
    }
    return false;
  }

  /** Brings the rows of a table up to date. Returns the slots where something has happened. */
  compare(rows, table, dirty) {
    const now = rows.tables[table.number];
    const before = this.before[table.number];
    const news = { removed: [], add: [], change: [] };
    if (table.kind === 'Single') {
      if (before.slots > 0) this.write(rows, table, 0, this.root, dirty.get(0));
      return news;
    }
    const map = this.mapOf(table);
    const slots = Math.max(now.slots, before.slots);
    for (let slot = 0; slot < slots; slot += 1) {
      const is = slot < now.slots ? now.generations[slot] : -1;
      const was = slot < before.slots ? before.generations[slot] : -1;
      if (is === was) {
        if (is >= 0 && this.write(rows, table, slot, map, dirty.get(slot))) news.change.push(slot);
        continue;
      }
      if (was >= 0) {
        news.removed.push([slot, map.get(slot)]);
        map.delete(slot);
      }
      if (is >= 0) {
        map.set(slot, this.valueOf(rows, table, slot));
        news.add.push(slot);
      }
    }
    return news;
  }

  /** Writes into a row's value what has changed. Returns whether something has. */
  write(rows, table, slot, map, owned) {
    const { number, width, texts, patches } = table;
    const now = rows.tables[number];
    const before = this.before[number];
    const start = slot * width;
    let value;
    let last;
    for (let lane = 0; lane < width; lane += 1) {
      if (now.lanes[start + lane] === before.lanes[start + lane]) continue;
      const patch = patches.lanes[lane];
      if (patch === last) continue;
      if (last === undefined) value = map.get(slot);
      last = patch;
      if (patch === null) map.set(slot, this.valueOf(rows, table, slot));
      else patch(value, now, start, slot);
    }
    for (let text = 0; text < texts.length; text += 1) {
      const at = slot * texts.length + text;
      if (sameBytes(now.texts[at], before.texts[at])) continue;
      last = patches.texts[text];
      if (last === null) map.set(slot, this.valueOf(rows, table, slot));
      else last(map.get(slot), now, start, slot);
    }
    if (owned === undefined) return last !== undefined;
    if (table.list) map.set(slot, this.valueOf(rows, table, slot));
    else for (const [own, cells] of owned) this.renew(rows, map.get(slot), own, slot, cells);
    return true;
  }

  renew(rows, value, own, owner, cells) {
    const at = own.path.reduce((inner, name) => inner?.[name], value);
    if (cells === null || !Array.isArray(at)) {
      place(value, own.path, this.ownedBy(rows, own, owner));
      return;
    }
    for (const cell of cells) at[cell - owner * own.each] = this.valueOf(rows, own, cell);
  }

  valueOf(rows, table, slot) {
    if (table.list) return this.ownedBy(rows, table.owned[0], slot);
    const value = table.row(rows.tables[table.number], slot);
    for (const own of table.owned) {
      if (value !== null && typeof value === 'object') place(value, own.path, this.ownedBy(rows, own, slot));
    }
    return value;
  }

  ownedBy(rows, table, owner) {
    const own = rows.tables[table.number];
    const values = [];
    const end = Math.min((owner + 1) * table.each, own.slots);
    for (let slot = owner * table.each; slot < end; slot += 1) {
      if (own.has(slot)) values.push(this.valueOf(rows, table, slot));
    }
    if (table.field) return values.length > 0 ? values[0] : this.nothing(table);
    return table.map ? new Map(values.map(({ key, value }) => [key, value])) : values;
  }

  /** In place of a field that this client may not see. */
  nothing(table) {
    if (!table.list) return undefined;
    return table.owned[0].map ? new Map() : [];
  }
}
