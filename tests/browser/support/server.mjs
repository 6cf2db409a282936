/** The real server for the tests, on free ports of this machine. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** A directory that is gone when the test is over. */
export function scratch(test) {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-page-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the server until the test is over. `ports` are those of one that ran before. */
export async function serve(test, { ports = { wss: 0, ws: 0, ops: 0 }, folder = scratch(test), args = [] } = {}) {
  const child = spawn(resolve(process.env.GREENROOM_BIN), [
    'serve', '--bind', `127.0.0.1:${ports.wss}`, '--plain', `127.0.0.1:${ports.ws}`,
    '--ops', `127.0.0.1:${ports.ops}`, '--certs-dir', join(folder, 'certs'), ...args,
  ], { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  const ended = once(child, 'exit');
  const kill = async (signal = 'SIGKILL') => {
    child.kill(signal);
    await ended;
  };
  test.after(() => kill());
  const said = [];
  const found = await new Promise((listening, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        said.push(line);
        const all = said.join('\n');
        const port = (what) => Number(new RegExp(`${what}://127\\.0\\.0\\.1:(\\d+)`).exec(all)?.[1]);
        const at = { wss: port('wss'), ws: port('ws'), ops: port('http') };
        if (Object.values(at).every((one) => one > 0)) listening(at);
      });
    }
    ended.then(() => reject(new Error(`the server has ended:\n${said.join('\n')}`)));
  });
  return {
    ports: found,
    folder,
    kill,
    page: `https://127.0.0.1:${found.wss}/`,
    plain: `http://127.0.0.1:${found.ws}/`,
    console: `http://127.0.0.1:${found.ops}/console`,
  };
}
