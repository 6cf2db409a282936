import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  CLOSE_CODES,
  afterClose,
  decodeInput,
  decodeToClient,
  decodeToServer,
  encodeInput,
  encodeToClient,
  encodeToServer,
  nearTick,
  roomNumber,
  roomText,
} from '../src/protocol.js';
import { bytesOf, control, hexOf, plain, random } from './support/vectors.mjs';

const directions = [
  ['to the server', control.to_server, decodeToServer, encodeToServer],
  ['to the client', control.to_client, decodeToClient, encodeToClient],
];

for (const [direction, messages, decode, encode] of directions) {
  test(`messages ${direction} read and write as they should`, () => {
    for (const { bytes, value } of messages) {
      const message = decode(bytesOf(bytes));
      assert.deepEqual(plain(message), value);
      assert.equal(hexOf(encode(message)), bytes);
    }
  });

  test(`messages ${direction} that are cut off or go on are errors`, () => {
    for (const { bytes } of messages) {
      const whole = bytesOf(bytes);
      for (let length = 0; length < whole.length; length += 1) {
        assert.throws(() => decode(whole.subarray(0, length)), { name: 'Malformed' });
      }
      assert.throws(() => decode(Uint8Array.of(...whole, 0)), { name: 'Malformed' });
    }
  });

  test(`messages ${direction} with wrong bits are messages or errors`, () => {
    const next = random(5);
    for (let round = 0; round < 200; round += 1) {
      for (const { bytes } of messages) {
        const wrong = bytesOf(bytes);
        for (let flips = 1 + next(3); flips > 0; flips -= 1) {
          wrong[1 + next(wrong.length - 1)] ^= 1 << next(8);
        }
        let message;
        try {
          message = decode(wrong);
        } catch (error) {
          assert.equal(error.name, 'Malformed');
          continue;
        }
        // A reason that came later can be read only.
        if (/^Unknown\d/.test(message.why)) continue;
        assert.deepEqual(decode(encode(message)), message);
      }
    }
  });
}

test('inputs', () => {
  for (const { bytes, tick, now, read, body } of control.inputs) {
    assert.equal(hexOf(encodeInput(tick, bytesOf(body))), bytes);
    const input = decodeInput(bytesOf(bytes));
    assert.equal(input.tick, tick & 0xffff);
    assert.equal(hexOf(input.body), body);
    assert.equal(nearTick(now, input.tick), read);
  }
});

test('close codes', () => {
  const then = { Stop: 'stop', BackOff: 'back-off', Reconnect: 'reconnect' };
  for (const { code, name, then: next } of control.close_codes) {
    assert.equal(CLOSE_CODES.get(code) ?? null, name);
    assert.equal(afterClose(code), then[next], `${code}`);
  }
});

test('room ids', () => {
  for (const id of [0n, 1n, 0x0123456789abcdefn, 2n ** 64n - 1n]) {
    assert.equal(roomNumber(roomText(id)), id);
  }
  for (const text of ['', 'ZZZZZZZZZZZZZ', '000000000000U', '00000000000001']) {
    assert.throws(() => roomNumber(text), TypeError);
  }
});

test('what cannot be sent is an error', () => {
  assert.throws(() => encodeToServer({ type: 'Nothing' }), { code: 'BadValue', message: /is no Nothing/ });
  assert.throws(() => encodeToServer({ type: 'List', id: -1, game: 'a' }), /List.id must be a whole number/);
  assert.throws(() => encodeToServer({ type: 'List', id: 2 ** 32, game: 'a' }), { name: 'Misuse' });
  assert.throws(() => encodeToServer({ type: 'List', id: 1, game: 'a'.repeat(33) }), /List.game must have at most 32 bytes/);
  assert.throws(() => encodeInput(1, new Uint8Array(4097)), RangeError);
});
