/** A room's state, of whatever a schema may have, is what its frames say: of the modules, and of the one file. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LiveState } from '../src/live.js';
import { Replica, STATE, STATE_EVENTS, decodeSchema, readFrame } from '../src/protocol.js';
import { greeted, joinedOf } from './support/play.mjs';
import { bytesOf, frames, schemas } from './support/vectors.mjs';

/** A frame's message without its events, whose numbers are not those of one seat. */
function quiet(message, newest) {
  if (message[0] !== STATE_EVENTS) return message;
  const { whole, tick, base, hash, state } = readFrame(message, newest);
  const age = base === null ? 0 : tick - base < 128 ? 1 : 2;
  const body = 1 + (whole ? 4 : 2) + age + (hash === null ? 0 : 4) + state.length;
  return Uint8Array.of(STATE, ...message.subarray(1, 4), ...message.subarray(message.length - body));
}

/** The client in a room with this schema, which has sent all of these messages, and its state after each. */
async function played(bytes, stream) {
  const { world, client } = await greeted();
  const coming = client.join('game');
  await world.settle();
  const [{ id }] = world.wire.said();
  const hash = BigInt(schemas.find((each) => each.bytes === bytes).hash);
  const [{ message, tick }, ...rest] = stream.frames;
  world.wire.say(joinedOf({ id, schema: bytesOf(bytes), schema_hash: hash, tick }));
  world.wire.bytes(quiet(bytesOf(message), tick));
  const room = await coming;
  const states = [structuredClone(room.state)];
  for (const frame of rest) {
    world.wire.bytes(quiet(bytesOf(frame.message), room.tick));
    states.push(structuredClone(room.state));
  }
  assert.equal(room.over, null);
  assert.equal(room.stats.desyncs, 0);
  return states;
}

for (const { name, schema: bytes, streams } of frames) {
  const schema = decodeSchema(bytesOf(bytes));
  // Some vectors are of no struct: their tables have one name.
  if (new Set(schema.tables.map((table) => table.name)).size < schema.tables.length) continue;
  for (const stream of streams) {
    test(`a room's state: ${name}, ${stream.name}`, async () => {
      const states = await played(bytes, stream);
      const replica = new Replica(schema);
      stream.frames.forEach(({ message, tick }, place) => {
        replica.apply(bytesOf(message));
        const live = new LiveState(schema);
        live.update(replica.rows, () => {});
        assert.deepStrictEqual(states[place], live.value, `tick ${tick}`);
      });
    });
  }
}
