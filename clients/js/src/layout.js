/** A schema made ready for the decoder, and checked: it may come from a stranger. */

import { Malformed } from './error.js';
import {
  ENTITIES_MAX,
  GROUPS_MAX,
  GROUP_LANES_MAX,
  SLOTS_MAX,
} from './schema.js';

/** How a group is predicted. */
export const HOLD = 0;
export const LINEAR = 1;
export const QUAT = 2;

/** Bits of an angle at most. */
const ANGLE_BITS_MAX = 24;
/** Bits of a part of a quaternion. */
const QUAT_BITS_MIN = 4;
const QUAT_BITS_MAX = 15;

/** What the decoder needs of each table, in order. */
export function layoutOf(schema) {
  if (schema.tables.length === 0) throw bad('it has no table');
  const tables = [];
  schema.tables.forEach((table, number) => tables.push(tableOf(table, number, tables)));
  return tables;
}

function bad(sentence) {
  return new Malformed(`bad schema: ${sentence}`);
}

function tableOf(table, number, before) {
  const kind = table.rows.type;
  if ((kind === 'Single') !== (number === 0)) throw bad('the first table, and only it, is single');
  const cells = kind === 'Cells';
  const groups = groupsOf(table.lanes, cells);
  const maskBits = groups.length + table.texts.length;
  if (maskBits > GROUPS_MAX) throw bad('a row has more than 64 groups and texts');
  const widths = table.lanes.map(widthOf);
  const { slotsMax, of, each } = slotsOf(table.rows, before);
  if (cells && maskBits === 0 && slotsMax > 1) throw bad('cells without anything in them');
  checkSight(table, before[of]);
  const layout = {
    number,
    fixed: kind === 'Single' || cells,
    entities: kind === 'Entities',
    cells,
    restricted: table.restricted,
    /** The owner's table, or -1, and the slots that it owns. */
    of,
    each,
    slotsMax,
    /** Tables whose rows are owned by rows of this one. */
    owned: [],
    width: table.lanes.length,
    maskBits,
    /** Of a mask the bits of the groups that move, and those of the others and of texts. */
    moving: groups.flatMap(({ kind }, group) => (kind === HOLD ? [] : group)),
    resting: Array.from({ length: maskBits }, (_, bit) => bit).filter((bit) => (groups[bit]?.kind ?? HOLD) === HOLD),
    groups: groups.length,
    /** Per group its first lane; one more at the end. */
    first: Int32Array.from([...groups.map((group) => group.first), table.lanes.length]),
    kind: Uint8Array.from(groups.map((group) => group.kind)),
    /** Per group the greatest part of a quaternion. */
    most: Int32Array.from(groups.map((group) => group.most)),
    /** Per lane: sums wrap at 32 minus this many bits. */
    wrap: Int32Array.from(table.lanes, ({ kind: of }) => 32 - wrapOf(of)),
    /** Per lane the bits of a whole value, 0 if not known, and whether the highest is a sign. */
    bits: Uint8Array.from(widths.map((width) => width.bits)),
    signed: Uint8Array.from(widths.map((width) => width.signed)),
    texts: table.texts,
    /** Whether rows go on by themselves. */
    predicts: !cells,
  };
  if (of >= 0) before[of].owned.push(layout);
  return layout;
}

function slotsOf(rows, before) {
  if (rows.type === 'Single') return { slotsMax: 1, of: -1, each: 0 };
  if (rows.type === 'Entities') return { slotsMax: ENTITIES_MAX, of: -1, each: 0 };
  const owner = before[rows.of];
  if (owner === undefined) throw bad('a table comes before that of its owner');
  if (owner.cells) throw bad('cells own no rows');
  const slotsMax = owner.slotsMax * rows.each;
  if (rows.each === 0 || slotsMax > SLOTS_MAX) throw bad('a table has no slots or too many');
  return { slotsMax, of: rows.of, each: rows.each };
}

function checkSight({ rows, restricted, near, lanes }, owner) {
  if (restricted && rows.type === 'Single') throw bad('single values that not all may see');
  if (owner?.restricted && !restricted) throw bad('rows that all may see of owners that not all may');
  if (near === null) return;
  const there = near.x < lanes.length && near.y < lanes.length;
  if (!there || !restricted || rows.type !== 'Entities') throw bad('a position that is not there');
}

function groupsOf(lanes, cells) {
  const groups = [];
  lanes.forEach((lane, first) => {
    if (lane.joined && first > 0) groups.at(-1).lanes.push(lane);
    else groups.push({ first, lanes: [lane], kind: HOLD, most: 0 });
  });
  for (const group of groups) {
    if (group.lanes.length > GROUP_LANES_MAX) throw bad('a group has more than 4 lanes');
    const [{ kind, predict }, ...others] = group.lanes;
    if (kind.type === 'Quat') {
      const parts = others.every(({ kind: of }) => of.type === 'QuatPart' && of.bits === kind.bits);
      if (!parts || others.length !== 3) throw bad('a quaternion in pieces');
      if (kind.bits < QUAT_BITS_MIN || kind.bits > QUAT_BITS_MAX) {
        throw bad(`a part of a quaternion has ${QUAT_BITS_MIN} to ${QUAT_BITS_MAX} bits`);
      }
      group.kind = QUAT;
      group.most = 2 ** (kind.bits - 1) - 1;
      continue;
    }
    const bits = wrapOf(kind);
    for (const { kind: of } of group.lanes) {
      if (of.type === 'Quat' || of.type === 'QuatPart') throw bad('a quaternion in pieces');
      if (wrapOf(of) !== bits) throw bad('lanes of different kinds are joined');
    }
    if (predict === 'Linear' && !cells) group.kind = LINEAR;
  }
  return groups;
}

/** Bits in which the differences of a lane wrap. */
function wrapOf(kind) {
  if (kind.type !== 'Angle') return 32;
  if (kind.bits < 1 || kind.bits > ANGLE_BITS_MAX) throw bad('an angle has 1 to 24 bits');
  return kind.bits;
}

function widthOf({ kind }) {
  const unsigned = (most) => ({ bits: Math.max(32 - Math.clz32(most), 1), signed: 0 });
  switch (kind.type) {
    case 'Bool':
    case 'Some':
      return unsigned(1);
    case 'Quat':
      return unsigned(3);
    case 'Variant':
      return unsigned(Math.max(kind.names.length - 1, 0));
    case 'Range':
      return unsigned(kind.most);
    case 'Angle':
    case 'QuatPart':
      return { bits: kind.bits, signed: 1 };
    default:
      return { bits: 0, signed: 0 };
  }
}
