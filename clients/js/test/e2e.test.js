/**
 * The client against the real server over wss: `GREENROOM_BIN` says where the server is. Node reads
 * which certificates it trusts when it starts, so the tests in `e2e` have a process of their own.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** For all of them. */
const DEADLINE_MS = 120_000;

const server = process.env.GREENROOM_BIN;
const flag = '--experimental-websocket';
const able = globalThis.WebSocket !== undefined || process.allowedNodeEnvironmentFlags.has(flag);
let why = false;
if (!server) why = 'NOT RUN: set GREENROOM_BIN to the greenroom program';
else if (!able) why = `NOT RUN: Node ${process.version} has no WebSocket, 22 has`;
if (why) console.log(`end-to-end tests: ${why}`);

test('the client plays on the real server', { skip: why }, async (t) => {
  const certs = mkdtempSync(join(tmpdir(), 'greenroom-js-certs-'));
  t.after(() => rmSync(certs, { recursive: true, force: true }));
  execFileSync(server, ['certs', '--dir', certs]);
  const folder = fileURLToPath(new URL('../e2e/', import.meta.url));
  const files = readdirSync(folder).filter((name) => name.endsWith('.mjs')).map((name) => join(folder, name));
  const env = { ...process.env, GREENROOM_CERTS: certs, NODE_EXTRA_CA_CERTS: join(certs, 'ca.pem') };
  // Of tests within tests Node would say nothing.
  delete env.NODE_TEST_CONTEXT;
  // Node 20 has it, but does not show it unasked.
  if (globalThis.WebSocket === undefined) env.NODE_OPTIONS = flag;
  const child = spawn(process.execPath, ['--test', '--test-concurrency=1', ...files], { env, stdio: ['ignore', 'pipe', 'inherit'], timeout: DEADLINE_MS });
  let said = '';
  child.stdout.on('data', (data) => { said += data; });
  const [code] = await once(child, 'exit');
  assert.equal(code, 0, said);
  t.diagnostic(said.match(/^# pass \d+/m)?.[0] ?? said);
});
