/** Quaternions whose largest component becomes another one. */

/**
 * Of a quaternion the component `from` was left out, and the others are these `parts`: makes of them the
 * parts that are expected when `to` is left out. Parts are at most `most`.
 */
export function turn(parts, from, to, most) {
  const clamped = (part) => Math.min(Math.max(part, -most), most);
  const all = Array.from(parts, clamped);
  const square = 2 * most * most - all.reduce((sum, part) => sum + part * part, 0);
  all.splice(from, 0, Math.floor(Math.sqrt(Math.max(square, 0))));
  const [largest] = all.splice(to, 1);
  all.forEach((part, place) => { parts[place] = clamped(largest < 0 ? -part : part); });
}
