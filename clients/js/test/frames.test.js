import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Replica, decodeSchema, encodeSchema, layoutOf, schemaHash } from '../src/protocol.js';
import { bytesOf, frames, hexOf, plain, rowsOf, schemas } from './support/vectors.mjs';

test('schemas read and write as they should', () => {
  for (const { bytes, hash, value } of schemas) {
    const schema = decodeSchema(bytesOf(bytes));
    assert.deepEqual(schema, value);
    assert.equal(hexOf(encodeSchema(schema)), bytes);
    assert.equal(`${schemaHash(bytesOf(bytes))}`, hash);
    layoutOf(schema);
  }
});

for (const { name, schema, streams } of frames) {
  for (const stream of streams) {
    test(`frames: ${name}, ${stream.name}`, () => {
      const replica = new Replica(decodeSchema(bytesOf(schema)));
      for (const expected of stream.frames) {
        const at = `tick ${expected.tick}`;
        const frame = replica.apply(bytesOf(expected.message));
        assert.equal(frame.tick, expected.tick);
        assert.equal(frame.inputsApplied, expected.applied, at);
        assert.equal(frame.slack, expected.slack, at);
        assert.equal(frame.whole, expected.whole, at);
        assert.equal(frame.base, expected.base, at);
        assert.equal(frame.hash, expected.hashed ? 'same' : 'none', at);
        assert.deepEqual(plain(frame.events), expected.events, at);
        if (expected.rows !== undefined) assert.deepEqual(rowsOf(replica), expected.rows, at);
        assert.equal(replica.rows.hash(), expected.hash, at);
        assert.equal(replica.tick, expected.tick);
      }
    });
  }
}
