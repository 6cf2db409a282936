/**
 * The inputs of one seat: for which tick they are sent, and which of them the room has applied.
 *
 * They are counted twice: as the game gave them, and as they arrived at the server. The counts part
 * when a connection breaks with inputs under way. The game only sees the first.
 */

/** Ticks that inputs lead by at most. The room has a bound of its own. */
const LEAD_MAX = 60;
/** Inputs may be early by so many ticks before it counts as too early. */
const SLACK_WANTED = 2;
/** Frames with too much slack in a row before the lead is cut by one: a late input costs more. */
const PATIENCE = 40;
/** Inputs of which it is known for which tick they were. */
const TICKS = 256;

/** Of two counts of 32 bits that may have wrapped. */
const isAfter = (count, other) => ((count - other) | 0) > 0;

export class Inputs {
  /** For a seat of which so many inputs have arrived already. `lead`: ticks, or `'auto'`. */
  constructor(lead, sendEvery, arrived) {
    this.auto = lead === 'auto';
    this.lead = this.auto ? Math.min(sendEvery, LEAD_MAX) : lead;
    this.sent = this.applied = arrived;
    this.early = 0;
    /** How early the newest input came, as the last frame says. */
    this.slack = 0;
    /** By number, the tick that an input is for. */
    this.ticks = [];
    /** The first input that was sent with the present lead: the slack of earlier ones is old news. */
    this.judgedFrom = arrived + 1;
    /** As the server counts; and what the counts were when this connection came up. */
    this.theirs = { sent: arrived, applied: arrived, before: arrived, ahead: 0, ours: arrived };
  }

  /** Counts an input. One that takes the place of another has the other's number. Returns it. */
  count(replaced, kept) {
    if (!replaced) {
      this.sent = (this.sent + 1) >>> 0;
      if (!kept) this.theirs.sent = (this.theirs.sent + 1) >>> 0;
    }
    return this.sent;
  }

  /** The newest input is for this tick. */
  stamp(tick) {
    this.ticks[this.sent % TICKS] = { number: this.sent, tick };
  }

  /** The tick that the newest input was for that the room has applied; `null` if that is not known. */
  get appliedTick() {
    const stamp = this.ticks[this.applied % TICKS];
    return stamp?.number === this.applied ? stamp.tick : null;
  }

  /** The connection is back. So many inputs have arrived; others are lost. */
  resume(arrived) {
    const { theirs } = this;
    if (isAfter(theirs.applied, theirs.before)) theirs.ahead = (this.sent - theirs.sent) >>> 0;
    // Frames tell 16 bits of it, so it must not be further away.
    theirs.applied = Math.min(Math.max(theirs.applied, arrived - 0xffff, 0), arrived);
    theirs.sent = theirs.before = arrived;
    theirs.ours = this.sent;
    this.judgedFrom = (this.sent + 1) >>> 0;
  }

  /** Counts the newest input when it goes out on the new connection. */
  again(kept) {
    if (!kept) this.sent = (this.sent + 1) >>> 0;
    this.theirs.sent = (this.theirs.sent + 1) >>> 0;
  }

  /** The tick that an input is for, `sinceMs` after the frame of tick `newest`. */
  due(newest, sinceMs, { tickHz, sendEvery }) {
    // The room goes on between its frames; when frames stay out, it is the network that stalls.
    const passed = Math.floor((sinceMs * tickHz) / 1000);
    return (newest + Math.min(passed, 2 * Math.max(sendEvery, 1)) + this.lead) >>> 0;
  }

  /** Takes a frame's head. */
  acknowledge(applied, slack) {
    this.slack = slack;
    const { theirs } = this;
    const more = (applied - theirs.applied) & 0xffff;
    // A room cannot apply what was not sent.
    if (more > ((theirs.sent - theirs.applied) >>> 0)) return;
    theirs.applied = (theirs.applied + more) >>> 0;
    let ours;
    if (isAfter(theirs.applied, theirs.before)) {
      ours = (theirs.applied + this.sent - theirs.sent) >>> 0;
    } else {
      // Another client may have had the seat meanwhile.
      ours = (theirs.applied + theirs.ahead) >>> 0;
      if (isAfter(ours, theirs.ours)) ours = theirs.ours;
    }
    if (isAfter(ours, this.applied)) this.applied = ours;
    if (this.auto && more > 0 && this.applied >= this.judgedFrom) this.judge(slack);
  }

  judge(slack) {
    this.early = slack > SLACK_WANTED ? this.early + 1 : 0;
    const change = slack < 0 ? -slack : -(this.early >= PATIENCE);
    if (change === 0) return;
    this.lead = Math.min(Math.max(this.lead + change, 0), LEAD_MAX);
    this.judgedFrom = (this.sent + 1) >>> 0;
    this.early = 0;
  }
}
