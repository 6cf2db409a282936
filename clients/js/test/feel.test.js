import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Interpolator, Pace, Predictor } from '../src/feel/index.js';
import { FIELD, FIELDS, HZ, IDLE, play } from './support/feel.mjs';

const SECONDS = 120;
/** What is shown before is of somebody who has just come. */
const SETTLED_MS = 3000;
/** Two hundredths of the screen, on which all of the field is. */
const VISIBLE = FIELD.width * 0.02;

const NETWORKS = {
  '150 ± 50 ms there and back': { from: 50, to: 100 },
  '150 ± 50 ms each way': { from: 100, to: 200 },
  '150 ± 50 ms each way, stalls of 250 ms every 5 s': { from: 100, to: 200, stallEveryMs: 5000, stallMs: 250 },
};

const quantile = (values, share) => [...values].sort((one, other) => one - other)[Math.floor(values.length * share)];
const line = (one, other, share) => one + (other - one) * share;

/** Where a ship really was at a time in the room. */
function ideal(room, place, time) {
  const ticks = (time * HZ) / 1000;
  const tick = Math.floor(ticks);
  const [one, other] = [room.past[tick][place], room.past[tick + 1][place]];
  return { x: line(one.x, other.x, ticks - tick), y: line(one.y, other.y, ticks - tick) };
}

const bend = ([a, b, c]) => [a.x - 2 * b.x + c.x, a.y - 2 * b.y + c.y];
const apart = (one, other) => Math.hypot(one[0] - other[0], one[1] - other[1]);

/** Plays, and measures what somebody would see. */
function measure(network, seed, collisions) {
  const [corrections, bends, delays] = [[], [], []];
  const shown = [];
  play({
    seed, network, collisions, seconds: SECONDS,
    corrected(distance, now) {
      if (now > SETTLED_MS) corrections.push(distance);
    },
    seen({ now, picture, others, room }) {
      if (now < SETTLED_MS) return;
      delays.push(others.delayMs);
      shown.push(picture.get(3));
      if (shown.length < 3) return;
      const times = [-2, -1, 0].map((frames) => others.time + (frames * 1000) / 60);
      if (Math.floor((times[2] * HZ) / 1000) + 1 >= room.past.length) return;
      bends.push(apart(bend(shown.slice(-3)), bend(times.map((time) => ideal(room, 3, time)))));
    },
  });
  const visible = corrections.filter((distance) => distance > VISIBLE).length;
  return {
    visiblePer10s: (visible * 10_000) / (SECONDS * 1000 - SETTLED_MS),
    correction: quantile(corrections, 0.99),
    bend: quantile(bends, 0.99),
    delay: quantile(delays, 0.5),
  };
}

for (const [name, network] of Object.entries(NETWORKS)) {
  test(`the own ship is seldom corrected and others go smoothly: ${name}`, (t) => {
    const seeds = [1, 2, 3];
    const alone = seeds.map((seed) => measure(network, seed, false));
    const crowd = seeds.map((seed) => measure(network, seed, true));
    const mean = (runs, what) => runs.reduce((sum, run) => sum + run[what], 0) / runs.length;
    const of = (runs) => `${mean(runs, 'visiblePer10s').toFixed(2)} corrections over 2 % of the screen in 10 s, `
      + `p99 of corrections ${mean(runs, 'correction').toFixed(2)} units`;
    t.diagnostic(`own ship, nothing to run into: ${of(alone)}`);
    t.diagnostic(`own ship among 7 that it runs into: ${of(crowd)}`);
    t.diagnostic(`others: p99 of the acceleration that is not on the path ${mean(crowd, 'bend').toFixed(2)} units per picture and `
      + `picture, at ${mean(crowd, 'delay').toFixed(0)} ms of delay`);
    // Alone all is known beforehand; what others are about to do is not.
    assert.ok(mean(alone, 'visiblePer10s') < 0.2);
    assert.ok(mean(crowd, 'visiblePer10s') < (network.stallMs ? 2 : 1));
    assert.ok(mean(crowd, 'bend') < 1, 'less than a unit of 960 on the screen');
  });
}

