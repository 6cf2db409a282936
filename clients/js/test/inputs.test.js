import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Inputs } from '../src/inputs.js';
import { firstTick, frameOf, seated } from './support/play.mjs';

const PACE = { tickHz: 20, sendEvery: 1 };

/** Applies a head and says how many of the game's inputs are applied then. */
function applied(inputs, theirs, slack = 0) {
  inputs.acknowledge(theirs & 0xffff, slack);
  return inputs.applied;
}

function sendAll(inputs, count) {
  for (let left = count; left > 0; left -= 1) inputs.count(false, false);
}

test('sixteen bits acknowledge more inputs than they count', () => {
  const inputs = new Inputs(0, 1, 0);
  for (let number = 1; number <= 200_000; number += 1) {
    assert.equal(inputs.count(false, false), number);
    if (number % 1000 === 0) assert.equal(applied(inputs, number - 3), number - 3);
  }
  assert.equal(applied(inputs, inputs.sent + 1), 199_997, 'more than was sent');
});

test('the lead grows at once when inputs are late and shrinks slowly', () => {
  const inputs = new Inputs('auto', 1, 0);
  const step = (slack) => {
    const number = inputs.count(false, false);
    const lead = inputs.due(100, 0, PACE) - 100;
    applied(inputs, number, slack);
    return lead;
  };
  assert.equal(step(-3), 1);
  assert.equal(step(0), 4);
  for (let turn = 0; turn < 40; turn += 1) assert.equal(step(5), 4);
  assert.equal(step(0), 3);
  assert.equal(step(-128), 3);
  assert.equal(step(0), 60);
});

test('the slack of inputs from before a change is not counted twice', () => {
  const inputs = new Inputs('auto', 1, 0);
  sendAll(inputs, 5);
  for (let number = 1; number <= 5; number += 1) applied(inputs, number, -2);
  assert.equal(inputs.due(50, 0, PACE), 53);
});

test('between frames the room goes on, but not for ever', () => {
  const inputs = new Inputs(1, 3, 0);
  const tick = (ms) => inputs.due(10, ms, { tickHz: 60, sendEvery: 3 });
  assert.deepEqual([tick(0), tick(34), tick(5000)], [11, 13, 17]);
});

test("the game's count goes on when inputs are lost", () => {
  const inputs = new Inputs(0, 1, 0);
  sendAll(inputs, 10);
  assert.equal(applied(inputs, 4), 4);
  // Six arrived and four are lost; the tenth is sent again, as the eleventh.
  inputs.resume(6);
  inputs.again(false);
  assert.equal(inputs.count(false, false), 12);
  assert.equal(applied(inputs, 6), 6, 'the seventh to tenth are not applied');
  assert.deepEqual([applied(inputs, 7), applied(inputs, 8), applied(inputs, 9)], [11, 12, 12]);
});

test('breaks in a row never claim that a lost input was applied', () => {
  const inputs = new Inputs(0, 1, 0);
  sendAll(inputs, 5);
  for (const arrived of [2, 3, 4]) {
    inputs.resume(arrived);
    inputs.again(false);
  }
  assert.equal(applied(inputs, 2), 2);
  assert.equal(applied(inputs, 4), 4, 'it is the seventh, and that is not told');
  assert.equal(applied(inputs, 5), 8);
  assert.equal(inputs.count(false, false), 9);
});

test('what was applied before a second break is counted as before', () => {
  const inputs = new Inputs(0, 1, 0);
  sendAll(inputs, 5);
  inputs.resume(1);
  inputs.again(false);
  sendAll(inputs, 3);
  assert.equal(applied(inputs, 3), 7);
  inputs.resume(5);
  inputs.again(false);
  assert.deepEqual([applied(inputs, 4), applied(inputs, 6)], [8, 10]);
});

test('a seat that another client had counts on', () => {
  const inputs = new Inputs(0, 1, 70_000);
  assert.equal(applied(inputs, 69_990), 70_000);
  assert.equal(inputs.count(false, false), 70_001);
  assert.equal(applied(inputs, 70_001), 70_001);
  inputs.resume(400_000);
  inputs.again(false);
  assert.deepEqual([applied(inputs, 399_999), applied(inputs, 400_001)], [70_001, 70_002]);
});

test('inputs are stamped with their tick, and the room says which it has applied', async () => {
  const { world, room } = await seated();
  const { number, tick } = room.input({ turn: -1, fire: true });
  const [input] = world.wire.said();
  assert.deepEqual([number, tick, input.tick, [...input.body]], [1, firstTick + 1, (firstTick + 1) & 0xffff, [255, 1]]);
  assert.equal(room.inputApplied, 0);
  world.wire.bytes(frameOf(1, { applied: 1, slack: 1 }));
  assert.equal(room.inputApplied, 1);
  assert.throws(() => room.input({ turn: 1 }), { code: 'BadValue', message: "game's input.fire must be true or false, and is missing" });
  assert.deepEqual(world.wire.said(), [], 'and nothing is sent');
});

test("a game that says too much stays below the server's limit, with the newest of it", async () => {
  const { world, room } = await seated();
  for (let turn = 0; turn < 400; turn += 1) room.input({ turn: turn & 63, fire: false });
  const burst = world.wire.said().length;
  assert.ok(burst > 100 && burst <= 150, `${burst} at once`);
  await world.pass(25);
  assert.deepEqual([...world.wire.said().at(-1).body], [399 & 63, 0]);
  assert.equal(room.stats.inputs + room.stats.inputsReplaced, 400);
  // Twice as many as it may, for ten seconds.
  let count = 0;
  for (let at = 0; at < 10_000; at += 3) {
    room.input({ turn: 1, fire: true });
    await world.pass(3);
    count += world.wire.said().length;
  }
  assert.ok(count > 1400 && count < 1510, `${count} in ten seconds at 150 a second`);
});

test('of inputs that the network does not take the newest goes out when it does', async () => {
  const { world, room } = await seated();
  world.wire.bufferedAmount = 20_000;
  const numbers = [1, 2, 3].map((turn) => room.input({ turn, fire: false }).number);
  assert.deepEqual([numbers, world.wire.said()], [[1, 1, 1], []]);
  world.wire.bufferedAmount = 0;
  await world.pass(20);
  assert.deepEqual(world.wire.said().map(({ body }) => [...body]), [[3, 0]]);
  assert.equal(room.stats.inputsReplaced, 2);
});
