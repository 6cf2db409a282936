/**
 * How a ship of the arena flies: the rule of `src/games/arena/ship.rs`, in the same order and in numbers
 * of 32 bits, so that a page can tell where its own ship will be. Both are held to the same cases.
 */

const f = Math.fround;

const SHIP_RADIUS = 14;
const SPEED_MAX = 320;
const TURN_RATE = f(3.6);
const THRUST = 300;
const DRAG = f(0.45);
const WALL_BOUNCE = f(0.6);
const PI = f(Math.PI);
const TAU = f(2 * Math.PI);

const wrapAngle = (angle) => f(angle - f(f(Math.floor(f(f(angle + PI) / TAU))) * TAU));
const hypot = (x, y) => f(Math.sqrt(f(f(x * x) + f(y * y))));

function limitSpeed(ship) {
  const speed = hypot(ship.vx, ship.vy);
  if (speed <= SPEED_MAX) return;
  const share = f(SPEED_MAX / speed);
  ship.vx = f(ship.vx * share);
  ship.vy = f(ship.vy * share);
}

function bounce(ship, place, speed, far) {
  const high = f(far - SHIP_RADIUS);
  if (ship[place] < SHIP_RADIUS) {
    ship[place] = SHIP_RADIUS;
    ship[speed] = f(Math.abs(ship[speed]) * WALL_BOUNCE);
  } else if (ship[place] > high) {
    ship[place] = high;
    ship[speed] = f(-Math.abs(ship[speed]) * WALL_BOUNCE);
  }
}

/** The ship one step of `1 / tickHz` seconds later, in a new object; `field` is `{ width, height }`. */
export function fly(before, input, tickHz, field) {
  const ship = { ...before };
  const dt = f(1 / tickHz);
  const turn = f(Math.min(Math.max(input.turn, -100), 100) / 100);
  ship.heading = wrapAngle(f(ship.heading + f(f(turn * TURN_RATE) * dt)));
  ship.thrusting = input.thrust;
  if (input.thrust) {
    ship.vx = f(ship.vx + f(f(f(Math.cos(ship.heading)) * THRUST) * dt));
    ship.vy = f(ship.vy + f(f(f(Math.sin(ship.heading)) * THRUST) * dt));
  }
  const keep = f(1 / f(1 + f(DRAG * dt)));
  ship.vx = f(ship.vx * keep);
  ship.vy = f(ship.vy * keep);
  limitSpeed(ship);
  ship.x = f(ship.x + f(ship.vx * dt));
  ship.y = f(ship.y + f(ship.vy * dt));
  bounce(ship, 'x', 'vx', field.width);
  bounce(ship, 'y', 'vy', field.height);
  return ship;
}

const within = (value, far) => Math.min(Math.max(value, SHIP_RADIUS), f(far - SHIP_RADIUS));

/** Two ships that touch are moved apart and bounce like billiard balls: writes into both. */
export function collide(one, other, field) {
  const [dx, dy] = [f(other.x - one.x), f(other.y - one.y)];
  const distance = hypot(dx, dy);
  const overlap = f(2 * SHIP_RADIUS - distance);
  if (overlap <= 0) return;
  const [nx, ny] = distance > f(0.001) ? [f(dx / distance), f(dy / distance)] : [1, 0];
  const closing = f(f(f(one.vx - other.vx) * nx) + f(f(one.vy - other.vy) * ny));
  const push = Math.max(closing, 0);
  for (const [ship, way] of [[one, -0.5], [other, 0.5]]) {
    ship.vx = f(ship.vx + f(push * nx) * 2 * way);
    ship.vy = f(ship.vy + f(push * ny) * 2 * way);
    ship.x = within(f(ship.x + f(f(nx * overlap) * way)), field.width);
    ship.y = within(f(ship.y + f(f(ny * overlap) * way)), field.height);
    limitSpeed(ship);
  }
}
