/**
 * How long a client waits before it tries to come back: at random each time (full jitter), so that
 * the clients of a server that failed do not all come at once, and longer the longer it takes.
 */

/** Bound of the first pause. It doubles with each attempt. */
const FIRST_MS = 250;
/** The bound grows up to this while the connection is not gone for long, */
const SHORT_MS = 1000;
/** and up to this after so long. */
const LONG_MS = 10_000;
const SOON_MS = 30_000;
/** A connection that lasted so long starts the pauses anew. */
const STEADY_MS = 5000;

export class Pauses {
  constructor(platform) {
    this.platform = platform;
    this.attempts = 0;
    /** When the first of the connections that did not last broke. */
    this.began = null;
    this.numbered = 0;
  }

  /** Number of a new attempt, a `BigInt`: higher than all before, also of the page before this one. */
  attempt() {
    this.numbered = Math.max(this.platform.date(), this.numbered + 1);
    return BigInt(this.numbered);
  }

  /** A connection broke that had lasted so long. */
  broke(lastedMs) {
    if (lastedMs >= STEADY_MS) {
      this.attempts = 0;
      this.began = null;
    }
    this.began ??= this.platform.now();
  }

  /**
   * The pause before the next attempt: `then` and `windowMs` are what the server said at the end of
   * the connection or attempt before. Never longer than what is left.
   */
  next(then, windowMs, leftMs) {
    const gone = this.began === null ? 0 : this.platform.now() - this.began;
    const backOff = Math.min(FIRST_MS * 2 ** this.attempts, gone < SOON_MS ? SHORT_MS : LONG_MS);
    // At once only once: a server that sends its clients away again and again is not up yet.
    const atOnce = then === 'reconnect' && this.attempts === 0;
    const bound = atOnce ? windowMs ?? 0 : Math.max(backOff, windowMs ?? 0);
    this.attempts += 1;
    return Math.min(bound, leftMs) * this.platform.random();
  }
}
