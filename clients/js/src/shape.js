/**
 * Inputs, requests, replies and events as values, by their shape as `greenroom schema` prints it.
 *
 * A struct is an object, an enum its variant's name or, with data, `{ Name: data }`, an option the
 * value or `null`, a unit `null`; integers of 64 bits are `BigInt`s. A value that does not fit is a
 * `Misuse` with the place and what belongs there.
 */

import { Misuse } from './error.js';
import { blob, bool, decode, encode, enumOf, float, list, option, structOf, text, tuple, unit, whole } from './wire.js';

/** Shapes that are only a name. */
const PLAIN = new Map(Object.entries({ Unit: unit, Bool: bool, F32: float(4), F64: float(8) }));
for (const bits of [8, 16, 32, 64]) PLAIN.set(`U${bits}`, whole(bits, 0)).set(`I${bits}`, whole(bits, 1));

/** Others, by their name and what is in them. */
const MADE = new Map(Object.entries({
  Text: text,
  Bytes: blob,
  Option: (inner) => option(typeOf(inner)),
  List: ([inner, max]) => list(typeOf(inner), max),
  Array: ([inner, count]) => tuple(Array(count).fill(typeOf(inner))),
  Tuple: (parts) => tuple(parts.map(typeOf)),
  Struct: ([, fields]) => structOf(fields.map(({ name, shape }) => [name, typeOf(shape)])),
  Enum: ([, variants]) => enumOf(variants.map(({ name, data }) => [name, data === 'Unit' ? null : typeOf(data)])),
}));

function typeOf(shape) {
  const [name, inner] = typeof shape === 'string' ? [shape] : Object.entries(shape)[0];
  const type = PLAIN.get(name) ?? MADE.get(name)?.(inner);
  if (type) return type;
  throw new Misuse('BadShape', `a game has messages with a ${name}, which this client does not know: update the client`);
}

/** The four kinds of messages of a game, from its `messages` in what `greenroom schema` prints. */
export function messagesOf(shapes, game) {
  const kinds = ['input', 'request', 'reply', 'event'].map((kind) => {
    const type = typeOf(shapes[kind]);
    const at = `${game}'s ${kind}`;
    return [kind, { encode: (value) => encode(type, value, at), decode: (bytes) => decode(type, bytes) }];
  });
  return Object.fromEntries(kinds);
}

/** Of a game of which nothing is known: bytes are given and got. */
export function bytesOnly(game) {
  const encodeBytes = (value) => {
    if (value instanceof Uint8Array) return value;
    throw new Misuse('NoSchema', `the messages of ${game} are not known: give a Uint8Array, or `
      + `connect({ games: [schema] }) what \`greenroom schema --game ${game}\` prints`);
  };
  const kind = { encode: encodeBytes, decode: (bytes) => bytes };
  return { input: kind, request: kind, reply: kind, event: kind };
}
