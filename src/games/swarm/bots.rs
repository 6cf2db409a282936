//! Bots for the swarm: `grazer` eats and stays out of the way, `hunter` chases as well, `random`
//! is there to be eaten. They see what their player would see.

use greenroom_proto::Tick;

use super::creature::{BITE, BOOST_MASS, Creature, Mood, mass_of};
use super::food::Pellet;
use super::{Input, State, Swarm};
use crate::bot::{Acts, Bot, View};
use crate::math;
use crate::rng::Rng;

/// From whose edge a bot keeps away, in units.
const WARY: f32 = 55.0;
/// How near that may come before it boosts.
const PANIC: f32 = 20.0;
/// Pellets so near to each other are a cluster.
const CLUSTER: f32 = 45.0;
/// How far a hunter chases, in units.
const CHASE: f32 = 110.0;
/// From how near it boosts.
const LUNGE: f32 = 45.0;
/// Seconds after which a bot thinks again about where it goes.
const PONDER: f32 = 0.4;
/// So near to a wall a bot turns away from it when it flees.
const WALL: f32 = 30.0;

/// Goes to where most pellets are near, and away from whoever could eat it.
#[derive(Debug)]
pub struct Grazer {
    goal: Goal,
}

/// Eats whom it can catch, and grazes where there is nobody.
#[derive(Debug)]
pub struct Hunter {
    goal: Goal,
}

impl Grazer {
    /// One that ponders at times by this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Grazer { goal: Goal::new(seed) }
    }
}

impl Hunter {
    /// One that ponders at times by this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Hunter { goal: Goal::new(seed) }
    }
}

impl Bot for Grazer {
    type Game = Swarm;

    fn act(&mut self, view: &View<'_, Swarm>, act: &mut Acts<Swarm>) {
        let Some(me) = view.state.creature_of(view.me) else { return };
        let input = flee(me, view.state);
        act.input(&input.unwrap_or_else(|| self.goal.graze(me, view.state, view.tick)));
    }
}

impl Bot for Hunter {
    type Game = Swarm;

    fn act(&mut self, view: &View<'_, Swarm>, act: &mut Acts<Swarm>) {
        let Some(me) = view.state.creature_of(view.me) else { return };
        let input = flee(me, view.state).or_else(|| chase(me, view.state));
        act.input(&input.unwrap_or_else(|| self.goal.graze(me, view.state, view.tick)));
    }
}

/// Whether one could eat the other, by what everybody sees of them.
fn outweighs(one: &Creature, other: &Creature) -> bool {
    mass_of(one.radius) > BITE * mass_of(other.radius)
}

fn away(me: &Creature, other: &Creature) -> (f32, f32, f32) {
    let (dx, dy) = (me.x - other.x, me.y - other.y);
    (dx, dy, math::hypot(dx, dy).max(0.001))
}

/// Away from all who are near and could eat it, if there is anybody.
fn flee(me: &Creature, state: &State) -> Option<Input> {
    if me.mood == Mood::Safe {
        return None;
    }
    let (mut x, mut y, mut nearest) = (0.0, 0.0, f32::MAX);
    for other in state.players.values().filter(|other| outweighs(other, me)) {
        let (dx, dy, distance) = away(me, other);
        let gap = distance - other.radius;
        if gap < WARY {
            let weight = 1.0 / (distance * (gap.max(0.0) + 10.0));
            (x, y) = (x + dx * weight, y + dy * weight);
            nearest = nearest.min(gap);
        }
    }
    if nearest == f32::MAX {
        return None;
    }
    // A wall is no way out.
    let side = f32::from(state.side);
    let wall = |place: f32| match place {
        place if place < WALL => 0.05,
        place if place > side - WALL => -0.05,
        _ => 0.0,
    };
    let boost = nearest < PANIC && mass_of(me.radius) >= BOOST_MASS;
    Some(Input::towards(x + wall(me.x), y + wall(me.y), boost))
}

/// To the nearest whom it could eat.
fn chase(me: &Creature, state: &State) -> Option<Input> {
    if me.mood == Mood::Safe {
        return None;
    }
    let prey = state.players.values().filter(|it| it.mood != Mood::Safe && outweighs(me, it));
    let nearest = prey.min_by(|one, other| away(me, one).2.total_cmp(&away(me, other).2))?;
    let (dx, dy, distance) = away(me, nearest);
    let gap = distance - me.radius;
    // Boosting costs mass: only for the last bit, and for prey that is worth it.
    let worth = mass_of(nearest.radius) > 0.1 * mass_of(me.radius);
    (gap < CHASE).then(|| Input::towards(-dx, -dy, gap < LUNGE && worth))
}

/// Where a bot goes to eat.
#[derive(Debug)]
struct Goal {
    rng: Rng,
    place: Option<(f32, f32)>,
    until: Tick,
}

impl Goal {
    fn new(seed: u64) -> Self {
        Goal { rng: Rng::new(seed), place: None, until: Tick(0) }
    }

    fn graze(&mut self, me: &Creature, state: &State, now: Tick) -> Input {
        let there = |(x, y)| math::hypot(x - me.x, y - me.y) < me.radius;
        if now >= self.until || self.place.is_none_or(there) {
            let ticks = (PONDER * f32::from(state.tick_hz)) as u32;
            self.until = now + 1 + ticks + self.rng.below(ticks + 1);
            self.place = Some(self.best(me, state));
        }
        let (x, y) = self.place.unwrap_or((me.x, me.y));
        Input::towards(x - me.x, y - me.y, false)
    }

    /// The pellet from which most is to be had soon; the middle of the world if none is in sight.
    fn best(&mut self, me: &Creature, state: &State) -> (f32, f32) {
        let gain = |pellet: &Pellet| {
            let near =
                |other: &&Pellet| (other.x - pellet.x).abs() + (other.y - pellet.y).abs() < CLUSTER;
            let worth: f32 = state.pellets.values().filter(near).map(Pellet::worth).sum();
            // Going on costs less than turning round; what it is about to reach comes first.
            worth / (math::hypot(pellet.x - me.x, pellet.y - me.y) + 25.0)
        };
        let gains = state.pellets.values().map(|pellet| (gain(pellet), (pellet.x, pellet.y)));
        let best = gains.max_by(|one, other| one.0.total_cmp(&other.0));
        let middle = f32::from(state.side) / 2.0;
        best.map_or((middle, middle), |(_, place)| place)
    }
}

/// Goes one way for a while, then another.
#[derive(Debug)]
pub struct Random {
    rng: Rng,
    input: Input,
    until: Tick,
}

impl Random {
    /// One that acts by this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Random { rng: Rng::new(seed), input: Input::default(), until: Tick(0) }
    }
}

impl Bot for Random {
    type Game = Swarm;

    fn act(&mut self, view: &View<'_, Swarm>, act: &mut Acts<Swarm>) {
        if view.tick >= self.until {
            let hold = 1 + self.rng.below(2 * u32::from(view.state.tick_hz));
            self.until = view.tick + hold;
            let (x, y) = (self.rng.between(-1.0, 1.0), self.rng.between(-1.0, 1.0));
            self.input = Input::towards(x, y, self.rng.chance(0.2));
        }
        act.input(&self.input);
    }
}
