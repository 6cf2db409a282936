// A bad network, to see what it does to a game: messages arrive late, but in order, as TCP has it.

/** By name: how late each way, and by how much more at most, in milliseconds. */
export const NETWORKS = [
  { name: "as it is", delay: 0, more: 0 },
  { name: "another continent: 150 ms", delay: 75, more: 0 },
  { name: "bad mobile: 150 ± 50 ms", delay: 50, more: 50 },
  { name: "terrible: 400 ± 200 ms", delay: 100, more: 200 },
];

let now = NETWORKS[0];

/** The one that holds now. */
export const chosen = () => now;

/** From now on, also for connections that there are. */
export function choose(place) {
  now = NETWORKS[place] ?? NETWORKS[0];
}

/** Hands on in order, each after the delay that holds now; at once where there is none. */
class Line {
  #free = 0;
  #waiting = [];

  /** Whether what passes now arrives later. */
  get delays() { return now.delay > 0 || this.#waiting.length > 0; }

  pass(work) {
    const begun = performance.now();
    if (!this.delays) {
      work();
      return;
    }
    this.#free = Math.max(this.#free, begun + now.delay + Math.random() * now.more);
    this.#waiting.push(work);
    // Timers count whole milliseconds, so a later one may come first: whichever comes, the oldest goes.
    setTimeout(() => this.#waiting.shift()(), this.#free - begun);
  }
}

/** A WebSocket over such a network, as far as the client uses one. */
export class SlowSocket {
  #inner;
  #out = new Line();
  #in = new Line();
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;

  constructor(url, protocol, Socket = Native) {
    this.#inner = new Socket(url, protocol);
    for (const name of ["onopen", "onmessage", "onclose", "onerror"]) {
      this.#inner[name] = (event) => this.#in.pass(() => this[name]?.(event));
    }
  }

  get readyState() { return this.#inner.readyState; }
  get bufferedAmount() { return this.#inner.bufferedAmount; }
  get binaryType() { return this.#inner.binaryType; }
  set binaryType(type) { this.#inner.binaryType = type; }

  send(bytes) {
    // The client writes its next message into the same memory.
    const copy = this.#out.delays ? bytes.slice() : bytes;
    this.#out.pass(() => this.#inner.readyState === 1 && this.#inner.send(copy));
  }

  close(code, reason) {
    this.#out.pass(() => this.#inner.close(code, reason));
  }
}

const Native = globalThis.WebSocket;

/** Every connection that this page opens from now on goes over it. */
export function install() {
  globalThis.WebSocket = SlowSocket;
}
