/**
 * Time to apply frames in which 1,000 entities of seven lanes change: they move and tumble. First
 * of the rows alone, then with the state as plain values, as a room has it.
 *
 *     cargo bench -p greenroom-proto --bench codec -- --frames FILE
 *     node bench/decode.mjs FILE
 *
 * FILE has a schema and frames, each with its length before it (four bytes, little endian).
 */

import { readFileSync } from 'node:fs';

import { LiveState } from '../src/live.js';
import { Replica, decodeSchema } from '../src/protocol.js';

const file = readFileSync(process.argv[2]);
const parts = [];
for (let at = 0; at < file.length;) {
  const length = file.readUInt32LE(at);
  parts.push(new Uint8Array(file.subarray(at + 4, at + 4 + length)));
  at += 4 + length;
}
const [bytes, first, ...steps] = parts;
const schema = decodeSchema(bytes);
const size = steps.reduce((sum, { length }) => sum + length, 0) / steps.length;
const ROUNDS = 30;

function measure(what, values) {
  const times = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const replica = new Replica(schema);
    const live = new LiveState(schema);
    replica.apply(first);
    live.update(replica.rows, () => {});
    for (const step of steps) {
      const start = performance.now();
      const { hash } = replica.apply(step);
      let changes = 0;
      if (values) live.update(replica.rows, () => { changes += 1; });
      times.push(performance.now() - start);
      if (hash === 'differs') throw new Error('the state is not the one that was sent');
      if (values && changes < 900) throw new Error(`${changes} entities have changed`);
    }
  }
  times.splice(0, times.length / 2);
  times.sort((one, other) => one - other);
  const at = (share) => (1000 * times[Math.floor(share * (times.length - 1))]).toFixed(0);
  const mean = (1000 * times.reduce((sum, time) => sum + time, 0)) / times.length;
  console.log(`${what}: mean ${mean.toFixed(0)} µs, median ${at(0.5)} µs, 99 % ${at(0.99)} µs`);
}

console.log(`${steps.length} frames of ${size.toFixed(0)} bytes`);
measure('rows', false);
measure('rows and values', true);
