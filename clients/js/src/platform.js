/** What a client needs of the world around it. Tests give another one. */

/** The browser's, or Node's. Times are in milliseconds. */
export const PLATFORM = {
  webSocket(url, protocol) {
    const Socket = globalThis.WebSocket;
    if (!Socket) throw new TypeError('there is no WebSocket here: use Node 22 or newer');
    return new Socket(url, protocol);
  },
  fetch: (url, how) => globalThis.fetch(url, how),
  /** Goes on evenly. */
  now: () => performance.now(),
  /** Since 1970. */
  date: () => Date.now(),
  /** From 0 to below 1. */
  random: () => Math.random(),
  later: (work, ms) => setTimeout(work, ms),
  cancel: (timer) => clearTimeout(timer),

  /**
   * Calls `wake` when the page is seen again or the network is back: a telephone that slept does
   * not hear that its connections have ended. Returns a function that ends it.
   */
  onWake(wake) {
    const { document } = globalThis;
    const seen = () => document.visibilityState === 'visible' && wake();
    const places = [
      [globalThis, 'online', wake],
      [globalThis, 'pageshow', wake],
      [document, 'visibilitychange', seen],
    ].filter(([place]) => typeof place?.addEventListener === 'function');
    for (const [place, name, hear] of places) place.addEventListener(name, hear);
    return () => places.forEach(([place, name, hear]) => place.removeEventListener(name, hear));
  },

  /** An error that a function of the game has thrown. */
  report(error) {
    if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
    else setTimeout(() => { throw error; });
  },
};
