/**
 * Both languages draw the same: cases in `clients/vectors/feel.json`, which the Rust client passes, too.
 * `GREENROOM_VECTORS=write node --test test/feel-vectors.test.js` makes them anew.
 */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { Interpolator, Pace, Predictor } from '../src/feel/index.js';
import { random } from './support/vectors.mjs';

const file = new URL('../../vectors/feel.json', import.meta.url);
const fields = { x: 'linear', heading: 'angle' };
/** Pulls to the middle, so that it matters from where it starts. */
const step = ({ x, heading }, input, tick) => ({
  x: x * 0.9 + input + (tick % 5 === 0 ? 1 : 0),
  heading: heading + input * 0.3,
});
const numbers = (state) => (state === null ? null : [state.x, state.heading]);

/** What there is to see after each thing that happens: by kind of case, by name of step. */
const KINDS = {
  interpolator(steps) {
    const others = new Interpolator({ fields, isSame: (one, other) => Math.abs(one.x - other.x) < 100 });
    return steps.map(([name, ...words]) => {
      if (name === 'push') {
        const [time, now, entities] = words;
        others.push(time, entities.map(([key, x, heading]) => [key, { x, heading }]), now);
        return null;
      }
      if (name === 'restart') return others.restart() ?? null;
      const picture = [...others.at(words[0])].sort(([one], [other]) => one - other);
      return [others.time, others.delayMs, picture.map(([key, entity]) => [key, ...numbers(entity)])];
    });
  },
  pace(steps) {
    const pace = new Pace({ tickHz: 30 });
    return steps.map(([name, ...words]) => {
      if (name === 'frame') {
        const [tick, slack, applied, now, rttMs] = words;
        pace.frame(tick, slack, applied, now, rttMs);
        return null;
      }
      if (name === 'restart') return pace.restart() ?? null;
      return [pace.due(words[0]), pace.share];
    });
  },
  predictor(steps) {
    const mine = new Predictor({ step, idle: 0, fields, jump: 60 });
    return steps.map(([name, ...words]) => {
      if (name === 'input') {
        mine.input(...words);
        return [mine.tick];
      }
      if (name === 'server') {
        const [x, heading, tick, applied, now] = words;
        mine.server(x === null ? null : { x, heading }, tick, applied, now);
        return [mine.correction];
      }
      return numbers(mine.state(...words));
    });
  },
};

/** Frames at 20 a second that come irregularly, now and then much later; pictures between them. */
function others(next) {
  const steps = [];
  let [tick, at] = [0, 0];
  for (let now = 0; now < 8000; now += 7 + next(20)) {
    while (at <= now) {
      const entities = [[1, tick * 3, tick / 3], [tick % 40 < 20 ? 2 : 3, (tick * 37) % 200, -tick / 7]];
      steps.push(['push', tick * 50, now, entities]);
      tick += 1 + (next(50) === 0);
      at = Math.max(at, tick * 50 + next(60) + (next(60) === 0 ? 400 : 0));
    }
    if (next(300) === 0) steps.push(['restart']);
    steps.push(['at', now]);
  }
  return steps;
}

/** A room whose frames and slacks go up and down, and that lacks an input now and then. */
function ticks(next) {
  const steps = [];
  let tick = 100;
  for (let now = 0; now < 10_000; now += 5 + next(15)) {
    while (tick * 33.3 - 3330 <= now) {
      tick += 1;
      const applied = next(8) === 0 ? tick - 1 - next(3) : tick;
      steps.push(['frame', tick, next(6) - 1, tick < 108 ? null : applied, now, next(2) === 0 ? 80 : null]);
    }
    if (now > 6000 && next(400) === 0) steps.push(['restart']);
    steps.push(['due', now]);
  }
  return steps;
}

/** Inputs for each tick, the room's words about them later on, some of which are a surprise. */
function own(next) {
  const steps = [];
  for (let tick = 1; tick < 200; tick += 1) {
    const now = tick * 50;
    steps.push(['input', next(5) - 2, tick + 4]);
    if (next(12) === 0) steps.push(['input', next(5) - 2, tick + 4]);
    const x = next(10) === 0 ? next(200) - 100 : next(20) / 8;
    if (next(60) === 0) steps.push(['server', null, null, tick, tick, now]);
    else if (next(9) > 0) steps.push(['server', x, next(60) / 10 - 3, tick, tick < 5 ? null : tick - next(3), now + 3]);
    for (const late of [3, 19, 36]) steps.push(['state', now + late, late / 50, next(5) - 2]);
  }
  for (let tick = 204; tick < 400; tick += 1) steps.push(['input', 1, tick]);
  steps.push(['state', 20_000, 0, 0]);
  return steps;
}

const short = (_, value) => (typeof value === 'number' ? Math.round(value * 1e7) / 1e7 : value);

if (process.env.GREENROOM_VECTORS === 'write') {
  const cases = Object.entries({ interpolator: others, pace: ticks, predictor: own }).map(([kind, make]) => {
    const steps = JSON.parse(JSON.stringify(make(random(11)), short));
    const seen = KINDS[kind](steps);
    return { kind, steps: steps.map((each, place) => [each, seen[place]]) };
  });
  const lines = cases.map(({ kind, steps }) => `{"kind":"${kind}","steps":[\n${steps.map((each) => JSON.stringify(each, short)).join(',\n')}\n]}`);
  writeFileSync(file, `[\n${lines.join(',\n')}\n]\n`);
}

/** The same, but for what two libraries make of the last digits of a power. */
function same(seen, expected, what) {
  if (typeof expected === 'number') assert.ok(Math.abs(seen - expected) < 1e-6, `${what}: ${seen} is not ${expected}`);
  else if (Array.isArray(expected)) {
    assert.equal(seen.length, expected.length, what);
    expected.forEach((each, place) => same(seen[place], each, what));
  } else assert.equal(seen, expected, what);
}

for (const { kind, steps } of JSON.parse(readFileSync(file, 'utf8'))) {
  test(`the ${kind} does as its cases say`, () => {
    const seen = KINDS[kind](steps.map(([each]) => each));
    steps.forEach(([each, expected], place) => same(seen[place], expected, `step ${place}, ${JSON.stringify(each)}`));
  });
}
