// How arena looks.

import { alone, colour } from "/play/canvas.js";

/** As the game's rules have them, in units. */
const [SHIP_RADIUS, BULLET_RADIUS] = [14, 3];
/** Hits that a ship takes, if the creator of the room did not say otherwise. */
const LIFE = 3;
/** Lines of the floor, in units. */
const GRID = 60;
/** Where the whole field would be smaller than the first, the eye follows the ship at the second. */
const [SCALE_WHOLE, SCALE_CLOSE] = [0.45, 0.6];
/** How far from the edge those are marked who are beyond it, in units of the page. */
const EDGE = 14;
/** Sparks at once: a burst beyond takes the place of the oldest. */
const SPARKS_MAX = 400;

export class ArenaPicture {
  #sparks = [];
  #before = 0;
  /** The own ship, while there is one or was one. */
  #eye = null;

  /** A ship was hit, or shot down. */
  burst(state, player, isLast) {
    const ship = [...state.ships.values()].find((found) => found.player === player);
    if (ship === undefined) return;
    for (let count = isLast ? 40 : 10; count > 0; count -= 1) {
      const [way, speed] = [Math.random() * 2 * Math.PI, 30 + Math.random() * (isLast ? 170 : 80)];
      this.#sparks.push({ x: ship.x, y: ship.y, vx: Math.cos(way) * speed, vy: Math.sin(way) * speed, left: 0.4 + Math.random() * 0.5, player });
    }
    this.#sparks.splice(0, this.#sparks.length - SPARKS_MAX);
  }

