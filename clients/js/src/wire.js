/**
 * Values to bytes and back, as control messages and schemas are encoded: bincode's standard
 * configuration. A type is `{ read(reader), write(writer, value) }`.
 */

import { Malformed } from './error.js';

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

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = 0;
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

  /** A number of at most `size` bytes: 2 or 4. */
  varint(size) {
    const first = this.byte();
    if (first < 251) return first;
    if (first === 251) return this.view.getUint16(this.skip(2), true);
    if (first === 252 && size >= 4) return this.view.getUint32(this.skip(4), true);
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
    let rest = BigInt(value);
    for (let start = this.grow(size), place = 0; place < size; place += 1) {
      this.bytes[start + place] = Number(rest & 0xffn);
      rest >>= 8n;
    }
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

/** The bytes of a value. */
export function encode(type, value) {
  const writer = new Writer();
  type.write(writer, value);
  return writer.bytes.slice(0, writer.length);
}

function whole(most) {
  return (value) => {
    if (!Number.isInteger(value) || value < 0 || value > most) {
      throw new TypeError(`${value} is not a whole number from 0 to ${most}`);
    }
    return value;
  };
}

const byteOf = whole(0xff);
const shortOf = whole(0xffff);
const wordOf = whole(0xffffffff);

export const u8 = { read: (r) => r.byte(), write: (w, value) => w.byte(byteOf(value)) };
export const u16 = { read: (r) => r.varint(2), write: (w, value) => w.varint(shortOf(value)) };
export const u32 = { read: (r) => r.varint(4), write: (w, value) => w.varint(wordOf(value)) };

/** A `BigInt`. */
export const u64 = {
  read: (r) => r.big(),
  write(w, value) {
    if (BigInt.asUintN(64, value) !== value) throw new TypeError(`${value} is not of 64 bits`);
    w.varint(value);
  },
};

/** A `BigInt` with a sign. */
export const i64 = {
  read(r) {
    const folded = r.big();
    return (folded >> 1n) ^ -(folded & 1n);
  },
  write(w, value) {
    if (BigInt.asIntN(64, value) !== value) throw new TypeError(`${value} is not of 64 bits`);
    w.varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
  },
};

export const bool = {
  read(r) {
    const byte = r.byte();
    if (byte > 1) throw new Malformed('a truth value is neither 0 nor 1');
    return byte === 1;
  },
  write: (w, value) => w.byte(value ? 1 : 0),
};

/** A double whose 64 bits are sent as a number. */
export const double = {
  read(r) {
    SCRATCH.setBigUint64(0, r.big());
    return SCRATCH.getFloat64(0);
  },
  write(w, value) {
    SCRATCH.setFloat64(0, value);
    w.varint(SCRATCH.getBigUint64(0));
  },
};

const SCRATCH = new DataView(new ArrayBuffer(8));

/** At most `max` bytes. */
export function blob(max) {
  return {
    read: (r) => r.take(r.length(max)),
    write(w, value) {
      if (value.length > max) throw new RangeError(`more than ${max} bytes`);
      w.varint(value.length);
      w.put(value);
    },
  };
}

/** UTF-8 of at most `max` bytes. */
export function text(max) {
  const bytes = blob(max);
  return {
    read: (r) => textOf(bytes.read(r)),
    write: (w, value) => bytes.write(w, ENCODER.encode(value)),
  };
}

/** At most `max` values. */
export function list(type, max) {
  return {
    read(r) {
      const values = [];
      for (let left = r.length(max); left > 0; left -= 1) values.push(type.read(r));
      return values;
    },
    write(w, values) {
      if (values.length > max) throw new RangeError(`more than ${max} values`);
      w.varint(values.length);
      for (const value of values) type.write(w, value);
    },
  };
}

/** A value or `null`. */
export function option(type) {
  return {
    read: (r) => (bool.read(r) ? type.read(r) : null),
    write(w, value) {
      bool.write(w, value != null);
      if (value != null) type.write(w, value);
    },
  };
}

/** An object of these fields, in this order. */
export function struct(fields) {
  const entries = Object.entries(fields);
  return {
    read(r) {
      const value = {};
      for (const [name, type] of entries) value[name] = type.read(r);
      return value;
    },
    write(w, value) {
      for (const [name, type] of entries) type.write(w, value[name]);
    },
  };
}

/** One of these objects, each told by its name in the field `type`. */
export function variants(kinds) {
  const names = Object.keys(kinds);
  const types = names.map((name) => struct(kinds[name]));
  return {
    read(r) {
      const index = r.varint(4);
      if (index >= names.length) throw new Malformed(`there is no variant ${index}`, true);
      return { type: names[index], ...types[index].read(r) };
    },
    write(w, value) {
      const index = names.indexOf(value.type);
      if (index < 0) throw new TypeError(`there is no variant ${value.type}`);
      w.varint(index);
      types[index].write(w, value);
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
      const index = r.varint(4);
      if (index < values.length) return values[index];
      if (!open) throw new Malformed(`there is no variant ${index}`, true);
      return `Unknown${index}`;
    },
    write(w, value) {
      const known = values.indexOf(value);
      const index = known < 0 && open ? Number(/^Unknown(\d+)$/.exec(value)?.[1] ?? -1) : known;
      if (index < 0) throw new TypeError(`there is no variant ${value}`);
      w.varint(index);
    },
  };
}
