/**
 * Where the room is in time, and how good the connection is.
 *
 * Of the frames of the last seconds the one that was on its way for the shortest time says when the
 * frame of any tick could be here at the earliest. What later ones are late by is jitter.
 */

/** Frames that are looked at. */
const FRAMES = 128;
/** How much of a new sample goes into an average. */
const SHARE = 1 / 8;

export class Clock {
  constructor() {
    /** Time to the server and back in milliseconds; `null` before it was measured. */
    this.rttMs = null;
    this.rtts = [];
    /** How irregularly frames come, in milliseconds: an average. */
    this.jitterMs = 0;
    this.restart(0);
  }

  /** Another connection, or another rate: what frames said before is old news. */
  restart(tickHz) {
    this.tickHz = tickHz;
    this.starts = [];
    this.last = null;
  }

  /** A frame of this tick came now. */
  frame(tick, now) {
    if (this.tickHz === 0) return;
    const start = now - (tick * 1000) / this.tickHz;
    if (this.last !== null) this.jitterMs += (Math.abs(start - this.last) - this.jitterMs) * SHARE;
    this.last = start;
    this.starts.push(start);
    if (this.starts.length > FRAMES) this.starts.shift();
    this.start = Math.min(...this.starts);
  }

  /** It took so long to the server and back. Of three times the middle one counts: one that is odd does not. */
  measured(ms) {
    this.rtts = [ms, ...this.rtts].slice(0, 3);
    this.rttMs = [...this.rtts].sort((one, other) => one - other)[this.rtts.length >> 1];
  }

  /**
   * The tick whose frame could be here now at the earliest, with a fraction. To draw smoothly, draw
   * what was some ticks before it. `null` before the first frame and where there is no rate.
   */
  arrivingTick(now) {
    return this.last === null ? null : ((now - this.start) * this.tickHz) / 1000;
  }

  /** The tick at which the room itself is now: that, and half of the way there and back. */
  serverTick(now) {
    const arriving = this.arrivingTick(now);
    return arriving === null ? null : arriving + ((this.rttMs ?? 0) / 2) * (this.tickHz / 1000);
  }
}
