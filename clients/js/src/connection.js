/**
 * A connection that comes back.
 *
 *     connecting ──▶ up ◀──▶ broken ──▶ closed
 *
 * While it is up, messages go to its owner. When it breaks, what ended it decides: after a code of
 * the class `stop` it is closed; otherwise it is opened again after pauses, `owner.restore` says
 * on the new socket whatever has to be said first, and it is up again. How long that is tried is
 * up to the owner, too: `owner.patienceMs()`.
 */

import { closedByNetwork, closedHere } from './closed.js';
import { encodeToServer } from './control.js';
import { Closed, GreenroomError } from './error.js';
import { greet, within } from './greet.js';
import { Pauses } from './pauses.js';
import { Socket } from './socket.js';

/** With less time left no attempt is begun: it would only be one more for a busy server. */
const TOO_SHORT_MS = 20;
/** A page that is seen again tries at once, but not more often than this. */
const WAKE_EVERY_MS = 1000;
/** A page that is seen again gives a connection so long to show that it lives. */
const WAKE_SILENCE_MS = 3000;
/** Tries to get through what waits for the network, and for the server's limit. */
const TRY_AGAIN_MS = 20;

export class Connection {
  /**
   * `owner` has `hello()`, `patienceMs()`, `restore(socket)`, `heard(message, channel)`, `up(afterMs)`,
   * `broke(closed, withinMs)`, `probe()`, `end(closed)` and `report(error)`.
   */
  constructor(url, { platform, timeout: deadlineMs, silence: silenceMs }, owner) {
    Object.assign(this, { platform, url, deadlineMs, silenceMs, owner });
    this.state = 'connecting';
    this.socket = null;
    this.pauses = new Pauses(platform);
    this.welcome = null;
    this.heardAt = 0;
    this.wokenAt = -Infinity;
    /** Ends a pause before its time. */
    this.hurry = null;
    /** The newest input of each channel, where it waits. */
    this.inputs = new Map();
    this.unwake = platform.onWake(() => this.wake());
  }

  /** The first time: what goes wrong is an error, and not tried again. */
  async open() {
    try {
      this.up(await this.greet(this.deadlineMs));
    } catch (error) {
      this.shut();
      this.socket?.drop(error.message);
      throw error;
    }
  }

  async greet(deadlineMs) {
    const { platform, url, owner } = this;
    const socket = new Socket(platform, url, (error) => owner.report(error));
    this.socket = socket;
    this.welcome = await within(platform, `the greeting of ${url}`, deadlineMs, greet(socket, owner.hello()), socket);
    this.tokens = 2 * this.welcome.messages_per_sec;
    this.filledAt = platform.now();
    return socket;
  }

  up(socket) {
    this.state = 'up';
    this.upAt = this.heardAt = this.platform.now();
    this.probed = false;
    this.watchSilence(this.silenceMs);
    socket.listen((message, channel) => this.heard(message, channel), (closed) => this.lose(closed));
  }

  heard(message, channel) {
    this.heardAt = this.platform.now();
    this.probed = false;
    try {
      this.owner.heard(message, channel);
    } catch (error) {
      if (!(error instanceof GreenroomError)) throw error;
      this.socket.close(4000, error.message);
    }
  }

  /** A server that says nothing is asked something, and dead if it does not answer. */
  watchSilence(ms) {
    this.platform.cancel(this.alarm);
    this.alarm = this.platform.later(() => {
      const silence = this.platform.now() - this.heardAt;
      if (silence < this.silenceMs && !this.probed) {
        this.watchSilence(this.silenceMs - silence);
      } else if (this.probed) {
        this.socket.drop(`nothing came from the server for ${Math.round(silence)} ms`);
      } else {
        this.probe(this.silenceMs);
      }
    }, ms);
  }

  probe(patienceMs) {
    this.probed = true;
    this.owner.probe();
    this.watchSilence(patienceMs);
  }

