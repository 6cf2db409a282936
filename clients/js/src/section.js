/** What changed of one table. */

import { CODE_GAP } from './code.js';
import { must, wrong } from './error.js';
import { coast } from './record.js';

/** How changed rows are named. */
const NONE = 0;
const BY_GAPS = 1;
const BY_BITS = 2;

/** Reads the section of `rows`, one of the tables of `all`. */
export function readSection(all, rows, records, step) {
  const { bits } = records;
  const { layout } = rows;
  const told = bits.flag();
  const naming = told ? bits.bits(2) : NONE;
  const moves = told && !layout.fixed;
  const gone = moves && bits.flag();
  const born = moves && bits.flag();
  if (gone) readGone(all, rows, bits, step && layout.restricted);
  const fresh = born ? readNew(all, rows, records) : [];
  readChanged(rows, records, naming, step);
  for (const slot of fresh) rows.fresh[slot] = 0;
}

/** Calls `each` with the slots of an ascending list. */
function slots(bits, gap, each) {
  let left = bits.golomb(2) + 1;
  for (let slot = -1; left > 0; left -= 1) {
    slot += 1 + bits.golomb(gap);
    each(slot);
  }
}

function readGone(all, rows, bits, told) {
  slots(bits, 2, (slot) => {
    must(rows.has(slot));
    if (told) bits.flag();
    all.remove(rows, slot);
  });
}

function readNew(all, rows, records) {
  const { bits } = records;
  const { layout } = rows;
  const fresh = [];
  slots(bits, 1, (slot) => {
    must(slot < layout.slotsMax && !rows.has(slot));
    let generation;
    if (layout.entities) {
      generation = bits.golomb(3);
      must(generation <= 0xffff);
    } else {
      const owners = all.tables[layout.of];
      const owner = Math.floor(slot / layout.each);
      must(owners.has(owner));
      generation = owners.generations[owner];
    }
    all.spawn(rows, slot, generation);
    rows.fresh[slot] = 1;
    records.row(rows, slot, fresh.length === 0 ? -1 : fresh.at(-1));
    fresh.push(slot);
  });
  return fresh;
}

function readChanged(rows, records, naming, step) {
  const { bits } = records;
  const { layout, generations, fresh } = rows;
  const coasts = step && layout.predicts;
  if (naming === NONE || naming === BY_GAPS) {
    let next = 0;
    let left = naming === NONE ? 0 : bits.golomb(3) + 1;
    const code = left > 0 ? CODE_GAP + bits.bits(2) : 0;
    for (; left > 0; left -= 1) {
      const slot = next + bits.number(code);
      if (!rows.has(slot) || fresh[slot]) wrong();
      if (coasts) coast(rows, next, slot);
      records.record(rows, slot, step);
      next = slot + 1;
    }
    if (coasts) coast(rows, next, rows.slots);
    return;
  }
  const all = naming !== BY_BITS;
  for (let slot = 0; slot < rows.slots; slot += 1) {
    if (generations[slot] < 0 || fresh[slot]) continue;
    if (all || bits.flag()) records.record(rows, slot, step);
    else if (coasts) coast(rows, slot, slot + 1);
  }
}
