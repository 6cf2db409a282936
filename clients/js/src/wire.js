/**
 * Values to bytes and back, as all but state frames are encoded: bincode's standard configuration.
 *
 * A type is `{ read(reader), write(bytes, value, at) }`, where `bytes` is a list to add to. What it
 * cannot write is a `Misuse` that names the place, `at`, and says what belongs there; what it cannot
 * read is `Malformed`.
 */

import { Malformed, Misuse, must } from './error.js';

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
    this.at = at;
  }

  /** Goes on by `count` bytes and returns where they start. */
  skip(count) {
    const start = this.at;
    must(count <= this.bytes.length - start, 'a message');
    this.at += count;
    return start;
  }

  byte() {
    return this.bytes[this.skip(1)];
  }

  /** A number of so many bytes, at most 4, the lowest first. */
  number(size) {
    let number = 0;
    for (let place = 1; size > 0; size -= 1, place *= 256) number += place * this.byte();
    return number;
  }

  /** A number of at most `size` bytes: 2 or 4. */
  varint(size) {
    const first = this.byte();
    if (first < MARK) return first;
    const own = 2 ** (first - MARK + 1);
    must(own <= size, 'a message');
    return this.number(own);
  }

  big() {
    if (this.bytes[this.at] !== MARK + 2) return BigInt(this.varint(4));
    this.at += 1;
    const low = BigInt(this.number(4));
    return (BigInt(this.number(4)) << 32n) | low;
  }

  /** A length of at most `max`. */
  length(max) {
    const length = this.big();
    must(length <= max, 'a message');
    return Number(length);
  }

  /** A copy of the next bytes. */
  take(count) {
    const start = this.skip(count);
    return this.bytes.slice(start, start + count);
  }
}

/** Before a number of two bytes; the next two before one of four and of eight. */
const MARK = 251;

/** Adds a number, or a `BigInt` of at most 64 bits. */
function put(bytes, value) {
  if (value < MARK) {
    bytes.push(Number(value));
    return;
  }
  const larger = value < 0x10000 ? 0 : value < 0x100000000 ? 1 : 2;
  bytes.push(MARK + larger);
  let rest = BigInt(value);
  for (let left = 2 << larger; left > 0; left -= 1, rest >>= 8n) bytes.push(Number(rest & 255n));
}

/** The value of all the bytes from `at` on. */
export function decode(type, bytes, at) {
  const reader = new Reader(bytes, at);
  const value = type.read(reader);
  must(reader.at === bytes.length, 'a message');
  return value;
}

/** The bytes of a value, which is called `at` in sentences; `start` comes before them. */
export function encode(type, value, at = value?.type, start = []) {
  type.write(start, value, at);
  return Uint8Array.from(start);
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
  write(bytes, value, at) {
    if (!fits(value)) throw bad(at, `must be ${what}, and is ${shown(value)}`);
    write(bytes, value, at);
  },
});

/** Whole numbers of so many bits, `signed` 0 or 1; those of more than 32 bits are `BigInt`s, or numbers where they are exact. */
export function whole(bits, signed) {
  const large = bits > 32;
  const most = 2n ** BigInt(bits - signed) - 1n;
  const least = signed ? ~most : 0n;
  const fits = (value) => (Number.isSafeInteger(value) || (large && typeof value === 'bigint'))
    && value >= least && value <= most;
  return only(`a ${large ? 'BigInt' : 'whole number'} from ${least} to ${most}`, fits, (r) => {
    if (bits === 8) return signed ? (r.byte() << 24) >> 24 : r.byte();
    const number = large ? r.big() : r.varint(bits / 8);
    if (!signed) return number;
    return large ? (number >> 1n) ^ -(number & 1n) : (number >>> 1) ^ -(number & 1);
  }, (bytes, value) => {
    if (bits === 8) bytes.push(value & 0xff);
    // A signed one is small where it is near 0.
    else put(bytes, signed ? (BigInt(value) << 1n) ^ (BigInt(value) >> 63n) : value);
  });
}

export const u8 = whole(8, 0);
export const u16 = whole(16, 0);
export const u32 = whole(32, 0);
export const u64 = whole(64, 0);
export const i64 = whole(64, 1);

export const bool = only('true or false', (value) => typeof value === 'boolean', (r) => {
  const byte = r.byte();
  must(byte < 2, 'a message');
  return byte === 1;
}, (bytes, value) => bytes.push(Number(value)));

const SCRATCH = new DataView(new ArrayBuffer(8));

const number = (read, write) => only('a number', (value) => typeof value === 'number', read, write);

/** Numbers of 4 or 8 bytes. */
export function float(size) {
  const name = `Float${8 * size}`;
  const scratch = new Uint8Array(SCRATCH.buffer, 0, size);
  return number((r) => {
    scratch.set(r.take(size));
    return SCRATCH[`get${name}`](0, true);
  }, (bytes, value) => {
    SCRATCH[`set${name}`](0, value, true);
    bytes.push(...scratch);
  });
}

