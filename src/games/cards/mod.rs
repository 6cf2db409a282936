//! `cards`: a game of crazy eights for 2 to 6 players, with hands that only their owners see.
//!
//! Whoever's turn it is plays a card of the suit or the rank of the one that lies open; an eight
//! fits on every card, and whoever plays it names the suit that is to follow. Who does not play
//! draws one card, and may then still play or pass. Whoever has no card left wins the deal and gets
//! what the others hold: 50 points for an eight, 10 for a picture, else the rank. After `deals`
//! deals whoever has the most points wins the match.
//!
//! Turn by turn as connect4. [`card`], [`deck`] and [`table`] say what there is, [`chat`] who says
//! what, `play` has the moves; this file is what clients may ask for and the hooks.

pub mod bots;
pub mod card;
pub mod chat;
pub mod deck;
mod play;
pub mod table;
mod training;

use greenroom_proto::{Message, PlayerId, Text};
use serde::{Deserialize, Serialize};

use crate::game::{Ctx, Game, Pace, People, To};
use card::{Card, Suit};
use deck::Deck;
use table::{Seat, State, Turn};

crate::options! {
    /// What the creator of a match chooses.
    pub struct CardsOptions {
        /// Seats; play starts when all are taken.
        players: u8 = 4, 2..=6;
        /// Deals of the match.
        deals: u8 = 3, 1..=20;
        /// Seconds that a player has for a turn.
        turn_secs: u16 = 30, 1..=3600;
    }
}

/// What a player may ask for.
#[derive(Message, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Request {
    /// Play a card of the hand.
    Play {
        /// Which.
        card: Card,
    },
    /// Name the suit that is to follow an eight.
    Choose {
        /// Which.
        suit: Suit,
    },
    /// Take a card from the deck.
    Draw,
    /// Leave it at that.
    Pass,
    /// Be called something else.
    SetName {
        /// What; spaces around it do not count.
        name: Text<24>,
    },
    /// Say something to all.
    Say {
        /// What; spaces around it do not count.
        text: Text<200>,
    },
}

/// Why a request was turned down. Nothing has changed.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Refused {
    /// Others are still to come.
    NotStarted,
    /// The match is over.
    Over,
    /// It is somebody else's turn.
    NotYourTurn,
    /// A suit has to be named first.
    ChooseFirst,
    /// No suit is to be named.
    NothingToChoose,
    /// The player does not hold this card.
    NotYourCard,
    /// The card fits neither suit nor rank.
    DoesNotFit,
    /// Only one card is drawn in a turn.
    DrewAlready,
    /// Neither the deck nor the pile has a card to draw.
    NothingToDraw,
    /// The hand holds no more cards.
    HandFull,
    /// Whoever does not play has to draw first.
    DrawFirst,
    /// There is nothing to show in this text.
    Empty,
    /// The text holds characters that may not be shown.
    BadCharacters,
    /// One line a second is enough.
    TooFast,
}

/// What players are told once.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// A new deal: everybody has cards.
    Dealt {
        /// Whose turn it is first.
        first: PlayerId,
    },
    /// A card was played.
    Played {
        /// By whom.
        player: PlayerId,
        /// Which.
        card: Card,
    },
    /// A suit was named.
    Chose {
        /// By whom.
        player: PlayerId,
        /// Which.
        suit: Suit,
    },
    /// A card was drawn; nobody else learns which.
    Drew {
        /// By whom.
        player: PlayerId,
    },
    /// Somebody left it at that.
    Passed {
        /// Who.
        player: PlayerId,
    },
    /// The pile was shuffled and is the deck now.
    Shuffled,
    /// A deal has ended.
    Won {
        /// Who gets the points; nobody if several hold the least.
        player: Option<PlayerId>,
        /// How many.
        points: u16,
    },
}

/// How a match ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Who has won; nobody if several have the most points.
    pub winner: Option<PlayerId>,
    /// Why it ended.
    pub reason: Reason,
    /// Who has won how many points.
    pub points: Vec<(PlayerId, u16)>,
}

