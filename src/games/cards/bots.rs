//! Bots for cards: `careful` gets rid of what costs most and keeps its eights, `random` plays
//! whatever is allowed.

use super::card::{Card, EIGHT, Suit};
use super::table::{HAND_MAX, Turn};
use super::{Cards, Request};
use crate::bot::{Acts, Bot, View};
use crate::rng::Rng;

/// What is to be done in this state, if it is the turn of `me`.
enum Task {
    /// One of these cards may be played; or one is drawn, or it is left at that.
    Play(Vec<Card>, Request),
    /// A suit is to be named.
    Choose,
}

fn task(view: &View<'_, Cards>) -> Option<Task> {
    let hand = &view.state.seat(view.me)?.hand;
    match view.state.turn {
        Turn::Playing { player, drew, .. } if player == view.me => {
            let can_draw = !drew && hand.len() < HAND_MAX && view.state.can_draw();
            let fitting = hand.iter().copied().filter(|card| view.state.fits(*card)).collect();
            Some(Task::Play(fitting, if can_draw { Request::Draw } else { Request::Pass }))
        }
        Turn::Choosing { player, .. } if player == view.me => Some(Task::Choose),
        _ => None,
    }
}

/// Plays what it has most of and what costs most; eights when nothing else fits.
#[derive(Debug)]
pub struct Careful;

impl Careful {
    /// A careful player. It leaves nothing to chance.
    #[must_use]
    pub fn new(_: u64) -> Self {
        Careful
    }
}

/// Cards of a suit in a hand; eights go with every suit.
fn of_suit(hand: &[Card], suit: Suit) -> usize {
    hand.iter().filter(|card| card.suit == suit && card.rank != EIGHT).count()
}

impl Bot for Careful {
    type Game = Cards;

    fn act(&mut self, view: &View<'_, Cards>, act: &mut Acts<Cards>) {
        let Some(seat) = view.state.seat(view.me) else { return };
        match task(view) {
            Some(Task::Play(fitting, otherwise)) => {
                // Whoever may have won by the next turn leaves nobody the time to keep an eight.
                let hurry = view
                    .state
                    .players
                    .values()
                    .any(|other| other.player != view.me && other.cards <= 2);
                let worth = |card: &Card| match card.rank {
                    EIGHT if hurry => (1000, 0),
                    EIGHT => (0, 0),
                    _ => (of_suit(&seat.hand, card.suit) * 3 + card.points() as usize, 1),
                };
                let card = fitting.into_iter().max_by_key(worth);
                act.request(&card.map_or(otherwise, |card| Request::Play { card }));
            }
            Some(Task::Choose) => {
                let most = Suit::ALL.into_iter().max_by_key(|suit| of_suit(&seat.hand, *suit));
                act.request(&Request::Choose { suit: most.unwrap_or_default() });
            }
            None => {}
        }
    }
}

/// Plays any card that fits, or draws although one does.
#[derive(Debug)]
pub struct Random {
    rng: Rng,
}

impl Random {
    /// One that plays by this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Random { rng: Rng::new(seed) }
    }
}

impl Bot for Random {
    type Game = Cards;

    fn act(&mut self, view: &View<'_, Cards>, act: &mut Acts<Cards>) {
        match task(view) {
            Some(Task::Play(fitting, otherwise)) => {
                let choice = self.rng.below(fitting.len() as u32 + 1) as usize;
                let card = fitting.get(choice).copied();
                act.request(&card.map_or(otherwise, |card| Request::Play { card }));
            }
            Some(Task::Choose) => {
                let suit = Suit::ALL[self.rng.below(4) as usize];
                act.request(&Request::Choose { suit });
            }
            None => {}
        }
    }
}
