/**
 * Values to bytes and back, as all but state frames are encoded: bincode's standard configuration.
 *
 * A type is `{ read(reader), write(writer, value, at) }`. What it cannot write is a `Misuse` that names
 * the place, `at`, and says what belongs there; what it cannot read is `Malformed`.
 */

import { Malformed, Misuse } from './error.js';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();

/** Bytes as text; an error if they are not UTF-8. */
export function textOf(bytes) {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Malformed('a text is not UTF-8');
  }
}

export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
  }

  /** Goes on by `count` bytes and returns where they start. */
  skip(count) {
    const start = this.at;
    if (count > this.bytes.length - start) throw new Malformed('the message ends early');
    this.at += count;
    return start;
  }

  byte() {
    return this.bytes[this.skip(1)];
  }

  u16() {
    return this.view.getUint16(this.skip(2), true);
  }

  u32() {
    return this.view.getUint32(this.skip(4), true);
  }

  /** A number of at most `size` bytes: 2 or 4. */
  varint(size) {
    const first = this.byte();
    if (first < 251) return first;
    if (first === 251) return this.u16();
    if (first === 252 && size >= 4) return this.u32();
    throw new Malformed('a number is larger than its type');
  }

  big() {
    const first = this.bytes[this.at];
    if (first !== 253) return BigInt(this.varint(4));
    this.at += 1;
    return this.view.getBigUint64(this.skip(8), true);
  }

  /** A length of at most `max`. */
  length(max) {
    const length = this.big();
    if (length > BigInt(max)) throw new Malformed(`a length of ${length} where ${max} is the most`);
    return Number(length);
  }

  /** A copy of the next bytes. */
  take(count) {
    const start = this.skip(count);
    return this.bytes.slice(start, start + count);
  }
}

class Writer {
  constructor() {
    this.bytes = new Uint8Array(64);
    this.length = 0;
  }

  /** Makes room for `count` bytes and returns where they start. */
  grow(count) {
    const start = this.length;
    this.length += count;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    return start;
  }

  byte(value) {
    const start = this.grow(1);
    this.bytes[start] = value;
  }

  /** A number or a `BigInt` of at most 64 bits. */
  varint(value) {
    if (value < 251) {
      this.byte(Number(value));
      return;
    }
    const [mark, size] = value < 0x10000 ? [251, 2] : value < 0x100000000 ? [252, 4] : [253, 8];
    this.byte(mark);
    // All 64 bits, of which those beyond `size` bytes are 0 and not kept.
    const start = this.grow(8);
    new DataView(this.bytes.buffer).setBigUint64(start, BigInt(value), true);
    this.length = start + size;
  }

  put(bytes) {
    const start = this.grow(bytes.length);
    this.bytes.set(bytes, start);
  }
}

/** The value of all the bytes. */
export function decode(type, bytes) {
  const reader = new Reader(bytes);
  const value = type.read(reader);
  if (reader.at !== bytes.length) throw new Malformed('bytes are left over after the message');
  return value;
}

/** The bytes of a value, which is called `at` in sentences. */
export function encode(type, value, at = value?.type) {
  const writer = new Writer();
  type.write(writer, value, at);
  return writer.bytes.slice(0, writer.length);
}

const bad = (at, what) => new Misuse('BadValue', `${at} ${what}`);

