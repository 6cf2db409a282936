import { browser, until } from './support/chromium.mjs';
import { browsing, clean, keepPicture, visitor } from './support/page.mjs';
import { serve } from './support/server.mjs';

browsing("the console shows a room's crash, and its return with everybody in it", async (t) => {
  // A fault that never comes: with it the console may make a room panic.
  const server = await serve(t, { args: ['--dev-faults', 'panic-room=every:1000000000'] });
  const chromium = await browser(t);
  const ada = await visitor(chromium, server.plain, 'Ada');
  await ada.click('#play-arena');
  const id = await ada.sees('#room-id');
  const operator = await chromium.tab(server.console, { height: 1000 });
  await operator.sees('#rooms', id);
  await operator.click('#rooms tbody button.link');
  await operator.sees('#room', 'Ada');
  await operator.click('#room button.acts');
  await operator.sees('#crashes', 'arena');
  await until('the list says that it was started again', () => operator.run((room) => {
    const row = [...document.querySelectorAll('#rooms tbody tr')].find(({ textContent }) => textContent.includes(room));
    return row?.querySelector('.mark') !== null;
  }, id));
  await operator.sees('#room', 'Ada');
  const frames = () => ada.run(() => Number(/(\d+) frames/.exec(document.querySelector('.figures').textContent)[1]));
  await until('the match goes on', async () => await frames() > 0);
  await ada.sees('[aria-label="Scores"]', 'Ada');
  await keepPicture(operator, 'console');
  clean(operator, server.console);
  clean(ada, server.plain);
});

browsing('the console shows how far away players are, sends one out, and ends a match', async (t) => {
  const server = await serve(t, { args: ['--ping-interval-ms', '1000'] });
  const chromium = await browser(t);
  const [ada, bob] = [await visitor(chromium, server.plain, 'Ada'), await visitor(chromium, server.plain, 'Bob')];
  for (const tab of [ada, bob]) {
    await tab.click('#play-arena');
    await tab.sees('#room-id');
  }
  const operator = await chromium.tab(server.console);
  const id = await ada.text('#room-id');
  // Both talk all the time, and are known all the same.
  await until('both are in the list', () => operator.run((room) => {
    const rows = [...document.querySelectorAll('#connections tbody tr')].filter(({ textContent }) => textContent.includes(room));
    return rows.length === 2 && rows.every(({ cells }) => Number(cells[2].textContent) > 0);
  }, id));
  await operator.click('#rooms tbody button.link');
  await operator.sees('#room', 'Bob');
  await until('its tick is drawn', () => operator.run(() => {
    const figure = document.querySelector('#room figure');
    return figure.querySelector('path').getAttribute('d')?.includes('L') && / ms$/.test(figure.querySelector('strong').textContent);
  }));
  await operator.click('#room button[aria-label="Kick player 2"]');
  await bob.sees('#banner', '4006');
  await until('Bob is gone from it', async () => !(await operator.text('#room')).includes('Bob'));
  await operator.click('#room button.danger');
  await ada.sees('.ending', 'The match is over');
  for (const tab of [ada, bob]) clean(tab, server.plain);
  clean(operator, server.console, /409|404/);
});
