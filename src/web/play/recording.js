// A recording, read piece by piece from a file: see `greenroom_proto::recording` for its format.

import { Malformed, Replica, decodeSchema, readFrame } from "/protocol.js";

const MAGIC = "GRFRAME\x01";
const END = "GREND\0\0\x01";
/** A length over this is damage. */
const PART_BYTES_MAX = 64 * 1024 * 1024;
const [END_BYTES, ENTRY_BYTES, BLOCK_HEAD_BYTES] = [16, 20, 12];

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/** The CRC-32 of zip and PNG. */
export function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ CRC[(sum ^ byte) & 0xff];
  return (sum ^ 0xffffffff) >>> 0;
}

const textOf = (bytes) => String.fromCharCode(...bytes);
const wide = (view, at) => {
  const number = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(number)) throw new Malformed("the recording is damaged: a number is too large");
  return number;
};

/** Reads numbers one after the other, of the control messages and of LEB128. */
class Reader {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  take(length) {
    if (length > this.bytes.length - this.at) throw new Malformed("the recording is damaged: it ends too early");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** As control messages have them. */
  number() {
    const [first] = this.take(1);
    if (first < 251) return first;
    if (first === 251) return this.#whole(2, "getUint16");
    if (first === 252) return this.#whole(4, "getUint32");
    throw new Malformed("the recording is damaged: a number is too large");
  }

  #whole(length, how) {
    const at = this.at;
    this.take(length);
    return this.view[how](at, true);
  }

  leb() {
    let number = 0;
    for (let place = 0; place < 5; place += 1) {
      const [byte] = this.take(1);
      number += (byte & 127) * 2 ** (7 * place);
      if (byte < 128) return number;
    }
    throw new Malformed("the recording is damaged: a number is too large");
  }
}

export class Recording {
  #file;
  #loaded = null;

  /** Opens a file (a `Blob`): reads its head and its index. */
  static async open(file) {
    const self = new Recording();
    self.#file = file;
    await self.#readHead();
    await self.#readIndex();
    return self;
  }

  async #bytes(from, length) {
    if (from < 0 || from + length > this.#file.size) throw new Malformed("the recording was cut: not all of it is there");
    return new Uint8Array(await this.#file.slice(from, from + length).arrayBuffer());
  }

  /** A part, of which the last four bytes are its checksum over all before. */
  async #part(from, length) {
    if (length > PART_BYTES_MAX) throw new Malformed("the recording is damaged: a part is too long");
    const bytes = await this.#bytes(from, length);
    const view = new DataView(bytes.buffer);
    if (view.getUint32(length - 4, true) !== crc32(bytes.subarray(0, -4))) throw new Malformed("the recording is damaged: a checksum is wrong");
    return bytes.subarray(0, -4);
  }

  async #readHead() {
    if (this.#file.size < 16) throw new Malformed("this is not a recording");
    const start = await this.#bytes(0, 12);
    if (textOf(start.subarray(0, 8)) !== MAGIC) throw new Malformed("this is not a recording of a version that this page reads");
    const length = new DataView(start.buffer).getUint32(8, true);
    const from = new Reader((await this.#part(0, 12 + length + 4)).subarray(12));
    this.game = new TextDecoder().decode(from.take(from.number()));
    this.version = from.number();
    /** Steps per second; 0 where the room stepped when somebody acted. */
    this.tickHz = from.number();
    this.sendEvery = from.number();
    /** Who saw this; `null`: all that there was. */
    this.viewer = from.number() === 1 ? from.number() : null;
    this.schema = decodeSchema(from.take(from.bytes.length - from.at));
  }

  async #readIndex() {
    const end = await this.#bytes(this.#file.size - END_BYTES, END_BYTES);
    if (textOf(end.subarray(8)) !== END) throw new Malformed("the recording was not finished, or was cut");
    const at = wide(new DataView(end.buffer), 0);
    const bytes = await this.#part(at, this.#file.size - END_BYTES - at);
    const view = new DataView(bytes.buffer, 0, bytes.length);
    const count = view.getUint32(4, true);
    if (view.getUint32(0, true) !== 0 || count === 0 || bytes.length !== 8 + count * ENTRY_BYTES + 12) {
      throw new Malformed("the recording is damaged: its index is wrong");
    }
    this.blocks = Array.from({ length: count }, (_, place) => {
      const entry = 8 + place * ENTRY_BYTES;
      const tick = view.getUint32(entry, true);
      return { ms: this.#ms(tick, wide(view, entry + 4)), tick, offset: wide(view, entry + 12) };
    });
    const last = 8 + count * ENTRY_BYTES;
    this.beginMs = this.blocks[0].ms;
    this.endMs = this.#ms(view.getUint32(last, true), wide(view, last + 4));
  }

  /** When a frame belongs, in milliseconds. */
  #ms(tick, timeMs) {
    return this.tickHz === 0 ? timeMs : (tick * 1000) / this.tickHz;
  }

  /** The frames of a block: each `{ ms, parts }`, `parts` as `Replica.applyState` takes them. */
  async #block(place) {
    if (this.#loaded?.place === place) return this.#loaded;
    const { offset, ms, tick } = this.blocks[place];
    const start = await this.#bytes(offset, 4);
    const length = new DataView(start.buffer).getUint32(0, true);
    const from = new Reader((await this.#part(offset, 4 + length + 4)).subarray(4));
    from.take(BLOCK_HEAD_BYTES);
    const frames = [];
    let [newest, time] = [tick, ms];
    while (from.at < from.bytes.length) {
      if (this.tickHz === 0) time += from.leb();
      const bytes = from.take(from.leb());
      // What only a live frame has: inputs applied, and slack.
      const message = new Uint8Array(bytes.length + 3);
      message[0] = bytes[0];
      message.set(bytes.subarray(1), 4);
      const parts = readFrame(message, newest);
      newest = parts.tick;
      frames.push({ ms: this.#ms(newest, time), parts });
    }
    this.#loaded = { place, frames };
    return this.#loaded;
  }

  /** All frames, one after the other, for programs that measure: as `Replica.applyState` takes them. */
  async frames() {
    const frames = [];
    for (const place of this.blocks.keys()) frames.push(...(await this.#block(place)).frames.map(({ parts }) => parts));
    return frames;
  }

  /** The block in which a time is. */
  blockAt(ms) {
    let [low, high] = [0, this.blocks.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.blocks[middle].ms <= ms) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Brings a `Reel` to a time. Returns whether it shows another frame than before. */
  async seek(reel, ms) {
    const place = this.blockAt(ms);
    const { frames } = await this.#block(place);
    let next = reel.place === place ? reel.next : 0;
    if (next > 0 && frames[next - 1].ms > ms) next = 0;
    const begun = next;
    if (reel.replica === null || next === 0) reel.replica = new Replica(this.schema);
    while (next < frames.length && (next === 0 || frames[next].ms <= ms)) {
      if (reel.replica.applyState(frames[next].parts) === "differs") throw new Malformed("the recording is damaged: a frame does not fit the one before");
      reel.ms = frames[next].ms;
      next += 1;
    }
    [reel.place, reel.next] = [place, next];
    return next !== begun || begun === 0;
  }
}

/** Where one is in a recording: what is shown, and the frame that is next. */
export class Reel {
  replica = null;
  place = -1;
  next = 0;
  ms = 0;
}
