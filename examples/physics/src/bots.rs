//! Players that are programs.

use greenroom::prelude::*;

use crate::crates::{Crates, Input};

/// Goes behind some crate of its own half and pushes it over the middle.
pub struct Pusher {
    rng: Rng,
    target: Option<EntityId>,
}

impl Pusher {
    /// One that chooses its crates by this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Pusher { rng: Rng::new(seed), target: None }
    }
}

impl Bot for Pusher {
    type Game = Crates;

    fn act(&mut self, view: &View<'_, Crates>, act: &mut Acts<Crates>) {
        let Some(me) = view.state.pushers.values().find(|pusher| pusher.player == view.me) else {
            return;
        };
        let ours = |x: f32| (x < 0.0) == me.left;
        let known = self.target.and_then(|id| view.state.crates.get(id));
        // Another one now and then, also if this one is stuck.
        if known.is_none_or(|of| !ours(of.x)) || self.rng.below(200) == 0 {
            let all: Vec<EntityId> =
                view.state.crates.iter().filter(|(_, of)| ours(of.x)).map(|(id, _)| id).collect();
            self.target = (!all.is_empty()).then(|| all[self.rng.below(all.len() as u32) as usize]);
        }
        let Some(target) = self.target.and_then(|id| view.state.crates.get(id)) else { return };
        let forward = if me.left { 1.0 } else { -1.0 };
        let behind = (target.x - me.x) * forward > 0.5;
        // Around it, if it is in the way.
        let aside = if target.y > me.y { -3.0 } else { 3.0 };
        let (x, y) = match behind {
            true => (target.x - me.x, target.y - me.y),
            false => (target.x - 3.0 * forward - me.x, target.y + aside - me.y),
        };
        let longest = x.abs().max(y.abs()).max(0.1);
        let part = |part: f32| (part / longest * 100.0) as i8;
        act.input(&Input { x: part(x), y: part(y) });
    }
}

/// Does nothing.
pub struct Idle;

impl Bot for Idle {
    type Game = Crates;
    fn act(&mut self, _: &View<'_, Crates>, _: &mut Acts<Crates>) {}
}
