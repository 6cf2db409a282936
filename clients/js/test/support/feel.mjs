/**
 * A room of the arena and somebody who plays in it over a network that delays, in memory: the room
 * takes inputs as the server's does, and what it tells is rounded as the arena's state is.
 */

import { collide, fly } from '../../../../src/web/play/arena-flight.js';
import { Interpolator, Pace, Predictor } from '../../src/feel/index.js';
import { random } from './vectors.mjs';

export const HZ = 30;
export const FIELD = { width: 960, height: 600 };
export const FIELDS = { x: 'linear', y: 'linear', heading: 'angle' };
export const IDLE = { thrust: false, turn: 0 };

const step = (ship, input) => fly(ship, input, HZ, FIELD);
const rounded = (value, to) => Math.round(value / to) * to;

/** One way of a connection: in order, each message after some delay; now and then all of it stalls. */
export class Way {
  #under = [];
  #free = 0;

  constructor({ from, to, stallEveryMs = 0, stallMs = 0 }, next) {
    Object.assign(this, { from, to, stallEveryMs, stallMs, next });
  }

  send(now, message) {
    const delay = this.from + this.next((this.to - this.from) * 1000) / 1000;
    // What a lost packet was to bring, and all behind it, comes when it was sent again.
    const stalls = this.stallEveryMs > 0 && this.next(Math.round(this.stallEveryMs / (1000 / HZ))) === 0;
    this.#free = Math.max(this.#free, now + delay + (stalls ? this.stallMs : 0));
    this.#under.push({ at: this.#free, message });
  }

  *arrived(now) {
    while (this.#under.length > 0 && this.#under[0].at <= now) yield this.#under.shift();
  }
}

/** Keys that somebody holds for a while, then others. */
export class Hand {
  #until = 0;
  #input = IDLE;

  constructor(next) { this.next = next; }

  keys(now) {
    if (now >= this.#until) {
      this.#until = now + 100 + this.next(700);
      this.#input = { thrust: this.next(10) < 6, turn: (this.next(3) - 1) * 100 };
    }
    return this.#input;
  }
}

/** The room: the first ship is the player's, the others fly by themselves. */
export class SimRoom {
  tick = 0;
  #inputs = [];
  #held = IDLE;
  #applied = null;
  /** How early the newest input came; whether the last step had to do without one of its own. */
  slack = 0;
  ranDry = false;

  constructor(ships, collisions, next) {
    this.collisions = collisions;
    this.ships = Array.from({ length: ships }, () => ({
      x: 100 + next(760), y: 100 + next(400), vx: 0, vy: 0, heading: 0, thrusting: false,
    }));
    this.hands = this.ships.map(() => new Hand(next));
    /** Where every ship really was, by tick. */
    this.past = [this.ships];
  }

  /** As `Inbox::input` has it. */
  input({ tick, input }) {
    this.slack = tick - (this.tick + 1);
    const due = Math.max(tick, this.tick + 1);
    while (this.#inputs.at(-1)?.due >= due) this.#inputs.pop();
    this.#inputs.push({ due, tick, input });
  }

  /** One step; the frame that is told of it. */
  step(now) {
    this.tick += 1;
    while (this.#inputs.length > 0 && this.#inputs[0].due <= this.tick) {
      ({ input: this.#held, tick: this.#applied } = this.#inputs.shift());
    }
    this.ranDry = this.#applied !== this.tick;
    this.ships = this.ships.map((ship, place) => step(ship, place === 0 ? this.#held : this.hands[place].keys(now)));
    if (this.collisions) {
      this.ships.forEach((ship, place) => this.ships.slice(0, place).forEach((other) => collide(other, ship, FIELD)));
    }
    this.past.push(this.ships.map((ship) => ({ ...ship })));
    const ships = this.ships.map((ship, place) => [place, {
      ...ship,
      x: rounded(ship.x, 0.25), y: rounded(ship.y, 0.25),
      vx: rounded(ship.vx, 2), vy: rounded(ship.vy, 2),
      heading: rounded(ship.heading, Math.PI / 256),
    }]);
    return { tick: this.tick, slack: this.slack, applied: this.#applied, ships };
  }
}

/**
 * Plays for some seconds. `seen({ now, picture, mine, others, room, frame })` is called for each picture
 * of 60 a second, `corrected(distance, now)` for each frame of the room.
 */
export function play({ seed, seconds, network, ships = 8, collisions = true, seen, corrected }) {
  const next = random(seed);
  const room = new SimRoom(ships, collisions, next);
  const [up, down] = [new Way(network, next), new Way(network, next)];
  const hand = new Hand(next);
  // What the player may run into goes on as it went when the room told of it.
  let told = { tick: 0, others: [] };
  const among = (ship, input, tick) => {
    const flown = step(ship, input);
    const ahead = (tick - told.tick) / HZ;
    for (const other of collisions ? told.others : []) {
      collide({ ...other, x: other.x + other.vx * ahead, y: other.y + other.vy * ahead }, flown, FIELD);
    }
    return flown;
  };
  const mine = new Predictor({ step: among, idle: IDLE, fields: FIELDS, jump: 100 });
  const others = new Interpolator({ fields: FIELDS });
  const pace = new Pace({ tickHz: HZ });
  let [pictureAt, stepAt] = [0, 0];
  for (let now = 0; now < seconds * 1000; now += 1) {
    for (const { message } of up.arrived(now)) room.input(message);
    if (now >= stepAt) {
      stepAt += 1000 / HZ;
      down.send(now, room.step(now));
    }
    for (const { message: { tick, slack, applied, ships: shipsTold } } of down.arrived(now)) {
      told = { tick, others: shipsTold.slice(1).map(([, ship]) => ship) };
      others.push((tick * 1000) / HZ, shipsTold, now);
      mine.server(shipsTold[0][1], tick, applied, now);
      pace.frame(tick, slack, applied, now);
      corrected?.(mine.correction, now, { room, mine });
    }
    if (now < pictureAt) continue;
    pictureAt += 1000 / 60;
    const keys = hand.keys(now);
    for (const tick of pace.due(now)) {
      up.send(now, { tick, input: keys });
      mine.input(keys, tick);
    }
    seen?.({ now, keys, picture: others.at(now), mine: mine.state(now, pace.share, keys), others, room, pace });
  }
}
