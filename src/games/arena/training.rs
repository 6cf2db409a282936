//! What a learner is to know of the arena.

use std::ops::RangeInclusive;

use greenroom_proto::PlayerId;

use super::ship::AMMO;
use super::{Arena, ArenaOptions};
use crate::training::Training;

impl Training for Arena {
    /// A learner aims at what it sees, without a network between.
    const RANGES: &'static [(&'static str, RangeInclusive<i32>)] =
        &[("turn", -100..=100), ("view_age_ms", 0..=0)];

    /// A bullet flies for little longer than a magazine takes to come back by half.
    fn rows(options: &ArenaOptions, table: &str) -> Option<usize> {
        let players = usize::from(options.max_players);
        match table {
            "ships" => Some(players),
            "bullets" => Some(players * (usize::from(AMMO) + 2)),
            _ => None,
        }
    }

    /// One for each ship shot down and one less for each time shot down, by the hits that it took.
    fn score(&self, player: PlayerId) -> f32 {
        let Some(ship) = self.state.ship_of(player) else { return 0.0 };
        let life = f32::from(self.options.life.max(1));
        // A wreck has no life left, and a new ship all of it.
        let whole = f32::from(ship.deaths) - if ship.is_flying() { 0.0 } else { 1.0 };
        let suffered = whole + (life - f32::from(ship.life)) / life;
        ship.hits as f32 / life - suffered
    }
}
