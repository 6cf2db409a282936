import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';

import * as one from '../dist/greenroom.js';
import * as client from '../src/index.js';
import { Client } from '../src/client.js';
import { Place } from '../src/place.js';
import { Room } from '../src/room.js';
import { ENTRIES, bundle, fingerprint } from '../tools/bundle.mjs';
import { World } from './support/world.mjs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Bytes of the one file as the server sends it to whoever takes gzip. */
const GZIP_BYTES_MAX = 21 << 10;

const OLD = 'clients/js/dist is old: npm run bundle';

test('each file is made of the modules as they are', () => {
  for (const entry of Object.keys(ENTRIES)) {
    assert.ok(read(`../dist/${entry}.js`).split('\n', 1)[0].endsWith(`of sources ${fingerprint()} */`), OLD);
  }
});

test('the tools make these files', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-js-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { done, said } = bundle(folder);
  if (!done && /E?NOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ENOENT|ENOTCACHED|E40[34]/.test(said)) {
    t.skip('NOT RUN: npm cannot be reached, so it is not known whether clients/js/dist is what the tools make');
    return;
  }
  assert.ok(done, said);
  for (const entry of Object.keys(ENTRIES)) {
    for (const name of [`${entry}.js`, `${entry}.js.map`]) {
      assert.ok(read(`../dist/${name}`) === readFileSync(join(folder, name), 'utf8'), OLD);
    }
  }
});

test('the one file is small, has all that the modules have, and a map of them', (t) => {
  const file = read('../dist/greenroom.js');
  const small = readFileSync(new URL('../dist/greenroom.js.gz', import.meta.url));
  assert.ok(gunzipSync(small).toString() === file, OLD);
  const { length } = small;
  t.diagnostic(`${file.length} bytes, ${length} with gzip`);
  assert.ok(length <= GZIP_BYTES_MAX, `${length} bytes`);
  // Beside them what the file that is loaded later has from this one.
  assert.deepEqual(Object.keys(one).sort(), [...Object.keys(client), '_parts'].sort());
  assert.ok(file.endsWith('//# sourceMappingURL=greenroom.js.map\n'));
  const { sources, sourcesContent } = JSON.parse(read('../dist/greenroom.js.map'));
  const connect = sources.indexOf('../src/connect.js');
  assert.ok(sourcesContent[connect] === read('../src/connect.js'), sources.join(', '));
});

test('finding rooms is a file that the one loads when it is first asked for', async () => {
  const world = new World();
  const coming = one.connect('wss://host', { platform: world });
  world.wire.welcome();
  const client = await coming;
  // It throws errors of the one file, and nothing of that is in it twice.
  await assert.rejects(client.find({ game: 'game', where: { size: 1 } }), one.Misuse);
  assert.doesNotMatch(read('../dist/finding.js'), /greenroom schema|extends Error/);
  const { finding } = await import('../dist/finding.js');
  const { VERSION } = finding;
  finding.VERSION = 'another';
  const url = new URL(`../dist/greenroom.js?${Date.now()}`, import.meta.url);
  const newer = (await import(url)).connect('wss://host', { platform: world });
  world.wire.welcome();
  await assert.rejects((await newer).list('game'), { code: 'NotLoaded', message: /load the page anew/ });
  finding.VERSION = VERSION;
});

test('what cannot be loaded is an error that says what is missing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'greenroom-js-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'greenroom.mjs'), read('../dist/greenroom.js'));
  const alone = await import(pathToFileURL(join(folder, 'greenroom.mjs')));
  const world = new World();
  const coming = alone.connect('wss://host', { platform: world });
  world.wire.welcome();
  await assert.rejects((await coming).list('game'), { code: 'NotLoaded', message: /is finding\.js beside it\?/ });
});

test('errors have their names in the one file, too', () => {
  for (const [name, type] of Object.entries(one).filter(([, { prototype }]) => prototype instanceof Error)) {
    assert.equal(type.prototype.name, name);
  }
  assert.equal(new one.Misuse('Code', 'sentence').name, 'Misuse');
});

test('the one file does what the modules do', () => {
  const env = { ...process.env, GREENROOM_JS: new URL('../dist/greenroom.js', import.meta.url).href };
  // Of tests within tests Node would say nothing.
  delete env.NODE_TEST_CONTEXT;
  const files = ['beside', 'connect', 'nonsense', 'resume', 'rooms', 'streams'].map((name) => fileURLToPath(new URL(`${name}.test.js`, import.meta.url)));
  try {
    execFileSync(process.execPath, ['--test', ...files], { env, encoding: 'utf8', stdio: 'pipe' });
  } catch ({ stdout }) {
    assert.fail(stdout);
  }
});

test('the one file connects', async () => {
  const world = new World();
  const coming = one.connect('wss://host', { platform: world });
  world.wire.welcome();
  assert.equal((await coming).server, 'test/1');
});

test('the types name what there is, and nothing else', () => {
  const types = read('../src/index.d.ts');
  const of = (name) => new RegExp(`export interface ${name}\\b[^\\n]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(types)[1];
  const named = (text) => new Set([...text.matchAll(/^ {2}(?:readonly )?(\w+)/gm)].map(([, name]) => name));
  for (const [name, type] of [['Client', Client], ['Place', Place], ['Room', Room]]) {
    const there = Object.getOwnPropertyNames(type.prototype).filter((each) => !each.startsWith('_') && each !== 'constructor');
    const missing = there.filter((each) => !named(of(name)).has(each));
    assert.deepEqual(missing, [], name);
  }
  for (const name of Object.keys(client)) assert.match(types, new RegExp(`export (?:function|class) ${name}\\b`));
});

test('what is for the feel of a game is a file by itself, with types', async () => {
  const [modules, file] = await Promise.all([import('../src/feel/index.js'), import('../dist/feel.js')]);
  assert.deepEqual(Object.keys(file).sort(), Object.keys(modules).sort());
  const types = read('../src/feel/index.d.ts');
  for (const [name, type] of Object.entries(modules)) {
    const start = types.search(new RegExp(`export (?:class|function) ${name}\\b`));
    assert.ok(start >= 0, name);
    const named = types.slice(start, types.indexOf('\n}', start));
    for (const member of Object.getOwnPropertyNames(type.prototype ?? {})) {
      assert.match(named, new RegExp(`\\b${member}\\b`), `${name}.${member}`);
    }
  }
});

test('it depends on nothing', () => {
  const { dependencies, devDependencies, peerDependencies } = JSON.parse(read('../package.json'));
  assert.deepEqual([dependencies, devDependencies, peerDependencies], [undefined, undefined, undefined]);
});
