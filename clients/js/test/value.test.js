import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Replica, decodeSchema, rowReader, scalar, stateReader } from '../src/protocol.js';
import { LENGTHS } from '../src/lengths.js';
import { readFileSync } from 'node:fs';
import { bytesOf, frames } from './support/vectors.mjs';

const step = (name) => [name, { type: 'Step', step: 0.5 }];

/** The value of one row with these lanes and texts. */
function valueOf(lanes, values, texts = []) {
  const table = {
    lanes: lanes.map(([name, kind]) => ({ name, kind })),
    texts: texts.map(([name, , utf8 = true]) => ({ name, utf8 })),
  };
  const rows = {
    layout: { width: lanes.length },
    lanes: Int32Array.from(values),
    texts: texts.map(([, text]) => new TextEncoder().encode(text)),
  };
  return rowReader(table)(rows, 0);
}

test('lanes read by their kinds', () => {
  assert.equal(scalar({ type: 'Bool' })(1), true);
  assert.equal(scalar({ type: 'Int' })(-1), -1);
  assert.equal(scalar({ type: 'Uint' })(-1), 4294967295);
  assert.equal(scalar({ type: 'Step', step: 0.25 })(-3), -0.75);
  assert.equal(scalar({ type: 'Range', min: -2, step: 0.5, most: 2 ** 32 - 1 })(-1), -2 + 0.5 * 4294967295);
  assert.equal(scalar({ type: 'Angle', bits: 2 })(-1), -Math.PI / 2);
});

test('names with dots nest, and numbers are places', () => {
  const lanes = [step('a.b.0'), step('a.b.1'), step('a.c'), step('d')];
  assert.deepEqual(valueOf(lanes, [2, 4, 6, 8], [['a.name', 'ü']]), {
    a: { b: [1, 2], c: 3, name: 'ü' },
    d: 4,
  });
  assert.equal(valueOf([step('')], [3]), 1.5);
  assert.equal(valueOf([], [], [['', 'x']]), 'x');
  const odd = valueOf([step('__proto__'), step('constructor.0')], [2, 2]);
  assert.equal(Object.getPrototypeOf(odd), Object.prototype);
  assert.deepEqual(Object.keys(odd), ['__proto__', 'constructor']);
});

test('optional values, variants, 64 bits', () => {
  const some = { type: 'Some' };
  const optional = [['at', some], step('at.x'), step('at.y'), ['n', some], ['n', some], step('n')];
  assert.deepEqual(valueOf(optional, [1, 2, 4, 1, 0, 0]), { at: { x: 1, y: 2 }, n: null });
  assert.deepEqual(valueOf(optional, [0, 0, 0, 1, 1, 2]), { at: null, n: 1 });
  const names = ['Idle', 'Run', 'Hit'];
  const mode = [['mode', { type: 'Variant', names }], step('mode.Run.speed'), step('mode.Hit')];
  assert.deepEqual(valueOf(mode, [0, 0, 0]), { mode: 'Idle' });
  assert.deepEqual(valueOf(mode, [1, 3, 0]), { mode: { Run: { speed: 1.5 } } });
  assert.deepEqual(valueOf(mode, [2, 0, 3]), { mode: { Hit: 1.5 } });
  assert.deepEqual(valueOf(mode, [-9, 0, 3]), { mode: 'Idle' });
  const wide = (signed) => [['n', { type: 'Low', signed }], ['n', { type: 'High' }]];
  assert.deepEqual(valueOf(wide(true), [-2, -1]), { n: -2n });
  assert.deepEqual(valueOf(wide(false), [-2, -1]), { n: 2n ** 64n - 2n });
});

test('quaternions have length 1', () => {
  const part = { type: 'QuatPart', bits: 9 };
  const lanes = [['q', { type: 'Quat', bits: 9 }], ['q.a', part], ['q.b', part], ['q.c', part]];
  const { q } = valueOf(lanes, [1, 255, 0, -100]);
  assert.ok(Math.abs(Math.hypot(...q) - 1) < 1e-12);
  // The largest is x; w, y, z follow.
  assert.ok(Math.abs(q[3] - Math.SQRT1_2) < 1e-12 && q[0] > 0 && q[1] === 0 && q[2] < 0);
});

test('whole states', () => {
  const { schema: bytes, streams } = frames.find(({ name }) => name === 'owned');
  const schema = decodeSchema(bytesOf(bytes));
  const replica = new Replica(schema);
  const read = stateReader(schema);
  assert.equal(read(replica.rows), null);
  for (const { message } of streams[0].frames) replica.apply(bytesOf(message));
  const state = read(replica.rows);
  assert.deepEqual(Object.keys(state), ['lanes', 'board', 'signs', 'top', 'ships', 'marks']);
  assert.equal(state.board.length, 12);
  assert.ok(['Grass', 'Rock', 'Water'].includes(state.board[0].tile));
  assert.equal(typeof state.signs[1], 'string');
  for (const { slot, generation, value } of state.ships) {
    assert.ok(slot >= 0 && generation >= 0);
    assert.deepEqual(Object.keys(value), ['x', 'name', 'cargo', 'deck']);
    assert.equal(value.deck.length, 4);
    for (const { key, value: { tags } } of value.cargo.map((it) => ({ ...it, value: Object(it.value) }))) {
      assert.ok(Number.isInteger(key) && (tags === undefined || Array.isArray(tags)));
    }
  }
});

test('a field that only some may see is in its owner', () => {
  const { schema: bytes, streams } = frames.find(({ name }) => name === 'sight');
  const schema = decodeSchema(bytesOf(bytes));
  const replica = new Replica(schema);
  replica.apply(bytesOf(streams[0].frames[0].message));
  const state = stateReader(schema)(replica.rows);
  const hands = state.seats.map(({ value }) => value.hand);
  assert.ok(hands.length > 0 && hands.every((hand) => hand === null || Number.isInteger(hand)));
});

test('the codes are those of the server', () => {
  const source = readFileSync(new URL('../../../proto/src/codec/lengths.rs', import.meta.url), 'utf8');
  const rows = source.match(/^ {4}\[[\d, ]+\]/gm).map((row) => JSON.parse(row));
  assert.deepEqual(LENGTHS, rows);
});