/// Why a match ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// All deals were played.
    Played,
    /// All others have left.
    Left,
}

/// One match.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cards {
    state: State,
    seats: usize,
    deck: Deck,
    /// Who began this deal.
    first: PlayerId,
    /// Turns that there were: timers bear the number of the turn that they are for.
    turns: u32,
    /// Turns in a row in which nobody could do anything.
    idle: usize,
}

impl Game for Cards {
    const NAME: &'static str = "cards";
    const VERSION: u32 = 2;

    type Options = CardsOptions;
    type State = State;
    type Input = ();
    type Request = Request;
    type Reply = Result<(), Refused>;
    type Event = Event;
    type Result = Outcome;

    fn pace(_: &CardsOptions) -> Pace {
        Pace::OnCommand
    }

    fn seats(options: &CardsOptions) -> u32 {
        options.players.into()
    }

    fn people(_: &CardsOptions) -> People {
        People::Named
    }

    fn new(options: &CardsOptions, _: &mut Ctx<Self>) -> Self {
        let CardsOptions { players, deals, turn_secs } = *options;
        Cards {
            state: State { deals, turn_secs, ..State::default() },
            seats: players.into(),
            deck: Deck::default(),
            first: PlayerId::default(),
            turns: 0,
            idle: 0,
        }
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        if self.state.turn != Turn::Waiting {
            return Err("the cards are dealt: join another match".to_owned());
        }
        let name = Text::cut(&format!("Player {}", player.0));
        self.state.players.insert(Seat { player, name, ..Seat::default() });
        if self.state.players.len() == self.seats {
            self.start(ctx);
        }
        Ok(())
    }

    fn leave(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        let next = self.state.after(player);
        let cards = self.state.seat_mut(player).map(Seat::empty);
        self.state.players.retain(|seat| seat.player != player);
        if matches!(self.state.turn, Turn::Waiting | Turn::Over { .. }) {
            return;
        }
        self.put_back(cards.unwrap_or_default(), ctx);
        let next = next.unwrap_or_default();
        if self.first == player {
            self.first = next;
        }
        if self.state.players.len() < 2 {
            let winner = self.state.players.values().next().map(|seat| seat.player);
            self.end(winner, Reason::Left, ctx);
        } else if self.state.turn.player() == Some(player) {
            self.turn_of(next, ctx);
        }
    }

    fn request(
        &mut self,
        player: PlayerId,
        request: Request,
        ctx: &mut Ctx<Self>,
    ) -> Result<(), Refused> {
        match request {
            Request::Play { card } => self.play(player, card, ctx),
            Request::Choose { suit } => self.choose(player, suit, ctx),
            Request::Draw => self.draw(player, ctx),
            Request::Pass => self.pass(player, ctx),
            Request::SetName { name } => {
                let name = chat::shown(&name)?;
                let seat = self.state.seat_mut(player).ok_or(Refused::Over)?;
                seat.name = name;
                Ok(())
            }
            Request::Say { text } => {
                let State { players, chat, .. } = &mut self.state;
                let mut seats = players.values_mut();
                let seat = seats.find(|seat| seat.player == player).ok_or(Refused::Over)?;
                let now_ms = u64::try_from(ctx.time().as_millis()).unwrap_or(u64::MAX);
                chat::say(chat, seat, &text, now_ms)
            }
        }
    }

    fn timer(&mut self, turn: u32, ctx: &mut Ctx<Self>) {
        if turn == self.turns {
            self.time_up(ctx);
        }
    }
}

impl Cards {
    fn end(&mut self, winner: Option<PlayerId>, reason: Reason, ctx: &mut Ctx<Self>) {
        self.state.turn = Turn::Over { winner };
        let points = self.state.points.iter().map(|(player, points)| (*player, *points)).collect();
        ctx.end(&Outcome { winner, reason, points });
    }

    fn tell(event: Event, ctx: &mut Ctx<Self>) {
        ctx.send(To::All, &event);
    }
}

#[cfg(test)]
mod tests;
