// Swarm: creatures in a large world that eat pellets and each other.

import { Interpolator } from "/feel.js";
import { canvas } from "/play/canvas.js";
import { controls } from "/play/controls.js";
import { SwarmPicture } from "/play/swarm-picture.js";

export const swarm = {
  title: "Swarm",
  about: "Eat, grow, and eat whoever is smaller. You see what is near; whoever looks on sees all.",
  players: "2 to 1,000 players in one world",
  help: "Swim with the arrows, or press where to go. Space is faster, and costs weight.",
  scoreName: "Weight",
  options: {},
  verdict({ winner }, nameOf) {
    return winner == null ? "Nobody was the heaviest." : `${nameOf(winner)} was the heaviest.`;
  },
  mount,
};

/** A creature that is further away than this, in units, is a new one. */
const JUMP = 60;

function mount({ root, room, nameOf, say }) {
  const picture = new SwarmPicture();
  const others = room.recorded ? null : new Interpolator({
    fields: { x: "linear", y: "linear", radius: "linear" },
    isSame: (one, other) => one.player === other.player && Math.abs(one.x - other.x) + Math.abs(one.y - other.y) < JUMP,
  });
  const called = (player) => (player === room.player ? "you" : nameOf(player));
  const screen = canvas(root, "The world, seen from above", (context, width, height, now) => {
    picture.draw(context, { width, height, room, nameOf: called, shown: others?.at(now) ?? room.state.players });
  });
  const hands = room.spectating ? null : controls(root, "Faster");
  const pointer = hands && pressedWay(screen.element);
  const offs = [
    room.on("frame", () => screen.work(() => {
      others?.push((room.tick * 1000) / room.tickHz, room.state.players);
      if (hands) steer(room, hands.read(), pointer.read());
    })),
    room.on("resume", () => others?.restart()),
    room.on("event", ({ Eaten }) => {
      if (Eaten?.player === room.player) say(`${nameOf(Eaten.by)} has eaten you`);
      else if (Eaten?.by === room.player) say(`You have eaten ${nameOf(Eaten.player)}`);
    }),
  ];
  return {
    chat: null,
    scores: () => room.state.leaders.map(({ player, mass }) => ({ player, score: mass })),
    scriptMs: screen.scriptMs,
    close() {
      offs.forEach((off) => off());
      hands?.close();
      pointer?.close();
      screen.close();
    },
  };
}

function steer(room, { x, y, trigger }, pointer) {
  if (room.over !== null) return;
  const way = pointer ?? { x, y };
  room.input({ x: Math.round(way.x * 100), y: Math.round(way.y * 100), boost: trigger });
}

/** The way from the middle of an element to where it is pressed, no longer than 1. */
function pressedWay(element) {
  const stop = new AbortController();
  let way = null;
  const follow = (event) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const [x, y] = [event.clientX - left - width / 2, event.clientY - top - height / 2];
    const length = Math.max(30, Math.hypot(x, y));
    way = { x: x / length, y: y / length };
  };
  const listen = (name, hear) => element.addEventListener(name, hear, { signal: stop.signal });
  listen("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    follow(event);
  });
  listen("pointermove", (event) => way !== null && follow(event));
  for (const name of ["pointerup", "pointercancel"]) listen(name, () => { way = null; });
  return { read: () => way, close: () => stop.abort() };
}
