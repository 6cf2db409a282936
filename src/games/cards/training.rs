//! What a learner is to know of cards.

use std::ops::RangeInclusive;

use greenroom_proto::PlayerId;

use super::{Cards, CardsOptions};
use crate::training::Training;

impl Training for Cards {
    /// Play, choose, draw or pass: who learns has no name and says nothing.
    const RANGES: &'static [(&'static str, RangeInclusive<i32>)] = &[("request", 1..=4)];

    fn rows(options: &CardsOptions, table: &str) -> Option<usize> {
        (table == "players").then_some(options.players.into())
    }

    fn to_act(&self, player: PlayerId) -> bool {
        self.state.turn.player() == Some(player)
    }
}
