import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';

import { browser, until } from './support/chromium.mjs';
import { browsing, clean, visitor } from './support/page.mjs';
import { scratch, serve } from './support/server.mjs';

/** What Chromium itself writes on the console when it cannot connect. */
const NO_CONNECTION = /WebSocket connection to|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION/;

/** Two tabs in one room of arena. */
async function two(t, server) {
  const chromium = await browser(t);
  const tabs = [await visitor(chromium, server.plain, 'Ada'), await visitor(chromium, server.plain, 'Bob')];
  for (const tab of tabs) {
    await tab.click('#play-arena');
    await tab.sees('#room-id');
  }
  for (const tab of tabs) await tab.sees('[aria-label="Scores"]', 'Bob');
  return tabs;
}

browsing('the server is killed with -9 and started again, and both tabs go on by themselves', async (t) => {
  const folder = scratch(t);
  const args = ['--state-dir', join(folder, 'state')];
  const server = await serve(t, { folder, args });
  const tabs = await two(t, server);
  const room = await tabs[0].text('#room-id');
  await server.kill('SIGKILL');
  for (const tab of tabs) await tab.sees('#banner', 'The connection is gone');
  await serve(t, { folder, args, ports: server.ports });
  await Promise.all(tabs.map((tab) => tab.sees('#banner', 'Back after')));
  for (const tab of tabs) {
    assert.equal(await tab.text('#room-id'), room);
    await tab.sees('[aria-label="Scores"]', 'Ada');
    await until('the banner goes', async () => await tab.text('#banner') === null);
    clean(tab, server.plain, NO_CONNECTION);
  }
  await tabs[0].write('.chat input', 'still here');
  await tabs[0].press('Enter');
  await tabs[1].sees('.chat ol', 'still here');
});

browsing('a tab that was offline for five seconds goes on where it was', async (t) => {
  // What Chromium calls offline only holds back what WebSockets say that are open: the way is cut.
  const server = await serve(t);
  const between = await way(t, server.ports.ws);
  const chromium = await browser(t);
  const tab = await visitor(chromium, `http://127.0.0.1:${between.port}/`, 'Ada');
  await tab.click('#play-arena');
  const room = await tab.sees('#room-id');
  between.cut(true);
  await tab.sees('#banner', 'The connection is gone');
  await new Promise((resolve) => { setTimeout(resolve, 5000); });
  assert.ok((await tab.text('#banner')).includes('The connection is gone'));
  between.cut(false);
  await tab.sees('#banner', 'Back after');
  assert.equal(await tab.text('#room-id'), room);
  clean(tab, `http://127.0.0.1:${between.port}/`, NO_CONNECTION);
});

browsing('whoever leaves without a connection is out at once, and has another match when it is back', async (t) => {
  const server = await serve(t);
  const between = await way(t, server.ports.ws);
  const chromium = await browser(t);
  const tab = await visitor(chromium, `http://127.0.0.1:${between.port}/`, 'Ada');
  await tab.click('#play-arena');
  await tab.sees('#room-id');
  between.cut(true);
  await tab.sees('#banner', 'The connection is gone');
  await tab.click('#leave');
  await tab.sees('#play-arena');
  await tab.sees('#banner', 'Your seat is given up when it is back');
  await tab.click('#play-connect4');
  await tab.sees('#banner', 'Coming in');
  between.cut(false);
  await tab.sees('#room-id');
  assert.equal(await tab.text('[aria-label="Room"] h2'), 'Connect four');
  clean(tab, `http://127.0.0.1:${between.port}/`, NO_CONNECTION);
});

/** Hands connections on to a port; while it is cut there are none. */
async function way(t, to) {
  const { connect, createServer: listen } = await import('node:net');
  const open = new Set();
  let isCut = false;
  const server = listen((near) => {
    near.on('error', () => {});
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(to, '127.0.0.1');
    far.on('error', () => near.destroy());
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (on) => {
    isCut = on;
    if (on) open.forEach((end) => end.destroy());
  };
  t.after(() => {
    cut(true);
    server.close();
  });
  return { port: server.address().port, cut };
}

browsing('a tab that is loaded anew has its seat again', async (t) => {
  const server = await serve(t);
  const chromium = await browser(t);
  const tab = await visitor(chromium, server.plain, 'Ada');
  await tab.click('#play-arena');
  const room = await tab.sees('#room-id');
  await tab.reload();
  assert.equal(await tab.sees('#room-id'), room);
  await tab.sees('[aria-label="Scores"]', 'Ada');
  const seats = await tab.run(() => document.querySelectorAll('[aria-label="Scores"] tbody tr').length);
  assert.equal(seats, 1);
  clean(tab, server.plain);
});

browsing('a full server says that it is full', async (t) => {
  const server = await serve(t, { args: ['--connections-max', '1'] });
  const chromium = await browser(t);
  const ada = await visitor(chromium, server.plain, 'Ada');
  const bob = await chromium.tab(server.plain);
  await bob.sees('#banner', 'The server has no room for another connection (4103)');
  clean(bob, server.plain);
  clean(ada, server.plain);
});

browsing('a page from elsewhere is told why it may not connect', async (t) => {
  const server = await serve(t);
  const page = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><p></p><script type="module">
    import { connect } from '${server.plain}greenroom.js';
    try {
      await connect('ws://127.0.0.1:${server.ports.ws}');
      document.querySelector('p').textContent = 'it was let in';
    } catch (error) {
      document.querySelector('p').textContent = \`\${error.code}: \${error.message}\`;
    }
  </script>`;
  const elsewhere = createServer((_, answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end(page));
  elsewhere.listen(0, '127.0.0.1');
  await once(elsewhere, 'listening');
  t.after(() => elsewhere.close());
  const chromium = await browser(t);
  const tab = await chromium.tab(`http://elsewhere.example:${elsewhere.address().port}/`);
  assert.match(await tab.sees('p', ':'), /^4003: .*this origin may not connect/);
});
