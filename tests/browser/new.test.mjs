import assert from 'node:assert/strict';

import { browser, until } from './support/chromium.mjs';
import { browsing, clean } from './support/page.mjs';
import { serve } from './support/server.mjs';

/** The pages of a crate that `greenroom new` wrote, whose program is `GREENROOM_BIN` then. */
const pages = process.env.GREENROOM_NEW_PAGES;

browsing('two tabs with the page of a new crate see each other run', async (t) => {
  if (pages === undefined) {
    t.skip('NOT RUN: .ci/run scaffold makes such a crate');
    return;
  }
  const server = await serve(t, { args: ['--pages', pages] });
  const chromium = await browser(t);
  const tabs = [await chromium.tab(server.plain), await chromium.tab(server.page)];
  for (const tab of tabs) {
    await until('both are there, and one is "it"', async () => {
      const colours = await coloursOf(tab);
      return colours.length === 2 && colours.includes('255,0,0');
    });
  }
  const [ada, bob] = tabs;
  await ada.key('keyDown', 'ArrowUp', 'ArrowUp');
  await ada.key('keyDown', 'ArrowLeft', 'ArrowLeft');
  await until('the first runs into the corner, and the second sees it', async () => {
    const corner = (tab) => tab.run(() => document.querySelector('canvas').getContext('2d').getImageData(2, 2, 1, 1).data[3]);
    return await corner(ada) === 255 && await corner(bob) === 255;
  });
  for (const [tab, origin] of [[ada, server.plain], [bob, server.page]]) clean(tab, origin, /favicon|willReadFrequently/);
  assert.equal((await coloursOf(bob)).length, 2);
});

/** The colours of what is drawn. */
function coloursOf(tab) {
  return tab.run(() => {
    const { data } = document.querySelector('canvas').getContext('2d').getImageData(0, 0, 600, 600);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) colours.add(data.slice(at, at + 3).join());
    return [...colours];
  });
}
