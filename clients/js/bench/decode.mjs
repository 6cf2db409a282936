/**
 * Time to apply frames in which 1,000 entities of seven lanes change: they move and tumble.
 *
 *     cargo bench -p greenroom-proto --bench codec -- --frames FILE
 *     node bench/decode.mjs FILE
 *
 * FILE has a schema and frames, each with its length before it (four bytes, little endian).
 */

import { readFileSync } from 'node:fs';

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
const rounds = 30;
const times = [];
for (let round = 0; round < rounds; round += 1) {
  const replica = new Replica(schema);
  replica.apply(first);
  for (const step of steps) {
    const start = performance.now();
    const { hash } = replica.apply(step);
    times.push(performance.now() - start);
    if (hash === 'differs') throw new Error('the state is not the one that was sent');
  }
}
times.splice(0, times.length / 2);
times.sort((one, other) => one - other);
const at = (share) => (1000 * times[Math.floor(share * (times.length - 1))]).toFixed(0);
const mean = (1000 * times.reduce((sum, time) => sum + time, 0)) / times.length;
console.log(`${steps.length} frames of ${size.toFixed(0)} bytes: mean ${mean.toFixed(0)} µs, `
  + `median ${at(0.5)} µs, 99 % ${at(0.99)} µs`);
