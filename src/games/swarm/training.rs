//! What a learner is to know of swarm.

use std::ops::RangeInclusive;

use greenroom_proto::PlayerId;

use super::creature::{Creature, MASS_START};
use super::{SEEN_MAX, Swarm, SwarmOptions};
use crate::training::Training;

impl Training for Swarm {
    const RANGES: &'static [(&'static str, RangeInclusive<i32>)] =
        &[("x", -100..=100), ("y", -100..=100)];
    /// Who is the heaviest of a hundred is chance to most of them: what they weigh is the reward.
    const WIN: f32 = 0.0;

    fn rows(_: &SwarmOptions, table: &str) -> Option<usize> {
        matches!(table, "players" | "pellets").then_some(SEEN_MAX)
    }

    /// What the creature weighs, in new creatures; who was eaten weighs nothing.
    fn score(&self, player: PlayerId) -> f32 {
        let soul = self.soul(player).map(|place| &self.souls[place]);
        let creature = soul.and_then(|soul| self.state.players.get(soul.body));
        creature.map_or(0.0, Creature::mass) / MASS_START
    }
}