  /** The page is seen again, or the network is back. */
  wake() {
    const now = this.platform.now();
    if (this.state === 'up' && now - this.heardAt >= WAKE_SILENCE_MS) {
      this.probe(WAKE_SILENCE_MS);
    } else if (this.hurry && now - this.wokenAt >= WAKE_EVERY_MS) {
      this.wokenAt = now;
      this.hurry();
    }
  }

  say(message, channel) {
    this.send(encodeToServer(message), channel);
  }

  send(bytes, channel) {
    if (this.state !== 'up') return;
    this.tokens -= 1;
    this.socket.send(bytes, channel);
  }

  /** Whether an input would have to wait: the network takes no more, or the server's limit is near. */
  get waits() {
    const now = this.platform.now();
    const rate = this.welcome.messages_per_sec;
    this.tokens = Math.min(this.tokens + ((now - this.filledAt) * rate) / 1000, 2 * rate);
    this.filledAt = now;
    // Half of it is for what cannot be replaced.
    return this.socket.full || this.tokens < rate;
  }

  /** Sends an input, or keeps it until there is room. A newer one takes its place. */
  sendInput(bytes, channel) {
    if (!this.waits) {
      this.inputs.delete(channel);
      this.send(bytes, channel);
      return;
    }
    this.inputs.set(channel, bytes);
    if (!this.flushing) this.flushLater();
  }

  flushLater() {
    this.flushing = true;
    this.platform.later(() => {
      this.flushing = false;
      for (const [channel, bytes] of this.inputs) this.sendInput(bytes, channel);
    }, TRY_AGAIN_MS);
  }

  lose(closed) {
    if (this.state !== 'up') return;
    this.platform.cancel(this.alarm);
    this.inputs.clear();
    const patience = closed.by === 'client' || closed.then === 'stop' ? 0 : this.owner.patienceMs();
    if (patience === 0) {
      this.end(closed);
      return;
    }
    this.state = 'broken';
    const now = this.platform.now();
    this.pauses.broke(now - this.upAt);
    this.owner.broke(closed, patience);
    this.comeBack(closed, now, patience).catch((error) => this.owner.report(error));
  }

  async comeBack(closed, since, patience) {
    const { platform, pauses } = this;
    const left = () => since + patience - platform.now();
    let last = closed;
    while (this.state === 'broken' && left() >= TOO_SHORT_MS) {
      await this.pause(pauses.next(last.then ?? 'back-off', last.retryAfterMs ?? null, left()));
      if (this.state !== 'broken') return;
      try {
        const socket = await this.greet(Math.min(this.deadlineMs, Math.max(left(), TOO_SHORT_MS)));
        await within(platform, 'Resume', this.deadlineMs, this.owner.restore(socket), socket);
        if (socket.ended) throw socket.ended;
        if (this.state !== 'broken') return;
        this.up(socket);
        this.owner.up(platform.now() - since);
        return;
      } catch (error) {
        // Whatever an attempt has opened is of no more use; the seat is not given up by that.
        this.socket.drop(error.message);
        last = error;
        if (error.then === 'stop' && this.state === 'broken') {
          this.end(error);
          return;
        }
      }
    }
    if (this.state === 'broken') {
      this.end(closedByNetwork(`it did not come back within ${patience} ms: ${last.message}`, null));
    }
  }

  pause(ms) {
    return new Promise((resolve) => {
      const timer = this.platform.later(() => this.hurry(), ms);
      this.hurry = () => {
        this.hurry = null;
        this.platform.cancel(timer);
        resolve();
      };
    });
  }

  /** Ends it for good. */
  close() {
    if (this.state === 'closed') return;
    const { socket } = this;
    this.end(closedHere(1000, 'the program wanted it'));
    socket?.close(1000, '');
  }

  end(closed) {
    this.shut();
    this.owner.end(closed);
  }

  shut() {
    this.state = 'closed';
    this.platform.cancel(this.alarm);
    this.unwake();
    this.hurry?.();
  }
}

/** An error after which the next attempt may fare better. */
export const again = (text) => new Closed('server', 1013, text, 'back-off');
