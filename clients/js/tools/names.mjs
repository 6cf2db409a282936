/**
 * Which names of properties stay as they are in the files for pages. All others are only the client's
 * own, and become short: a name stays when somebody else could know it.
 *
 * - Programs: what `index.d.ts` says.
 * - Servers: the words of the modules that say what messages and schemas consist of, as those are
 *   objects with the fields' names, and come as JSON, too.
 * - Browsers: all that they give their objects, but for `OURS`; and what tests give in their place.
 * - The modules themselves, by text: whatever is a text in one of them.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Modules that say what messages consist of, and what is needed of browser or Node. */
const OUTWARD = ['control.js', 'schema.js', 'finding.js', 'shape.js', 'platform.js'];

/**
 * Browsers have these names, too, but the client has them on objects of its own alone. The tests play
 * with the files as they are: one that does not belong here is found there.
 */
const OURS = `
  align allow apply big cells channel check connection count emit ended entities first fixed flags groups
  grow inner last layout load mark mask open opened path pause quaternion read ready restart restore root
  session start take top turn update valueOf view waiting wake width write
`.match(/\w+/g);

/** Of schemas as JSON what `shape.js` has no word for, what a file has of another, and an option for tests. */
const OTHERS = ['hash', 'finding', 'platform'];

const withoutComments = (text) => text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');

/** `src` is the folder of the modules, `builtins` the names that browsers have. */
export function stays(src, builtins) {
  const read = (name) => withoutComments(readFileSync(join(src, name), 'utf8'));
  const words = (name) => read(name).match(/\w+/g);
  const all = readdirSync(src).filter((name) => name.endsWith('.js')).map(read).join('\n');
  const wrong = OURS.find((name) => new RegExp(`\\b[A-Z][A-Za-z]*\\.${name}\\b`).test(all));
  if (wrong !== undefined) throw new Error(`${wrong} is not only ours, as tools/names.mjs says: the modules use a browser's`);
  const texts = [...all.matchAll(/'(\w+)'/g)].map(([, text]) => text);
  return [
    ...OTHERS, ...words('index.d.ts'), ...OUTWARD.flatMap(words), ...texts, ...builtins.filter((name) => !OURS.includes(name)),
  ];
}
