/**
 * Makes `dist/greenroom.js` of the modules in `src`: one file without comments, for pages that are
 * not built and for the server, which serves it.
 *
 *     node tools/bundle.mjs
 *
 * It knows as much JavaScript as is written here: imports and exports by name, comments on lines
 * of their own, no template texts over several lines. A module becomes a function that is called
 * once and returns what it exports, so that names of different modules do not meet.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SRC = new URL('../src/', import.meta.url);
const OUT = new URL('../dist/greenroom.js', import.meta.url);

const IMPORT = /^import \{([^}]*)\} from '\.\/([\w-]+)\.js';\n/gm;
const EXPORT_FROM = /^export \{([^}]*)\} from '\.\/([\w-]+)\.js';\n/gm;
const EXPORT = /^export (?:async )?(?:function|class|const) (\w+)/gm;

const names = (list) => list.split(',').map((name) => name.trim()).filter((name) => name !== '');
const variable = (module) => `$${module.replaceAll('-', '_')}`;

/** A module without comments and indentation. */
function bare(module) {
  const text = readFileSync(new URL(`${module}.js`, SRC), 'utf8');
  return text
    .replace(/^\s*\/\*\*(?:[^*]|\*(?!\/))*\*\/\n/gm, '')
    .replace(/^\s*\/\/.*\n/gm, '')
    .replace(/^\s+/gm, '');
}

/** The text of the one file. */
export function bundle(entry = 'index') {
  const done = new Map();
  const add = (module) => {
    if (done.has(module)) return;
    // In the order in which they need each other; a circle would end here.
    done.set(module, null);
    const text = bare(module);
    const from = [...text.matchAll(IMPORT), ...text.matchAll(EXPORT_FROM)];
    for (const [, , other] of from) {
      add(other);
      if (done.get(other) === null) throw new Error(`${module} and ${other} need each other`);
    }
    const needs = [...text.matchAll(IMPORT)]
      .map(([, list, other]) => `const{${names(list).join(',')}}=${variable(other)};\n`);
    const gives = [...text.matchAll(EXPORT)].map(([, name]) => name);
    const passed = [...text.matchAll(EXPORT_FROM)]
      .flatMap(([, list, other]) => names(list).map((name) => `${name}:${variable(other)}.${name}`));
    const body = text.replace(IMPORT, '').replace(EXPORT_FROM, '').replace(/^export /gm, '');
    done.delete(module);
    done.set(module, {
      text: `const ${variable(module)}=(()=>{\n${needs.join('')}${body}return{${[...gives, ...passed].join(',')}};\n})();\n`,
      exports: [...gives, ...passed.map((each) => each.split(':')[0])],
    });
  };
  add(entry);
  const { version, license } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const modules = [...done.values()].map(({ text }) => text).join('');
  const all = done.get(entry).exports.join(',');
  return `/* greenroom-client ${version}, ${license}, made by clients/js/tools/bundle.mjs */\n${modules}`
    + `export const{${all}}=${variable(entry)};\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(OUT, bundle());
