// A small picture of each game, drawn of shapes: there is nothing to load.

import { svg } from "/play/dom.js";

const [WIDTH, HEIGHT] = [240, 96];

/** The picture of a game by its name; `null` where there is none. */
export function pictureOf(name) {
  const shapes = SHAPES[name]?.();
  return shapes ? svg("svg", { class: "art", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "xMidYMid slice", "aria-hidden": "true" }, ...shapes) : null;
}

const shape = (name, fill, attributes) => svg(name, { fill, ...attributes });
const dot = (x, y, r, fill, more = {}) => shape("circle", fill, { cx: x, cy: y, r, ...more });
const text = (x, y, fill, words) => {
  const element = shape("text", fill, { x, y, "text-anchor": "middle", "font-size": 19, "font-weight": 700 });
  element.textContent = words;
  return element;
};

const SHAPES = { arena, connect4, cards, swarm };

function arena() {
  const ship = (x, y, turn, fill) => shape("path", fill, { d: "M15 0L-12 11L-6 0L-12-11Z", transform: `translate(${x} ${y}) rotate(${turn})` });
  const flame = shape("path", "#ffb347", { d: "M-8 5L-22 0L-8-5Z", transform: "translate(64 62) rotate(-18)" });
  return [
    shape("path", "none", { d: "M0 24H240M0 72H240M48 0V96M96 0V96M144 0V96M192 0V96", stroke: "#1b2924" }),
    flame, ship(64, 62, -18, "#57e389"),
    ...[100, 122, 144].map((x) => dot(x, 62 - (x - 64) * 0.325, 3, "#fff3c4")),
    dot(186, 25, 22, "none", { stroke: "#8fd7ff", "stroke-width": 2 }), ship(186, 25, 150, "#c07bff"),
  ];
}

function connect4() {
  const columns = ["1", "2", "21", "1221", "2112", "12", ""];
  const colours = { 1: "#ffd34d", 2: "#ff6b5e" };
  const discs = columns.flatMap((discs, column) => [0, 1, 2, 3].map((row) =>
    dot(54 + column * 22, 81 - row * 22, 9, colours[discs[row]] ?? "#0b1a33")));
  return [shape("rect", "#1d4fa3", { x: 36, y: -8, width: 168, height: 102, rx: 10 }), ...discs];
}

function cards() {
  const card = (place, turn, fill, words) => svg("g", { transform: `translate(${place} 58) rotate(${turn})` },
    shape("rect", "#f7f5ee", { x: -22, y: -32, width: 44, height: 64, rx: 6, stroke: "#0005" }), text(0, 7, fill, words));
  return [
    shape("rect", "#14533a", { width: WIDTH, height: HEIGHT }),
    card(72, -16, "#c0271d", "J♥"), card(104, -5, "#1a1a1a", "8♣"), card(136, 5, "#c0271d", "Q♦"), card(168, 16, "#1a1a1a", "A♠"),
  ];
}

function swarm() {
  const pellets = [[18, 20], [44, 74], [70, 30], [88, 84], [196, 80], [222, 30], [170, 14], [148, 82], [24, 52], [214, 58]];
  return [
    ...pellets.map(([x, y]) => shape("rect", "#7fd6a9", { x: x - 2.5, y: y - 2.5, width: 5, height: 5 })),
    dot(118, 46, 31, "#5b8def", { stroke: "#2c57b8", "stroke-width": 3 }),
    dot(58, 54, 12, "#e36bd0", { stroke: "#9c2f8b", "stroke-width": 2 }),
    dot(180, 46, 17, "#57e389", { stroke: "#fff", "stroke-width": 2 }),
    dot(206, 16, 7, "#ffb347", { stroke: "#a8651a", "stroke-width": 2 }),
  ];
}
