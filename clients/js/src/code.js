/** Huffman codes as tables: ten bits look up a symbol, and the whole number if it is short. */

import { LENGTHS } from './lengths.js';

/** Bits that one look-up takes, and that a word has at most. */
export const LOOK_BITS = 10;
export const LOOK_MASK = (1 << LOOK_BITS) - 1;

/** Codes by what they are for. */
export const CODE_ONE_LANE = 8;
export const CODE_PLAIN = 16;
export const CODE_VELOCITY = 17;
export const CODE_WHOLE = 18;
export const CODE_GAP = 19;

/** The symbol whose number is 32 bits as they are. */
export const SYMBOL_RAW = 18;

/**
 * An entry of `LOOK` is, from its lowest bit up: 5 bits length of the word, `LOOK_LONG` if the bits
 * of the number go beyond those looked up, at bit 8 the symbol, at bit 16 the number as `signed`
 * reads it. The length is that of the word with the number's bits unless `LOOK_LONG` is set.
 * 0 is not a word.
 */
export const LOOK_LONG = 32;
export const LOOK_LENGTH = 31;

/** By code and ten bits. */
export const LOOK = table();

/** The words of a code by symbol, the bit sent first as the lowest; `undefined` if it has none. */
export function wordsOf(lengths) {
  const words = [];
  let word = 0;
  for (let length = 1; length <= LOOK_BITS; length += 1) {
    lengths.forEach((own, symbol) => {
      if (own !== length) return;
      words[symbol] = reversed(word, length);
      word += 1;
    });
    word *= 2;
  }
  return words;
}

function reversed(word, length) {
  let out = 0;
  for (let bit = 0; bit < length; bit += 1) {
    out |= ((word >> bit) & 1) << (length - 1 - bit);
  }
  return out;
}

function table() {
  const look = new Int32Array(LENGTHS.length << LOOK_BITS);
  LENGTHS.forEach((lengths, code) => {
    wordsOf(lengths).forEach((word, symbol) => {
      const length = lengths[symbol];
      for (let rest = 0; rest < 1 << (LOOK_BITS - length); rest += 1) {
        look[(code << LOOK_BITS) | (rest << length) | word] = entry(symbol, length, rest);
      }
    });
  });
  return look;
}

function entry(symbol, length, rest) {
  const extra = symbol === SYMBOL_RAW ? 32 : Math.max(symbol - 1, 0);
  if (length + extra > LOOK_BITS) return (symbol << 8) | LOOK_LONG | length;
  const number = symbol === 0 ? 0 : (1 << extra) | (rest & ((1 << extra) - 1));
  const signed = (number >>> 1) ^ -(number & 1);
  return (signed << 16) | (symbol << 8) | (length + extra);
}
