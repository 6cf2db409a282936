/** What changed of one row. */

import {
  CODE_ONE_LANE,
  CODE_PLAIN,
  CODE_VELOCITY,
  CODE_WHOLE,
  LOOK,
  LOOK_BITS,
  LOOK_LENGTH,
  LOOK_MASK,
  SYMBOL_RAW,
} from './code.js';
import { must, wrong } from './error.js';
import { HOLD, LINEAR, QUAT } from './layout.js';
import { GROUPS_MAX } from './schema.js';
import { turn } from './turn.js';

/** Up to so many groups and texts a mask is a number of its own. */
const SMALL = 4;

/** The context of a group whose largest residual has so many bits. */
const CONTEXT_MAX = 7;

/** Bits that `number` has without leading zeros. */
const sizeOf = (number) => 32 - Math.clz32(number);

/** Reads records from `bits`; the texts that they name are appended to `texts`. */
export class Records {
  constructor(bits) {
    this.bits = bits;
    /** Table and index of each text that follows the state. */
    this.texts = [];
    /** By group, then by text, whether the record has it. */
    this.mask = new Uint8Array(GROUPS_MAX);
  }

  /** Which groups and texts a step's record has. Those that changed last are likely. */
  readMask({ layout, contexts }, slot) {
    const { bits, mask } = this;
    const { groups, kind, maskBits: size } = layout;
    if (size === 0) wrong();
    if (size === 1) {
      mask[0] = 1;
      return;
    }
    const small = size <= SMALL;
    const first = slot * groups;
    let last = 0;
    for (let bit = 0; bit < size; bit += 1) {
      const likely = bit < groups && contexts[first + bit] > 0 && (small || kind[bit] !== HOLD);
      mask[bit] = likely ? 1 : 0;
      if (likely) last |= 1 << bit;
    }
    if (last !== 0 && bits.flag()) return;
    if (small) {
      const others = (1 << size) - (last === 0 ? 1 : 2);
      const number = bits.bits(sizeOf(others - 1));
      must(number < others);
      this.setMask(size, number + (last !== 0 && number + 1 >= last ? 2 : 1));
    } else {
      must(this.largeMask(layout, true) > 0);
    }
  }

  /** The same of a change's record. */
  anyMask(layout) {
    const { maskBits } = layout;
    if (maskBits <= SMALL) this.setMask(maskBits, this.bits.bits(maskBits));
    else this.largeMask(layout, false);
  }

  setMask(size, number) {
    for (let bit = 0; bit < size; bit += 1) this.mask[bit] = (number >> bit) & 1;
  }

  /** A mask of many bits, in which `some` are set. Returns how many. */
  largeMask({ maskBits, moving, resting }, some) {
    this.mask.fill(0, 0, maskBits);
    const count = this.flags(moving);
    const rests = resting.length > 0 && ((some && count === 0) || this.bits.flag());
    return rests ? count + this.resting(resting) : count;
  }

  /** A bit for each of these. Returns how many the record has. */
  flags(places) {
    let count = 0;
    for (const place of places) count += this.mask[place] = this.bits.flag();
    return count;
  }

  /** Those that hold: one of them, or a bit for each. */
  resting(resting) {
    if (this.bits.flag()) return this.flags(resting);
    const place = this.bits.bits(sizeOf(resting.length - 1));
    must(place < resting.length);
    this.mask[resting[place]] = 1;
    return 1;
  }

  /** Notes the texts that the record has. */
  maskTexts(rows, slot) {
    const { groups, maskBits, texts } = rows.layout;
    for (let bit = groups; bit < maskBits; bit += 1) {
      if (this.mask[bit]) this.texts.push(rows, slot * texts.length + bit - groups);
    }
  }

  /**
   * A row's record, in a step or in a change. Only in a step, and not of cells, more is expected of a row
   * than that it stays as it is.
   */
  record(rows, slot, step) {
    const { layout, lanes, velocities, contexts } = rows;
    const { groups, first, kind, most, wrap, width, predicts } = layout;
    const { bits, mask } = this;
    const predicted = step && predicts;
    if (step) this.readMask(rows, slot);
    else this.anyMask(layout);
    const row = slot * width;
    for (let group = 0; group < groups; group += 1) {
      const start = first[group];
      const end = first[group + 1];
      const own = slot * groups + group;
      const coding = kind[group];
      if (mask[group] === 0) {
        if (!predicted) continue;
        contexts[own] = 0;
        if (coding !== HOLD) coastGroup(rows, row, group);
        continue;
      }
      const context = predicted ? contexts[own] : 0;
      const code = (!step ? CODE_PLAIN : end - start > 1 ? context : CODE_ONE_LANE + context) << LOOK_BITS;
      let size = 0;
      if (coding === QUAT) {
        size = this.quaternion(rows, row + start, most[group], code, predicted);
      } else {
        const linear = predicted && coding === LINEAR;
        for (let lane = start; lane < end; lane += 1) {
          const at = row + lane;
          const shift = wrap[lane];
          let change = bits.signedAt(LOOK[code | (bits.peek() & LOOK_MASK)]);
          if (bits.size > size) ({ size } = bits);
          if (linear) velocities[at] = change = ((velocities[at] + change) << shift) >> shift;
          lanes[at] = ((lanes[at] + change) << shift) >> shift;
        }
      }
      if (predicted) contexts[own] = size > CONTEXT_MAX ? CONTEXT_MAX : size;
    }
    if (predicted) rows.moving[slot] = 1;
    if (layout.maskBits > groups) this.maskTexts(rows, slot);
    bits.check();
    if (predicts && !step) this.predictor(rows, slot);
  }

