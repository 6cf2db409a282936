//! Ships: how they fly, and what they have left.

use greenroom_proto::{PlayerId, Replicate, Tick};
use serde::{Deserialize, Serialize};

use super::Input;
use crate::math;

/// Radius of a ship, in units. The field is 960 by 600 of them for up to four players.
pub const SHIP_RADIUS: f32 = 14.0;
/// Greatest speed, in units per second: a screen of four players' field takes 3 s to cross.
pub const SPEED_MAX: f32 = 320.0;
/// Full turn rate, in radians per second: about 0.9 s to look behind oneself.
pub const TURN_RATE: f32 = 3.6;
/// Acceleration, in units per second and second: 0.6 s to half of the greatest speed, so that
/// where one drifts is decided well before one gets there.
pub const THRUST: f32 = 300.0;
/// Share of its speed that a drifting ship loses per second (continuously).
const DRAG: f32 = 0.45;
/// Share of its speed that a ship keeps when it bounces off a wall.
const WALL_BOUNCE: f32 = 0.6;

/// Shots in a full magazine. They come back slower than they go: who sprays has none left when
/// it counts.
pub const AMMO: u8 = 4;

/// The rectangle between the walls.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Field {
    /// In units.
    pub width: f32,
    /// In units.
    pub height: f32,
}

impl Field {
    /// A field with about the same room for everybody, however many they are.
    #[must_use]
    pub fn for_players(players: u8) -> Self {
        let scale = f32::from(players.max(4)).sqrt();
        // Whole units: the state tells them as integers.
        Field { width: (480.0 * scale).round(), height: (300.0 * scale).round() }
    }

    /// Whether the point is between the walls.
    #[must_use]
    pub fn contains(&self, x: f32, y: f32) -> bool {
        (0.0..=self.width).contains(&x) && (0.0..=self.height).contains(&y)
    }
}

/// What a ship is up to.
#[derive(
    Replicate, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize,
)]
pub enum Status {
    /// It flies, shoots and can be hit.
    #[default]
    Flying,
    /// It has just come (back) and cannot be hit until its time is up or it shoots.
    Shielded,
    /// It was shot and comes back when its time is up.
    Wrecked,
}

/// A player's ship. The steps are what an eye on a screen can tell apart: a quarter of a unit, and
/// less than a degree; where it is may be as much off while it goes on as it went.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ship {
    /// Whose it is.
    pub player: PlayerId,
    /// From the left wall.
    #[sync(step = 0.25, tolerance = 0.25)]
    pub x: f32,
    /// From the upper wall.
    #[sync(step = 0.25, tolerance = 0.25, join)]
    pub y: f32,
    /// Velocity, in units per second.
    #[sync(step = 2.0, tolerance = 4.0)]
    pub vx: f32,
    /// Velocity, in units per second.
    #[sync(step = 2.0, tolerance = 4.0, join)]
    pub vy: f32,
    /// Where the nose points, from −π to π; 0 is to the right, π/2 down the screen.
    #[sync(angle = 9, tolerance = 0.013)]
    pub heading: f32,
    /// Whether the engine burns, for the flame.
    pub thrusting: bool,
    /// What it is up to.
    pub status: Status,
    /// When the status ends, unless it is flying.
    pub until: Tick,
    /// Hits that it can still take.
    pub life: u8,
    /// Shots left.
    pub ammo: u8,
    /// Ships shot.
    pub score: u16,
    /// Times it was shot.
    pub deaths: u16,
    /// Hits landed: breaks ties.
    #[sync(skip)]
    pub hits: u32,
    /// The next shot is possible from this tick on.
    #[sync(skip)]
    pub(super) ready: Tick,
    /// The next shot comes back at this tick, while some are missing.
    #[sync(skip)]
    pub(super) reload: Tick,
}

impl Ship {
    /// Whether it flies, shielded or not.
    #[must_use]
    pub fn is_flying(&self) -> bool {
        self.status != Status::Wrecked
    }

    /// The direction of the nose, of length 1.
    #[must_use]
    pub fn nose(&self) -> (f32, f32) {
        (math::cos(self.heading), math::sin(self.heading))
    }

    /// One step of flight. Pure, so that a client can predict its own ship with it.
    pub fn fly(&mut self, input: &Input, dt: f32, field: Field) {
        let turn = f32::from(input.turn.clamp(-100, 100)) / 100.0;
        self.heading = math::wrap_angle(self.heading + turn * TURN_RATE * dt);
        self.thrusting = input.thrust;
        if input.thrust {
            let (x, y) = self.nose();
            self.vx += x * THRUST * dt;
            self.vy += y * THRUST * dt;
        }
        // Never more than all of the speed, however long the step.
        let keep = 1.0 / (1.0 + DRAG * dt);
        self.vx *= keep;
        self.vy *= keep;
        self.limit_speed();
        self.x += self.vx * dt;
        self.y += self.vy * dt;
        bounce(&mut self.x, &mut self.vx, field.width);
        bounce(&mut self.y, &mut self.vy, field.height);
    }

    fn limit_speed(&mut self) {
        let speed = math::hypot(self.vx, self.vy);
        if speed > SPEED_MAX {
            self.vx *= SPEED_MAX / speed;
            self.vy *= SPEED_MAX / speed;
        }
    }
}

fn bounce(place: &mut f32, speed: &mut f32, far: f32) {
    let (low, high) = (SHIP_RADIUS, far - SHIP_RADIUS);
    if *place < low {
        *place = low;
        *speed = speed.abs() * WALL_BOUNCE;
    } else if *place > high {
        *place = high;
        *speed = -speed.abs() * WALL_BOUNCE;
    }
}