/** A double whose 64 bits are sent as a number. */
export const double = number((r) => {
  SCRATCH.setBigUint64(0, r.big());
  return SCRATCH.getFloat64(0);
}, (bytes, value) => {
  SCRATCH.setFloat64(0, value);
  put(bytes, SCRATCH.getBigUint64(0));
});

export const unit = only('null, as nothing belongs there', (value) => value == null, () => null, () => {});

/** At most `max` bytes. */
export function blob(max) {
  const fits = (value) => value instanceof Uint8Array && value.length <= max;
  return only(`a Uint8Array of at most ${max} bytes`, fits, (r) => r.take(r.length(max)), (bytes, value) => {
    put(bytes, value.length);
    for (const byte of value) bytes.push(byte);
  });
}

/** UTF-8 of at most `max` bytes. */
export function text(max) {
  const utf8 = blob(max);
  return only('a text', (value) => typeof value === 'string', (r) => textOf(utf8.read(r)), (bytes, value, at) => {
    const encoded = ENCODER.encode(value);
    if (encoded.length > max) throw bad(at, `must have at most ${max} bytes as UTF-8: shorten it`);
    utf8.write(bytes, encoded);
  });
}

/** At most `max` values. */
export function list(type, max) {
  const fits = (value) => Array.isArray(value) && value.length <= max;
  return only(`an array of at most ${max}`, fits, (r) => {
    const values = [];
    for (let left = r.length(max); left > 0; left -= 1) values.push(type.read(r));
    return values;
  }, (bytes, values, at) => {
    put(bytes, values.length);
    values.forEach((value, place) => type.write(bytes, value, `${at}[${place}]`));
  });
}

/** An array of one value of each of these types. */
export function tuple(types) {
  const fits = (value) => Array.isArray(value) && value.length === types.length;
  return only(`an array of ${types.length}`, fits, (r) => types.map((type) => type.read(r)), (bytes, values, at) => {
    types.forEach((type, place) => type.write(bytes, values[place], `${at}[${place}]`));
  });
}

/** A value or `null`. */
export function option(type) {
  return {
    read: (r) => (bool.read(r) ? type.read(r) : null),
    write(bytes, value, at) {
      bool.write(bytes, value != null);
      if (value != null) type.write(bytes, value, at);
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
  return only(`an object with ${names.join(', ')}`, isObject, read, (bytes, value, at) => {
    const other = Object.keys(value).find((name) => !names.includes(name));
    if (other !== undefined) throw bad(at, `has no field ${other}: it has ${names.join(', ')}`);
    for (const [name, type] of fields) type.write(bytes, value[name], `${at}.${name}`);
  });
}

/** The number of one of so many; with `open` of any. */
function indexOf(r, count, open) {
  const index = r.varint(4);
  must(index < count || open, `variant ${index}`, true);
  return index;
}

/** By name, each `null` or the type of its data: `'Name'`, or `{ Name: data }`. */
export function enumOf(variants) {
  const names = variants.map(([name]) => name);
  const all = variants.map(([name, type]) => (type ? `{ ${name}: … }` : `"${name}"`)).join(' or ');
  return {
    read(r) {
      const [name, type] = variants[indexOf(r, names.length)];
      return type ? { [name]: type.read(r) } : name;
    },
    write(bytes, value, at) {
      const isName = typeof value === 'string';
      const own = isName || value === null || typeof value !== 'object' ? [value] : Object.keys(value);
      const index = own.length === 1 ? names.indexOf(own[0]) : -1;
      const type = variants[index]?.[1];
      if (type === undefined || isName !== (type === null)) {
        throw bad(at, all === ''
          ? 'cannot be sent: this game takes none'
          : `must be ${all}, and is ${shown(isName ? value : own.join(', ') || value)}`);
      }
      put(bytes, index);
      type?.write(bytes, value[own[0]], `${at}.${own[0]}`);
    },
  };
}

/**
 * One of these objects, each told by its name in the field `type`. Of those that are `null`, the type is
 * in `learned` as soon as one is needed.
 */
export function variants(kinds, learned) {
  const names = Object.keys(kinds);
  const types = Object.values(kinds).map((fields) => fields && struct(fields));
  const typeOf = (index) => types[index] ?? learned[names[index]];
  return {
    read(r) {
      const index = indexOf(r, names.length);
      must(typeOf(index), 'a message');
      return { type: names[index], ...typeOf(index).read(r) };
    },
    write(bytes, { type, ...value }, at) {
      const index = names.indexOf(type);
      if (index < 0) throw bad(at, `is no ${type}: there is ${names.join(', ')}`);
      put(bytes, index);
      typeOf(index).write(bytes, value, at);
    },
  };
}

/**
 * One of these values, told by its place among them. With `open`, others that a newer server may
 * know are read too: as `Unknown` and their place, by which they are not written.
 */
export function choice(values, open = false) {
  return {
    read(r) {
      const index = indexOf(r, values.length, open);
      return values[index] ?? `Unknown${index}`;
    },
    write(bytes, value, at) {
      const index = values.indexOf(value);
      if (index < 0) throw bad(at, `must be ${values.join(', ')}, and is ${shown(value)}`);
      put(bytes, index);
    },
  };
}
