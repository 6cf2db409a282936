import assert from 'node:assert/strict';

import { browser, until } from './support/chromium.mjs';
import { browsing, clean, stateOf, visitor } from './support/page.mjs';
import { serve } from './support/server.mjs';

const PHONE = { width: 390, height: 844, mobile: true };

/** Somebody alone in a room; `mine()` is what the server has of their ship or creature. */
async function alone(t, game, { how, before = () => {} } = {}) {
  const server = await serve(t);
  const chromium = await browser(t);
  const tab = await visitor(chromium, server.plain, 'Ada', how);
  await before(tab);
  await tab.click(`#play-${game}`);
  const room = await tab.sees('#room-id');
  const state = () => stateOf(server, room);
  const table = game === 'arena' ? 'ships' : 'players';
  const mine = async () => Object.values((await state())?.[table] ?? {})[0];
  await until('the room has it', mine);
  return { tab, state, mine, origin: server.plain };
}

browsing('a gamepad flies a ship, and one that nobody touches does not', async (t) => {
  const { tab, state, mine, origin } = await alone(t, 'arena', {
    // None can be plugged in here, so the page sees this one. Its stick does not rest in the middle.
    before: (tab) => tab.run(() => {
      globalThis.pad = { connected: true, axes: [0.1, -0.1], buttons: Array.from({ length: 16 }, () => ({ pressed: false })) };
      navigator.getGamepads = () => [null, globalThis.pad];
    }),
  });
  const hold = (axes, ...buttons) => tab.run((to, down) => {
    globalThis.pad.axes = to;
    globalThis.pad.buttons.forEach((button, place) => { button.pressed = down.includes(place); });
  }, axes, buttons);
  const { heading } = await mine();
  await hold([0, -1]);
  await until('it thrusts', async () => (await mine()).thrusting);
  assert.equal((await mine()).heading, heading, 'the stick at rest has not turned it');
  await hold([1, 0]);
  await until('it turns, and thrusts no more', async () => {
    const ship = await mine();
    return ship.heading !== heading && !ship.thrusting;
  });
  await hold([0, 0], 0);
  await until('it shoots', async () => Object.keys((await state()).bullets).length > 0);
  // The cross does what the stick does.
  await hold([0, 0], 12);
  await until('it thrusts again', async () => (await mine()).thrusting);
  await hold([0.1, -0.1]);
  await until('it is let go of', async () => !(await mine()).thrusting);
  clean(tab, origin);
});

browsing('two thumbs on a telephone fly and shoot, each on its own', async (t) => {
  const { tab, state, mine, origin } = await alone(t, 'arena', { how: PHONE });
  const place = (selector) => tab.run((wanted) => {
    const { left, top, width, height } = document.querySelector(wanted).getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2, half: width / 2 };
  }, selector);
  const touch = (type, ...touchPoints) => tab.ask('Input.dispatchTouchEvent', { type, touchPoints });
  const [stick, trigger] = [await place('.stick'), await place('.trigger')];
  const left = { x: stick.x, y: stick.y - stick.half * 0.9, id: 1 };
  const right = { x: trigger.x, y: trigger.y, id: 2 };
  const { heading } = await mine();
  await touch('touchStart', left);
  await until('it thrusts', async () => (await mine()).thrusting);
  await touch('touchStart', left, right);
  await until('it shoots and still thrusts', async () => {
    const { bullets } = await state();
    return Object.keys(bullets).length > 0 && (await mine()).thrusting;
  });
  // The thumb may leave the stick's ring: it is held until it is lifted.
  await touch('touchMove', { x: stick.x + stick.half * 2, y: stick.y, id: 1 }, right);
  await until('it turns, and thrusts no more', async () => {
    const ship = await mine();
    return ship.heading !== heading && !ship.thrusting;
  });
  await touch('touchEnd');
  await until('it turns no more', async () => {
    const { heading: before } = await mine();
    await new Promise((resolve) => { setTimeout(resolve, 300); });
    return (await mine()).heading === before;
  });
  const knob = await tab.run(() => document.querySelector('.stick i').style.transform);
  assert.equal(knob, 'translate(0rem, 0rem)');
  assert.equal(await tab.run(() => scrollY), 0, 'the page has not moved under the thumbs');
  clean(tab, origin);
});

browsing('a finger in the world of swarm says where to swim', async (t) => {
  const { tab, state, mine, origin } = await alone(t, 'swarm', { how: PHONE });
  const [{ side }, { x }] = [await state(), await mine()];
  // To where there is more of the world.
  const way = x < side / 2 ? 1 : -1;
  const middle = await tab.run(() => {
    const { left, top, width, height } = document.querySelector('canvas').getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  });
  await tab.ask('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: middle.x + way * 120, y: middle.y }] });
  await until('it swims there', async () => ((await mine()).x - x) * way > 20);
  await tab.ask('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  clean(tab, origin);
});

browsing('a bad network is made, felt and gone again, and the room goes on', async (t) => {
  const { tab, mine, origin } = await alone(t, 'arena');
  const network = (place) => tab.run((value) => {
    const select = document.querySelector('#network');
    select.value = value;
    select.dispatchEvent(new Event('change'));
  }, place);
  const ahead = async () => Number(/inputs (\d+) tick/.exec(await tab.text('.figures'))[1]);
  await network(3);
  // Each way takes a tenth of a second at the least, three ticks: inputs are made for later ones.
  await until('it is felt', async () => await ahead() >= 4);
  await until('it is seen', async () => parseFloat(await tab.text('[aria-label="Connection"] strong')) >= 200);
  await tab.run(() => document.activeElement.blur());
  const begun = Date.now();
  await tab.key('keyDown', 'ArrowUp');
  await until('keys arrive all the same', async () => (await mine()).thrusting);
  assert.ok(Date.now() - begun >= 100, 'but not at once');
  await tab.key('keyUp', 'ArrowUp');
  await until('letting go arrives, too', async () => !(await mine()).thrusting);
  await network(0);
  await tab.key('keyDown', 'ArrowUp');
  await until('keys arrive as before', async () => (await mine()).thrusting);
  await tab.key('keyUp', 'ArrowUp');
  assert.equal(await tab.text('#banner'), null);
  clean(tab, origin);
});

browsing('a bad network delivers everything, once, in order, as it was when it was sent', async (t) => {
  const server = await serve(t);
  const chromium = await browser(t);
  const tab = await chromium.tab(server.plain);
  const { out, back } = await tab.run(async () => {
    const { NETWORKS, SlowSocket, choose } = await import('/play/network.js');
    const out = [];
    let inner;
    class Echo {
      readyState = 1;
      constructor() { inner = this; }
      send(bytes) {
        out.push(bytes[0]);
        this.onmessage({ data: bytes[0] });
      }
    }
    const socket = new SlowSocket('ws://nowhere', 'none', Echo);
    const back = [];
    socket.onmessage = ({ data }) => back.push(data);
    const bytes = new Uint8Array(1);
    // Through every network and back to none, while messages are on their way.
    for (let turn = 0; turn < 200; turn += 1) {
      choose(turn === 199 ? 0 : Math.floor(turn / 10) % NETWORKS.length);
      bytes[0] = turn;
      socket.send(bytes);
      if (turn % 7 === 0) await new Promise((next) => { setTimeout(next, 1); });
    }
    bytes[0] = 255;
    while (back.length < 200) await new Promise((next) => { setTimeout(next, 20); });
    return { out, back };
  });
  const all = Array.from({ length: 200 }, (_, turn) => turn);
  assert.deepEqual(out, all);
  assert.deepEqual(back, all);
  clean(tab, server.plain);
});
