//! A player that is a program.

use greenroom::prelude::*;

use crate::field::Field;
use crate::messages::{Move, Request};
use crate::state::Item;

/// Walks to the nearest item, picks it up, now and then drops something or says a word.
pub struct Gatherer {
    rng: Rng,
}

impl Gatherer {
    /// A bot whose chance comes from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Gatherer { rng: Rng::new(seed) }
    }
}

impl Bot for Gatherer {
    type Game = Field;

    fn act(&mut self, view: &View<'_, Field>, act: &mut Acts<Field>) {
        let mut players = view.state.players.values();
        let Some(me) = players.find(|player| player.player == view.me) else { return };
        let far = |item: &&Item| (math::distance(me.at, item.at) * 1000.0) as u32;
        if let Some(item) = view.state.items.values().min_by_key(far) {
            let [x, y] = [0, 1].map(|part| item.at[part] - me.at[part]);
            let scale = 127.0 / math::hypot(x, y).max(0.1);
            act.input(&Move { x: (x * scale) as i8, y: (y * scale) as i8 });
            if far(&item) < 1400 {
                act.request(&Request::Pick { item: item.id });
            }
        }
        if self.rng.chance(0.002) {
            act.request(&Request::Drop { index: 0 });
        }
        if self.rng.chance(0.005) {
            act.request(&Request::Say(Text::cut("so many things lie around here")));
        }
    }
}
