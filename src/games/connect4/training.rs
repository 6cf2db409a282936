//! What a learner is to know of connect4.

use std::ops::RangeInclusive;

use greenroom_proto::PlayerId;

use super::{Connect4, Phase};
use crate::training::Training;

impl Training for Connect4 {
    /// All that a player does is drop a disc into one of seven columns.
    const RANGES: &'static [(&'static str, RangeInclusive<i32>)] =
        &[("request", 1..=1), ("request.Drop.column", 0..=6)];
    const MASKED: &'static [&'static str] = &["request.Drop.column"];

    fn to_act(&self, player: PlayerId) -> bool {
        self.state.phase == Phase::Playing && self.state.turn == player
    }

    fn mask(&self, _: PlayerId, allowed: &mut [bool]) {
        for (column, allowed) in allowed.iter_mut().enumerate() {
            *allowed = self.state.board.landing(column).is_some();
        }
    }
}
