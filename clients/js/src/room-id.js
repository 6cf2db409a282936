/** Room ids: 64 bits as 13 characters of Crockford's base 32. */

import { u64 } from './wire.js';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CHARACTERS = 13;

/** The text of a room's number. */
export function roomText(id) {
  let text = '';
  for (let place = CHARACTERS - 1; place >= 0; place -= 1) {
    text += ALPHABET[Number((id >> BigInt(5 * place)) & 31n)];
  }
  return text;
}

/** The number of a room's text; small letters are as good as large ones. */
export function roomNumber(text) {
  let id = 0n;
  for (const character of text.toUpperCase()) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) throw new TypeError(`${text} is not a room id`);
    id = (id << 5n) | BigInt(digit);
  }
  if (text.length !== CHARACTERS || id >> 64n !== 0n) throw new TypeError(`${text} is not a room id`);
  return id;
}

/** A room id in a message. */
export const roomId = {
  read: (r) => roomText(u64.read(r)),
  write: (bytes, value) => u64.write(bytes, roomNumber(value)),
};
