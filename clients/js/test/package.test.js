import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import * as one from '../dist/greenroom.js';
import * as client from '../src/index.js';
import { Client } from '../src/client.js';
import { Room } from '../src/room.js';
import { bundle } from '../tools/bundle.mjs';
import { World } from './support/world.mjs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Bytes of the one file as a server with gzip sends it. */
const GZIP_BYTES_MAX = 36 << 10;

test('the one file is what the modules make, and small', (t) => {
  const file = read('../dist/greenroom.js');
  assert.ok(file === bundle(), 'clients/js/dist/greenroom.js is old: npm run bundle');
  const { length } = gzipSync(file, { level: 9 });
  t.diagnostic(`${file.length} bytes, ${length} with gzip`);
  assert.ok(length <= GZIP_BYTES_MAX, `${length} bytes`);
  assert.deepEqual(Object.keys(one).sort(), Object.keys(client).sort());
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
  for (const [name, type] of [['Client', Client], ['Room', Room]]) {
    const there = Object.getOwnPropertyNames(type.prototype).filter((each) => !each.startsWith('_') && each !== 'constructor');
    const missing = there.filter((each) => !named(of(name)).has(each));
    assert.deepEqual(missing, [], name);
  }
  for (const name of Object.keys(client)) assert.match(types, new RegExp(`export (?:function|class) ${name}\\b`));
});

test('it depends on nothing', () => {
  const { dependencies, devDependencies, peerDependencies } = JSON.parse(read('../package.json'));
  assert.deepEqual([dependencies, devDependencies, peerDependencies], [undefined, undefined, undefined]);
});
