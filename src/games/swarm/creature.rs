//! Creatures: how they swim, how much they weigh, and who eats whom.

use greenroom_proto::{PlayerId, Replicate, Tick};
use serde::{Deserialize, Serialize};

use super::Input;
use crate::math;

/// What a creature weighs when it comes; it never shrinks below.
pub const MASS_START: f32 = 10.0;
/// Speed of a new creature, in units per second.
pub const SPEED: f32 = 60.0;
/// By how much a boost makes it faster.
pub const BOOST: f32 = 1.6;
/// What a creature needs to weigh to boost.
pub const BOOST_MASS: f32 = 1.5 * MASS_START;
/// The heavier of two eats the other if it weighs so many times as much.
pub const BITE: f32 = 1.25;

/// Change of velocity, in units per second and second: a creature turns round in half a second.
const AGILITY: f32 = 240.0;
/// Part of its mass that a creature loses in a second of boosting.
const BOOST_COST: f32 = 0.06;
/// Part of its mass that a creature loses in a second.
const HUNGER: f32 = 0.005;
/// Part of what is eaten that becomes mass.
const DIGESTED: f32 = 0.8;

/// Creatures are at multiples of this, and move by multiples of it. Whoever swims straight on
/// moves by the same in every step, which is what clients expect: it costs nothing on the wire.
const PLACE_STEP: f32 = 0.125;

/// What a creature is up to.
#[derive(
    Replicate, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize,
)]
pub enum Mood {
    /// It swims.
    #[default]
    Calm,
    /// It swims faster and loses mass by it.
    Boosting,
    /// It is new: it eats no creature and no creature eats it.
    Safe,
}

/// A player's creature: a disc.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
#[sync(near = (x, y))]
pub struct Creature {
    /// Whose it is.
    pub player: PlayerId,
    /// Which of the skins it wears.
    #[sync(join)]
    pub skin: u8,
    /// Its middle, from the left wall.
    #[sync(step = 0.125)]
    pub x: f32,
    /// Its middle, from the upper wall.
    #[sync(step = 0.125, join)]
    pub y: f32,
    /// From its middle to its edge; follows from its mass.
    #[sync(step = 0.25, hold)]
    pub radius: f32,
    /// What it is up to.
    pub mood: Mood,
    /// What it weighs.
    #[sync(skip)]
    mass: f32,
    /// Velocity, in units per second.
    #[sync(skip)]
    vx: f32,
    /// Velocity, in units per second.
    #[sync(skip)]
    vy: f32,
    /// It is safe before this tick.
    #[sync(skip)]
    safe_until: Tick,
}

/// The radius of a creature of this mass.
#[must_use]
pub fn radius_of(mass: f32) -> f32 {
    2.0 * mass.sqrt()
}

/// The mass of a creature of this radius.
#[must_use]
pub fn mass_of(radius: f32) -> f32 {
    radius * radius / 4.0
}

/// How fast a creature of this radius is without a boost: the larger the slower.
#[must_use]
pub fn speed_of(radius: f32) -> f32 {
    SPEED * (radius_of(MASS_START) / radius.max(1.0)).sqrt()
}

impl Creature {
    /// A new one at rest, safe before a tick.
    #[must_use]
    pub fn new(player: PlayerId, skin: u8, (x, y): (f32, f32), safe_until: Tick) -> Self {
        let mut new = Creature { player, skin, mood: Mood::Safe, safe_until, ..Self::default() };
        (new.x, new.y) = (whole_steps(x), whole_steps(y));
        new.set_mass(MASS_START);
        new
    }

    /// What it weighs.
    #[must_use]
    pub fn mass(&self) -> f32 {
        self.mass
    }

    pub(super) fn set_mass(&mut self, mass: f32) {
        self.mass = mass.max(MASS_START);
        self.radius = radius_of(self.mass);
    }

    /// It eats so much.
    pub fn eat(&mut self, mass: f32) {
        self.set_mass(self.mass + mass);
    }

    /// It eats another.
    pub fn eat_creature(&mut self, other: &Creature) {
        self.eat(DIGESTED * other.mass);
    }

    /// Whether it eats the other now: it is heavier by far and covers the other's middle.
    #[must_use]
    pub fn bites(&self, other: &Creature) -> bool {
        self.mood != Mood::Safe
            && other.mood != Mood::Safe
            && self.mass >= BITE * other.mass
            && math::hypot(other.x - self.x, other.y - self.y) < self.radius
    }

