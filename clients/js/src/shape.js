/**
 * Inputs, requests, replies and events as values, by their shape as `greenroom schema` prints it.
 *
 * A struct is an object, an enum its variant's name or, with data, `{ Name: data }`, an option the
 * value or `null`, a unit `null`; integers of 64 bits are `BigInt`s. A value that does not fit is a
 * `Misuse` with the place and what belongs there.
 */

import { Malformed, Misuse } from './error.js';
import { blob, bool, decode, encode, i64, list, option, text, u16, u32, u64, u8 } from './wire.js';

const bad = (at, what) => new Misuse('BadValue', `${at} ${what}`);

/** A value in a sentence. */
function shown(value) {
  if (value === undefined) return 'missing';
  if (typeof value === 'bigint') return `${value}n`;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function whole(type, least, most) {
  return (at) => ({
    ...type,
    write(w, value) {
      if (!Number.isInteger(value) || value < least || value > most) {
        throw bad(at, `must be a whole number from ${least} to ${most}, and is ${shown(value)}`);
      }
      type.write(w, value);
    },
  });
}

/** A signed integer as an unsigned one, small where it is near 0. */
const folded = (type) => ({
  read(r) {
    const number = type.read(r);
    return (number >>> 1) ^ -(number & 1);
  },
  write: (w, value) => type.write(w, ((value << 1) ^ (value >> 31)) >>> 0),
});

const i8 = {
  read: (r) => (u8.read(r) << 24) >> 24,
  write: (w, value) => u8.write(w, value & 0xff),
};

function large(type, least, most) {
  return (at) => ({
    ...type,
    write(w, value) {
      const big = Number.isSafeInteger(value) ? BigInt(value) : value;
      if (typeof big !== 'bigint' || big < least || big > most) {
        throw bad(at, `must be a BigInt from ${least} to ${most}, and is ${shown(value)}`);
      }
      type.write(w, big);
    },
  });
}

function float(size) {
  const name = `Float${8 * size}`;
  return (at) => ({
    read: (r) => r.view[`get${name}`](r.skip(size), true),
    write(w, value) {
      if (typeof value !== 'number') throw bad(at, `must be a number, and is ${shown(value)}`);
      const start = w.grow(size);
      new DataView(w.bytes.buffer)[`set${name}`](start, value, true);
    },
  });
}

/** Shapes that are only a name. */
const PLAIN = {
  Unit: (at) => ({
    read: () => null,
    write(w, value) {
      if (value != null) throw bad(at, `must be null, as nothing belongs there, and is ${shown(value)}`);
    },
  }),
  Bool: (at) => ({
    ...bool,
    write(w, value) {
      if (typeof value !== 'boolean') throw bad(at, `must be true or false, and is ${shown(value)}`);
      bool.write(w, value);
    },
  }),
  U8: whole(u8, 0, 0xff),
  U16: whole(u16, 0, 0xffff),
  U32: whole(u32, 0, 0xffffffff),
  I8: whole(i8, -0x80, 0x7f),
  I16: whole(folded(u16), -0x8000, 0x7fff),
  I32: whole(folded(u32), -0x80000000, 0x7fffffff),
  U64: large(u64, 0n, 2n ** 64n - 1n),
  I64: large(i64, -(2n ** 63n), 2n ** 63n - 1n),
  F32: float(4),
  F64: float(8),
};

/** Others, by their name and what is in them. */
const MADE = {
  Text: (at, max) => {
    const type = text(max);
    return {
      ...type,
      write(w, value) {
        if (typeof value !== 'string') throw bad(at, `must be a text, and is ${shown(value)}`);
        if (new TextEncoder().encode(value).length > max) {
          throw bad(at, `must have at most ${max} bytes as UTF-8: shorten it`);
        }
        type.write(w, value);
      },
    };
  },
  Bytes: (at, max) => {
    const type = blob(max);
    return {
      ...type,
      write(w, value) {
        if (!(value instanceof Uint8Array) || value.length > max) {
          throw bad(at, `must be a Uint8Array of at most ${max} bytes, and is ${shown(value)}`);
        }
        type.write(w, value);
      },
    };
  },
  Option: (at, inner) => option(typed(inner, at)),
  List: (at, [inner, max]) => {
    const type = list(typed(inner, `${at}[…]`), max);
    return {
      ...type,
      write(w, value) {
        if (!Array.isArray(value) || value.length > max) {
          throw bad(at, `must be an array of at most ${max}, and is ${shown(value)}`);
        }
        type.write(w, value);
      },
    };
  },
  Array: (at, [inner, count]) => row(at, Array(count).fill(typed(inner, `${at}[…]`))),
  Tuple: (at, parts) => row(at, parts.map((part, place) => typed(part, `${at}[${place}]`))),
  Struct: (at, [, fields]) => structure(at, fields),
  Enum: (at, [, variants]) => enumeration(at, variants),
};

/** So many values, one after the other. */
function row(at, types) {
  return {
    read: (r) => types.map((type) => type.read(r)),
    write(w, value) {
      if (!Array.isArray(value) || value.length !== types.length) {
        throw bad(at, `must be an array of ${types.length}, and is ${shown(value)}`);
      }
      types.forEach((type, place) => type.write(w, value[place]));
    },
  };
}

function structure(at, fields) {
  const types = fields.map(({ name, shape }) => [name, typed(shape, `${at}.${name}`)]);
  const names = fields.map(({ name }) => name);
  return {
    // Whatever a field is called, it is one.
    read: (r) => Object.fromEntries(types.map(([name, type]) => [name, type.read(r)])),
    write(w, value) {
      if (value === null || typeof value !== 'object') {
        throw bad(at, `must be an object with ${names.join(', ')}, and is ${shown(value)}`);
      }
      const other = Object.keys(value).find((name) => !names.includes(name));
      if (other !== undefined) throw bad(at, `has no field ${other}: it has ${names.join(', ')}`);
      for (const [name, type] of types) type.write(w, value[name]);
    },
  };
}

function enumeration(at, variants) {
  const types = variants.map(({ name, data }) => (data === 'Unit' ? null : typed(data, `${at}.${name}`)));
  const names = variants.map(({ name }) => name);
  return {
    read(r) {
      const index = r.varint(4);
      if (index >= names.length) throw new Malformed(`${at} has no variant ${index}`);
      return types[index] === null ? names[index] : { [names[index]]: types[index].read(r) };
    },
    write(w, value) {
      const isName = typeof value === 'string';
      const own = isName || value === null || typeof value !== 'object' ? [value] : Object.keys(value);
      const index = own.length === 1 ? names.indexOf(own[0]) : -1;
      if (index < 0 || isName !== (types[index] === null)) {
        const all = names.map((name, place) => (types[place] === null ? `"${name}"` : `{ ${name}: … }`));
        throw bad(at, names.length === 0
          ? 'cannot be sent: this game takes none'
          : `must be ${all.join(' or ')}, and is ${shown(isName ? value : own.join(', ') || value)}`);
      }
      w.varint(index);
      types[index]?.write(w, value[names[index]]);
    },
  };
}

function typed(shape, at) {
  const [name, inner] = typeof shape === 'string' ? [shape] : Object.entries(shape)[0];
  const made = Object.hasOwn(PLAIN, name) ? PLAIN[name](at) : MADE[name]?.(at, inner);
  if (made === undefined) {
    throw new Misuse('BadShape', `${at} is a ${name}, which this client does not know: update it`);
  }
  return made;
}

/** The four kinds of messages of a game, from its `messages` in what `greenroom schema` prints. */
export function messagesOf(shapes, game) {
  const kinds = ['input', 'request', 'reply', 'event'].map((kind) => {
    const type = typed(shapes[kind], `${game}'s ${kind}`);
    return [kind, { encode: (value) => encode(type, value), decode: (bytes) => decode(type, bytes) }];
  });
  return Object.fromEntries(kinds);
}

/** Of a game of which nothing is known: bytes are given and got. */
export function bytesOnly(game) {
  const encodeBytes = (value) => {
    if (value instanceof Uint8Array) return value;
    throw new Misuse('NoSchema', `it is not known what ${game}'s messages look like: give connect() what `
      + `\`greenroom schema --game ${game}\` prints as { games: [schema] }, or a Uint8Array here`);
  };
  const kind = { encode: encodeBytes, decode: (bytes) => bytes };
  return { input: kind, request: kind, reply: kind, event: kind };
}
