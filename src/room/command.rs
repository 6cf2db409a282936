//! What a room is told, and what it is made from.

use std::sync::Arc;

use greenroom_proto::PlayerId;
use serde::{Deserialize, Serialize};

use super::conduct::Ruling;
use super::fault::RoomFault;
use super::listing::Setup;
use super::origin::Origin;
use super::recovery::Decision;
use crate::account::Person;
use crate::game::{Pace, Signal, Speech};

/// What happens to a room from outside. Each is in the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Command {
    /// A player wants the seat that was reserved.
    Join {
        /// The seat's id, new in this room.
        player: PlayerId,
        /// Who they are.
        person: Arc<Person>,
        /// The seats in other rooms in the stead of which they have this one; the last is the one
        /// that they are moved from. Nothing: they come of their own accord.
        from: Vec<Origin>,
    },
    /// A player's seat ends.
    Leave {
        /// Whose.
        player: PlayerId,
    },
    /// A player's connection broke.
    Drop {
        /// Whose.
        player: PlayerId,
    },
    /// A player is back.
    Resume {
        /// Who.
        player: PlayerId,
    },
    /// A player's input from this step on.
    Input {
        /// Whose.
        player: PlayerId,
        /// The encoded input.
        #[serde(with = "super::bytes")]
        body: Vec<u8>,
    },
    /// A player asks.
    Request {
        /// Who.
        player: PlayerId,
        /// Comes back in the answer.
        id: u32,
        /// The encoded request.
        #[serde(with = "super::bytes")]
        body: Vec<u8>,
    },
    /// Word from outside.
    Signal(Signal),
    /// An effect is done, and there is no answer to it.
    EffectDone {
        /// Its number.
        effect: u32,
    },
    /// Something is to fail, as somebody who tries that out has asked.
    Fault(RoomFault),
    /// What the room's creator chose besides its options. Comes first, if at all.
    Open(Setup),
    /// A player has said nothing for as long as the game allows.
    Idle {
        /// Who.
        player: PlayerId,
    },
    /// The studio's backend has decided something of an account.
    Rule(Box<Ruling>),
    /// A player says something.
    Chat {
        /// Who.
        player: PlayerId,
        /// Its number, among those of the requests.
        id: u32,
        /// What, fit to be shown.
        speech: Box<Speech>,
    },
}

impl Command {
    /// Somebody wants a seat of whom nothing is known: for simulators and tests.
    #[must_use]
    pub fn join(player: PlayerId) -> Self {
        let person = Arc::new(Person::guest(player.0.into()));
        Command::Join { player, person, from: Vec::new() }
    }

    /// Whom this is to be answered to, and by which number.
    #[must_use]
    pub fn asks(&self) -> Option<(PlayerId, u32)> {
        match self {
            Command::Request { player, id, .. } | Command::Chat { player, id, .. } => {
                Some((*player, *id))
            }
            _ => None,
        }
    }
}

/// A step that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The time since the room began; at a fixed rate it is ignored, because there the tick is the
    /// time.
    pub time_ms: u64,
    /// What happens, in order.
    pub commands: &'a [Command],
    /// What is left out of it because it panicked before.
    pub decisions: &'a [Decision],
}

/// What a room is made from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Name of the game.
    pub game: String,
    /// Version of its rules.
    pub version: u32,
    /// The program that stepped the room: commands are stepped again by the same one only. 0 if it
    /// was not noted.
    pub build: u64,
    /// Hash of the schema of its state.
    pub schema_hash: u64,
    /// The options, complete, as JSON.
    pub options: String,
    /// Seed of its random numbers. No client ever gets it.
    pub seed: u64,
    /// How time passes.
    pub pace: Pace,
}
