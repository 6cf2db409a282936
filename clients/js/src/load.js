/** The part of the client that is loaded when it is first asked for. */

import { learn } from './control.js';
import { Misuse } from './error.js';
import { VERSION } from './version.js';

/** What `finding.js` has, once it is there. */
let finding = null;

/** Does `work` with what `finding.js` has: at once if it is there. */
export async function withFinding(work) {
  if (!finding) {
    const loaded = await import('./finding.js').catch(({ message }) => {
      throw new Misuse('NotLoaded', `a part of the client cannot be loaded: is finding.js beside it? ${message}`);
    });
    if (loaded.finding.VERSION !== VERSION) {
      throw new Misuse('NotLoaded', 'there is another version of the client by now: load the page anew');
    }
    ({ finding } = loaded);
    learn(finding.types);
  }
  return work(finding);
}
