/** What a stranger may send in place of a frame: an error, or rows within bounds. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ROWS_BYTES_MAX, Replica, decodeSchema, encodeSchema, layoutOf, stateReader } from '../src/protocol.js';
import { bytesOf, frames, random, rowsOf } from './support/vectors.mjs';

/** Bytes in the typed arrays of all rows, and in texts. */
function memory({ rows }) {
  let bytes = rows.textBytes;
  for (const table of rows.tables) {
    for (const array of Object.values(table)) if (ArrayBuffer.isView(array)) bytes += array.byteLength;
  }
  return bytes;
}

/** Applies a message, and says whether it was a frame. */
function survives(replica, message) {
  const start = performance.now();
  let frame = null;
  try {
    frame = replica.apply(message);
  } catch (error) {
    assert.equal(error.name, 'Malformed', error.stack);
    assert.ok(error.message.length > 10);
    assert.equal(replica.tick, null);
  }
  assert.ok(performance.now() - start < 2000, 'a frame that takes long');
  assert.ok(memory(replica) < 4 * ROWS_BYTES_MAX);
  for (const table of replica.rows.tables) assert.ok(table.slots <= table.layout.slotsMax);
  replica.rows.hash();
  return frame;
}

/** A replica that has the first `count` frames of a stream. */
function brought(schema, stream, count) {
  const replica = new Replica(schema);
  for (const { message } of stream.frames.slice(0, count)) replica.apply(bytesOf(message));
  return replica;
}

for (const { name, schema: bytes, streams } of frames) {
  const schema = decodeSchema(bytesOf(bytes));
  const read = stateReader(schema);

  test(`frames that are cut off: ${name}`, () => {
    const stream = streams[2];
    for (let count = 0; count < Math.min(stream.frames.length, 4); count += 1) {
      const message = bytesOf(stream.frames[count].message);
      // Each cut needs the frames before again.
      const every = Math.ceil((message.length * (count + 1)) / 1500);
      for (let length = message.length - 1; length >= 0; length -= every) {
        assert.equal(survives(brought(schema, stream, count), message.subarray(0, length)), null);
      }
      assert.equal(survives(brought(schema, stream, count), Uint8Array.of(...message, 0)), null);
    }
  });

  test(`frames with wrong bits: ${name}`, () => {
    const next = random(name.length);
    for (let round = 0; round < 40; round += 1) {
      const stream = streams[round % streams.length];
      const replica = brought(schema, stream, 0);
      for (const { message } of stream.frames.slice(0, 16)) {
        const wrong = bytesOf(message);
        for (let flips = next(3); flips > 0; flips -= 1) {
          // Mostly in the state.
          const anywhere = next(8) === 0 || wrong.length < 13;
          const at = anywhere ? next(wrong.length) : 12 + next(wrong.length - 12);
          wrong[at] ^= 1 << next(8);
        }
        if (survives(replica, wrong) !== null) read(replica.rows);
        rowsOf(replica);
      }
    }
  });

  test(`schemas with wrong bits: ${name}`, () => {
    const next = random(name.length + 7);
    for (let round = 0; round < 400; round += 1) {
      const wrong = bytesOf(bytes);
      for (let flips = 1 + next(2); flips > 0; flips -= 1) wrong[next(wrong.length)] ^= 1 << next(8);
      let replica;
      try {
        const other = decodeSchema(wrong);
        encodeSchema(other);
        replica = new Replica(other);
        stateReader(other);
      } catch (error) {
        assert.equal(error.name, 'Malformed', error.stack);
        continue;
      }
      if (survives(replica, bytesOf(streams[0].frames[0].message)) !== null) {
        stateReader(replica.schema)(replica.rows);
      }
    }
  });
}

test('a schema that asks for more than there may be', () => {
  const lane = { name: '', kind: { type: 'Int' }, predict: 'Hold', joined: false, tolerance: 0 };
  const single = {
    name: '',
    rows: { type: 'Single' },
    restricted: false,
    near: null,
    lanes: [],
    texts: [],
  };
  const cells = (of, each) => ({ ...single, rows: { type: 'Cells', of, each }, lanes: [lane] });
  const bad = (...tables) => assert.throws(() => layoutOf({ tables }), { name: 'Malformed' });
  bad();
  bad(cells(0, 1));
  bad(single, single);
  bad(single, cells(1, 1));
  bad(single, cells(0, 0));
  bad(single, cells(0, 2 ** 24 + 1));
  bad(single, { ...cells(0, 2), lanes: [] });
  bad(single, cells(0, 1), cells(1, 1));
  bad({ ...single, lanes: Array(65).fill(lane) });
  bad({ ...single, lanes: Array(5).fill({ ...lane, joined: true }) });
  for (const bits of [0, 25]) bad({ ...single, lanes: [{ ...lane, kind: { type: 'Angle', bits } }] });
  bad({ ...single, lanes: [{ ...lane, kind: { type: 'Quat', bits: 9 } }] });
  bad({ ...single, lanes: [{ ...lane, kind: { type: 'QuatPart', bits: 9 } }] });
  // Sound, but its whole state is over the bound.
  const replica = new Replica({ tables: [single, cells(0, 2 ** 24)] });
  assert.throws(() => replica.apply(Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 0, 0)), /16 MiB/);
});