/** A value in a sentence. */
function shown(value) {
  if (value === undefined) return 'missing';
  if (typeof value === 'bigint') return `${value}n`;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Writes what `fits`, and says of all else that it must be `what`. */
const only = (what, fits, read, write) => ({
  read,
  write(w, value, at) {
    if (!fits(value)) throw bad(at, `must be ${what}, and is ${shown(value)}`);
    write(w, value, at);
  },
});

const put = (w, value) => w.varint(value);

function whole(least, most, read, write = put) {
  const fits = (value) => Number.isInteger(value) && value >= least && value <= most;
  return only(`a whole number from ${least} to ${most}`, fits, read, write);
}

/** A signed integer as an unsigned one, small where it is near 0. */
const folded = (most, size) => whole(-most - 1, most, (r) => {
  const number = r.varint(size);
  return (number >>> 1) ^ -(number & 1);
}, (w, value) => w.varint(((value << 1) ^ (value >> 31)) >>> 0));

export const u8 = whole(0, 0xff, (r) => r.byte(), (w, value) => w.byte(value));
export const u16 = whole(0, 0xffff, (r) => r.varint(2));
export const u32 = whole(0, 0xffffffff, (r) => r.varint(4));
export const i8 = whole(-0x80, 0x7f, (r) => (r.byte() << 24) >> 24, (w, value) => w.byte(value & 0xff));
export const i16 = folded(0x7fff, 2);
export const i32 = folded(0x7fffffff, 4);

/** A `BigInt`, or a number where it is exact. */
function large(least, most, read, write) {
  const fits = (value) => (typeof value === 'bigint' || Number.isSafeInteger(value)) && value >= least && value <= most;
  return only(`a BigInt from ${least} to ${most}`, fits, read, (w, value) => write(w, BigInt(value)));
}

export const u64 = large(0n, 2n ** 64n - 1n, (r) => r.big(), put);
export const i64 = large(-(2n ** 63n), 2n ** 63n - 1n, (r) => {
  const number = r.big();
  return (number >> 1n) ^ -(number & 1n);
}, (w, value) => w.varint((value << 1n) ^ (value >> 63n)));

export const bool = only('true or false', (value) => typeof value === 'boolean', (r) => {
  const byte = r.byte();
  if (byte > 1) throw new Malformed('a truth value is neither 0 nor 1');
  return byte === 1;
}, (w, value) => w.byte(Number(value)));

const isNumber = (value) => typeof value === 'number';

function float(size) {
  const name = `Float${8 * size}`;
  return only('a number', isNumber, (r) => r.view[`get${name}`](r.skip(size), true), (w, value) => {
    const start = w.grow(size);
    new DataView(w.bytes.buffer)[`set${name}`](start, value, true);
  });
}

export const f32 = float(4);
export const f64 = float(8);

const SCRATCH = new DataView(new ArrayBuffer(8));

/** A double whose 64 bits are sent as a number. */
export const double = only('a number', isNumber, (r) => {
  SCRATCH.setBigUint64(0, r.big());
  return SCRATCH.getFloat64(0);
}, (w, value) => {
  SCRATCH.setFloat64(0, value);
  w.varint(SCRATCH.getBigUint64(0));
});

export const unit = only('null, as nothing belongs there', (value) => value == null, () => null, () => {});

/** At most `max` bytes. */
export function blob(max) {
  const fits = (value) => value instanceof Uint8Array && value.length <= max;
  return only(`a Uint8Array of at most ${max} bytes`, fits, (r) => r.take(r.length(max)), (w, value) => {
    w.varint(value.length);
    w.put(value);
  });
}

/** UTF-8 of at most `max` bytes. */
export function text(max) {
  const bytes = blob(max);
  return only('a text', (value) => typeof value === 'string', (r) => textOf(bytes.read(r)), (w, value, at) => {
    const utf8 = ENCODER.encode(value);
    if (utf8.length > max) throw bad(at, `must have at most ${max} bytes as UTF-8: shorten it`);
    bytes.write(w, utf8);
  });
}

/** At most `max` values. */
export function list(type, max) {
  const fits = (value) => Array.isArray(value) && value.length <= max;
  return only(`an array of at most ${max}`, fits, (r) => {
    const values = [];
    for (let left = r.length(max); left > 0; left -= 1) values.push(type.read(r));
    return values;
  }, (w, values, at) => {
    w.varint(values.length);
    values.forEach((value, place) => type.write(w, value, `${at}[${place}]`));
  });
}

/** An array of one value of each of these types. */
export function tuple(types) {
  const fits = (value) => Array.isArray(value) && value.length === types.length;
  return only(`an array of ${types.length}`, fits, (r) => types.map((type) => type.read(r)), (w, values, at) => {
    types.forEach((type, place) => type.write(w, values[place], `${at}[${place}]`));
  });
}

/** A value or `null`. */
export function option(type) {
  return {
    read: (r) => (bool.read(r) ? type.read(r) : null),
    write(w, value, at) {
      bool.write(w, value != null);
      if (value != null) type.write(w, value, at);
    },
  };
}

/** An object of these fields, in this order. */
export const struct = (fields) => structOf(Object.entries(fields));

/** The same of pairs of name and type. */
export function structOf(fields) {
  const names = fields.map(([name]) => name);
  const isObject = (value) => value !== null && typeof value === 'object';
  // Whatever a field is called, it is one.
  const read = (r) => Object.fromEntries(fields.map(([name, type]) => [name, type.read(r)]));
  return only(`an object with ${names.join(', ')}`, isObject, read, (w, value, at) => {
    const other = Object.keys(value).find((name) => !names.includes(name));
    if (other !== undefined) throw bad(at, `has no field ${other}: it has ${names.join(', ')}`);
    for (const [name, type] of fields) type.write(w, value[name], `${at}.${name}`);
  });
}

/** The number of one of so many; with `open` of any. */
function indexOf(r, count, open) {
  const index = r.varint(4);
  if (index >= count && !open) throw new Malformed(`there is no variant ${index}`, true);
  return index;
}

/** By name, each `null` or the type of its data: `'Name'`, or `{ Name: data }`. */
export function enumOf(variants) {
  const names = variants.map(([name]) => name);
  const all = variants.map(([name, type]) => (type === null ? `"${name}"` : `{ ${name}: … }`)).join(' or ');
  return {
    read(r) {
      const [name, type] = variants[indexOf(r, names.length)];
      return type === null ? name : { [name]: type.read(r) };
    },
    write(w, value, at) {
      const isName = typeof value === 'string';
      const own = isName || value === null || typeof value !== 'object' ? [value] : Object.keys(value);
      const index = own.length === 1 ? names.indexOf(own[0]) : -1;
      const type = variants[index]?.[1];
      if (type === undefined || isName !== (type === null)) {
        throw bad(at, all === ''
          ? 'cannot be sent: this game takes none'
          : `must be ${all}, and is ${shown(isName ? value : own.join(', ') || value)}`);
      }
      w.varint(index);
      type?.write(w, value[own[0]], `${at}.${own[0]}`);
    },
  };
}

/** One of these objects, each told by its name in the field `type`. */
export function variants(kinds) {
  const names = Object.keys(kinds);
  const types = Object.values(kinds).map(struct);
  return {
    read(r) {
      const index = indexOf(r, names.length);
      return { type: names[index], ...types[index].read(r) };
    },
    write(w, { type, ...value }, at) {
      const index = names.indexOf(type);
      if (index < 0) throw bad(at, `is no ${type}: there is ${names.join(', ')}`);
      w.varint(index);
      types[index].write(w, value, at);
    },
  };
}

/**
 * One of these values, told by its place among them. With `open`, others that a newer server may
 * know are read too: as `Unknown` and their place.
 */
export function choice(values, open = false) {
  return {
    read(r) {
      const index = indexOf(r, values.length, open);
      return values[index] ?? `Unknown${index}`;
    },
    write(w, value, at) {
      const known = values.indexOf(value);
      const index = known < 0 && open ? Number(/^Unknown(\d+)$/.exec(value)?.[1] ?? -1) : known;
      if (index < 0) throw bad(at, `must be ${values.join(', ')}, and is ${shown(value)}`);
      w.varint(index);
    },
  };
}
