/** Numbers from bits, lowest bit first. */

import { LOOK, LOOK_BITS, LOOK_LENGTH, LOOK_LONG, LOOK_MASK, SYMBOL_RAW } from './code.js';
import { must, wrong } from './error.js';

/**
 * Zero bytes behind the last. The hot loops read a record without asking whether the bits are
 * there, and ask at its end; a record has at most 256 lanes of 42 bits and a mask of 67.
 */
const PADDING = 2048;

/** Bytes that a state may have. */
const BYTES_MAX = 1 << 26;

export class Bits {
  constructor() {
    this.bytes = new Uint8Array(PADDING);
    this.view = new DataView(this.bytes.buffer);
    /** The next bit. */
    this.at = 0;
    /** Bits there are. */
    this.end = 0;
    /** How many bits the number that `signedAt` read has, without leading zeros. */
    this.size = 0;
  }

  /** Starts over with these bytes. */
  load(bytes) {
    must(bytes.length <= BYTES_MAX);
    if (this.bytes.length < bytes.length + PADDING) {
      this.bytes = new Uint8Array(2 * bytes.length + PADDING);
      this.view = new DataView(this.bytes.buffer);
    }
    this.bytes.set(bytes);
    this.bytes.fill(0, bytes.length, bytes.length + PADDING);
    this.at = 0;
    this.end = 8 * bytes.length;
  }

  /** An error unless all bits that were read are there. */
  check() {
    if (this.at > this.end) wrong();
  }

  /** At least 24 bits from `at` on, and more above them. */
  peek() {
    return this.view.getInt32(this.at >>> 3, true) >> (this.at & 7);
  }

  /** A number of at most 24 bits. */
  bits(count) {
    const number = this.peek() & ((1 << count) - 1);
    this.at += count;
    this.check();
    return number;
  }

  /** A number of at most 32 bits, not negative. */
  wide(count) {
    if (count <= 24) return this.bits(count);
    const low = this.bits(24);
    return low + this.bits(count - 24) * 0x1000000;
  }

  flag() {
    return this.bits(1);
  }

  golomb(k) {
    let zeros = 0;
    for (;;) {
      const bits = this.peek() & 0xffffff;
      if (bits !== 0) {
        const more = 31 - Math.clz32(bits & -bits);
        zeros += more;
        this.at += more + 1;
        break;
      }
      zeros += 24;
      this.at += 24;
      this.check();
    }
    this.check();
    k += zeros;
    must(k < 32);
    return 2 ** k + this.wide(k) - 2 ** (k - zeros);
  }

  /** A number of 32 bits, not negative. */
  number(code) {
    const signed = this.signed(code);
    return ((signed << 1) ^ (signed >> 31)) >>> 0;
  }

  signed(code) {
    const value = this.signedAt(LOOK[(code << LOOK_BITS) | (this.peek() & LOOK_MASK)]);
    this.check();
    return value;
  }

  /**
   * The number that starts with the look-up `entry` at `at`, which is not checked to be there.
   * Leaves its size in `size`.
   */
  signedAt(entry) {
    this.at += entry & LOOK_LENGTH;
    this.size = (entry >> 8) & 0xff;
    if ((entry & LOOK_LONG) === 0) {
      if (entry === 0) wrong();
      return entry >> 16;
    }
    let number;
    if (this.size === SYMBOL_RAW) {
      const low = this.peek() & 0xffff;
      this.at += 16;
      number = low | (this.peek() << 16);
      this.at += 16;
      this.size = 32 - Math.clz32(number);
    } else {
      const extra = this.size - 1;
      number = (1 << extra) | (this.peek() & ((1 << extra) - 1));
      this.at += extra;
    }
    return (number >>> 1) ^ -(number & 1);
  }

  /** Takes the bits up to the end of the byte, which must be zeros, and returns that byte's end. */
  align() {
    must(this.bits(-this.at & 7) === 0);
    return this.at >>> 3;
  }
}
