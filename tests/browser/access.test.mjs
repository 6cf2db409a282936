import assert from 'node:assert/strict';

import { browser, until } from './support/chromium.mjs';
import { browsing, clean, visitor } from './support/page.mjs';
import { serve } from './support/server.mjs';

const CONTROLS = new Set(['button', 'link', 'textbox', 'searchbox', 'combobox', 'checkbox', 'slider', 'spinbutton', 'radio', 'menuitem', 'DisclosureTriangle']);

/** What a screen reader is told of a tab, as `{ role, name }`. */
async function told(tab) {
  const { nodes } = await tab.ask('Accessibility.getFullAXTree');
  return nodes.filter(({ ignored }) => !ignored).map(({ role, name }) => ({ role: role.value, name: (name?.value ?? '').trim() }));
}

/** Every control has a name, and there are some. */
async function named(tab, page) {
  const controls = (await told(tab)).filter(({ role }) => CONTROLS.has(role));
  assert.ok(controls.length > 2, `${page}: there are controls`);
  assert.deepEqual(controls.filter(({ name }) => name === ''), [], `${page}: each control has a name`);
}

/** Goes on with Tab until what has the focus is as wanted. */
async function tabTo(tab, what, wanted, word) {
  for (let steps = 0; steps < 60; steps += 1) {
    if (await tab.run(wanted, word)) {
      const shown = await tab.run(() => document.activeElement.matches(':focus-visible') && getComputedStyle(document.activeElement).outlineStyle !== 'none');
      assert.ok(shown, `${what}: one sees where the focus is`);
      return;
    }
    await tab.press('Tab');
  }
  assert.fail(`Tab does not come to ${what}`);
}

const isAt = (selector) => document.activeElement.matches(selector);

/** Both come into one room, with keys alone. */
async function seated(tabs, game) {
  for (const tab of tabs) {
    await tabTo(tab, `the button of ${game}`, isAt, `#play-${game}`);
    await tab.press('Enter');
    await tab.sees('#room-id');
  }
}

async function two(t) {
  const server = await serve(t);
  const chromium = await browser(t);
  return { server, tabs: [await visitor(chromium, server.plain, 'Ada'), await visitor(chromium, server.plain, 'Bob')] };
}

/** The tab of whoever is to move. */
const whose = (tabs) => until('it is the turn of one of them', async () => {
  for (const tab of tabs) if (/Your turn|Name the next suit/.test(await tab.text('.turn'))) return tab;
  return null;
});

browsing('every control of every page has a name', async (t) => {
  const server = await serve(t);
  const chromium = await browser(t);
  const tab = await visitor(chromium, server.plain, 'Ada');
  await named(tab, 'the start page');
  for (const game of ['arena', 'swarm', 'connect4', 'cards']) {
    await tab.click(`#play-${game}`);
    await tab.sees('#room-id');
    await named(tab, game);
    const canvases = (await told(tab)).filter(({ role }) => role === 'image' || role === 'img');
    assert.deepEqual(canvases.filter(({ name }) => name === ''), [], `${game}: each picture has a name`);
    await tab.click('#leave');
    await tab.sees('#games');
  }
  await tab.go(`${server.plain}replay`);
  await named(tab, 'the viewer');
  const operator = await chromium.tab(server.console);
  await operator.sees('#status', 'live');
  await named(operator, 'the console');
  clean(tab, server.plain);
  clean(operator, server.console);
});

browsing('connect four is read and played column by column', async (t) => {
  const { server, tabs } = await two(t);
  await seated(tabs, 'connect4');
  const mover = await whose(tabs);
  const other = tabs.find((tab) => tab !== mover);
  const columns = async (tab) => (await told(tab)).filter(({ role, name }) => role === 'button' && name.startsWith('Column')).map(({ name }) => name);
  assert.deepEqual(await columns(mover), [1, 2, 3, 4, 5, 6, 7].map((column) => `Column ${column}: empty`));
  // Whose turn it is stands where it is read aloud when it changes.
  for (const [tab, words] of [[mover, 'Your turn'], [other, "'s turn"]]) {
    assert.equal(await tab.run(() => document.querySelector('.turn').getAttribute('role')), 'status');
    await tab.sees('.turn', words);
  }
  await tabTo(mover, 'the board', isAt, '.connect4 button');
  for (const code of ['ArrowRight', 'ArrowRight', 'ArrowLeft']) await mover.press(code);
  await mover.press('Enter');
  await until('both read the disc', async () => {
    const read = await Promise.all(tabs.map(columns));
    return read.every((names) => /^Column 2: (yellow|red) from the bottom$/.test(names[1]));
  });
  await other.sees('#said', 'drops into column 2');
  assert.equal(await mover.run(() => document.querySelector('#said').getAttribute('aria-live')), 'polite');
  // The focus stays on the board for the next move; now it is not this player's turn, and the page says so.
  await mover.press('Enter');
  await mover.sees('.note', "It is the other player's turn");
  assert.ok(await mover.run(isAt, '.connect4 button:nth-child(2)'));
  for (const tab of tabs) clean(tab, server.plain);
});

browsing('cards are read, drawn and played with the keyboard alone', async (t) => {
  const { server, tabs } = await two(t);
  await seated(tabs, 'cards');
  for (let move = 0; move < 6; move += 1) {
    const mover = await whose(tabs);
    const before = await mover.text('.turn');
    const may = await mover.run(() => {
      const ways = ['[aria-label="Name a suit"] button', '[aria-label="Your cards"] button:not([aria-disabled="true"])', '.cards-ask button:not([aria-disabled="true"])'];
      return ways.find((way) => document.querySelector(way)?.checkVisibility());
    });
    await tabTo(mover, may, isAt, may);
    await mover.press('Enter');
    await until('it was done', async () => await mover.text('.turn') !== before || !await mover.run(isAt, may));
  }
  // What may not be played can be read as well, and pressing it is answered.
  const reader = tabs[0];
  const hand = (await told(reader)).filter(({ role, name }) => role === 'button' && / of (clubs|diamonds|hearts|spades)$/.test(name));
  const held = await reader.run(() => document.querySelectorAll('[aria-label="Your cards"] button').length);
  assert.ok(held > 0);
  assert.equal(hand.length, held);
  const mover = await whose(tabs);
  const waiting = tabs.find((tab) => tab !== mover);
  await tabTo(waiting, 'a card', isAt, '[aria-label="Your cards"] button');
  await waiting.press('Enter');
  await waiting.sees('.note', "It is somebody else's turn");
  for (const tab of tabs) clean(tab, server.plain);
});
