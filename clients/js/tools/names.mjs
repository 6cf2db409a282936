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
 * Browsers have these names, too, but the client has them on objects of its own alone. A test plays
 * with the files as they are, so one that does not belong here does not stay for long.
 */
const OURS = `
  align allow answer apply big blob calls cells channel check compare connection count emit
  emitter entered entities entry extra first fixed flags flush fresh full greet groups grow held inner
  last later layout lengths listen lose map_ mask opened own owned owner pace patches path pause pauses
  person place plain presence probe put quaternion quiet ready renew restart restore
  rest root row said say schemas session settle shut skip slots socket span start stamp step_ take
  tell top tuple update valueOf velocity view waiting wake wide width words wrap write_
`.trim().split(/\s+/);

/** Of schemas as JSON what `shape.js` has no word for, what a file has of another, and an option for tests. */
const OTHERS = ['hash', 'finding', 'platform'];

const withoutComments = (text) => text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');

/** `src` is the folder of the modules, `builtins` the names that browsers have. */
export function stays(src, builtins) {
  const read = (name) => withoutComments(readFileSync(join(src, name), 'utf8'));
  const words = (name) => read(name).match(/\w+/g);
  const modules = readdirSync(src).filter((name) => name.endsWith('.js'));
  const texts = modules.flatMap((name) => [...read(name).matchAll(/'(\w+)'/g)].map(([, text]) => text));
  const ours = new Set(OURS);
  return [
    ...OTHERS, ...words('index.d.ts'), ...OUTWARD.flatMap(words), ...texts, ...builtins.filter((name) => !ours.has(name)),
  ];
}
