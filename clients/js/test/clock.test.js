import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Clock } from '../src/clock.js';
import { frameOf, seated } from './support/play.mjs';
import { random } from './support/vectors.mjs';

test('the earliest of the last frames says where the room is', () => {
  const clock = new Clock();
  clock.restart(20);
  assert.equal(clock.arrivingTick(0), null);
  const next = random(7);
  // Frames are on their way for 40 ms, and up to 30 ms more.
  for (let tick = 100; tick < 200; tick += 1) clock.frame(tick, 50 * tick + 40 + next(30));
  assert.ok(Math.abs(clock.arrivingTick(50 * 200 + 40) - 200) < 0.1);
  assert.ok(clock.jitterMs > 5 && clock.jitterMs < 20, `${clock.jitterMs}`);
  for (let count = 0; count < 30; count += 1) clock.measured(80);
  assert.ok(Math.abs(clock.serverTick(50 * 200) - 200) < 0.1);
});

test('a way that has become longer is believed after a while', () => {
  const clock = new Clock();
  clock.restart(20);
  for (let tick = 0; tick < 300; tick += 1) clock.frame(tick, 50 * tick + (tick < 100 ? 10 : 90));
  assert.equal(clock.arrivingTick(50 * 300 + 90), 300);
});

test('a room that steps when somebody acts has no rate', () => {
  const clock = new Clock();
  clock.restart(0);
  clock.frame(5, 100);
  assert.equal(clock.serverTick(100), null);
});

test('the time to the server and back is measured every two seconds, and one time that is odd counts for nothing', async () => {
  const { world, room } = await seated();
  for (const ms of [30, 400, 30, 30, 1000, 30]) {
    await world.pass(2000);
    const [ping] = world.wire.said();
    assert.deepEqual([ping.type, ping.game], ['List', '']);
    await world.pass(ms);
    world.wire.say({ type: 'Refused', id: ping.id, why: 'UnknownGame', text: '' });
    await world.settle();
    world.time -= ms;
  }
  assert.ok(Math.abs(room.stats.rttMs - 30) < 1, `${room.stats.rttMs}`);
  world.wire.bytes(frameOf(1));
  assert.deepEqual([room.stats.frames, room.stats.framesWhole], [2, 1]);
  assert.ok(room.serverTick() > room.arrivingTick());
});
