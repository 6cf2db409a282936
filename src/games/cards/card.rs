//! Cards: four suits of thirteen.

use greenroom_proto::{Message, Replicate};
use serde::{Deserialize, Serialize};

/// A suit.
#[derive(
    Replicate, Message, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize,
)]
pub enum Suit {
    /// ♣
    #[default]
    Clubs,
    /// ♦
    Diamonds,
    /// ♥
    Hearts,
    /// ♠
    Spades,
}

impl Suit {
    /// All four.
    pub const ALL: [Suit; 4] = [Suit::Clubs, Suit::Diamonds, Suit::Hearts, Suit::Spades];
}

/// The rank that fits on every card.
pub const EIGHT: u8 = 8;

/// A card.
#[derive(
    Replicate, Message, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize,
)]
pub struct Card {
    /// Its suit.
    pub suit: Suit,
    /// 1 is the ace, 11 to 13 are jack, queen and king.
    pub rank: u8,
}

impl Card {
    /// Whether it may be played on `top`, after whose play the suit `called` was named.
    #[must_use]
    pub fn fits(self, top: Card, called: Option<Suit>) -> bool {
        let suit = called.unwrap_or(top.suit);
        self.rank == EIGHT || self.suit == suit || (called.is_none() && self.rank == top.rank)
    }

    /// What it is worth to whoever wins while somebody else holds it.
    #[must_use]
    pub fn points(self) -> u16 {
        match self.rank {
            EIGHT => 50,
            11.. => 10,
            rank => rank.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suit_rank_or_an_eight_fits() {
        let card = |suit, rank| Card { suit, rank };
        let top = card(Suit::Hearts, 5);
        assert!(card(Suit::Hearts, 13).fits(top, None));
        assert!(card(Suit::Clubs, 5).fits(top, None));
        assert!(card(Suit::Clubs, EIGHT).fits(top, None));
        assert!(!card(Suit::Clubs, 6).fits(top, None));
        let eight = card(Suit::Hearts, EIGHT);
        assert!(card(Suit::Spades, 2).fits(eight, Some(Suit::Spades)));
        assert!(card(Suit::Clubs, EIGHT).fits(eight, Some(Suit::Spades)));
        assert!(!card(Suit::Hearts, 2).fits(eight, Some(Suit::Spades)));
    }
}