test('a key is answered in the next picture, before the room has heard of it', () => {
  const seen = [];
  play({
    seed: 5, seconds: 20, network: NETWORKS['150 ± 50 ms each way'], collisions: false,
    seen({ now, keys, mine }) {
      if (now > SETTLED_MS) seen.push({ keys, heading: mine.heading });
    },
  });
  let answered = 0;
  for (let place = 2; place < seen.length; place += 1) {
    const [before, at] = [seen[place - 1], seen[place]];
    if (before.keys.turn !== 0 || at.keys.turn === 0) continue;
    const turned = Math.sign(Math.sin(at.heading - before.heading));
    assert.equal(turned, Math.sign(at.keys.turn), `picture ${place}`);
    answered += 1;
  }
  assert.ok(answered > 5, `${answered}`);
});

test('inputs come in time, and not much too early', () => {
  for (const network of Object.values(NETWORKS)) {
    const slack = [];
    let [frames, without] = [0, 0];
    play({
      seed: 9, seconds: 60, network,
      corrected(_, now, { room }) {
        if (now < SETTLED_MS) return;
        frames += 1;
        without += room.ranDry;
        slack.push(room.slack);
      },
    });
    assert.ok(without / frames < 0.06, `${without} of ${frames}`);
    assert.ok(quantile(slack, 0.5) <= 6, `${quantile(slack, 0.5)}`);
  }
});

test('the delay grows at once with the jitter, shrinks again, and time never jumps', () => {
  const others = new Interpolator({ fields: { x: 'linear' } });
  let [tick, last] = [0, null];
  const delays = [];
  for (let now = 0; now < 40_000; now += 10) {
    const late = now > 10_000 && now < 20_000 ? 80 * (tick % 2) : 0;
    while (tick * 50 + 20 + late <= now) {
      others.push(tick * 50, [[1, { x: tick * 50 }]], now);
      tick += 1;
    }
    const { x } = others.at(now).get(1) ?? { x: null };
    // Everything moves by one unit a millisecond, so that what is drawn is the time.
    if (last !== null && now > 500) assert.ok(x - last >= 7.9 && x - last <= 12.1, `${now}: ${x - last}`);
    last = x;
    if (now % 5000 === 0) delays.push(Math.round(others.delayMs));
  }
  const [, calm, before, rough, , , , after] = delays;
  assert.ok(calm <= 60 && before <= 60 && rough >= 110 && after <= 60, `${delays}`);
});

test('without frames others go on for a moment and then stand still', () => {
  const others = new Interpolator({ fields: { x: 'linear' }, extrapolateMs: 100 });
  for (let tick = 0; tick < 20; tick += 1) others.push(tick * 50, [[1, { x: tick * 50 }]], tick * 50);
  let shown;
  for (let now = 950; now < 3000; now += 10) shown = others.at(now).get(1).x;
  assert.equal(shown, 950 + 100);
});

test('who comes is shown from then on, who goes until then, and what jumps is not drawn in between', () => {
  const isSame = (one, other) => Math.abs(one.x - other.x) < 50;
  const others = new Interpolator({ fields: { x: 'linear', way: 'angle' }, isSame });
  const frames = [
    [['old', { x: 0, way: 3 }], ['jumps', { x: 0, way: 0 }]],
    [['old', { x: 10, way: -3 }], ['jumps', { x: 400, way: 0 }], ['new', { x: 1, way: 0 }]],
    [['jumps', { x: 410, way: 0 }], ['new', { x: 2, way: 0 }]],
  ];
  frames.forEach((entities, place) => others.push(place * 100, entities, place * 100));
  const at = (now) => Object.fromEntries([...others.at(now)].map(([key, { x }]) => [key, Math.round(x)]));
  assert.deepEqual(at(150), { old: 5, jumps: 0 });
  assert.ok(Math.abs(Math.abs(others.at(150).get('old').way) - Math.PI) < 0.01, 'the short way round');
  assert.deepEqual(at(250), { old: 10, jumps: 405, new: 2 });
  assert.deepEqual(at(300), { jumps: 410, new: 2 });
});

