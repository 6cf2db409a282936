/** What a player of the real server sees over a network that delays by 150 ± 50 ms there and back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { collide, fly } from '../../../src/web/play/arena-flight.js';
import { Interpolator, Pace, Predictor } from '../src/feel/index.js';
import { client } from './support/games.mjs';
import { proxy, serve, until } from './support/server.mjs';

const OPTIONS = { time_limit_secs: 600, score_limit: 1000 };
const IDLE = { thrust: false, turn: 0, fire: false, view_age_ms: 0 };
const FIELDS = { x: 'linear', y: 'linear', heading: 'angle' };
const ROUNDS = 24;

const middle = (values) => [...values].sort((one, other) => one - other)[values.length >> 1];
const shipOf = (room, player) => [...room.state.ships.values()].find((ship) => ship.player === player);

/** Somebody who flies over a network without delay. */
function fliesAbout(room) {
  room.on('frame', (_, tick) => room.input({ ...IDLE, thrust: tick % 60 < 40, turn: tick % 90 < 30 ? 60 : -20 }));
}

test('the own ship answers at once, and what the room says is what was predicted', async (t) => {
  const { port } = await serve(t);
  const way = await proxy(t, port, () => 50 + Math.random() * 50);
  const [ada, bob] = [await client(t, way.port, 'Ada'), await client(t, port, 'Bob')];
  const room = await ada.joinOrCreate('arena', OPTIONS);
  fliesAbout(await bob.joinById(room.id));

  let told = { tick: 0, others: [] };
  const step = (ship, input, tick) => {
    const flown = fly(ship, input, room.tickHz, room.state);
    const ahead = (tick - told.tick) / room.tickHz;
    for (const other of told.others) {
      collide({ ...other, x: other.x + other.vx * ahead, y: other.y + other.vy * ahead }, flown, room.state);
    }
    return flown;
  };
  const mine = new Predictor({ step, idle: IDLE, fields: FIELDS, jump: 100 });
  const others = new Interpolator({ fields: FIELDS });
  const pace = new Pace({ tickHz: room.tickHz });
  const [corrections, slacks, answers] = [[], [], []];
  room.on('frame', (state, tick) => {
    told = { tick, others: [...state.ships.values()].filter(({ player }) => player !== room.player) };
    others.push((tick * 1000) / room.tickHz, state.ships);
    mine.server(shipOf(room, room.player), tick, room.inputAppliedTick);
    pace.frame(tick, room.inputSlack, room.inputAppliedTick, performance.now(), room.stats.rttMs);
    corrections.push(mine.correction);
    slacks.push(room.inputSlack);
  });

  let keys = IDLE;
  const picture = () => {
    const now = performance.now();
    for (const tick of pace.due(now)) {
      const input = { ...keys, view_age_ms: Math.min(Math.max(Math.round((tick * 1000) / room.tickHz - others.time), 0), 250) };
      room.input(input, tick);
      mine.input(input, tick);
    }
    others.at(now);
    return mine.state(now, pace.share, keys);
  };
  await until('the own ship is seen', () => picture() !== null);
  for (let round = 0; round < ROUNDS; round += 1) {
    // A key, and in the very next picture the ship turns that way.
    const before = picture();
    keys = { ...IDLE, turn: keys.turn > 0 ? -100 : 100, thrust: round % 3 > 0 };
    let pictures = 0;
    await until('the own ship turns', async () => {
      await new Promise((resolve) => { setTimeout(resolve, 16); });
      pictures += 1;
      return Math.sign(Math.sin(picture().heading - before.heading)) === Math.sign(keys.turn);
    });
    answers.push(pictures);
    for (let left = 20; left > 0; left -= 1) {
      await new Promise((resolve) => { setTimeout(resolve, 16); });
      picture();
    }
  }
  const settled = corrections.slice(corrections.length >> 2);
  const visible = settled.filter((distance) => distance > room.state.width * 0.02).length;
  t.diagnostic(`of ${settled.length} frames ${visible} correct by more than 2 % of the screen, half of them by less than `
    + `${middle(settled).toFixed(2)} units; slack ${middle(slacks)} ticks, delay ${others.delayMs.toFixed(0)} ms, `
    + `pictures until a key is answered ${middle(answers)}`);
  assert.equal(middle(answers), 1);
  // On a busy machine inputs come late now and then.
  assert.ok(middle(settled) < room.state.width * 0.01, `${middle(settled)}`);
  assert.ok(visible * 10 < settled.length, `${visible} of ${settled.length}`);
  assert.ok(middle(slacks) >= 0 && middle(slacks) < 10, `${middle(slacks)}`);
});