    /// One step of swimming in a square world with this side.
    pub fn swim(&mut self, wish: &Input, now: Tick, dt: f32, side: f32) {
        let boosts = wish.boost && self.mass >= BOOST_MASS;
        self.mood = match boosts {
            _ if now < self.safe_until => Mood::Safe,
            true => Mood::Boosting,
            false => Mood::Calm,
        };
        let loss = if boosts { HUNGER + BOOST_COST } else { HUNGER };
        self.set_mass(self.mass * (1.0 - loss * dt));
        let top = speed_of(self.radius) * if boosts { BOOST } else { 1.0 };
        let (x, y) = wish.direction();
        self.push(x * top - self.vx, y * top - self.vy, AGILITY * dt);
        swim_along(&mut self.x, &mut self.vx, dt, side);
        swim_along(&mut self.y, &mut self.vy, dt, side);
    }

    /// Changes its velocity by this, but by no more than `most`.
    fn push(&mut self, dx: f32, dy: f32, most: f32) {
        let length = math::hypot(dx, dy);
        let part = if length > most { most / length } else { 1.0 };
        self.vx += dx * part;
        self.vy += dy * part;
    }
}

fn whole_steps(length: f32) -> f32 {
    (length / PLACE_STEP).round() * PLACE_STEP
}

fn swim_along(place: &mut f32, speed: &mut f32, dt: f32, side: f32) {
    let to = *place + whole_steps(*speed * dt);
    *place = to.clamp(0.0, side);
    if *place != to {
        *speed = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DT: f32 = 0.05;

    fn creature(mass: f32, x: f32) -> Creature {
        let mut creature = Creature::new(PlayerId(1), 0, (x, 100.0), Tick(0));
        creature.set_mass(mass);
        creature.mood = Mood::Calm;
        creature
    }

    fn swim(creature: &mut Creature, wish: Input, steps: u32) {
        (0..steps).for_each(|_| creature.swim(&wish, Tick(9), DT, 1000.0));
    }

    #[test]
    fn the_larger_is_slower_and_a_boost_helps_and_costs() {
        let run = |mass, boost| {
            let mut creature = creature(mass, 100.0);
            swim(&mut creature, Input { x: 100, y: 0, boost }, 60);
            (creature.x - 100.0, creature.mass())
        };
        let (light, heavy, boosted) = (run(20.0, false), run(200.0, false), run(200.0, true));
        assert!(light.0 > 1.5 * heavy.0 && boosted.0 > 1.4 * heavy.0, "{light:?} {heavy:?}");
        assert!(heavy.1 > 196.0 && boosted.1 < 170.0, "{heavy:?} {boosted:?}");
        assert_eq!(run(MASS_START, true), run(MASS_START, false), "too light to boost");
        assert_eq!(run(MASS_START, false).1, MASS_START, "and to shrink");
    }

    #[test]
    fn who_swims_straight_on_moves_by_the_same_in_every_step() {
        let mut creature = creature(MASS_START, 100.0);
        let wish = Input { x: 77, y: 33, boost: false };
        swim(&mut creature, wish, 20);
        let mut before = (creature.x, creature.y);
        let mut moves = Vec::new();
        for _ in 0..100 {
            swim(&mut creature, wish, 1);
            moves.push((creature.x - before.0, creature.y - before.1));
            before = (creature.x, creature.y);
        }
        assert!(moves.iter().all(|step| *step == moves[0]), "{moves:?}");
    }

    #[test]
    fn the_heavier_by_far_eats_who_is_under_it() {
        let (big, small) = (creature(100.0, 100.0), creature(50.0, 115.0));
        assert!(big.bites(&small) && !small.bites(&big));
        assert!(!big.bites(&creature(50.0, 125.0)), "its middle is free");
        assert!(!big.bites(&creature(90.0, 100.0)), "too heavy");
        let safe = Creature { mood: Mood::Safe, ..small.clone() };
        assert!(!big.bites(&safe));
        assert!(!Creature { mood: Mood::Safe, ..big.clone() }.bites(&small));
        let mut fed = big;
        fed.eat_creature(&small);
        assert_eq!((fed.mass(), fed.radius), (140.0, radius_of(140.0)));
        assert!((mass_of(fed.radius) - 140.0).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn nobody_leaves_the_world(wishes in prop::collection::vec(any::<(i8, i8, bool)>(), 40)) {
            let mut creature = creature(30.0, 3.0);
            for (x, y, boost) in wishes {
                for _ in 0..20 {
                    creature.swim(&Input { x, y, boost }, Tick(9), DT, 60.0);
                    prop_assert!((0.0..=60.0).contains(&creature.x), "{creature:?}");
                    prop_assert!((0.0..=60.0).contains(&creature.y), "{creature:?}");
                    let speed = math::hypot(creature.vx, creature.vy);
                    prop_assert!(speed <= 1.001 * SPEED * BOOST, "{creature:?}");
                }
            }
        }
    }
}
