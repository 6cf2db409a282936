import assert from 'node:assert/strict';

import { browser, until } from './support/chromium.mjs';
import { browsing, clean, keepPicture, visitor } from './support/page.mjs';
import { serve } from './support/server.mjs';

browsing('two tabs play arena over wss and see each other', async (t) => {
  const server = await serve(t);
  const chromium = await browser(t);
  const ada = await visitor(chromium, server.page, 'Ada');
  const bob = await visitor(chromium, server.page, 'Bob');
  await ada.click('#play-arena');
  await ada.sees('#room-id');
  // Bob finds the room in the list.
  await bob.click('#rooms .join');
  assert.equal(await bob.sees('#room-id'), await ada.sees('#room-id'));
  for (const tab of [ada, bob]) {
    await tab.sees('[aria-label="Scores"]', 'Ada');
    await tab.sees('[aria-label="Scores"]', 'Bob');
  }
  await bob.write('.chat input', 'hello there');
  await bob.press('Enter');
  await ada.sees('.chat ol', 'Bobhello there');
  await ada.run(() => document.activeElement.blur());
  for (const code of ['ArrowUp', 'ArrowRight', 'Space']) await ada.key('keyDown', code, code === 'Space' ? ' ' : code);
  // With the ghosts of what the server says, as they are drawn from what the keys have done there.
  await ada.click('label.panel input');
  const moves = await until('the picture of Bob changes', async () => {
    const [one, other] = [await canvasOf(bob), await canvasOf(bob)];
    return one !== other;
  });
  assert.ok(moves);
  await keepPicture(ada, 'arena');
  for (const code of ['ArrowUp', 'ArrowRight', 'Space']) await ada.key('keyUp', code);
  await ada.click('#leave');
  await until("Ada's line is gone", async () => !(await bob.text('[aria-label="Scores"]')).includes('Ada'));
  for (const tab of [ada, bob]) clean(tab, server.page);
});

/** What is drawn, in a word. */
function canvasOf(tab) {
  return tab.run(() => document.querySelector('canvas').toDataURL('image/webp', 0.1));
}

browsing('connect four is played with the keyboard alone', async (t) => {
  const server = await serve(t);
  const chromium = await browser(t);
  const tabs = [await visitor(chromium, server.plain, 'Ada'), await visitor(chromium, server.plain, 'Bob')];
  for (const tab of tabs) {
    await until('the focus comes to the button', async () => {
      await tab.press('Tab');
      return await tab.run(() => document.activeElement.id) === 'play-connect4';
    });
    await tab.press('Enter');
    await tab.sees('#room-id');
  }
  assert.equal(await tabs[0].text('#room-id'), await tabs[1].text('#room-id'));
  for (let move = 0; move < 7; move += 1) {
    const mover = await until('it is the turn of one of them', async () => {
      for (const tab of tabs) if ((await tab.text('.turn')).startsWith('Your turn')) return tab;
      return null;
    });
    const column = move % 2 === 0 ? 1 : 7;
    const discs = () => mover.run(() => document.querySelectorAll('.connect4 i:not([data-disc="0"])').length);
    await mover.press(`Digit${column}`, String(column));
    if (move < 6) await until('the disc is there', async () => await discs() === move + 1);
  }
  const ends = await Promise.all(tabs.map((tab) => tab.sees('.ending', 'has four in a line')));
  assert.deepEqual(ends.map((words) => words.startsWith('You win!')).sort(), [false, true]);
  for (const tab of tabs) {
    assert.equal(await tab.run(() => document.querySelectorAll('.connect4 .four').length), 4);
    // The keys that won would else press a button.
    assert.equal(await tab.run(() => document.activeElement.className), 'ending');
  }
  // Another match, with the same two.
  for (const tab of tabs) {
    await tab.press('Tab');
    await tab.press('Enter');
    await until('there is another board', async () => await tab.text('.ending') === null);
  }
  for (const tab of tabs) await until('the match begins', async () => /turn/.test(await tab.text('.turn')));
  for (const tab of tabs) clean(tab, server.plain);
});

browsing('cards are played, on a telephone too, and nobody sees the hand of another', async (t) => {
  const server = await serve(t);
  const chromium = await browser(t);
  const ada = await visitor(chromium, server.plain, 'Ada');
  const bob = await visitor(chromium, server.plain, 'Bob', { width: 390, height: 844, mobile: true });
  await ada.click('#play-cards');
  await ada.sees('#room-id');
  await bob.click('#play-cards');
  for (const tab of [ada, bob]) await tab.sees('.turn', 'Deal 1');
  const hand = (tab) => tab.run(() => [...document.querySelectorAll('[aria-label="Your cards"] button')].map(({ ariaLabel }) => ariaLabel));
  const [one, other] = [await hand(ada), await hand(bob)];
  assert.equal(one.length, 7);
  assert.ok(one.every((card) => !other.includes(card)));
  for (let move = 0; move < 6; move += 1) await moved([ada, bob]);
  await ada.sees('.chat ol', 'of ');
  const wide = await bob.run(() => document.documentElement.scrollWidth > innerWidth);
  assert.ok(!wide, 'nothing is wider than the telephone');
  for (const tab of [ada, bob]) clean(tab, server.plain);
});

/** Whoever may do something does it: names a suit, plays, draws or passes. */
async function moved(tabs) {
  await until('somebody makes a move', async () => {
    for (const tab of tabs) {
      const done = await tab.run(() => {
        const ways = ['[aria-label="Name a suit"]', '[aria-label="Your cards"]', '.cards-ask'];
        for (const way of ways) {
          const button = document.querySelector(`${way} button:not([aria-disabled="true"])`);
          if (button?.checkVisibility()) {
            button.click();
            return true;
          }
        }
        return false;
      });
      if (done) return true;
    }
    return false;
  });
}
