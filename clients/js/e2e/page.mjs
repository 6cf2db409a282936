import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { client } from './support/games.mjs';
import { scratch, serve, until } from './support/server.mjs';

/** As much of a browser as the page needs. */
function browser() {
  const self = { text: '', rects: [], hearers: new Map(), running: true };
  const draw = {
    clearRect: () => self.rects.splice(0),
    fillRect: (x, y, width) => self.rects.push({ x, y, width, colour: draw.fillStyle }),
  };
  globalThis.document = {
    visibilityState: 'visible',
    addEventListener() {},
    removeEventListener() {},
    querySelector: (name) => ({
      getContext: () => draw,
      set textContent(text) { self.text += `${name}: ${text}\n`; },
    }),
  };
  globalThis.addEventListener = (name, hear) => self.hearers.set(name, hear);
  globalThis.removeEventListener = (name) => self.hearers.delete(name);
  globalThis.requestAnimationFrame = (work) => { if (self.running) setTimeout(work, 16); };
  self.press = (code) => self.hearers.get('keydown')({ code });
  return self;
}

test('the page of the README plays, with what the server itself serves', async (t) => {
  const { port, plain } = await serve(t, { plain: '127.0.0.1:0' });
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const page = /```html\n([\s\S]*?)```/.exec(readme)[1];
  assert.ok(page.split('\n').length <= 41, 'at most 40 lines');
  const script = /<script type="module">\n([\s\S]*?)<\/script>/.exec(page)[1];
  // Node imports nothing over HTTP, so a page in Node has the library beside it.
  const folder = scratch(t);
  const library = await fetch(`http://127.0.0.1:${plain}/greenroom.js`);
  assert.equal(library.headers.get('access-control-allow-origin'), '*');
  writeFileSync(join(folder, 'greenroom.mjs'), await library.text());
  const here = script
    .replace("'http://localhost:8080/greenroom.js'", "'./greenroom.mjs'")
    .replace('ws://localhost:8080', `ws://127.0.0.1:${plain}`);
  assert.notEqual(here, script);
  const file = join(folder, 'page.mjs');
  writeFileSync(file, here);
  const seen = browser();
  t.after(() => { seen.running = false; });
  await import(pathToFileURL(file).href);
  const ada = await client(t, port, 'Ada');
  const [{ room }] = await ada.list('arena');
  const other = await ada.joinById(room);
  const [ship] = [...other.state.ships.values()].filter(({ player }) => player !== other.player);
  seen.press('ArrowUp');
  seen.press('ArrowRight');
  const { heading } = ship;
  await until('the ship of the page flies', () => ship.thrusting && ship.heading !== heading);
  await until('the page draws both ships', () => {
    const ships = seen.rects.filter(({ width }) => width === 12);
    return new Set(ships.map(({ colour }) => colour)).size === 2;
  });
  for (const { x, y } of seen.rects) assert.ok(x >= 0 && x <= 800 && y >= 0 && y <= 600, `${x} ${y}`);
  seen.press('Space');
  await until('it shoots', () => seen.rects.some(({ width }) => width === 3));
  await until('the page tells what happens', () => seen.text.includes('p: '));
  seen.running = false;
});
