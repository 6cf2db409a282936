/**
 * What a schema's tables are as plain values: where each is in the state, what reads its rows, and
 * for each lane a function, made once, that writes the part of a row that it belongs to.
 */

import { below, partsOf, pathOf, reader, scalar, startsWith } from './value.js';

/** The tables of a schema, made ready. */
export function tablesOf(schema) {
  const tables = schema.tables.map((table, number) => {
    const [lanes, texts] = partsOf(table);
    const owner = table.rows.of ?? (number === 0 ? null : 0);
    const above = owner === null ? [] : pathOf(schema.tables[owner].name);
    const full = pathOf(table.name);
    const path = startsWith(full, above) && full.length > above.length ? full.slice(above.length) : full;
    const kind = table.rows.type;
    // A field that not all may see is a row of its own, whose lanes keep the field's name.
    const field = kind === 'Owned' && table.rows.each === 1 && table.restricted
      && [...lanes, ...texts].every((part) => startsWith(part.path, path));
    const depth = field ? path.length : 0;
    const top = kind === 'Single' || kind === 'Entities';
    return {
      number, name: table.name, kind, owner, each: table.rows.each, path, field, depth, lanes, texts, top,
      row: reader(depth, lanes, texts),
      patches: top ? patchesOf(lanes, texts) : null,
      width: lanes.length,
    };
  });
  for (const table of tables) {
    table.owned = tables.filter(({ owner, top }) => owner === table.number && !top);
  }
  for (const table of tables) shapeOf(table);
  return tables;
}

/** Whether rows are entries of a map, or a list and nothing else. */
function shapeOf(table) {
  const { depth, lanes, texts, owned, kind, field } = table;
  const parts = [...lanes, ...texts].filter(({ path }) => path.length > depth).map(({ path }) => path[depth]);
  const bare = parts.length < lanes.length + texts.length;
  const names = new Set([...parts, ...owned.map(({ path }) => path[0])]);
  const empty = lanes.length + texts.length === 0;
  table.list = table.number > 0 && empty && names.size === 1 && owned[0].path.join() === 'items';
  const pairs = !bare && names.has('key') && [...names].every((name) => name === 'key' || name === 'value');
  table.map = kind === 'Owned' && !field && pairs;
}

/** What writes a lane or text into a row: `{ lanes, texts }`, each by its number. */
function patchesOf(lanes, texts) {
  const by = { lanes: [], texts: [] };
  const bind = (patch, ownLanes, ownTexts) => {
    for (const { at } of ownLanes) by.lanes[at] = patch;
    for (const { at } of ownTexts) by.texts[at] = patch;
  };
  const walk = (depth, ownLanes, ownTexts) => {
    const all = [...ownLanes, ...ownTexts];
    if (all.some(({ path }) => path.length === depth)) {
      bind(patchOf(depth, ownLanes, ownTexts), ownLanes, ownTexts);
      return;
    }
    for (const name of new Set(all.map(({ path }) => path[depth]))) {
      walk(depth + 1, below(depth, name, ownLanes), below(depth, name, ownTexts));
    }
  };
  walk(0, lanes, texts);
  return by;
}

function patchOf(depth, lanes, texts) {
  const { path } = lanes[0] ?? texts[0];
  // The row is this value: it cannot be written into.
  if (depth === 0) return null;
  const way = path.slice(0, depth - 1);
  const last = path[depth - 1];
  const [one] = lanes;
  const plain = lanes.length === 1 && texts.length === 0 && !['Variant', 'Some'].includes(one.kind.type);
  if (depth === 1 && plain) {
    const value = scalar(one.kind);
    return (row, rows, at) => { row[last] = value(rows.lanes[at + one.at]); };
  }
  const read = reader(depth, lanes, texts);
  return (row, rows, at, slot) => {
    let into = row;
    for (const name of way) into = into[name];
    into[last] = read(rows, slot);
  };
}
