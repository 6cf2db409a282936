//! Players that are programs. They see what a client sees and do what a client can do, so that
//! the same bot plays in the simulator and over wss.

use greenroom::prelude::*;

use crate::tag::{Runner, Tag};

/// Runs after the nearest when it is "it", and away from "it" when it is not.
pub struct Nimble {
    rng: Rng,
}

impl Nimble {
    /// A bot whose chance comes from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Nimble { rng: Rng::new(seed) }
    }
}

impl Bot for Nimble {
    type Game = Tag;

    fn act(&mut self, view: &View<'_, Tag>, act: &mut Acts<Tag>) {
        let Tag { it, runners, .. } = view.state;
        let Some(me) = runners.get(&view.me) else { return };
        let (target, percent) = if *it == view.me {
            let far = |other: &&Runner| (math::distance(me.at, other.at) * 1000.0) as u32;
            let others = runners.iter().filter(|(player, _)| **player != view.me);
            (others.map(|(_, runner)| runner).min_by_key(far), 100.0)
        } else {
            (runners.get(it), -90.0)
        };
        let Some(target) = target else { return };
        let (x, y) = (target.at[0] - me.at[0], target.at[1] - me.at[1]);
        // A little unsteady, or everybody would end up in a corner.
        let angle = math::atan2(y, x) + self.rng.between(-1.0, 1.0);
        let part = |of: f32| (of * percent) as i8;
        act.input(&[part(math::cos(angle)), part(math::sin(angle))]);
    }
}

/// Runs one way for a while, then another.
pub struct Random {
    rng: Rng,
    way: [i8; 2],
}

impl Random {
    /// A bot whose chance comes from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Random { rng: Rng::new(seed), way: [0, 0] }
    }
}

impl Bot for Random {
    type Game = Tag;

    fn act(&mut self, _: &View<'_, Tag>, act: &mut Acts<Tag>) {
        if self.rng.chance(0.05) {
            self.way = [0; 2].map(|_: i8| self.rng.between(-100.0, 100.0) as i8);
        }
        act.input(&self.way);
    }
}
