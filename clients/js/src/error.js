/** What can go wrong. Each error has a `code` for the program and a sentence that says what to do. */

/** Any error of this library. `code` is a name, or of a closed connection the close code. */
export class GreenroomError extends Error {
  constructor(code, sentence) {
    super(sentence);
    this.code = code;
  }
}

/** What a server sent is not what the protocol says. */
export class Malformed extends GreenroomError {
  constructor(sentence, unknown = false) {
    super('Malformed', sentence);
    /** Whether it may have come to the protocol after this client was written. */
    this.unknown = unknown;
  }
}

/**
 * The server has sent something that is wrong. `what`: a frame in most of the places where that is
 * found, and which of them it is the stack says.
 */
export function wrong(what = 'a frame', unknown = false) {
  throw new Malformed(`not as the protocol says: ${what}`, unknown);
}

/** So it has unless it `holds`. Where each lane comes by, an `if` before `wrong` is faster. */
export function must(holds, what, unknown) {
  if (!holds) wrong(what, unknown);
}

/** The server or the game said no: `code` is one of `REFUSALS`. */
export class Refused extends GreenroomError {
  constructor(why, text) {
    super(why, `refused (${why}): ${text}${HINTS[why] ?? ''}`);
    /** What the server says, for a person. */
    this.text = text;
  }
}

const HINTS = {
  OtherSchema: ': update the client',
  AlreadySeated: ': leave the other room first',
  BadToken: ': join anew',
  SeatGone: ': join anew',
  Moved: ': go on in client.room',
  Busy: ': try again in a moment',
  RoomFull: ': join another room, or wait for a seat with client.wait()',
};

/** No answer came in time. It may have been done all the same. */
export class TimedOut extends GreenroomError {
  constructor(what, ms) {
    super('TimedOut', `no answer to ${what} within ${ms} ms`);
  }
}

/** The program asked for something that cannot be: `code` says what. */
export class Misuse extends GreenroomError {}

/**
 * A connection has ended, or a seat was taken away on one that goes on.
 *
 * `code` is the close code (1006: there was no close frame), `by` is `'server'`, `'network'` or
 * `'client'`, `then` what makes sense next: `'stop'`, `'back-off'` or `'reconnect'`.
 */
export class Closed extends GreenroomError {
  constructor(by, code, reason, then, retryAfterMs = null, what = ENDED[by]) {
    super(code, `${what} (${code}): ${reason}`);
    this.by = by;
    this.reason = reason;
    this.then = then;
    /** The server asks to connect again after a random time up to this; or `null`. */
    this.retryAfterMs = retryAfterMs;
  }
}

const ENDED = {
  server: 'the server closed the connection',
  network: 'the connection broke',
  client: 'the connection was closed here',
};

// As texts, for whoever shortens the names of classes.
Object.entries({ GreenroomError, Malformed, Refused, TimedOut, Misuse, Closed }).forEach(([name, type]) => {
  type.prototype.name = name;
});
