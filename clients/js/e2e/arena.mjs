import assert from 'node:assert/strict';
import { test } from 'node:test';

import { client } from './support/games.mjs';
import { next, proxy, scratch, serve, until } from './support/server.mjs';

const LONG = { time_limit_secs: 600, score_limit: 1000 };

/** What two clients hold of a tick that both have seen. */
async function sameState(one, other) {
  const states = [new Map(), new Map()];
  const offs = [one, other].map((room, place) => room.on('frame', (state, tick) => {
    states[place].set(tick, structuredClone(state));
  }));
  let common = 0;
  await until('both have seen 20 ticks', () => {
    const ticks = [...states[0].keys()].filter((tick) => states[1].has(tick));
    common = ticks.length;
    return common >= 20;
  });
  offs.forEach((off) => off());
  for (const [tick, state] of states[0]) {
    if (states[1].has(tick)) assert.deepStrictEqual(state, states[1].get(tick), `tick ${tick}`);
  }
}

const shipOf = (room, player) => [...room.state.ships.values()].find((ship) => ship.player === player);

test('two clients play arena and see each other', async (t) => {
  const { port } = await serve(t);
  const [ada, bob] = [await client(t, port, 'Ada'), await client(t, port, 'Bob')];
  const one = await ada.joinOrCreate('arena', LONG);
  const other = await bob.joinById(one.id);
  assert.notEqual(one.player, other.player);
  await until('each sees both ships', () => [one, other].every((room) => room.state.ships.size === 2));
  const before = shipOf(other, one.player).heading;
  const off = one.on('frame', () => one.input({ thrust: true, turn: 1, fire: false, view_age_ms: 0 }));
  await until("Bob sees Ada's ship turn and fly", () => {
    const ship = shipOf(other, one.player);
    return ship.heading !== before && ship.thrusting;
  });
  await until('the room has applied inputs', () => one.inputApplied > 10);
  await sameState(one, other);
  off();
  assert.throws(() => one.input({ thrust: true, turn: 1, shoot: true }), /has no field shoot: it has thrust, turn, fire, view_age_ms/);
  await until('the time to the server was measured', () => one.stats.rttMs !== null);
  assert.ok(Math.abs(one.serverTick() - one.tick) < 30, `${one.serverTick()} and ${one.tick}`);
  const removed = [];
  other.on('remove', 'ships', ({ player }) => removed.push(player));
  await one.leave();
  assert.equal(ada.room, null);
  await until("Ada's ship is gone", () => shipOf(other, one.player) === undefined);
  assert.deepEqual(removed, [one.player]);
});

test('a connection that is cut comes back without a gap or a repeat', async (t) => {
  const { port } = await serve(t);
  const between = await proxy(t, port);
  const [ada, bob] = [await client(t, between.port, 'Ada'), await client(t, port, 'Bob')];
  const one = await ada.joinOrCreate('arena', LONG);
  const other = await bob.joinById(one.id);
  const heard = [[], []];
  [one, other].forEach((room, place) => room.on('event', (event, { number, tick }) => {
    heard[place].push({ number, tick, event: JSON.stringify(event) });
  }));
  const off = [one, other].map((room) => room.on('frame', () => room.input({ thrust: true, turn: 1, fire: true, view_age_ms: 0 })));
  for (let turn = 0; turn < 3; turn += 1) {
    const before = one.tick;
    const back = next(one, 'resume');
    between.refusing = true;
    between.cut();
    await next(one, 'drop');
    await until('it was tried', () => ada.state === 'broken' && between.dials > turn + 1);
    between.refusing = false;
    const [{ eventsLost }] = await back;
    assert.equal(eventsLost, false);
    await until('the room goes on for Ada', () => one.tick > before + 30);
  }
  off.forEach((end) => end());
  assert.equal(one.stats.resumed, 3);
  await sameState(one, other);
  const numbers = heard[0].map(({ number }) => number);
  assert.deepEqual(numbers, numbers.map((_, place) => numbers[0] + place));
  await until('both have heard of as much', () => {
    const last = heard.map((all) => all.at(-1)?.tick ?? 0);
    return last[0] === last[1];
  });
});

for (const [how, signal] of [['killed', 'SIGKILL'], ['stopped', 'SIGTERM']]) test(`a server that is ${how} and started again goes on with both`, async (t) => {
  const state = scratch(t);
  const args = ['--state-dir', state];
  const first = await serve(t, { args });
  const [ada, bob] = [await client(t, first.port, 'Ada'), await client(t, first.port, 'Bob')];
  const one = await ada.joinOrCreate('arena', LONG);
  const other = await bob.joinById(one.id);
  await until('both fly', () => one.state.ships.size === 2 && one.tick > 60);
  const back = [next(one, 'resume'), next(other, 'resume')];
  await first.kill(signal);
  await serve(t, { port: first.port, args });
  await Promise.all(back);
  await sameState(one, other);
  assert.deepEqual([one.over, other.over, one.state.ships.size], [null, null, 2]);
  const before = one.inputApplied;
  const { number } = one.input({ thrust: true, turn: 0, fire: false, view_age_ms: 0 });
  await until('inputs are applied', () => one.inputApplied >= number);
  assert.ok(number > before);
});

test('who looks on sees what players see', async (t) => {
  const { port } = await serve(t);
  const [ada, eve] = [await client(t, port, 'Ada'), await client(t, port, 'Eve')];
  const room = await ada.create('arena', LONG);
  const view = await eve.spectate(room.id);
  assert.equal(view.spectating, true);
  await until('Eve sees the ship', () => view.state.ships.size === 1);
  await until('it flies', () => view.tick > 30);
  assert.throws(() => view.input({ thrust: true, turn: 0, fire: false, view_age_ms: 0 }), { code: 'Spectator' });
  await view.leave();
  assert.equal(eve.room, null);
});
