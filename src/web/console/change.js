// The tables as the server sends them: the change from what this page has to now.

export const TABLES = ["tree", "rooms", "connections", "crashes"];

/** Nothing yet. */
export function empty() {
  return Object.fromEntries(TABLES.map((name) => [name, { order: [], rows: new Map() }]));
}

/** The tables after a change. Rows that did not change stay the same objects. */
export function apply(tables, change) {
  const next = { ...tables };
  for (const name of TABLES) {
    if (change[name]) next[name] = applyTo(tables[name], change[name]);
  }
  return next;
}

function applyTo(table, { order = table.order, rows: changed }) {
  const has = (key) => Object.hasOwn(changed, key);
  const rows = new Map();
  for (const key of order) {
    const row = has(key) ? changed[key] : table.rows.get(key);
    if (row === undefined) throw new Error(`a change without the row ${key}`);
    rows.set(key, row);
  }
  return { order, rows };
}
