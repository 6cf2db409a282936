/** The flight that a page predicts is the server's: cases that the server's tests write. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { collide, fly } from '../../../src/web/play/arena-flight.js';

const { field, flights, meetings } = JSON.parse(readFileSync(new URL('../../vectors/arena-flight.json', import.meta.url), 'utf8'));

const shipOf = (numbers) => {
  const [x, y, vx, vy, heading] = numbers.map(Math.fround);
  return { x, y, vx, vy, heading, thrusting: false };
};
const numbersOf = ({ x, y, vx, vy, heading }) => [x, y, vx, vy, heading];

test('ships fly as on the server, to the bit', () => {
  for (const { hz, start, steps } of flights) {
    let ship = shipOf(start);
    steps.forEach(([thrust, turn, numbers], place) => {
      ship = fly(ship, { thrust, turn }, hz, field);
      assert.deepEqual(numbersOf(ship), numbers.map(Math.fround), `${hz} Hz, step ${place}`);
    });
  }
});

test('ships that meet bounce as on the server, to the bit', () => {
  meetings.forEach(({ before, after }, place) => {
    const [one, other] = before.map(shipOf);
    collide(one, other, field);
    assert.deepEqual([one, other].map(numbersOf), after.map((each) => each.map(Math.fround)), `meeting ${place}`);
  });
});
