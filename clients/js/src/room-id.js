/** Room ids: 64 bits as 13 characters of Crockford's base 32. */

import { u64 } from './wire.js';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CHARACTERS = 13;

/** The text of a room's number. */
export function roomText(id) {
  const digits = id.toString(ALPHABET.length).padStart(CHARACTERS, '0');
  return Array.from(digits, (digit) => ALPHABET[parseInt(digit, ALPHABET.length)]).join('');
}

/** The number of a room's text; small letters are as good as large ones. */
export function roomNumber(text) {
  let id = 0n;
  // One that is none makes it, and whatever follows, negative.
  for (const character of text.toUpperCase()) id = (id << 5n) | BigInt(ALPHABET.indexOf(character));
  if (text.length !== CHARACTERS || id >> 64n !== 0n) throw new TypeError(`${text} is not a room id`);
  return id;
}

/** A room id in a message. */
export const roomId = {
  read: (r) => roomText(u64.read(r)),
  write: (bytes, value) => u64.write(bytes, roomNumber(value)),
};
