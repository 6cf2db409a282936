/**
 * Rows as plain values, by the kinds and names of their lanes.
 *
 * Names with dots nest: `position.x` is `{ position: { x } }`, and parts called 0, 1, 2 … are an
 * array. Of an optional value that is not there, it is `null`. A variant without data is its name,
 * one with data `{ Name: data }`. Integers of 64 bits are `BigInt`s, quaternions `[x, y, z, w]`,
 * texts strings or, if they need not be UTF-8, bytes.
 */

import { textOf } from './wire.js';

/** A function of `(rows, slot)` for the rows of a table of a schema. */
export function rowReader(table) {
  return reader(0, partsOf(table));
}

/**
 * All of a state: the single values, and in their places the tables. A table of entities is a list
 * of `{ slot, generation, value }`; rows that another owns are a list in its value.
 */
export function stateReader(schema) {
  const tables = schema.tables.map((table, number) => {
    const owner = table.rows.of ?? (number === 0 ? null : 0);
    const above = owner === null ? [] : pathOf(schema.tables[owner].name);
    const full = table.name.split('.');
    const path = startsWith(full, above) && full.length > above.length ? full.slice(above.length) : full;
    const parts = partsOf(table);
    // A field that not all may see is a row of its own, whose lanes keep the field's name.
    const field = table.rows.of !== undefined && table.rows.each === 1 && table.restricted
      && parts.every((part) => startsWith(part.path, path));
    const read = reader(field ? path.length : 0, parts);
    return { number, owner, path, kind: table.rows, field, read };
  });
  const valueOf = (rows, { number, read }, slot) => {
    let value = read(rows.tables[number], slot);
    for (const table of tables) {
      if (table.owner !== number || (number === 0 && table.kind.of === undefined)) continue;
      if (value === null || typeof value !== 'object') value = { value };
      place(value, table.path, ownedBy(rows, table, slot));
    }
    return value;
  };
  const ownedBy = (rows, table, owner) => {
    const own = rows.tables[table.number];
    const values = [];
    const end = Math.min((owner + 1) * table.kind.each, own.slots);
    for (let slot = owner * table.kind.each; slot < end; slot += 1) {
      if (own.has(slot)) values.push(valueOf(rows, table, slot));
    }
    return table.field ? values[0] ?? null : values;
  };
  return (rows) => {
    if (!rows.tables[0].has(0)) return null;
    const state = valueOf(rows, tables[0], 0);
    for (const table of tables) {
      if (table.kind.type !== 'Entities') continue;
      const own = rows.tables[table.number];
      const entities = [];
      for (let slot = 0; slot < own.slots; slot += 1) {
        if (!own.has(slot)) continue;
        entities.push({ slot, generation: own.generations[slot], value: valueOf(rows, table, slot) });
      }
      place(state, table.path, entities);
    }
    return state;
  };
}

/** Puts a value into an object where a path says. */
export function place(into, path, value) {
  let at = into;
  for (const name of path.slice(0, -1)) {
    const inner = Object.hasOwn(at, name) ? at[name] : null;
    if (inner === null || typeof inner !== 'object') set(at, name, {});
    at = at[name];
  }
  set(at, path.at(-1), value);
}

/** As an assignment, but the name may be any. */
function set(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

export function startsWith(path, start) {
  return start.every((name, place) => path[place] === name);
}

/** The lanes and texts of a table; those without a `kind` are texts. */
export function partsOf({ lanes, texts }) {
  return [
    ...lanes.map(({ name, kind }, at) => ({ path: pathOf(name), kind, at })),
    ...texts.map(({ name, utf8 }, at) => ({ path: pathOf(name), utf8, at, count: texts.length })),
  ];
}

export function pathOf(name) {
  return name === '' ? [] : name.split('.');
}

/** Those of some parts whose path goes on with `name` after `depth` names. */
export function below(depth, name, parts) {
  return parts.filter(({ path }) => path[depth] === name);
}

/** Reads the value that is made of these parts, whose paths begin with the same `depth` names. */
export function reader(depth, parts) {
  const head = parts.find(({ path }) => path.length === depth);
  if (head) return headReader(depth, head, parts.filter((part) => part !== head));
  const names = [...new Set(parts.map(({ path }) => path[depth]))];
  const readers = names.map((name) => reader(depth + 1, below(depth, name, parts)));
  const isList = names.length > 0 && names.every((name, place) => name === `${place}`);
  return (rows, slot) => {
    const values = readers.map((read) => read(rows, slot));
    return isList ? values : Object.fromEntries(values.map((value, place) => [names[place], value]));
  };
}

function headReader(depth, head, rest) {
  const { kind } = head;
  switch (kind?.type) {
    case undefined:
      return textReader(head);
    case 'Some': {
      const inner = reader(depth, rest);
      return (rows, slot) => (laneOf(rows, slot, head.at) === 0 ? null : inner(rows, slot));
    }
    case 'Variant': {
      const data = kind.names.map((name) => {
        const own = below(depth, name, rest);
        return own.length > 0 ? reader(depth + 1, own) : null;
      });
      return (rows, slot) => {
        // What no variant has is read as the first.
        const lane = laneOf(rows, slot, head.at);
        const index = lane >= 0 && lane < data.length ? lane : 0;
        const name = kind.names[index] ?? '';
        return (data[index] ?? null) === null ? name : { [name]: data[index](rows, slot) };
      };
    }
    case 'Low':
      return (rows, slot) => {
        const low = BigInt(laneOf(rows, slot, head.at) >>> 0);
        const bits = (BigInt(laneOf(rows, slot, head.at + 1)) << 32n) | low;
        return kind.signed ? bits : BigInt.asUintN(64, bits);
      };
    case 'Quat':
      return quaternion(head.at, kind.bits);
    default: {
      const value = scalar(kind);
      return (rows, slot) => value(laneOf(rows, slot, head.at));
    }
  }
}

function laneOf(rows, slot, lane) {
  return rows.lanes[slot * rows.layout.width + lane];
}

/** The value of a lane that is one by itself. */
export function scalar(kind) {
  switch (kind.type) {
    case 'Bool':
    case 'Some':
      return (lane) => lane !== 0;
    case 'Uint':
      return (lane) => lane >>> 0;
    case 'Step':
      return (lane) => lane * kind.step;
    case 'Range':
      return (lane) => kind.min + (lane >>> 0) * kind.step;
    case 'Angle':
      return (lane) => lane * ((2 * Math.PI) / 2 ** kind.bits);
    default:
      return (lane) => lane;
  }
}

function quaternion(at, bits) {
  const step = 1 / (Math.SQRT2 * (2 ** (bits - 1) - 1));
  // In the order w, x, y, z.
  const parts = [0, 0, 0, 0];
  return (rows, slot) => {
    let lane = slot * rows.layout.width + at;
    /** The component that is left out. */
    const left = rows.lanes[lane] & 3;
    let rest = 1;
    for (let part = 0; part < 4; part += 1) {
      if (part === left) continue;
      lane += 1;
      parts[part] = rows.lanes[lane] * step;
      rest -= parts[part] * parts[part];
    }
    parts[left] = Math.sqrt(Math.max(rest, 0));
    return [parts[1], parts[2], parts[3], parts[0]];
  };
}

function textReader({ at, count, utf8 }) {
  return (rows, slot) => {
    const bytes = rows.texts[slot * count + at];
    return utf8 ? textOf(bytes) : bytes;
  };
}
