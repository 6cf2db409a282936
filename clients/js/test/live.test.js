import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LiveState } from '../src/live.js';
import { Replica, decodeSchema } from '../src/protocol.js';
import { bytesOf, frames } from './support/vectors.mjs';

/** Brings a state up to date. Returns what it tells. */
function changesOf(live, rows) {
  const told = [];
  live.update(rows, (...change) => told.push(change));
  return told;
}

/** The state of these rows, made from nothing. */
function fresh(schema, rows) {
  const live = new LiveState(schema);
  changesOf(live, rows);
  return live.value;
}

/** What a listener knows of a table, kept by what it was told. */
class Told {
  constructor() {
    this.tables = new Map();
  }

  take(changes) {
    for (const [what, { name }, value, slot] of changes) {
      if (!this.tables.has(name)) this.tables.set(name, new Map());
      const known = this.tables.get(name);
      assert.equal(known.has(slot), what !== 'add', `${what} ${name} ${slot}`);
      if (what === 'remove') known.delete(slot);
      else known.set(slot, structuredClone(value));
    }
  }
}

for (const { name, schema: bytes, streams } of frames) {
  const schema = decodeSchema(bytesOf(bytes));
  // Some vectors are of no struct: their tables have one name.
  if (new Set(schema.tables.map((table) => table.name)).size < schema.tables.length) continue;
  for (const stream of streams) {
    test(`what is kept up to date is what the rows say: ${name}, ${stream.name}`, () => {
      const replica = new Replica(schema);
      const live = new LiveState(schema);
      const told = new Told();
      for (const { message, tick } of stream.frames) {
        replica.apply(bytesOf(message));
        told.take(changesOf(live, replica.rows));
        const expected = fresh(schema, replica.rows);
        assert.deepStrictEqual(live.value, expected, `tick ${tick}`);
        for (const table of live.tables) {
          if (table.kind !== 'Entities') continue;
          assert.deepStrictEqual(told.tables.get(table.name) ?? new Map(), live.mapOf(table), `tick ${tick}`);
        }
        assert.deepEqual(changesOf(live, replica.rows), [], 'nothing has changed since');
      }
    });
  }
}

test('an entity is one object for as long as it lives, and a whole state changes what is different', () => {
  const { schema: bytes, streams } = frames.find(({ name }) => name === 'owned');
  const schema = decodeSchema(bytesOf(bytes));
  const live = new LiveState(schema);
  const replica = new Replica(schema);
  const [first] = streams[0].frames;
  replica.apply(bytesOf(first.message));
  changesOf(live, replica.rows);
  const { ships } = live.value;
  const before = new Map(ships);
  const again = new Replica(schema);
  again.apply(bytesOf(first.message));
  assert.deepEqual(changesOf(live, again.rows), []);
  assert.equal(live.value.ships, ships);
  for (const [slot, ship] of before) assert.equal(ships.get(slot), ship);
});

test('values look as `greenroom schema --ts` says', () => {
  const of = (wanted) => {
    const { schema: bytes, streams } = frames.find(({ name }) => name === wanted);
    const replica = new Replica(decodeSchema(bytesOf(bytes)));
    replica.apply(bytesOf(streams[0].frames[0].message));
    return fresh(replica.schema, replica.rows);
  };
  const { board, signs, ships } = of('owned');
  assert.equal(board.length, 12);
  assert.equal(typeof signs[1], 'string');
  for (const ship of ships.values()) {
    assert.deepEqual(Object.keys(ship), ['x', 'name', 'cargo', 'deck']);
    assert.ok(ship.cargo instanceof Map && ship.deck.length === 4);
  }
  for (const { hand } of of('sight').seats.values()) assert.ok(hand === undefined || Number.isInteger(hand));
  const { things } = of('kinds');
  assert.ok(things instanceof Map && typeof things.get(0).money === 'bigint');
});

test('a table that is not there is named', () => {
  const { schema } = frames.find(({ name }) => name === 'owned');
  assert.throws(() => new LiveState(decodeSchema(bytesOf(schema))).named('shps'), /no table shps: it has ships/);
});
