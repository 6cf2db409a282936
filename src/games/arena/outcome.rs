//! Who has won.

use greenroom_proto::PlayerId;
use serde::{Deserialize, Serialize};

use super::ship::Ship;

/// How a match in the arena ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The best of those who were there at the end; nobody when two are exactly as good, or
    /// nobody was there.
    pub winner: Option<PlayerId>,
    /// Everybody who was there at the end, the best first.
    pub scores: Vec<Score>,
}

/// What one player has done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Score {
    /// Who.
    pub player: PlayerId,
    /// Ships shot.
    pub score: u16,
    /// Times shot.
    pub deaths: u16,
    /// Hits landed.
    pub hits: u32,
}

impl Outcome {
    /// Ranks the ships: by score, then by fewer deaths, then by hits landed. Whoever is equal in
    /// all three is as good as the other; they are listed in the order of joining.
    pub(super) fn of<'a>(ships: impl Iterator<Item = &'a Ship>) -> Self {
        let mut scores: Vec<Score> = ships
            .map(|ship| Score {
                player: ship.player,
                score: ship.score,
                deaths: ship.deaths,
                hits: ship.hits,
            })
            .collect();
        let rank = |s: &Score| (std::cmp::Reverse(s.score), s.deaths, std::cmp::Reverse(s.hits));
        scores.sort_by_key(|score| (rank(score), score.player));
        let winner = match scores.as_slice() {
            [] => None,
            [best, next, ..] if rank(best) == rank(next) => None,
            [best, ..] => Some(best.player),
        };
        Outcome { winner, scores }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ship(player: u32, score: u16, deaths: u16, hits: u32) -> Ship {
        Ship { player: PlayerId(player), score, deaths, hits, ..Ship::default() }
    }

    fn winner(ships: &[Ship]) -> Option<u32> {
        Outcome::of(ships.iter()).winner.map(|player| player.0)
    }

    #[test]
    fn ties_are_broken_by_deaths_then_hits_and_else_nobody_wins() {
        assert_eq!(winner(&[]), None);
        assert_eq!(winner(&[ship(1, 0, 9, 0)]), Some(1));
        assert_eq!(winner(&[ship(1, 3, 0, 9), ship(2, 4, 5, 0)]), Some(2));
        assert_eq!(winner(&[ship(1, 4, 2, 9), ship(2, 4, 1, 0)]), Some(2));
        assert_eq!(winner(&[ship(1, 4, 1, 8), ship(2, 4, 1, 9)]), Some(2));
        assert_eq!(winner(&[ship(2, 4, 1, 9), ship(1, 4, 1, 9), ship(3, 1, 0, 0)]), None);
    }
}
