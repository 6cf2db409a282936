/** What the tests do with the pages that play. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

import { program } from './chromium.mjs';

const PICTURES = fileURLToPath(new URL('../pictures/', import.meta.url));

/** A test that needs a browser, and says so where there is none. */
export function browsing(name, work) {
  const missing = program() === null && 'NOT RUN: chromium is not installed (Debian: apt-get install chromium)';
  test(name, { skip: missing, timeout: 120_000 }, work);
}

/** A tab with the start page, for somebody with a name. */
export async function visitor(browser, url, name, how) {
  const tab = await browser.tab(url, how);
  await tab.sees('#about', 'greenroom/');
  await tab.write('#name', name);
  return tab;
}

/** All of a room's state, as the server has it; `null` before there is any. */
export async function stateOf(server, room) {
  const seen = await (await fetch(`${server.console}/rooms/${room}`)).json();
  return seen.published?.state ?? null;
}

/** Nothing went wrong in a tab, and nothing came from elsewhere. `but`: errors that were to come. */
export function clean(tab, origin, but = /^$/) {
  assert.deepEqual(tab.errors.filter((error) => !but.test(error)), [], 'no error on the console');
  const { host } = new URL(origin);
  const foreign = tab.loaded.filter((url) => !['data:', 'about:', 'blob:'].includes(new URL(url).protocol) && new URL(url).host !== host);
  assert.deepEqual(foreign, [], 'nothing is loaded from elsewhere');
}

/** Keeps a picture of a tab where `GREENROOM_PICTURES` is set; makes it in any case. */
export async function keepPicture(tab, name) {
  const bytes = await tab.picture('webp', 75);
  assert.ok(bytes.length > 5000 && bytes.length < 150_000, `${name}: ${bytes.length} bytes`);
  if (process.env.GREENROOM_PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  writeFileSync(`${PICTURES}${name}.webp`, bytes);
}
