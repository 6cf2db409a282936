/** Schemas: what a state consists of. */

import { must } from './error.js';
import {
  bool,
  choice,
  decode,
  double,
  encode,
  list,
  option,
  struct,
  text,
  u16,
  u32,
  u8,
  variants,
} from './wire.js';

export const TABLES_MAX = 64;
export const LANES_MAX = 256;
export const GROUPS_MAX = 64;
export const GROUP_LANES_MAX = 4;
export const TEXTS_MAX = 32;
export const SLOTS_MAX = 1 << 24;
/** Slots of a table of entities. */
export const ENTITIES_MAX = 1 << 16;
/** Bytes of a schema. */
export const SCHEMA_BYTES_MAX = 64 * 1024;

const owned = { of: u8, each: u32 };

const laneKind = variants({
  Bool: {},
  Int: {},
  Uint: {},
  Low: { signed: bool },
  High: {},
  Step: { step: double },
  Range: { min: double, step: double, most: u32 },
  Angle: { bits: u8 },
  Quat: { bits: u8 },
  QuatPart: { bits: u8 },
  Variant: { names: list(text(64), 256) },
  Some: {},
});

const lane = struct({
  name: text(96),
  kind: laneKind,
  predict: choice(['Hold', 'Linear']),
  joined: bool,
  tolerance: u32,
});

const table = struct({
  name: text(96),
  rows: variants({ Single: {}, Entities: {}, Owned: owned, Cells: owned }),
  restricted: bool,
  near: option(struct({ x: u16, y: u16 })),
  lanes: list(lane, LANES_MAX),
  texts: list(struct({ name: text(96), max: u32, utf8: bool }), TEXTS_MAX),
});

const schema = struct({ tables: list(table, TABLES_MAX) });

/** The schema of these bytes, which may come from a stranger. */
export function decodeSchema(bytes) {
  must(bytes.length <= SCHEMA_BYTES_MAX, 'a schema');
  return decode(schema, bytes);
}

/** The bytes of a schema. */
export const encodeSchema = (value) => encode(schema, value);

/** The hash of a schema's bytes: FNV-1a, 64 bits. */
export function schemaHash(bytes) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash;
}
