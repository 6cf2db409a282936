/** Quaternions whose largest component becomes another one. */

/** The three parts that `turned` expects. */
export const TURNED = new Int32Array(3);

function clamped(part, most) {
  return part > most ? most : part < -most ? -most : part;
}

/**
 * What is expected of the parts of a quaternion, so far `a`, `b`, `c` beside the component `from`,
 * when `to` is the one left out. Left in `TURNED`.
 */
export function turned(from, to, a, b, c, most) {
  const parts = [clamped(a, most), clamped(b, most), clamped(c, most)];
  const square = 2 * most * most - parts.reduce((sum, part) => sum + part * part, 0);
  parts.splice(from, 0, square < 0 ? 0 : Math.floor(Math.sqrt(square)));
  const sign = parts[to] < 0 ? -1 : 1;
  parts.splice(to, 1);
  for (let place = 0; place < 3; place += 1) TURNED[place] = clamped(sign * parts[place], most);
}
