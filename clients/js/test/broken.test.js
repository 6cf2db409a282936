/** Frames with something wrong in them: refused, or taken as the server's own decoder takes them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Replica, decodeSchema } from '../src/protocol.js';
import { broken, bytesOf, frames } from './support/vectors.mjs';

/** The message of a frame, broken as the case says. */
function wrong(message, { flips = [], cut = message.length, tail = '' }) {
  const bytes = Uint8Array.of(...message.subarray(0, cut), ...bytesOf(tail));
  for (const [at, flip] of flips) bytes[at] ^= flip;
  return bytes;
}

/** The hash of the rows after a message, or `null` if it is refused. */
function verdict(replica, message) {
  try {
    replica.apply(message);
  } catch (error) {
    assert.equal(error.name, 'Malformed', error.stack);
    return null;
  }
  return replica.rows.hash();
}

for (const { name, schema: bytes, streams } of frames) {
  const schema = decodeSchema(bytesOf(bytes));
  const cases = broken.filter(({ of }) => of[0] === name);

  test(`broken frames: ${name}`, () => {
    assert.ok(cases.length > 0);
    for (const each of cases) {
      const [, stream, frame] = each.of;
      const messages = streams[stream].frames.map(({ message }) => bytesOf(message));
      const replica = new Replica(schema);
      for (const message of messages.slice(0, frame)) replica.apply(message);
      const after = [wrong(messages[frame], each), messages[frame + 1]].slice(0, each.verdicts.length);
      assert.deepEqual(after.map((message) => verdict(replica, message)), each.verdicts, JSON.stringify(each));
    }
  });
}
