// Reads a stream that `cargo bench --bench codec -- --dump DIR` wrote; the format is described in
// benches/streams/dump.rs.

import { readFileSync } from "node:fs";

const VERSION = 1;

/**
 * The stream of a file: `{ name, hz, slots, lanes, texts, lists, frames }`. A frame has `rows`, one
 * for each slot, and `lists`; a row is null, or `lanes` (numbers) and `texts` (strings).
 */
export function readStream(path) {
  const bytes = readFileSync(path);
  let at = 0;
  const u32 = () => ((at += 4), bytes.readUInt32LE(at - 4));
  const i32 = () => ((at += 4), bytes.readInt32LE(at - 4));
  const text = () => {
    const length = u32();
    at += length;
    return bytes.toString("utf8", at - length, at);
  };
  const many = (read, count = u32()) => Array.from({ length: count }, read);

  at = 8;
  const version = u32();
  if (bytes.toString("latin1", 0, 8) !== "GRSTREAM" || version !== VERSION) {
    throw new Error(`${path} is not a stream of version ${VERSION}`);
  }
  const [name, hz, slots] = [text(), u32(), u32()];
  const lanes = many(() => ({ name: text(), min: i32(), max: i32() }));
  const [texts, lists] = [many(text), many(text)];
  const row = () =>
    bytes[at++] === 0 ? null : { lanes: many(i32, lanes.length), texts: many(text, texts.length) };
  const frames = many(() => ({
    rows: many(row, slots),
    lists: many(() => many(text), lists.length),
  }));
  if (at !== bytes.length) throw new Error(`${path} is longer than its frames`);
  return { name, hz, slots, lanes, texts, lists, frames };
}

/**
 * What a game does between two frames: `{ gone, come, moved, said }`. `gone` are slots, `come` are
 * `[slot, row]`, `moved` are `[slot, [[lane, value], …], [[text, value], …]]`; `said` says of each
 * list how many lines it loses in front and which it gets at the end.
 */
export function stepsOf(stream) {
  return stream.frames.slice(1).map((now, n) => {
    const before = stream.frames[n];
    const step = { gone: [], come: [], moved: [], said: [] };
    for (let slot = 0; slot < stream.slots; slot++) {
      const [old, row] = [before.rows[slot], now.rows[slot]];
      if (old && row) {
        const lanes = differing(old.lanes, row.lanes);
        const texts = differing(old.texts, row.texts);
        if (lanes.length + texts.length > 0) step.moved.push([slot, lanes, texts]);
      } else if (old) {
        step.gone.push(slot);
      } else if (row) {
        step.come.push([slot, row]);
      }
    }
    step.said = now.lists.map((list, l) => saidSince(before.lists[l], list));
    return step;
  });
}

function differing(before, now) {
  return now.flatMap((value, n) => (value === before[n] ? [] : [[n, value]]));
}

function saidSince(before, now) {
  let lost = 0;
  while (before.slice(lost).some((line, n) => line !== now[n])) lost++;
  return { lost, lines: now.slice(before.length - lost) };
}