  /**
   * Draws a state: `shown` has the player's `own` ship where it is known better, the `others` by slot
   * where they are shown, and the `tick` of that. `raw` draws besides where the server has last said
   * that everything is.
   */
  draw(context, { width, height, now, raw, shown, state, tick, me, nameOf }) {
    const seconds = Math.min(0.1, (now - this.#before) / 1000);
    this.#before = now;
    context.fillStyle = "#090d0c";
    context.fillRect(0, 0, width, height);
    this.#eye = shown.own ?? this.#eye;
    const camera = cameraOf(state, this.#eye, width, height);
    const { scale, left, top } = camera;
    context.save();
    context.scale(scale, scale);
    context.translate(-left, -top);
    floor(context, state);
    bullets(context, state, shown.own ? Math.max(tick, shown.tick) : shown.tick);
    for (const [slot, ship] of state.ships) {
      if (ship.status === "Wrecked") continue;
      const place = (ship.player === me && shown.own) || shown.others.get(slot) || ship;
      drawShip(context, place, now);
      label(context, ship, place, ship.player === me ? "you" : nameOf(ship.player), scale);
      if (raw) ghost(context, ship);
    }
    this.#drawSparks(context, seconds);
    context.restore();
    for (const [slot, ship] of state.ships) {
      if (ship.status !== "Wrecked" && ship.player !== me) beyond(context, shown.others.get(slot) ?? ship, ship.player, { width, height, ...camera });
    }
    timeLeft(context, width, (state.ends - tick) / (state.tick_hz || 30));
    const mine = [...state.ships.values()].find(({ player }) => player === me);
    if (mine && state.ships.size === 1) alone(context, width);
    if (mine) ammunition(context, width, height, mine);
  }

  #drawSparks(context, seconds) {
    for (const spark of this.#sparks) {
      spark.left -= seconds;
      spark.x += spark.vx * seconds;
      spark.y += spark.vy * seconds;
      context.globalAlpha = Math.max(0, Math.min(1, spark.left * 2));
      context.fillStyle = colour(spark.player, 70);
      disc(context, spark.x, spark.y, 2);
    }
    context.globalAlpha = 1;
    this.#sparks = this.#sparks.filter(({ left }) => left > 0);
  }
}

/** What is seen: the whole field, or on small screens what is around the own ship. */
function cameraOf(state, eye, width, height) {
  const whole = Math.min(width / state.width, height / state.height);
  const scale = eye !== null && whole < SCALE_WHOLE ? SCALE_CLOSE : whole;
  const from = (middle, seen, all) => (seen >= all ? (all - seen) / 2 : Math.max(0, Math.min(all - seen, middle - seen / 2)));
  return {
    scale,
    left: from(eye?.x ?? 0, width / scale, state.width),
    top: from(eye?.y ?? 0, height / scale, state.height),
  };
}

/** An arrow at the edge to somebody who is beyond it. */
function beyond(context, ship, player, { width, height, scale, left, top }) {
  const [x, y] = [(ship.x - left) * scale, (ship.y - top) * scale];
  if (x > 0 && x < width && y > 0 && y < height) return;
  const [atX, atY] = [Math.max(EDGE, Math.min(width - EDGE, x)), Math.max(EDGE, Math.min(height - EDGE, y))];
  context.save();
  context.translate(atX, atY);
  context.rotate(Math.atan2(y - atY, x - atX));
  context.fillStyle = colour(player);
  context.beginPath();
  context.moveTo(10, 0);
  context.lineTo(-5, 7);
  context.lineTo(-5, -7);
  context.fill();
  context.restore();
}

function floor(context, { width, height }) {
  context.fillStyle = "#0e1614";
  context.fillRect(0, 0, width, height);
  context.strokeStyle = "#17221e";
  context.lineWidth = 1;
  context.beginPath();
  for (let x = GRID; x < width; x += GRID) { context.moveTo(x, 0); context.lineTo(x, height); }
  for (let y = GRID; y < height; y += GRID) { context.moveTo(0, y); context.lineTo(width, y); }
  context.stroke();
  context.strokeStyle = "#34c787";
  context.lineWidth = 2;
  context.strokeRect(1, 1, width - 2, height - 2);
}

function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function outline(context) {
  context.beginPath();
  context.moveTo(SHIP_RADIUS, 0);
  context.lineTo(-SHIP_RADIUS * 0.8, SHIP_RADIUS * 0.75);
  context.lineTo(-SHIP_RADIUS * 0.4, 0);
  context.lineTo(-SHIP_RADIUS * 0.8, -SHIP_RADIUS * 0.75);
  context.closePath();
}

/** They fly straight on, so where they are follows from the tick. */
function bullets(context, { bullets: all, tick_hz: hz }, tick) {
  context.fillStyle = "#fff3c4";
  for (const { x, y, vx, vy, born } of all.values()) {
    const age = (tick - born) / (hz || 30);
    if (age >= 0) disc(context, x + vx * age, y + vy * age, BULLET_RADIUS);
  }
}

function drawShip(context, ship, now) {
  const { x, y, heading } = ship;
  context.save();
  context.translate(x, y);
  if (ship.status === "Shielded") {
    context.strokeStyle = "#8fd7ff";
    context.globalAlpha = 0.4 + 0.3 * Math.sin(now / 90);
    context.lineWidth = 2;
    context.beginPath();
    context.arc(0, 0, SHIP_RADIUS * 1.5, 0, 2 * Math.PI);
    context.stroke();
    context.globalAlpha = 1;
  }
  context.rotate(heading);
  if (ship.thrusting) {
    context.fillStyle = "#ffb347";
    context.beginPath();
    context.moveTo(-SHIP_RADIUS * 0.5, 5);
    context.lineTo(-SHIP_RADIUS * (1.3 + 0.5 * Math.random()), 0);
    context.lineTo(-SHIP_RADIUS * 0.5, -5);
    context.fill();
  }
  context.fillStyle = colour(ship.player);
  outline(context);
  context.fill();
  context.restore();
}

/** Where the server has last said that a ship is. */
function ghost(context, { x, y, heading }) {
  context.save();
  context.translate(x, y);
  context.rotate(heading);
  context.strokeStyle = "#fff";
  context.setLineDash([3, 3]);
  context.lineWidth = 1;
  outline(context);
  context.stroke();
  context.restore();
}

function label(context, { life }, { x, y }, name, scale) {
  context.textAlign = "center";
  context.font = `${Math.max(11, 11 / scale)}px system-ui, sans-serif`;
  context.fillStyle = "#c8d6cf";
  context.fillText(name, x, y - SHIP_RADIUS * 1.9);
  const wide = 2 * SHIP_RADIUS;
  context.fillStyle = "#2a3531";
  context.fillRect(x - SHIP_RADIUS, y + SHIP_RADIUS * 1.4, wide, 3);
  context.fillStyle = life > 1 ? "#34c787" : "#ff8f6b";
  context.fillRect(x - SHIP_RADIUS, y + SHIP_RADIUS * 1.4, wide * Math.min(1, life / LIFE), 3);
}

function timeLeft(context, width, seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  context.textAlign = "center";
  context.font = "600 15px system-ui, sans-serif";
  context.fillStyle = "#e8efeb";
  context.fillText(`${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`, width / 2, 24);
}

function ammunition(context, width, height, { ammo, status }) {
  context.fillStyle = "#fff3c4";
  for (let shot = 0; shot < ammo; shot += 1) disc(context, width / 2 + (shot - 1.5) * 14, height - 18, 4);
  if (status !== "Wrecked") return;
  context.textAlign = "center";
  context.font = "600 20px system-ui, sans-serif";
  context.fillStyle = "#ff8f6b";
  context.fillText("Shot down. You come back in a moment.", width / 2, height / 2);
}
