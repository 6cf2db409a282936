import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { browser, until } from './support/chromium.mjs';
import { browsing, clean, keepPicture } from './support/page.mjs';
import { scratch, serve } from './support/server.mjs';

/** Plays a match without a network and records all that there was to see; the file. */
function record(folder, ...match) {
  const sim = (...args) => execFileSync(resolve(process.env.GREENROOM_SIM), args, { cwd: folder, stdio: 'pipe' });
  sim('match', '--log', 'logs', '--seed', '7', ...match);
  const [log] = readdirSync(join(folder, 'logs'));
  sim('replay', '--frames', 'match.frames', join('logs', log));
  return join(folder, 'match.frames');
}

/** Gives the page a file, as somebody who chooses one. */
async function choose(tab, file) {
  const { root } = await tab.ask('DOM.getDocument');
  const { nodeId } = await tab.ask('DOM.querySelector', { nodeId: root.nodeId, selector: '#file' });
  await tab.ask('DOM.setFileInputFiles', { nodeId, files: [file] });
}

const time = async (tab) => Number(await tab.run(() => document.querySelector('#time').value));
const clock = (tab) => tab.text('#clock');
const seek = (tab, to) => tab.run((value) => {
  const slider = document.querySelector('#time');
  slider.value = value;
  slider.dispatchEvent(new Event('input'));
}, to);

/** The scores at a time, once the page is there. */
const scoresAt = (tab, at) => until(`the page is at ${at}`, () => tab.run((wanted) => {
  const [clock, scores] = ['#clock', '#scores'].map((id) => document.querySelector(id));
  const isThere = clock.textContent.startsWith(wanted) && scores.getAttribute('aria-busy') === 'false';
  return isThere && scores.textContent;
}, at));

browsing('a recording is played, stopped, sought in, and played faster', async (t) => {
  const folder = scratch(t);
  const file = record(folder, '--game', 'arena', '--bots', '4', '--config', '{"time_limit_secs": 30}');
  const server = await serve(t);
  const chromium = await browser(t);
  const tab = await chromium.tab(`${server.page}replay`);
  await choose(tab, file);
  await tab.sees('#about', 'Arena: all there was to see');
  await until('it plays', async () => await time(tab) > 500);
  await tab.click('#run');
  await tab.sees('#run', 'Play');
  const stopped = await clock(tab);
  await seek(tab, 20_000);
  const scores = await scoresAt(tab, '0:20.0');
  // Back and there again: the same.
  await seek(tab, 1000);
  assert.notEqual(await scoresAt(tab, '0:01.0'), scores);
  await seek(tab, 20_000);
  assert.equal(await scoresAt(tab, '0:20.0'), scores);
  assert.notEqual(await clock(tab), stopped);
  await keepPicture(tab, 'replay');
  await tab.run(() => { document.querySelector('#speed').value = '8'; });
  await tab.click('#run');
  await until('it comes to its end and stops', async () => await tab.text('#run') === 'Play');
  assert.match(await clock(tab), /^(0:\d\d\.\d) of \1$/);
  clean(tab, server.page);
});

browsing('every recording that was damaged is refused with a sentence', async (t) => {
  const folder = scratch(t);
  const whole = readFileSync(record(folder, '--game', 'connect4', '--bots', 'planner,random'));
  const server = await serve(t);
  const chromium = await browser(t);
  const tab = await chromium.tab(`${server.plain}replay`);
  // A generator of its own, so that a failure can be had again.
  let seed = 20;
  const chance = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % below;
  };
  const cases = [new Uint8Array(0), whole.subarray(0, 40), whole.subarray(0, whole.length - 1), Buffer.from('a text, and a long one')];
  for (let turn = 0; turn < 12; turn += 1) {
    const bad = Buffer.from(whole);
    bad[chance(bad.length)] ^= 1 + chance(255);
    cases.push(bad);
  }
  for (const [place, bytes] of cases.entries()) {
    await tab.run(() => { document.querySelector('#banner').hidden = true; });
    const bad = join(folder, `bad-${place}`);
    writeFileSync(bad, bytes);
    await choose(tab, bad);
    const words = await until(`case ${place} is refused`, async () => {
      const said = await tab.text('#banner');
      if (said === null && await tab.text('#run') === 'Pause') await seek(tab, 1e9);
      return said;
    });
    assert.match(words, /recording/, `case ${place}`);
  }
  clean(tab, server.plain);
});

