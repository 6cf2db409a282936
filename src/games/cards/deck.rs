//! The cards that lie face down. They are no part of the state: no client ever gets them.

use serde::{Deserialize, Serialize};

use super::card::{Card, Suit};
use crate::rng::Rng;

/// Cards that there are.
pub const CARDS: usize = 52;

/// Cards face down; the last is the uppermost.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Deck(pub(super) Vec<Card>);

impl Deck {
    /// All cards, shuffled.
    pub fn shuffled(rng: &mut Rng) -> Self {
        let suits = Suit::ALL.into_iter();
        let mut deck =
            Deck(suits.flat_map(|suit| (1..=13).map(move |rank| Card { suit, rank })).collect());
        deck.shuffle(rng);
        deck
    }

    /// The uppermost card.
    pub fn draw(&mut self) -> Option<Card> {
        self.0.pop()
    }

    /// Takes cards in, and shuffles so that nobody knows where they are.
    pub fn put_back(&mut self, cards: impl IntoIterator<Item = Card>, rng: &mut Rng) {
        self.0.extend(cards);
        self.shuffle(rng);
    }

    /// How many cards there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fisher and Yates: each order is as likely as any other.
    fn shuffle(&mut self, rng: &mut Rng) {
        for last in (1..self.0.len()).rev() {
            self.0.swap(last, rng.below(last as u32 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deck_has_every_card_once_in_another_order_each_time() {
        let mut rng = Rng::new(5);
        let [one, other] = [0; 2].map(|_| Deck::shuffled(&mut rng));
        assert_ne!(one, other);
        for deck in [&one, &other] {
            assert_eq!(deck.len(), CARDS);
            for suit in Suit::ALL {
                assert!((1..=13).all(|rank| deck.0.contains(&Card { suit, rank })));
            }
        }
    }

    #[test]
    fn a_card_put_back_may_be_anywhere() {
        let mut places = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let mut rng = Rng::new(seed);
            let mut deck = Deck::shuffled(&mut rng);
            let card = deck.draw().expect("it is full");
            deck.put_back([card], &mut rng);
            places.insert(deck.0.iter().position(|other| *other == card));
        }
        assert!(places.len() > 40, "{} of {CARDS} places", places.len());
    }
}
