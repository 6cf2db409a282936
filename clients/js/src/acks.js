/** When to tell the server what has arrived, so that it need not keep it for a `Resume`. */

/** Events and replies after which it is told at once, */
const COUNT = 64;
/** bytes of them after which it is, */
const BYTES = 8 << 10;
/** and otherwise it is told so long after the first of them. */
const LATER_MS = 1000;

export class Acks {
  constructor() {
    this.told();
  }

  /** An event or a reply has come. */
  arrived(bytes, now) {
    this.count += 1;
    this.bytes += bytes;
    this.due ??= now + LATER_MS;
    if (this.count >= COUNT || this.bytes >= BYTES) this.due = now;
  }

  /** The server has been told. */
  told() {
    this.count = 0;
    this.bytes = 0;
    /** When to tell it, or `null`. */
    this.due = null;
  }
}