/// Two ships that touch are moved apart and bounce like billiard balls.
pub(super) fn collide(one: &mut Ship, other: &mut Ship, field: Field) {
    let (dx, dy) = (other.x - one.x, other.y - one.y);
    let distance = math::hypot(dx, dy);
    let overlap = 2.0 * SHIP_RADIUS - distance;
    if overlap <= 0.0 {
        return;
    }
    // One exactly on top of the other: any direction will do, as long as it is always the same.
    let (nx, ny) = if distance > 0.001 { (dx / distance, dy / distance) } else { (1.0, 0.0) };
    let closing = (one.vx - other.vx) * nx + (one.vy - other.vy) * ny;
    if closing > 0.0 {
        one.vx -= closing * nx;
        one.vy -= closing * ny;
        other.vx += closing * nx;
        other.vy += closing * ny;
    }
    for (ship, way) in [(one, -0.5), (other, 0.5)] {
        ship.x = (ship.x + nx * overlap * way).clamp(SHIP_RADIUS, field.width - SHIP_RADIUS);
        ship.y = (ship.y + ny * overlap * way).clamp(SHIP_RADIUS, field.height - SHIP_RADIUS);
        ship.limit_speed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIELD: Field = Field { width: 960.0, height: 600.0 };

    #[test]
    fn a_ship_on_full_thrust_bounces_and_never_leaves_the_field() {
        for hz in [1.0, 30.0, 128.0] {
            let mut ship = Ship { x: 100.0, y: 100.0, heading: 0.3, ..Ship::default() };
            for _ in 0..2000 {
                ship.fly(&Input { thrust: true, turn: 1, ..Input::default() }, 1.0 / hz, FIELD);
                assert!(FIELD.contains(ship.x, ship.y), "{ship:?}");
                assert!(math::hypot(ship.vx, ship.vy) <= SPEED_MAX * 1.001, "{ship:?}");
            }
        }
    }

    #[test]
    fn a_head_on_collision_swaps_the_velocities() {
        let mut one = Ship { x: 100.0, y: 100.0, vx: 50.0, ..Ship::default() };
        let mut other = Ship { x: 120.0, y: 100.0, vx: -30.0, ..Ship::default() };
        collide(&mut one, &mut other, FIELD);
        assert_eq!((one.vx, other.vx), (-30.0, 50.0));
        assert!((other.x - one.x - 2.0 * SHIP_RADIUS).abs() < 0.001);
    }

    /// What `src/web/play/arena-flight.js` is held to, too: flights, and ships that meet.
    #[test]
    fn a_page_predicts_the_same_flight() {
        let mut rng = crate::rng::Rng::new(4);
        let numbers = |ship: &Ship| [ship.x, ship.y, ship.vx, ship.vy, ship.heading];
        let mut flights = Vec::new();
        for hz in [10u16, 30, 60, 128] {
            let start = Ship { x: 200.0, y: 300.0, heading: 3.0, ..Ship::default() };
            let mut ship = start.clone();
            let mut input = Input::default();
            let mut steps = Vec::new();
            for tick in 0..150 {
                if tick % 9 == 0 {
                    let turn = (rng.below(221) as i32 - 110) as i8;
                    input = Input { thrust: rng.chance(0.7), turn, ..input };
                }
                // As a room has it: see `Ctx::dt`.
                ship.fly(&input, 1.0 / f32::from(hz), FIELD);
                let json = serde_json::json!([input.thrust, input.turn, numbers(&ship)]);
                steps.push(json);
            }
            flights.push(serde_json::json!({"hz": hz, "start": numbers(&start), "steps": steps}));
        }
        let mut meetings = Vec::new();
        for _ in 0..40 {
            let mut place = |far: f32| rng.between(SHIP_RADIUS, far - SHIP_RADIUS);
            let (x, y) = (place(FIELD.width), place(FIELD.height));
            let mut ship = |reach: f32| Ship {
                x: (x + rng.between(-reach, reach)).clamp(SHIP_RADIUS, FIELD.width - SHIP_RADIUS),
                y,
                vx: rng.between(-SPEED_MAX, SPEED_MAX),
                vy: rng.between(-SPEED_MAX, SPEED_MAX),
                ..Ship::default()
            };
            let (mut one, mut other) = (ship(0.0), ship(30.0));
            let before = [numbers(&one), numbers(&other)];
            collide(&mut one, &mut other, FIELD);
            let after = [numbers(&one), numbers(&other)];
            meetings.push(serde_json::json!({"before": before, "after": after}));
        }
        let cases = serde_json::json!({
            "field": {"width": FIELD.width, "height": FIELD.height},
            "flights": flights,
            "meetings": meetings,
        });
        let text = format!("{cases}\n");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/vectors/arena-flight.json");
        if std::env::var("GREENROOM_VECTORS").is_ok_and(|what| what == "write") {
            std::fs::write(path, &text).unwrap();
        }
        let told =
            "GREENROOM_VECTORS=write cargo test --lib a_page_predicts, and see arena-flight.js";
        assert!(std::fs::read_to_string(path).unwrap() == text, "ships fly otherwise: {told}");
    }

    proptest! {
        #[test]
        fn ships_in_a_heap_stay_in_the_field(
            x in 14.0f32..946.0, y in 14.0f32..586.0, dx in -30.0f32..30.0, v in -220.0f32..220.0,
        ) {
            let mut one = Ship { x, y, vx: v, vy: -v, ..Ship::default() };
            let mut other = Ship { x: (x + dx).clamp(14.0, 946.0), y, vx: -v, ..Ship::default() };
            collide(&mut one, &mut other, FIELD);
            for ship in [one, other] {
                prop_assert!(FIELD.contains(ship.x, ship.y));
                prop_assert!(math::hypot(ship.vx, ship.vy) <= SPEED_MAX * 1.001);
            }
        }
    }
}
