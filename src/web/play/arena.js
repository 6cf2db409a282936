// Arena: ships in a field, seen from above.

import { Interpolator, Pace, Predictor } from "/feel.js";
import { fly } from "/play/arena-flight.js";
import { ArenaPicture } from "/play/arena-picture.js";
import { canvas } from "/play/canvas.js";
import { controls } from "/play/controls.js";

/** What moves between two frames. */
const FIELDS = { x: "linear", y: "linear", heading: "angle" };
const IDLE = { thrust: false, turn: 0, fire: false };
/** A ship that is further away than this, in units, is a new one. */
const JUMP = 120;

export const arena = {
  title: "Arena",
  about: "Fly, turn and shoot. Whoever shoots ten ships first wins.",
  players: "2 to 8 players, in real time",
  help: "Turn with ← →, thrust with ↑, shoot with space; or a gamepad, or your thumbs.",
  scoreName: "Kills",
  options: { time_limit_secs: 300, score_limit: 10 },
  verdict({ winner }, nameOf) {
    return winner == null ? "Nobody has won." : `${nameOf(winner)} has won.`;
  },
  mount,
};

function mount({ root, room, nameOf, say, options }) {
  const picture = new ArenaPicture();
  const motion = room.recorded ? null : new Motion(room);
  let raw = false;
  if (!room.spectating) options("Show the server's state too", (on) => { raw = on; });
  const hands = room.spectating ? null : controls(root, "Shoot");
  const screen = canvas(root, "The arena, seen from above", (context, width, height, now) => {
    const shown = motion?.at(now, hands && inputOf(hands.read())) ?? { own: null, others: room.state.ships, tick: room.arrivingTick() };
    picture.draw(context, { width, height, now, raw, shown, state: room.state, tick: room.tick, me: room.player, nameOf });
  });
  const offs = [
    room.on("event", (event) => screen.work(() => happened(event))),
    room.on("frame", (state, tick) => screen.work(() => motion?.frame(state, tick))),
    room.on("resume", () => motion?.restart()),
  ];

  function happened(event) {
    const { Kill, Hit, Spawn } = event;
    if (Kill) {
      picture.burst(room.state, Kill.player, true);
      say(`${nameOf(Kill.by)} shot ${nameOf(Kill.player)} down`);
    } else if (Hit) {
      picture.burst(room.state, Hit.player, false);
      if (Hit.player === room.player) say("You are hit", false);
    } else if (Spawn?.player === room.player) {
      say("Your ship is there", false);
    }
  }

  return {
    scores: () => [...room.state.ships.values()]
      .map(({ player, score }) => ({ player, score }))
      .sort((one, other) => other.score - one.score || one.player - other.player),
    scriptMs: screen.scriptMs,
    close() {
      offs.forEach((off) => off());
      hands?.close();
      motion?.close();
      screen.close();
    },
  };
}

function inputOf({ x, y, trigger }) {
  return { thrust: y < -0.3, turn: Math.round(x * 100), fire: trigger };
}

/** Where ships are between the frames: the own one at once, others a little in the past. */
class Motion {
  #room;
  #others = new Interpolator({
    fields: FIELDS,
    isSame: (one, other) => one.player === other.player && one.status !== "Wrecked"
      && Math.hypot(one.x - other.x, one.y - other.y) < JUMP,
  });
  #own = null;
  #pace = null;
  #hidden = () => document.hidden && this.#say(IDLE);

  constructor(room) {
    this.#room = room;
    if (room.spectating) return;
    const { tickHz } = room;
    const step = (ship, input) => fly(ship, input, tickHz, room.state);
    this.#own = new Predictor({ step, idle: IDLE, fields: FIELDS, jump: JUMP });
    this.#pace = new Pace({ tickHz });
    // No picture is drawn then, so nobody reads the keys.
    document.addEventListener("visibilitychange", this.#hidden);
  }

  frame(state, tick) {
    const { player, inputAppliedTick, inputSlack, tickHz, stats } = this.#room;
    this.#others.push((tick * 1000) / tickHz, state.ships);
    if (this.#own === null) return;
    const mine = [...state.ships.values()].find((ship) => ship.player === player);
    this.#own.server(mine?.status === "Wrecked" ? null : mine ?? null, tick, inputAppliedTick);
    this.#pace.frame(tick, inputSlack, inputAppliedTick, performance.now(), stats.rttMs);
  }

  /** What is to be seen now, while these keys are held. */
  at(now, input) {
    const others = this.#others.at(now);
    const shown = { own: null, others, tick: (this.#others.time * this.#room.tickHz) / 1000 };
    if (this.#own === null) return shown;
    for (const tick of this.#pace.due(now)) {
      this.#say(input, tick);
      this.#own.input(input, tick);
    }
    shown.own = this.#own.state(now, this.#pace.share, input);
    return shown;
  }

  /** Shots hit what is seen, so the room is told how old that is. */
  #say(input, tick = null) {
    if (this.#room.over !== null) return;
    const age = tick === null ? 0 : Math.round((tick * 1000) / this.#room.tickHz - this.#others.time);
    this.#room.input({ ...input, view_age_ms: Math.min(Math.max(age, 0), 250) }, tick);
  }

  restart() {
    this.#others.restart();
    this.#pace?.restart();
  }

  close() {
    document.removeEventListener("visibilitychange", this.#hidden);
  }
}
