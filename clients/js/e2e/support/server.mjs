/** Servers for the tests: the real one, on free ports of this machine, with a certificate of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as dial, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** How long anything may take. */
export const DEADLINE_MS = 20_000;

/** A directory that is gone when the test is over. */
export function scratch(test) {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-js-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the server until the test is over. Returns its `port`, that without TLS, and what ends it. */
export async function serve(test, { port = 0, plain = 'off', args = [] } = {}) {
  const child = spawn(process.env.GREENROOM_BIN, [
    'serve', '--bind', `127.0.0.1:${port}`, '--plain', plain, '--ops', 'off',
    '--certs-dir', process.env.GREENROOM_CERTS, ...args,
  ], { stdio: ['ignore', 'pipe', 'pipe'], cwd: process.env.GREENROOM_CERTS });
  const ended = once(child, 'exit');
  const kill = async (signal) => {
    child.kill(signal);
    await ended;
  };
  test.after(() => kill('SIGKILL'));
  const said = [];
  const listening = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        const found = /wss:\/\/127\.0\.0\.1:(\d+)/.exec(line);
        if (found !== null) resolve([Number(found[1]), Number(/ ws:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1])]);
      });
    }
    ended.then(() => reject(new Error(`the server has ended:\n${said.join('\n')}`)));
  });
  const [wss, ws] = await listening;
  return { port: wss, plain: ws, kill };
}

/**
 * Hands bytes on to a port until the test is over. `cut` breaks all connections as a network does
 * that is gone; while `refusing` is true, new ones break at once. `delayMs()`: for how long each piece is
 * on its way, in order.
 */
export async function proxy(test, to, delayMs = null) {
  const open = new Set();
  const self = { refusing: false, dials: 0 };
  const server = createServer((near) => {
    self.dials += 1;
    if (self.refusing) {
      near.destroy();
      return;
    }
    const far = dial(to, '127.0.0.1');
    const both = [near, far];
    open.add(both);
    for (const [one, other] of [both, [...both].reverse()]) {
      one.on('error', () => {});
      one.on('close', () => {
        other.destroy();
        open.delete(both);
      });
      if (delayMs === null) one.pipe(other);
      else late(one, other, delayMs);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  self.cut = () => open.forEach((both) => both.forEach((end) => end.destroy()));
  self.port = server.address().port;
  test.after(() => {
    self.cut();
    server.close();
  });
  return self;
}

function late(from, to, delayMs) {
  const under = [];
  // Timers may overtake each other, so each takes the piece that is next.
  from.on('data', (bytes) => {
    under.push(bytes);
    setTimeout(() => to.destroyed || to.write(under.shift()), delayMs());
  });
}

/** Waits until something holds: asks every 5 ms, and fails after `DEADLINE_MS`. */
export async function until(what, holds) {
  const end = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it never happened that ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 5); });
  }
}

/** The next time that `on(name)` calls with what is `wanted`. */
export function next(source, name, wanted = () => true) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${name} came`)), DEADLINE_MS);
    const off = source.on(name, (...words) => {
      if (!wanted(...words)) return;
      clearTimeout(late);
      off();
      resolve(words);
    });
  });
}
