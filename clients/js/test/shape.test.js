import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bytesOnly, messagesOf } from '../src/shape.js';
import { hexOf } from './support/vectors.mjs';

/** What writes and reads one shape. */
function of(input) {
  return messagesOf({ input, request: 'Unit', reply: 'Unit', event: 'Unit' }, 'game').input;
}

const struct = (fields) => ({ Struct: ['S', Object.entries(fields).map(([name, shape]) => ({ name, shape }))] });
const variants = (all) => ({ Enum: ['E', Object.entries(all).map(([name, data]) => ({ name, data }))] });

/** Each with a value and the bytes that Rust's bincode makes of it. */
const CASES = [
  ['Unit', null, ''],
  ['Bool', true, '01'],
  ['U8', 255, 'ff'],
  ['U16', 250, 'fa'],
  ['U16', 251, 'fbfb00'],
  ['U32', 65536, 'fc00000100'],
  ['U64', 2n ** 32n, 'fd0000000001000000'],
  ['U64', 3n, '03'],
  ['I8', -1, 'ff'],
  ['I8', -128, '80'],
  ['I16', -1, '01'],
  ['I16', -32768, 'fbffff'],
  ['I32', 2147483647, 'fcfeffffff'],
  ['I32', -2147483648, 'fcffffffff'],
  ['I64', -2n, '03'],
  ['I64', -(2n ** 63n), 'fdffffffffffffffff'],
  ['F32', 1.5, '0000c03f'],
  ['F64', -2, '00000000000000c0'],
  [{ Text: 8 }, 'ü', '02c3bc'],
  [{ Bytes: 8 }, Uint8Array.of(1, 2), '020102'],
  [{ Option: 'U8' }, null, '00'],
  [{ Option: 'U8' }, 7, '0107'],
  [{ List: ['U8', 4] }, [1, 2], '020102'],
  [{ Array: ['U8', 3] }, [1, 2, 3], '010203'],
  [{ Tuple: ['U8', 'Bool'] }, [1, false], '0100'],
  [struct({ x: 'U8', y: { Option: 'I8' } }), { x: 1, y: -1 }, '0101ff'],
  [variants({ Stop: 'Unit', Go: struct({ to: 'U8' }) }), 'Stop', '00'],
  [variants({ Stop: 'Unit', Go: struct({ to: 'U8' }) }), { Go: { to: 5 } }, '0105'],
  [variants({ Ok: { Tuple: ['U8', 'U8'] }, Err: { Text: 9 } }), { Ok: [1, 2] }, '000102'],
];

test('values are written and read as Rust does', () => {
  for (const [shape, value, bytes] of CASES) {
    const { encode, decode } = of(shape);
    assert.equal(hexOf(encode(value)), bytes, JSON.stringify(shape));
    assert.deepEqual(decode(encode(value)), value);
  }
});

test('numbers are good enough for 64 bits where they are exact', () => {
  assert.equal(hexOf(of('U64').encode(7)), '07');
});

test('what does not fit is an error that names the place and says what belongs there', () => {
  const input = struct({ turn: 'I8', thrust: 'Bool', name: { Text: 4 }, way: { List: [variants({ Up: 'Unit', To: 'U8' }), 2] } });
  const good = { turn: 1, thrust: true, name: 'ab', way: ['Up', { To: 3 }] };
  const { encode, decode } = of(input);
  assert.deepEqual(decode(encode(good)), good);
  const says = (change, sentence) => assert.throws(
    () => encode({ ...good, ...change }),
    { name: 'Misuse', code: 'BadValue', message: sentence },
  );
  says({ turn: 'left' }, "game's input.turn must be a whole number from -128 to 127, and is \"left\"");
  says({ turn: 200 }, "game's input.turn must be a whole number from -128 to 127, and is 200");
  says({ turn: undefined }, "game's input.turn must be a whole number from -128 to 127, and is missing");
  says({ thurst: true }, "game's input has no field thurst: it has turn, thrust, name, way");
  says({ thrust: 1 }, "game's input.thrust must be true or false, and is 1");
  says({ name: 'hello' }, "game's input.name must have at most 4 bytes as UTF-8: shorten it");
  says({ name: 1 }, "game's input.name must be a text, and is 1");
  says({ way: 'Up' }, "game's input.way must be an array of at most 2, and is \"Up\"");
  says({ way: ['Down'] }, "game's input.way[0] must be \"Up\" or { To: … }, and is \"Down\"");
  says({ way: [{ Up: null }] }, "game's input.way[0] must be \"Up\" or { To: … }, and is \"Up\"");
  says({ way: [{ To: 300 }] }, "game's input.way[0].To must be a whole number from 0 to 255, and is 300");
  assert.throws(() => of('Unit').encode({}), /nothing belongs there/);
  assert.throws(() => of(variants({})).encode('Fly'), /this game takes none/);
  assert.throws(() => of('U64').encode(-1), /must be a BigInt from 0 to 18446744073709551615, and is -1/);
  assert.throws(() => of('U128'), { code: 'BadShape', message: /U128, which this client does not know: update the client/ });
});

test('bytes that say something else are an error', () => {
  for (const [shape, bytes] of [['Bool', [2]], [variants({ A: 'Unit' }), [1]], ['U8', []], ['U8', [1, 2]], [{ Text: 1 }, [2, 65, 65]]]) {
    assert.throws(() => of(shape).decode(Uint8Array.from(bytes)), { name: 'Malformed' });
  }
});

test('without a schema bytes are given and got, and an error says how to get it', () => {
  const { input, event } = bytesOnly('arena');
  assert.deepEqual(input.encode(Uint8Array.of(1)), Uint8Array.of(1));
  assert.deepEqual(event.decode(Uint8Array.of(1)), Uint8Array.of(1));
  assert.throws(() => input.encode({ turn: 1 }), { code: 'NoSchema', message: /greenroom schema --game arena/ });
});
