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
const QUAT_BITS_MIN = 2;
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
    groups: groups.length,
    /** Per group its first lane; one more at the end. */
    first: Int32Array.from([...groups.map((group) => group.first), table.lanes.length]),
    kind: Uint8Array.from(groups.map((group) => group.kind)),
    /** Per group the greatest part of a quaternion. */
    most: Int32Array.from(groups.map((group) => group.most)),
    /** Per lane: sums wrap at 32 minus this many bits. */
    wrap: Int32Array.from(table.lanes.map(({ kind: of }) => (of.type === 'Angle' ? 32 - of.bits : 0))),
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

function groupsOf(lanes, cells) {
  const groups = [];
  lanes.forEach((lane, index) => {
    if (lane.joined) {
      const group = groups.at(-1);
      if (group === undefined) throw bad('the first lane is joined to one before');
      group.lanes.push(lane);
    } else {
      groups.push({ first: index, lanes: [lane] });
    }
    checkLane(lane, lanes[index - 1], lanes[index + 1]);
  });
  for (const group of groups) {
    if (group.lanes.length > GROUP_LANES_MAX) throw bad('a group has more than 4 lanes');
    const [lane] = group.lanes;
    const bits = lane.kind.type === 'Quat' ? lane.kind.bits : 0;
    group.lanes.forEach((other, place) => {
      const part = other.kind.type === 'QuatPart' && other.kind.bits === bits;
      const wanted = bits !== 0 && place > 0;
      if (part !== wanted || (other.kind.type === 'Quat' && place > 0)) throw bad('a quaternion in pieces');
    });
    if (bits !== 0 && group.lanes.length !== 4) throw bad('a quaternion in pieces');
    group.most = bits === 0 ? 0 : 2 ** (bits - 1) - 1;
    group.kind = bits !== 0 ? QUAT : lane.predict === 'Linear' && !cells ? LINEAR : HOLD;
  }
  return groups;
}

function checkLane({ kind }, before, after) {
  if (kind.type === 'Angle' && (kind.bits < 1 || kind.bits > ANGLE_BITS_MAX)) {
    throw bad('an angle has 1 to 24 bits');
  }
  if (kind.type === 'Quat' && (kind.bits < QUAT_BITS_MIN || kind.bits > QUAT_BITS_MAX)) {
    throw bad('a part of a quaternion has 2 to 15 bits');
  }
  if ((kind.type === 'Low' && after?.kind.type !== 'High') || (kind.type === 'High' && before?.kind.type !== 'Low')) {
    throw bad('half of a 64-bit number');
  }
  if (kind.type === 'Variant' && kind.names.length === 0) throw bad('an enumeration without variants');
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
      return unsigned(kind.names.length - 1);
    case 'Range':
      return unsigned(kind.most);
    case 'Angle':
    case 'QuatPart':
      return { bits: kind.bits, signed: 1 };
    default:
      return { bits: 0, signed: 0 };
  }
}
