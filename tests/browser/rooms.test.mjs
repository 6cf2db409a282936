import assert from 'node:assert/strict';

import { browser, until } from './support/chromium.mjs';
import { browsing, clean, visitor } from './support/page.mjs';
import { serve } from './support/server.mjs';

/** As a studio's backend does: an operator ends rooms and sends players out. */
async function operate(server, path, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(new URL(path, server.console), { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, `${path}: ${await answer.text()}`);
}

browsing('a link brings friends into a room, private or not, and says when the room is gone', async (t) => {
  const server = await serve(t);
  const chromium = await browser(t);
  const ada = await visitor(chromium, server.plain, 'Ada');
  const opened = [];
  for (const button of ['#play-connect4', '#play-connect4 + button']) {
    await ada.click(button);
    const room = await ada.sees('#room-id');
    const link = await ada.run(() => document.querySelector('#link').value);
    const bob = await chromium.tab(link);
    opened.push({ link, bob });
    assert.equal(await bob.sees('#room-id'), room);
    for (const tab of [ada, bob]) await until('the match begins', async () => /turn/.test(await tab.text('.turn')));
    // A tab that is loaded anew has its own seat again, and does not come in a second time.
    assert.equal(await bob.run(() => location.hash), '');
    assert.equal(await bob.run(() => document.querySelector('#link').value), link, 'the guest can send it on');
    await ada.click('#leave');
    await bob.sees('.ending', 'wins, as the other has left');
    await ada.sees('#games');
  }
  const late = await chromium.tab(opened[1].link);
  assert.match(await late.sees('#banner'), /room/);
  await late.sees('#games');
  for (const tab of [ada, late, ...opened.map(({ bob }) => bob)]) clean(tab, server.plain);
});

browsing('the end of a match stays on the page, and another one is a press away', async (t) => {
  const server = await serve(t);
  const chromium = await browser(t);
  const tab = await visitor(chromium, server.plain, 'Ada');
  await tab.click('#play-arena');
  const room = await tab.sees('#room-id');
  await tab.sees('[aria-label="Scores"]', 'Ada');
  // Held down as in the middle of a fight: it must not press what appears under it.
  await tab.key('keyDown', 'Space', ' ');
  await operate(server, `/v1/rooms/${room}/end`, { result: null });
  await tab.sees('.ending', 'Nobody has won');
  await tab.key('keyUp', 'Space', ' ');
  await tab.sees('[aria-label="Scores"]', 'Ada');
  assert.equal(await tab.text('#room-id'), room);
  await tab.click('#again');
  await until('it is another room', async () => ![null, room].includes(await tab.text('#room-id')));
  assert.equal(await tab.text('.ending'), null);
  await tab.click('#leave');
  await tab.sees('#games');
  assert.equal(await tab.run(() => document.activeElement.id), 'play-arena', 'the focus is where it was');
  clean(tab, server.plain);
});

browsing('who is sent out is told so, and may choose another game', async (t) => {
  const server = await serve(t);
  const chromium = await browser(t);
  const tab = await visitor(chromium, server.plain, 'Ada');
  await tab.click('#play-arena');
  const room = await tab.sees('#room-id');
  await operate(server, `/v1/rooms/${room}/kick`, { player: 1 });
  assert.match(await tab.sees('#banner'), /4006/);
  await tab.click('#play-cards');
  await until('it is another room', async () => ![null, room].includes(await tab.text('#room-id')));
  clean(tab, server.plain);
});

browsing('who looks on sees it, and has nothing to press', async (t) => {
  const server = await serve(t);
  const chromium = await browser(t);
  const ada = await visitor(chromium, server.plain, 'Ada');
  await ada.click('#play-connect4');
  const room = await ada.sees('#room-id');
  const eve = await visitor(chromium, server.plain, 'Eve');
  await eve.click('#rooms .look');
  assert.equal(await eve.sees('#room-id'), room);
  await eve.sees('[aria-label="Room"]', 'You look on');
  assert.equal(await eve.run(() => document.querySelectorAll('.connect4 button:enabled').length), 0);
  for (const tab of [ada, eve]) clean(tab, server.plain);
});
