/** Whatever a server says, a client goes on or ends with a code: nothing is thrown at the program. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encodeToClient } from '../src/protocol.js';
import { frameOf, joinedOf, seated, whole } from './support/play.mjs';
import { bytesOf, control, random } from './support/vectors.mjs';

const messages = [
  ...control.to_client.map(({ bytes }) => bytesOf(bytes)),
  whole,
  frameOf(1),
  frameOf(2, { events: ['a', 'b'] }),
  encodeToClient(joinedOf({ id: 1 })),
  encodeToClient({ type: 'Left' }),
];

async function survives(seed, next, change) {
  const { world, client, room } = await seated();
  const ends = [];
  client.on('close', ({ code }) => ends.push(code));
  room.on('close', () => ends.push('room'));
  for (let turn = 0; turn < 30 && client.state !== 'closed'; turn += 1) {
    if (world.wire.readyState === 0) world.wire.welcome();
    const message = Uint8Array.from(messages[next(messages.length)]);
    if (next(2) === 0) change(message, next);
    world.wire.bytes(message);
    await world.pass(next(400));
    if (next(20) === 0 && world.wire.readyState === 1) world.wire.end(1000 + next(4000));
  }
  client.close();
  await world.pass(60_000);
  assert.deepEqual(world.errors, [], `seed ${seed}`);
  assert.equal(client.state, 'closed', `seed ${seed}`);
  assert.equal(ends.filter((end) => end !== 'room').length, 1, `seed ${seed}`);
  assert.equal(ends.filter((end) => end === 'room').length, 1, `seed ${seed}`);
}

test('messages in any order, whole or broken, are borne', async () => {
  const flip = (message, next) => {
    for (let flips = 1 + next(4); flips > 0; flips -= 1) message[next(message.length)] ^= 1 << next(8);
  };
  for (let seed = 1; seed <= 600; seed += 1) await survives(seed, random(seed * 7919), flip);
});
