//! What a step of a room says: to its players, and to what is around the room.

use std::sync::Arc;

use greenroom_proto::{ChatLine, PlayerId, Refusal};
use serde::{Deserialize, Serialize};

use super::MoveTo;
use crate::account::Person;
use crate::room::conduct::{Conduct, Lasting};
use crate::room::listing::Listing;

/// What a step of a room wants done outside of it, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Said {
    /// The player has the seat now, as this person.
    Joined(PlayerId, Arc<Person>),
    /// The game refused the player.
    JoinRefused(PlayerId, String),
    /// The game panicked when the player came.
    JoinFailed(PlayerId),
    /// The player is back in the seat.
    Resumed(PlayerId),
    /// There is no seat to come back to.
    ResumeRefused(PlayerId),
    /// The player's seat is free.
    Left(PlayerId),
    /// The answer to a request.
    Reply {
        /// Whose request.
        player: PlayerId,
        /// Its number.
        id: u32,
        /// The encoded reply.
        body: Vec<u8>,
    },
    /// The game panicked over a request: nothing came of it.
    RequestFailed {
        /// Whose request.
        player: PlayerId,
        /// Its number.
        id: u32,
    },
    /// Something happened.
    Event {
        /// Who is told.
        to: To,
        /// The encoded event.
        body: Vec<u8>,
    },
    /// Something is to be done outside; the answer comes back as a [`Signal`](super::Signal) of this number.
    Effect {
        /// Counts up from 1 in a room.
        number: u32,
        /// As the game encoded it.
        body: Vec<u8>,
    },
    /// The match is over.
    Over {
        /// The result as JSON.
        result: String,
    },
    /// What the outside is told of the room has changed.
    Listing(Box<Listing>),
    /// The player's seat is to end.
    Kick(PlayerId),
    /// The game was told a word of the studio's backend.
    Heard {
        /// The word's.
        id: u64,
        /// What the game said to it, as JSON.
        reply: Option<String>,
    },
    /// The game panicked over a word of the studio's backend: nothing came of it.
    WordFailed {
        /// The word's.
        id: u64,
    },
    /// Players are to be moved to another room.
    Move {
        /// As of an effect.
        number: u32,
        /// Who, each once.
        players: Vec<PlayerId>,
        /// Where.
        to: Box<MoveTo>,
    },
    /// Others are kept out of the room, or quiet in it, than before.
    Conduct {
        /// The room's time, in milliseconds.
        time_ms: u64,
        /// Who.
        conduct: Box<Conduct>,
    },
    /// The player has no seat, or none any more: they are kept out of the room.
    Banned(PlayerId, Lasting),
    /// Somebody has said something.
    Chat {
        /// Who is told.
        to: To,
        /// What.
        line: Box<ChatLine>,
    },
    /// What the player wanted to say was not said.
    Refused {
        /// Whose line.
        player: PlayerId,
        /// Its number.
        id: u32,
        /// Why.
        why: Refusal,
        /// Why, for a person.
        text: String,
    },
}

/// Who gets an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum To {
    /// Everybody, those too who look on without a seat.
    All,
    /// One player.
    One(PlayerId),
    /// Everybody but one.
    Except(PlayerId),
    /// These players.
    Group(Vec<PlayerId>),
    /// Everybody with a seat.
    Players,
}

impl To {
    /// Whether those are told who look on without a seat.
    #[must_use]
    pub fn is_public(&self) -> bool {
        *self == To::All
    }

    /// Whether `player` is one of them.
    #[must_use]
    pub fn includes(&self, player: PlayerId) -> bool {
        match self {
            To::All | To::Players => true,
            To::One(one) => *one == player,
            To::Except(one) => *one != player,
            To::Group(group) => group.contains(&player),
        }
    }
}
