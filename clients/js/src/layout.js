/**
 * A schema made ready for the decoder, and checked: it may come from a stranger. Who may see what is the
 * server's business alone.
 */

import { must } from './error.js';
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
  sound(schema.tables.length > 0);
  const tables = [];
  schema.tables.forEach((table, number) => tables.push(tableOf(table, number, tables)));
  return tables;
}

/** What a sound schema has. */
const sound = (holds) => must(holds, 'a schema');

function tableOf({ rows, restricted, lanes, texts }, number, before) {
  const [single, entities, cells] = ['Single', 'Entities', 'Cells'].map((type) => rows.type === type);
  // The first table, and only it, is single. Of others the owner comes first.
  sound(single === (number === 0));
  const owner = before[rows.of];
  const { of = -1, each = 0 } = rows;
  const slotsMax = single ? 1 : entities ? ENTITIES_MAX : owner?.slotsMax * each;
  sound(slotsMax > 0 && slotsMax <= SLOTS_MAX && !owner?.cells);
  const groups = groupsOf(lanes, cells);
  const maskBits = groups.length + texts.length;
  sound(maskBits <= GROUPS_MAX && (maskBits > 0 || slotsMax === 1 || !cells));
  const widths = lanes.map(({ kind }) => widthOf(kind));
  const layout = {
    number,
    fixed: single || cells,
    entities,
    cells,
    restricted,
    /** The owner's table, or -1, and the slots that it owns. */
    of,
    each,
    slotsMax,
    /** Tables whose rows are owned by rows of this one. */
    owned: [],
    width: lanes.length,
    maskBits,
    /** Of a mask the bits of the groups that move, and those of the others and of texts. */
    moving: groups.flatMap(({ kind }, group) => (kind === HOLD ? [] : group)),
    resting: Array.from({ length: maskBits }, (_, bit) => bit).filter((bit) => (groups[bit]?.kind ?? HOLD) === HOLD),
    groups: groups.length,
    /** Per group its first lane; one more at the end. */
    first: Int32Array.from([...groups.map(({ first }) => first), lanes.length]),
    kind: Uint8Array.from(groups, ({ kind }) => kind),
    /** Per group the greatest part of a quaternion. */
    most: Int32Array.from(groups, ({ most }) => most),
    /** Per lane: sums wrap at 32 minus this many bits. */
    wrap: Int32Array.from(lanes, ({ kind }) => 32 - wrapOf(kind)),
    /** Per lane the bits of a whole value, below 0 if the highest is a sign, 0 if not known. */
    bits: Int8Array.from(widths),
    texts,
    /** Whether rows go on by themselves. */
    predicts: !cells,
  };
  owner?.owned.push(layout);
  return layout;
}

function groupsOf(lanes, cells) {
  const groups = [];
  lanes.forEach((lane, first) => {
    if (lane.joined && first > 0) groups.at(-1).own.push(lane.kind);
    else groups.push({ first, own: [lane.kind], kind: lane.predict === 'Linear' && !cells ? LINEAR : HOLD, most: 0 });
  });
  for (const group of groups) {
    const { own } = group;
    const [head] = own;
    const { type, bits } = head;
    sound(own.length <= GROUP_LANES_MAX);
    if (type === 'Quat') {
      sound(own.length === 4 && bits >= QUAT_BITS_MIN && bits <= QUAT_BITS_MAX);
      group.kind = QUAT;
      group.most = 2 ** (bits - 1) - 1;
    }
    sound(own.every((kind) => kind === head || (type === 'Quat'
      ? kind.type === 'QuatPart' && kind.bits === bits
      : kind.type !== 'Quat' && kind.type !== 'QuatPart' && wrapOf(kind) === wrapOf(head))));
    sound(type !== 'QuatPart');
  }
  return groups;
}

/** Bits in which the differences of a lane wrap. */
function wrapOf({ type, bits }) {
  if (type !== 'Angle') return 32;
  sound(bits >= 1 && bits <= ANGLE_BITS_MAX);
  return bits;
}

/** Bits of a lane's whole value, below 0 with a sign, 0 if not known. */
function widthOf({ type, bits, names, most }) {
  const sizeOf = (greatest) => Math.max(32 - Math.clz32(greatest), 1);
  switch (type) {
    case 'Bool':
    case 'Some':
      return 1;
    case 'Quat':
      return 2;
    case 'Variant':
      return sizeOf(Math.max(names.length - 1, 0));
    case 'Range':
      return sizeOf(most);
    case 'Angle':
    case 'QuatPart':
      return -bits;
    default:
      return 0;
  }
}