  /**
   * The residuals of a quaternion whose first lane is `at`, by the code that starts at `code` in the
   * look-up. Returns the size of the largest.
   */
  quaternion(rows, at, most, code, predicted) {
    const { bits } = this;
    const { lanes, velocities } = rows;
    const entry = LOOK[code | (bits.peek() & LOOK_MASK)];
    const turns = ((entry >> 8) & 0xff) === SYMBOL_RAW;
    if (turns) return this.turn(rows, at, most, predicted, entry);
    let size = 0;
    for (let own = at + 1; own < at + 4; own += 1) {
      const was = lanes[own];
      lanes[own] = was + (predicted ? velocities[own] : 0) + bits.signedAt(LOOK[code | (bits.peek() & LOOK_MASK)]);
      if (bits.size > size) ({ size } = bits);
      if (predicted) velocities[own] = lanes[own] - was;
    }
    checkParts(lanes, at, most);
    return size;
  }

  /** The same of one in which another component is the largest from now on. */
  turn({ lanes, velocities }, at, most, predicted, entry) {
    const { bits } = this;
    const from = lanes[at];
    bits.at += entry & LOOK_LENGTH;
    const to = bits.bits(2);
    must(to !== from);
    const was = lanes.slice(at + 1, at + 4);
    const expected = was.map((part, place) => part + (predicted ? velocities[at + 1 + place] : 0));
    turn(was, from, to, most);
    turn(expected, from, to, most);
    lanes[at] = to;
    let size = sizeOf(to > from ? 2 * (to - from) : 2 * (from - to) - 1);
    for (let part = 0; part < 3; part += 1) {
      lanes[at + 1 + part] = expected[part] + bits.signed(CODE_PLAIN);
      if (bits.size > size) ({ size } = bits);
      if (predicted) velocities[at + 1 + part] = lanes[at + 1 + part] - was[part];
    }
    if (predicted) velocities[at] = 0;
    checkParts(lanes, at, most);
    return size;
  }

  /** What is expected of a row, sent whole. */
  predictor(rows, slot) {
    const { bits } = this;
    const { layout, velocities } = rows;
    const { groups, first, kind, width } = layout;
    velocities.fill(0, slot * width, (slot + 1) * width);
    rows.contexts.fill(0, slot * groups, (slot + 1) * groups);
    rows.moving[slot] = bits.flag();
    if (!rows.moving[slot]) return;
    for (let group = 0; group < groups; group += 1) {
      rows.contexts[slot * groups + group] = bits.bits(3);
      if (kind[group] === HOLD) continue;
      for (let lane = first[group] + (kind[group] === QUAT ? 1 : 0); lane < first[group + 1]; lane += 1) {
        velocities[slot * width + lane] = bits.signed(CODE_VELOCITY);
      }
    }
  }

  /** A new row in `slot`; `before` is the slot of the new row before, or -1. */
  row(rows, slot, before) {
    const { bits } = this;
    const { layout, lanes } = rows;
    const { width, texts } = layout;
    for (let lane = 0; lane < width; lane += 1) {
      const signed = layout.bits[lane];
      const size = Math.abs(signed);
      const at = slot * width + lane;
      if ((size === 0 || size > 2) && bits.flag()) {
        lanes[at] = before < 0 ? 0 : lanes[before * width + lane];
      } else if (size === 0) {
        lanes[at] = bits.signed(CODE_WHOLE);
      } else {
        const value = bits.wide(size);
        lanes[at] = signed < 0 ? (value << (32 - size)) >> (32 - size) : value;
      }
    }
    for (let group = 0; group < layout.groups; group += 1) {
      if (layout.kind[group] !== QUAT) continue;
      checkParts(lanes, slot * width + layout.first[group], layout.most[group]);
    }
    if (layout.predicts) this.predictor(rows, slot);
    for (let text = 0; text < texts.length; text += 1) {
      if (bits.flag()) this.texts.push(rows, slot * texts.length + text);
    }
  }
}

/** Moves a group that is as expected; `row` is the first lane of its row. Returns whether it moved. */
function coastGroup({ layout, lanes, velocities }, row, group) {
  const { first, wrap, kind, most } = layout;
  let moved = 0;
  for (let lane = first[group]; lane < first[group + 1]; lane += 1) {
    const velocity = velocities[row + lane];
    moved |= velocity;
    lanes[row + lane] = ((lanes[row + lane] + velocity) << wrap[lane]) >> wrap[lane];
  }
  if (kind[group] === QUAT) checkParts(lanes, row + first[group], most[group]);
  return moved;
}

/** A step of the rows from slot `from` to before slot `to` that have no record. */
export function coast(rows, from, to) {
  const { layout, generations, moving, fresh, contexts } = rows;
  const { groups, kind, width } = layout;
  for (let slot = from; slot < to; slot += 1) {
    if (moving[slot] === 0 || fresh[slot] !== 0 || generations[slot] < 0) continue;
    let moved = 0;
    for (let group = 0; group < groups; group += 1) {
      contexts[slot * groups + group] = 0;
      if (kind[group] !== HOLD) moved |= coastGroup(rows, slot * width, group);
    }
    moving[slot] = moved === 0 ? 0 : 1;
  }
}

const tooLarge = (part, most) => part > most || part < -most;

function checkParts(lanes, at, most) {
  if (tooLarge(lanes[at + 1], most) || tooLarge(lanes[at + 2], most) || tooLarge(lanes[at + 3], most)) wrong();
}
