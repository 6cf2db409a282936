// How swarm looks: a thousand things that move, between two frames where they are on the way.

import { alone, colour } from "/play/canvas.js";

/** Of a pellet, in units; a rich one is larger. */
const [PELLET, PELLET_RICH] = [2.5, 4];
/** Units of the world to the shorter side of the screen, for somebody who plays. */
const VIEW = 340;
/** Lines of the floor, in units. */
const GRID = 50;
/** Skins that there are, as colours: made once, as making one takes longer than drawing with it. */
const SKINS = Array.from({ length: 16 }, (_, skin) => ({ body: colour(skin), edge: colour(skin, 40) }));

export class SwarmPicture {
  /** The creature around which everything is shown, by player, while there is one. */
  #eye = null;
  #pellets = { state: null, tick: -1, plain: null, rich: null };

  /** Draws a room; `shown` has the creatures by slot, where they are shown. */
  draw(context, { width, height, room, nameOf, shown }) {
    const { state, player } = room;
    const { scale, left, top } = this.#camera(state, shown, player, width, height);
    context.fillStyle = "#090d0c";
    context.fillRect(0, 0, width, height);
    context.save();
    context.scale(scale, scale);
    context.translate(-left, -top);
    const [right, bottom] = [left + width / scale, top + height / scale];
    floor(context, state.side, { left, top, right, bottom });
    this.#drawPellets(context, room);
    creatures(context, shown, player);
    context.restore();
    if (scale > 0.6) names(context, shown, { scale, left, top }, nameOf);
    mark(context, room, this.#eye, width);
    if (this.#eye !== null && state.alive === 1) alone(context, width);
  }

  #drawPellets(context, { state, tick }) {
    if (this.#pellets.state !== state || this.#pellets.tick !== tick) {
      const [plain, rich] = [pathOf(state.pellets, false, PELLET), pathOf(state.pellets, true, PELLET_RICH)];
      this.#pellets = { state, tick, plain, rich };
    }
    context.fillStyle = "#7fd6a9";
    context.fill(this.#pellets.plain);
    context.fillStyle = "#ffd34d";
    context.fill(this.#pellets.rich);
  }

  #camera(state, shown, player, width, height) {
    for (const creature of shown.values()) if (creature.player === player) this.#eye = creature;
    // Who looks on, and whose creature has not come yet, sees all.
    if (this.#eye === null) {
      const all = Math.min(width, height) / state.side;
      return { scale: all, left: (state.side - width / all) / 2, top: (state.side - height / all) / 2 };
    }
    const { x, y, radius } = this.#eye;
    const scale = Math.min(width, height) / (VIEW + radius * 4);
    return { scale, left: x - width / scale / 2, top: y - height / scale / 2 };
  }
}

function creatures(context, shown, me) {
  // The large ones over the small ones that they are about to eat.
  const order = [...shown.values()].sort((one, other) => one.radius - other.radius);
  for (const { x, y, radius, skin, mood, player } of order) {
    const { body, edge } = SKINS[skin % SKINS.length];
    context.globalAlpha = mood === "Safe" ? 0.55 : 1;
    context.fillStyle = body;
    context.strokeStyle = player === me ? "#fff" : edge;
    context.lineWidth = mood === "Boosting" ? 3 : 1.5;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
  context.globalAlpha = 1;
}

function names(context, shown, { scale, left, top }, nameOf) {
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillStyle = "#e8efeb";
  for (const { x, y, radius, player } of shown.values()) {
    context.fillText(nameOf(player), (x - left) * scale, (y - top - radius) * scale - 5);
  }
}

function floor(context, side, { left, top, right, bottom }) {
  context.fillStyle = "#0e1614";
  context.fillRect(0, 0, side, side);
  context.strokeStyle = "#17221e";
  context.lineWidth = 1;
  context.beginPath();
  const first = (low) => Math.max(GRID, Math.ceil(low / GRID) * GRID);
  for (let x = first(left); x < Math.min(side, right); x += GRID) { context.moveTo(x, Math.max(0, top)); context.lineTo(x, Math.min(side, bottom)); }
  for (let y = first(top); y < Math.min(side, bottom); y += GRID) { context.moveTo(Math.max(0, left), y); context.lineTo(Math.min(side, right), y); }
  context.stroke();
  context.strokeStyle = "#34c787";
  context.lineWidth = 2;
  context.strokeRect(0, 0, side, side);
}

/** All of one kind in one path, made once for each frame: that is what makes thousands of them cheap. */
function pathOf(pellets, isRich, radius) {
  const path = new Path2D();
  for (const { x, y, rich } of pellets.values()) {
    if (rich === isRich) path.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  }
  return path;
}

function mark(context, { state, tick }, eye, width) {
  const seconds = Math.max(0, Math.ceil((state.ends - tick) / (state.tick_hz || 20)));
  context.textAlign = "center";
  context.font = "600 15px system-ui, sans-serif";
  context.fillStyle = "#e8efeb";
  // As the rules have it: a creature weighs a quarter of the square of its radius.
  const weight = eye === null ? "" : ` · you weigh ${Math.round((eye.radius * eye.radius) / 4)}`;
  context.fillText(`${state.alive} alive · ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}${weight}`, width / 2, 24);
}
