//! Bullets: told once when they are fired and once when they are gone. In between everybody
//! computes where they are from the tick.

use std::time::Duration;

use greenroom_proto::{EntityId, PlayerId, Replicate, Tick};
use serde::{Deserialize, Serialize};

use super::ship::{SHIP_RADIUS, Ship};
use crate::game::{Past, Rewind};

/// Speed of a bullet as seen from the ship that fires it, in units per second. Twice a ship's:
/// beyond some 300 units a pilot who looks has the time to dodge.
pub const BULLET_SPEED: f32 = 620.0;
/// Seconds that a bullet flies.
pub const BULLET_LIFE: f32 = 1.1;
/// Radius of a bullet, in units.
pub const BULLET_RADIUS: f32 = 3.0;

/// Places are multiples of this; being a power of two, they are exact in an `f32`.
const PLACE_STEP: f32 = 0.125;
/// Velocities are multiples of this.
const SPEED_STEP: f32 = 0.25;

/// A bullet. Nothing of it changes while it flies, so it costs nothing on the wire.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bullet {
    /// Who fired it.
    pub owner: PlayerId,
    /// Where it was fired.
    #[sync(step = 0.125)]
    pub x: f32,
    /// Where it was fired.
    #[sync(step = 0.125)]
    pub y: f32,
    /// Velocity, in units per second.
    #[sync(step = 0.25)]
    pub vx: f32,
    /// Velocity, in units per second.
    #[sync(step = 0.25)]
    pub vy: f32,
    /// When it was fired.
    pub born: Tick,
    /// How late whoever fired it sees others, in milliseconds. As long as it flies it meets them where
    /// they are for that player: a shot that is seen to hit hits.
    #[sync(skip)]
    pub view_age_ms: u8,
}

impl Bullet {
    /// A bullet from the nose of a ship; it has the ship's velocity besides its own, so that the
    /// pilot sees it fly where the nose points.
    #[must_use]
    pub fn fired_by(ship: &Ship, born: Tick) -> Self {
        let (nx, ny) = ship.nose();
        let reach = SHIP_RADIUS + BULLET_RADIUS;
        // In the steps in which it is told: server and clients have it in the very same place.
        let told = |value: f32, step: f32| (value / step).round() * step;
        Bullet {
            owner: ship.player,
            x: told(ship.x + nx * reach, PLACE_STEP),
            y: told(ship.y + ny * reach, PLACE_STEP),
            vx: told(ship.vx + nx * BULLET_SPEED, SPEED_STEP),
            vy: told(ship.vy + ny * BULLET_SPEED, SPEED_STEP),
            born,
            view_age_ms: 0,
        }
    }

    /// Where it is after `tick` in a room of so many ticks per second.
    #[must_use]
    pub fn place(&self, tick: Tick, tick_hz: u16) -> (f32, f32) {
        let age = tick.0.saturating_sub(self.born.0) as f32 / f32::from(tick_hz.max(1));
        (self.x + self.vx * age, self.y + self.vy * age)
    }
}

/// Something's way during one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub from: (f32, f32),
    pub to: (f32, f32),
}

/// The way that a ship went during this step, as seen by whoever fired the bullet: the one before, if
/// they see everything as it is.
pub(super) fn seen_way(
    bullet: &Bullet,
    way: Way,
    ship: EntityId,
    past: &Rewind<EntityId, (f32, f32)>,
    now: Tick,
) -> Way {
    if bullet.view_age_ms == 0 {
        return way;
    }
    let ago = Duration::from_millis(bullet.view_age_ms.into());
    past.way(&ship, now, ago).map_or(way, |[from, to]| Way { from: place(from), to: place(to) })
}

/// Where it was in between.
fn place(past: Past<'_, (f32, f32)>) -> (f32, f32) {
    let (from, to) = (past.from, past.to);
    (from.0 + (to.0 - from.0) * past.share, from.1 + (to.1 - from.1) * past.share)
}

/// Whether a bullet touches a ship while both go their ways. What counts is how near they get on
/// the way: at a low tick rate a bullet jumps farther than a ship is wide.
pub(super) fn hits(bullet: Way, ship: Way) -> bool {
    let start = (bullet.from.0 - ship.from.0, bullet.from.1 - ship.from.1);
    let end = (bullet.to.0 - ship.to.0, bullet.to.1 - ship.to.1);
    let step = (end.0 - start.0, end.1 - start.1);
    let length2 = step.0 * step.0 + step.1 * step.1;
    let at = if length2 > 0.0 {
        (-(start.0 * step.0 + start.1 * step.1) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let nearest = (start.0 + step.0 * at, start.1 + step.1 * at);
    let reach = SHIP_RADIUS + BULLET_RADIUS;
    nearest.0 * nearest.0 + nearest.1 * nearest.1 <= reach * reach
}

#[cfg(test)]
mod tests {
    use super::*;
    use greenroom_proto::{layout_of, publish, recover};

    #[derive(Replicate, Default)]
    struct One {
        bullet: Bullet,
    }

    #[test]
    fn clients_have_a_bullet_in_the_very_same_place() {
        let ship = Ship { x: 333.33, y: 77.77, vx: 12.34, heading: 1.234, ..Ship::default() };
        let state = One { bullet: Bullet::fired_by(&ship, Tick(100)) };
        let layout = layout_of::<One>();
        let mut rows = greenroom_proto::Rows::default();
        assert_eq!(publish(&state, &layout, &mut rows), 0);
        let seen: One = recover(&rows, &layout).unwrap();
        for tick in (100..160).map(Tick) {
            assert_eq!(seen.bullet.place(tick, 30), state.bullet.place(tick, 30));
        }
    }

    #[test]
    fn a_fast_bullet_does_not_jump_over_a_ship() {
        let ship = Way { from: (100.0, 0.0), to: (100.0, 0.0) };
        assert!(hits(Way { from: (0.0, 16.0), to: (600.0, 16.0) }, ship));
        assert!(!hits(Way { from: (0.0, 18.0), to: (600.0, 18.0) }, ship));
        assert!(!hits(Way { from: (0.0, 0.0), to: (80.0, 0.0) }, ship));
        // Both fly side by side: never nearer than at the start.
        let away = Way { from: (100.0, 0.0), to: (700.0, 0.0) };
        assert!(!hits(Way { from: (80.0, 0.0), to: (680.0, 0.0) }, away));
        assert!(hits(Way { from: (90.0, 0.0), to: (690.0, 0.0) }, away));
    }
}