const step = (state, input) => ({ x: state.x + input });

test('a correction is smoothed away, and a jump is not', () => {
  const mine = new Predictor({ step, idle: 0, fields: { x: 'linear' }, smoothMs: 100, jump: 50 });
  mine.server({ x: 0 }, 10, null, 0);
  for (const tick of [11, 12, 13]) mine.input(1, tick);
  assert.equal(mine.state(0).x, 3);
  assert.equal(mine.state(0, 0.5).x, 3.5, 'half of a tick further');
  mine.server({ x: 1 }, 11, 11, 10);
  assert.deepEqual([mine.state(10).x, mine.correction], [3, 0]);
  // Something has pushed it.
  mine.server({ x: 12 }, 12, 12, 20);
  assert.deepEqual([mine.state(20).x, mine.correction], [3, 10]);
  assert.ok(Math.abs(mine.state(120).x - 12.5) < 0.001, 'all but a twentieth');
  mine.server({ x: 500 }, 13, 13, 130);
  assert.equal(mine.state(130).x, 500);
  mine.server(null, 14, 13, 140);
  assert.equal(mine.state(140), null);
});

test('an input that came late is applied when the room can, and one that is held goes on', () => {
  const mine = new Predictor({ step, idle: 0, fields: { x: 'linear' } });
  mine.server({ x: 0 }, 1, null, 0);
  for (const tick of [2, 3, 4]) mine.input(tick, tick);
  assert.equal(mine.state(0).x, 9);
  // The room made tick 3 without it: 2 went on.
  mine.server({ x: 4 }, 3, 2, 0);
  assert.deepEqual([mine.tick, mine.correction], [4, 1]);
  // 3 and 4 both wait: of the two the newer counts.
  mine.server({ x: 8 }, 4, 4, 0);
  assert.equal(mine.correction, 0);
  mine.input(7, 4);
  assert.equal(mine.tick, 4);
});

test('what the room does not answer is not predicted for ever', () => {
  const mine = new Predictor({ step, idle: 0, fields: { x: 'linear' } });
  mine.server({ x: 0 }, 0, null, 0);
  for (let tick = 1; tick < 1000; tick += 1) mine.input(1, tick);
  assert.ok(mine.state(0).x <= 128);
  mine.server({ x: 5 }, 999, 999, 0);
  assert.equal(Math.round(mine.state(1000).x), 5);
});

test('ticks follow the way: a few percent faster or slower, each once', () => {
  const pace = new Pace({ tickHz: 20 });
  assert.deepEqual(pace.due(0), []);
  let expected = null;
  let way = 40;
  const sent = [];
  const made = [];
  for (let now = 0; now < 30_000; now += 5) {
    if (now === 10_000) way = 140;
    const tick = Math.floor(now / 50);
    const arrived = sent.filter(({ at }) => at + way <= now).at(-1);
    if (now % 50 === 0) {
      const slack = arrived === undefined ? 0 : arrived.tick - Math.floor((arrived.at + way) / 50) - 1;
      pace.frame(tick, slack, arrived === undefined ? null : Math.min(arrived.tick, tick), now);
    }
    const due = pace.due(now);
    for (const each of due) {
      if (expected !== null) assert.equal(each, expected);
      expected = each + 1;
      sent.push({ tick: each, at: now });
    }
    made.push(due.length);
    assert.ok(pace.share >= 0 && pace.share <= 1);
  }
  const count = (from, to) => made.slice(from / 5, to / 5).reduce((sum, each) => sum + each, 0);
  assert.ok(Math.abs(count(5000, 10_000) - 100) <= 1);
  assert.ok(count(10_000, 15_000) >= 101 && count(10_000, 15_000) <= 106, `${count(10_000, 15_000)}`);
  assert.ok(Math.abs(count(25_000, 30_000) - 100) <= 1);
});
