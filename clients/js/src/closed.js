/** How connections end, as errors. */

import { CLOSE_CODES, afterClose } from './close.js';
import { Closed } from './error.js';

/** What a close frame, and perhaps a `Closing` before it, said. */
export function closedByServer(code, reason, said) {
  const known = CLOSE_CODES.get(code) ?? 'no reason given';
  return new Closed('server', code, reason || known, afterClose(code), said?.retry_after_ms ?? null);
}

/** The seat was taken away, and the connection goes on. */
export function dismissed(code) {
  return new Closed('server', code, CLOSE_CODES.get(code), afterClose(code), null, 'the server took the seat away');
}

/** The connection broke. What the server said before it did still counts. */
export function closedByNetwork(why, said) {
  if (said) return closedByServer(said.code, '', said);
  return new Closed('network', 1006, why, afterClose(1006));
}

/** This side gives up, or the program wants it. */
export function closedHere(code, why) {
  return new Closed('client', code, why, afterClose(code));
}
