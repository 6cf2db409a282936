/**
 * What a schema's tables are as plain values: where each is in the state, what reads its rows, and
 * for each lane a function, made once, that writes the part of a row that it belongs to.
 */

import { below, partsOf, pathOf, reader, scalar, startsWith } from './value.js';

/** The tables of a schema, made ready. */
export function tablesOf(schema) {
  const tables = [];
  schema.tables.forEach((table, number) => {
    const { name, rows: { type: kind, each, of = 0 }, restricted } = table;
    const parts = partsOf(table);
    const owner = number === 0 ? null : tables[of];
    const above = owner ? pathOf(owner.name) : [];
    const full = pathOf(name);
    const path = startsWith(full, above) && full.length > above.length ? full.slice(above.length) : full;
    // A field that not all may see is a row of its own, whose lanes keep the field's name.
    const field = kind === 'Owned' && each === 1 && restricted && parts.every((part) => startsWith(part.path, path));
    const depth = field ? path.length : 0;
    const top = kind === 'Single' || kind === 'Entities';
    const made = {
      number, name, kind, owner, each, path, field, depth, parts, top,
      width: table.lanes.length,
      texts: table.texts,
      row: reader(depth, parts),
      patches: top ? patchesOf(parts) : null,
      /** The tables whose rows are owned by rows of this one. */
      owned: [],
    };
    if (!top) owner.owned.push(made);
    tables.push(made);
  });
  tables.forEach(shape);
  return tables;
}

/** Whether rows are entries of a map, or a list and nothing else. */
function shape(table) {
  const { number, depth, parts, owned, kind, field } = table;
  const bare = parts.some(({ path }) => path.length <= depth);
  const names = new Set([...parts.map(({ path }) => path[depth]), ...owned.map(({ path }) => path[0])]);
  table.list = number > 0 && parts.length === 0 && names.size === 1 && owned[0].path.join() === 'items';
  table.map = kind === 'Owned' && !field && !bare
    && names.has('key') && [...names].every((name) => name === 'key' || name === 'value');
}

/** What writes each lane, then each text, into a row; `null` where the row is this value itself. */
function patchesOf(parts) {
  const patches = new Map();
  const walk = (depth, own) => {
    if (own.some(({ path }) => path.length === depth)) {
      const patch = depth === 0 ? null : patchOf(depth, own);
      for (const part of own) patches.set(part, patch);
      return;
    }
    for (const name of new Set(own.map(({ path }) => path[depth]))) walk(depth + 1, below(depth, name, own));
  };
  walk(0, parts);
  return parts.map((part) => patches.get(part));
}

function patchOf(depth, parts) {
  const [{ path, kind, at }, ...others] = parts;
  const way = path.slice(0, depth - 1);
  const last = path[depth - 1];
  if (depth === 1 && kind && others.length === 0 && !['Variant', 'Some'].includes(kind.type)) {
    const value = scalar(kind);
    return (row, rows, start) => { row[last] = value(rows.lanes[start + at]); };
  }
  const read = reader(depth, parts);
  return (row, rows, start, slot) => {
    let into = row;
    for (const name of way) into = into[name];
    into[last] = read(rows, slot);
  };
}