browsing('a thousand creatures are decoded and drawn in time', async (t) => {
  const folder = scratch(t);
  const file = record(folder, '--game', 'swarm', '--bots', 'grazer:950,hunter:50', '--secs', '3',
    '--config', '{"max_players": 1000}');
  const server = await serve(t);
  const chromium = await browser(t);
  const tab = await chromium.tab(`${server.plain}replay`);
  await choose(tab, file);
  await tab.sees('#about', 'Swarm');
  await tab.click('#run');
  const decode = await tab.run(decoding);
  console.log(`# decoding a frame with ${decode.changed.toFixed(0)} changed entities: median ${decode.median.toFixed(0)} µs, ${(decode.median / decode.changed * 1000).toFixed(0)} µs for 1,000`);
  const drawn = await tab.run(drawing);
  console.log(`# swarm with ${drawn.creatures} creatures and ${drawn.pellets} pellets: ${drawn.scriptMs.toFixed(2)} ms of script a picture, frames put in and all`);
  await keepPicture(tab, 'swarm');
  assert.ok(drawn.creatures > 900 && decode.changed > 900, 'it is a swarm');
  // Machines that test are busy: these are several times what is wanted.
  assert.ok(decode.median / decode.changed * 1000 < 400 * 5, 'decoding');
  assert.ok(drawn.scriptMs < 4 * 5, 'drawing');
});

/** In the page: how long frames take of which nearly all creatures change. */
async function decoding() {
  const [{ Replica, stateReader }, { Recording }] = await Promise.all([import('/protocol.js'), import('/play/recording.js')]);
  const recording = await Recording.open(document.querySelector('#file').files[0]);
  const frames = await recording.frames();
  const times = [];
  let [changed, counted] = [0, 0];
  for (let round = 0; round < 8; round += 1) {
    const replica = new Replica(recording.schema);
    for (const [place, parts] of frames.entries()) {
      const begun = performance.now();
      replica.applyState(parts);
      if (place > 0 && !parts.whole && round > 1) times.push(1000 * (performance.now() - begun));
    }
  }
  times.sort((one, other) => one - other);
  const read = stateReader(recording.schema);
  const replica = new Replica(recording.schema);
  let before = new Map();
  for (const parts of frames) {
    replica.applyState(parts);
    const now = new Map(read(replica.rows).players.map(({ slot, value }) => [slot, `${value.x} ${value.y} ${value.radius}`]));
    if (!parts.whole) {
      for (const [slot, place] of now) changed += before.get(slot) !== place;
      counted += 1;
    }
    before = now;
  }
  return { median: times[Math.floor(times.length / 2)], changed: changed / counted };
}

/** In the page: swarm as somebody who looks on has it, with frames as they come from a server. */
async function drawing() {
  const [{ Replica, stateReader }, { Recording }, { swarm }] = await Promise.all([
    import('/protocol.js'), import('/play/recording.js'), import('/play/swarm.js')]);
  const recording = await Recording.open(document.querySelector('#file').files[0]);
  const frames = await recording.frames();
  const [replica, read] = [new Replica(recording.schema), stateReader(recording.schema)];
  const hear = new Set();
  const map = (rows) => new Map(rows.map(({ slot, value }) => [slot, value]));
  const room = {
    spectating: true, player: 0, over: null, tickHz: recording.tickHz,
    get tick() { return replica.newest; },
    on(name, of) {
      if (name === 'frame') hear.add(of);
      return () => hear.delete(of);
    },
  };
  const step = (parts) => {
    replica.applyState(parts);
    const state = read(replica.rows);
    room.state = { ...state, players: map(state.players), pellets: map(state.pellets) };
    hear.forEach((of) => of(room.state, replica.newest));
  };
  step(frames[0]);
  const root = document.querySelector('#play');
  root.replaceChildren();
  const view = swarm.mount({ root, room, nameOf: (player) => `player ${player}`, say() {}, options: () => null });
  for (const parts of frames.slice(1)) {
    step(parts);
    await new Promise((next) => { setTimeout(next, 1000 / recording.tickHz); });
  }
  return { creatures: room.state.players.size, pellets: room.state.pellets.size, scriptMs: view.scriptMs() };
}
