//! A player that is a program.

use greenroom::prelude::*;

use crate::messages::Request;
use crate::state::{Field, Item};

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
        let Some(me) = view.state.players.get(&view.me) else { return };
        let far = |(_, item): &(EntityId, &Item)| (math::distance(me.at, item.at) * 1000.0) as u32;
        if let Some((item, Item { at, .. })) = view.state.items.iter().min_by_key(far) {
            let way = [at[0] - me.at[0], at[1] - me.at[1]];
            let distance = math::hypot(way[0], way[1]);
            act.input(&way.map(|part| (part * 127.0 / distance.max(0.1)) as i8));
            if distance < 1.4 {
                act.request(&Request::Pick { item });
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
