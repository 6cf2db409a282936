// Arena: ships in a field, seen from above.

import { ArenaPicture } from "/play/arena-picture.js";
import { canvas } from "/play/canvas.js";
import { controls } from "/play/controls.js";

/** How many ticks ahead of the newest frame things are shown to go on, in seconds. */
const AHEAD_MAX = 0.15;

export const arena = {
  title: "Arena",
  about: "Fly, turn and shoot. Whoever shoots ten ships first wins.",
  players: "2 to 8 players, in real time",
  help: "Turn with ← →, thrust with ↑, shoot with space; or a gamepad, or your thumbs.",
  scoreName: "Shot",
  options: { time_limit_secs: 300, score_limit: 10 },
  verdict({ winner }, nameOf) {
    return winner == null ? "Nobody has won." : `${nameOf(winner)} has won.`;
  },
  mount,
};

function mount({ root, room, nameOf, say, options }) {
  const picture = new ArenaPicture();
  let raw = false;
  if (!room.spectating) options("Show also what the server says", (on) => { raw = on; });
  const screen = canvas(root, "The arena, seen from above", (context, width, height, now) => {
    const ticks = (room.arrivingTick() ?? room.tick) - room.tick;
    const ahead = Math.max(0, Math.min(AHEAD_MAX, ticks / room.tickHz));
    picture.draw(context, { width, height, now, ahead, raw, state: room.state, tick: room.tick, me: room.player, nameOf });
  });
  const hands = room.spectating ? null : controls(root, "Shoot");
  const offs = [
    room.on("event", (event) => screen.work(() => happened(event))),
    // An input for each frame that there is: the newest counts.
    room.on("frame", () => hands && screen.work(() => steer(room, hands.read()))),
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
      screen.close();
    },
  };
}

function steer(room, { x, y, trigger }) {
  if (room.over === null) room.input({ thrust: y < -0.3, turn: Math.round(x * 100), fire: trigger });
}
