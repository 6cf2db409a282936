/** The golden vectors, which the server's own tests build and check. */

import { readFileSync, readdirSync } from 'node:fs';

const folder = new URL('../../../../proto/vectors/', import.meta.url);

function load(name) {
  return JSON.parse(readFileSync(new URL(name, folder), 'utf8'));
}

export const control = load('control.json');
export const broken = load(process.env.GREENROOM_BROKEN ?? 'broken.json');
export const schemas = load('schemas.json');
export const frames = readdirSync(new URL('frames/', folder)).map((file) => ({
  name: file.replace('.json', ''),
  ...load(`frames/${file}`),
}));

export const bytesOf = (hex) => new Uint8Array(Buffer.from(hex, 'hex'));
export const hexOf = (bytes) => Buffer.from(bytes).toString('hex');

/** A value as the vectors write it: bytes in hexadecimal, large numbers in decimal. */
export function plain(value) {
  if (typeof value === 'bigint') return `${value}`;
  if (value instanceof Uint8Array) return hexOf(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

/** All rows of a replica as the vectors write them. */
export function rowsOf({ rows }) {
  return rows.tables.map((table) => {
    const { width, texts: { length } } = table.layout;
    const occupied = Array.from({ length: table.slots }, (_, slot) => slot).filter((slot) => table.has(slot));
    return occupied.map((slot) => [
      slot,
      table.generations[slot],
      [...table.lanes.subarray(slot * width, (slot + 1) * width)],
      table.texts.slice(slot * length, (slot + 1) * length).map(hexOf),
    ]);
  });
}

/** Numbers that are the same in every run: xorshift. */
export function random(seed) {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
