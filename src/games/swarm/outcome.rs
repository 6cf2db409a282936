//! Who leads, and who has won.

use greenroom_proto::{List, PlayerId, Replicate};
use serde::{Deserialize, Serialize};

/// How many of the heaviest are told.
pub const LEADERS: usize = 10;

/// A line of the leaderboard.
#[derive(Replicate, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Leader {
    /// Who.
    pub player: PlayerId,
    /// What their creature weighs, in whole units.
    pub mass: u32,
}

/// How a match ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The heaviest at the end; nobody when two weigh exactly the same, or nobody was alive.
    pub winner: Option<PlayerId>,
    /// The heaviest at the end, the best first.
    pub scores: Vec<Score>,
}

/// How a player stood at the end.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Score {
    /// Who.
    pub player: PlayerId,
    /// What their creature weighed at the end; 0 if it was not there.
    pub mass: f32,
    /// Creatures eaten.
    pub eaten: u32,
    /// Times eaten.
    pub deaths: u32,
}

impl Outcome {
    pub(super) fn of(scores: impl Iterator<Item = Score>) -> Self {
        let scores = heaviest(scores, |score| score.mass, |score| score.player);
        let winner = match scores.as_slice() {
            [best, next, ..] if best.mass == next.mass => None,
            [best, ..] if best.mass > 0.0 => Some(best.player),
            _ => None,
        };
        Outcome { winner, scores }
    }
}

/// The leaderboard.
pub(super) fn leaders(masses: impl Iterator<Item = (PlayerId, f32)>) -> List<Leader, LEADERS> {
    let best = heaviest(masses, |(_, mass)| *mass, |(player, _)| *player);
    List::first(best.into_iter().map(|(player, mass)| Leader { player, mass: mass as u32 }))
}

/// The heaviest, the best first; of two that weigh the same, the one who joined first.
fn heaviest<T>(
    all: impl Iterator<Item = T>,
    mass: impl Fn(&T) -> f32,
    player: impl Fn(&T) -> PlayerId,
) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    let by = |one: &T, other: &T| {
        mass(other).total_cmp(&mass(one)).then_with(|| player(one).cmp(&player(other)))
    };
    if all.len() > LEADERS {
        all.select_nth_unstable_by(LEADERS, by);
        all.truncate(LEADERS);
    }
    all.sort_unstable_by(by);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn winner(masses: &[f32]) -> Option<u32> {
        let score = |(player, mass): (usize, &f32)| Score {
            player: PlayerId(player as u32),
            mass: *mass,
            eaten: 0,
            deaths: 0,
        };
        Outcome::of(masses.iter().enumerate().map(score)).winner.map(|player| player.0)
    }

    #[test]
    fn the_heaviest_wins_unless_nobody_is_alone_at_the_top() {
        assert_eq!(winner(&[]), None);
        assert_eq!(winner(&[0.0]), None);
        assert_eq!(winner(&[0.0, 12.5]), Some(1));
        assert_eq!(winner(&[12.5, 12.5, 3.0]), None);
    }

    #[test]
    fn the_leaderboard_has_the_ten_heaviest_in_order() {
        let masses = (0..50).map(|player| (PlayerId(player), (player * 7 % 50) as f32));
        let leaders = leaders(masses);
        let told: Vec<u32> = leaders.iter().map(|leader| leader.mass).collect();
        assert_eq!(told, [49, 48, 47, 46, 45, 44, 43, 42, 41, 40]);
        assert!(leaders.iter().all(|leader| leader.player.0 * 7 % 50 == leader.mass));
    }
}
