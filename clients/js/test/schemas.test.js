import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Replica, Schemas } from '../src/protocol.js';
import { bytesOf, frames, schemas as vectors } from './support/vectors.mjs';

const joined = ({ bytes, hash }, sent = true) => ({
  tick: 40,
  schema_hash: BigInt(hash),
  schema: sent ? bytesOf(bytes) : null,
});

test('a schema is sent once and known from then on', () => {
  const schemas = new Schemas();
  const [one, other] = vectors;
  assert.throws(() => schemas.of(joined(one, false)), { name: 'Malformed' });
  const first = schemas.of(joined(one));
  assert.deepEqual(first, one.value);
  assert.equal(schemas.of(joined(one, false)), first);
  assert.equal(schemas.of(joined(one)), first);
  schemas.of(joined(other));
  assert.deepEqual(schemas.hashes(), [BigInt(one.hash), BigInt(other.hash)]);
  // What is used last is named, and no more than the server takes.
  for (const vector of vectors) schemas.of(joined(vector));
  schemas.of(joined(one));
  assert.equal(schemas.hashes().at(-1), BigInt(one.hash));
  assert.ok(schemas.hashes().length <= 8);
});

test('a schema that is not what its hash says is an error', () => {
  const [one, other] = vectors;
  const wrong = { ...joined(one), schema_hash: BigInt(other.hash) };
  assert.throws(() => new Schemas().of(wrong), { name: 'Malformed' });
});

test('a seat that comes back with another schema gets a replica that waits for the whole state', () => {
  const [one, other] = frames.slice(0, 2);
  const schemas = new Schemas();
  const of = ({ schema }) => schemas.of(joined(vectors.find(({ bytes }) => bytes === schema)));
  const [first, second] = [of(one), of(other)];
  const replica = new Replica(first);
  const play = (to, { streams }) => {
    for (const { message, hashed } of streams[0].frames) {
      assert.equal(to.apply(bytesOf(message)).hash, hashed ? 'same' : 'none');
    }
  };
  play(replica, one);
  assert.equal(replica.resumed({ tick: 7 }, first), replica);
  assert.equal(replica.newest, 7);
  const next = replica.resumed({ tick: 9 }, second);
  assert.notEqual(next, replica);
  assert.deepEqual([next.tick, next.newest, next.schema], [null, 9, second]);
  play(next, other);
});
