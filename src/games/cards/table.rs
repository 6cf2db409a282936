//! What lies on the table, and who sits at it: the state that clients see.

use greenroom_proto::{List, Map, PlayerId, Replicate, Seen, Table, Text};
use serde::{Deserialize, Serialize};

use super::card::{Card, Suit};
use super::chat::Chat;
use super::deck::CARDS;

/// Cards that a hand can hold.
pub const HAND_MAX: usize = 32;
/// Players at most.
pub const PLAYERS_MAX: usize = 6;

/// Somebody at the table.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seat {
    /// Who.
    pub player: PlayerId,
    /// As the player likes to be called.
    pub name: Text<24>,
    /// How many cards the player holds: everybody sees the backs of them.
    pub cards: u8,
    /// The cards, in the order in which they were drawn. Others see an empty hand.
    #[sync(seen = Seen::Player(self.player))]
    pub hand: List<Card, HAND_MAX>,
    /// When the player last said something.
    #[sync(skip)]
    pub(super) said_ms: Option<u64>,
}

impl Seat {
    /// Takes a card into the hand; `false` if it holds no more.
    pub(super) fn take(&mut self, card: Card) -> bool {
        let took = self.hand.push(card).is_ok();
        self.cards = self.hand.len() as u8;
        took
    }

    /// Takes a card out of the hand; `false` if it is not there.
    pub(super) fn lay(&mut self, card: Card) -> bool {
        let place = self.hand.iter().position(|other| *other == card);
        let laid = place.and_then(|place| self.hand.remove(place)).is_some();
        self.cards = self.hand.len() as u8;
        laid
    }

    /// Takes all cards out of the hand.
    pub(super) fn empty(&mut self) -> Vec<Card> {
        self.cards = 0;
        std::mem::take(&mut self.hand).into_vec()
    }

    /// What the hand is worth to others.
    pub(super) fn points(&self) -> u16 {
        self.hand.iter().map(|card| card.points()).sum()
    }
}

/// Whose turn it is, and to do what. Times are in milliseconds since the room began.
#[derive(Replicate, Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Turn {
    /// Seats are free.
    #[default]
    Waiting,
    /// Somebody is to play a card, or to draw one.
    Playing {
        /// Who.
        player: PlayerId,
        /// From when on.
        since: u32,
        /// Whether the player has drawn a card, and may now pass.
        drew: bool,
    },
    /// Somebody has played an eight and is to name a suit.
    Choosing {
        /// Who.
        player: PlayerId,
        /// From when on.
        since: u32,
    },
    /// The match has ended.
    Over {
        /// Who has won; nobody if several have the most points.
        winner: Option<PlayerId>,
    },
}

impl Turn {
    /// Who is to do something.
    #[must_use]
    pub fn player(&self) -> Option<PlayerId> {
        match self {
            Turn::Playing { player, .. } | Turn::Choosing { player, .. } => Some(*player),
            Turn::Waiting | Turn::Over { .. } => None,
        }
    }
}

/// What players see: of hands each their own, of the deck only how large it is.
#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Whose turn it is.
    pub turn: Turn,
    /// Seconds that a player has for a turn.
    pub turn_secs: u16,
    /// The number of this deal, from 1.
    pub deal: u8,
    /// Deals of the match.
    pub deals: u8,
    /// Cards that lie face down.
    pub deck: u8,
    /// Cards that lie open; the last is the uppermost.
    pub pile: List<Card, CARDS>,
    /// The suit that was named with the eight on the pile.
    pub called: Option<Suit>,
    /// Who plays, in the order of turns.
    pub players: Table<Seat>,
    /// Points won, also of those who have left.
    pub points: Map<PlayerId, u16, PLAYERS_MAX>,
    /// What was said last.
    pub chat: Chat,
}

impl State {
    /// A player's seat.
    #[must_use]
    pub fn seat(&self, player: PlayerId) -> Option<&Seat> {
        self.players.values().find(|seat| seat.player == player)
    }

    pub(super) fn seat_mut(&mut self, player: PlayerId) -> Option<&mut Seat> {
        self.players.values_mut().find(|seat| seat.player == player)
    }

    /// The card to play on.
    #[must_use]
    pub fn top(&self) -> Option<Card> {
        self.pile.last().copied()
    }

    /// Whether a card may be played now.
    #[must_use]
    pub fn fits(&self, card: Card) -> bool {
        self.top().is_some_and(|top| card.fits(top, self.called))
    }

    /// Whether there is a card to draw: in the deck, or under the uppermost of the pile.
    #[must_use]
    pub fn can_draw(&self) -> bool {
        self.deck > 0 || self.pile.len() > 1
    }

    /// Whose turn comes after a player's.
    pub(super) fn after(&self, player: PlayerId) -> Option<PlayerId> {
        let order: Vec<PlayerId> = self.players.values().map(|seat| seat.player).collect();
        let place = order.iter().position(|other| *other == player)?;
        order.get((place + 1) % order.len()).copied()
    }

    /// The only one for whom `worth` is the greatest.
    pub(super) fn best(&self, worth: impl Fn(&Seat) -> i32) -> Option<PlayerId> {
        let most = self.players.values().map(&worth).max()?;
        let mut best = self.players.values().filter(|seat| worth(seat) == most);
        let first = best.next().map(|seat| seat.player);
        first.filter(|_| best.next().is_none())
    }

    /// The points that a player has won.
    #[must_use]
    pub fn points_of(&self, player: PlayerId) -> u16 {
        self.points.get(&player).copied().unwrap_or_default()
    }
}
