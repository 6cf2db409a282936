//! What a client hears and says, in the terms of a game.

use std::time::Duration;

use greenroom_proto::{
    ChatLine, JoinTarget, Malformed, NewRoom, Query, RoomEntry, RoomId, Text, Tick, TooLong, wire,
};
use serde::de::DeserializeOwned;

use crate::closed::{Closed, Lost};
use crate::error::CallError;
use crate::rooms::WatchId;
use crate::roster::PersonChange;
use crate::seat::SeatInfo;

/// What happened, in order.
#[derive(Clone, PartialEq, Debug)]
pub enum Update {
    /// The state is now as it was after `tick`. Frames that came while the caller waited for
    /// something else are one update.
    Frame {
        /// The room's step.
        tick: Tick,
        /// Whether the whole state was sent: the first frame of a seat, or after a gap.
        full: bool,
    },
    /// Something happened in the room. The state already is that of the event's tick or later.
    Event(Event),
    /// Somebody in the room has said something, this client included: see [`crate::Client::chat`]. A
    /// line whose `at` is before the seat was said before this client came.
    Chat(ChatLine),
    /// The answer to a request that was started with [`crate::Client::start`].
    Reply {
        /// Which request.
        id: RequestId,
        /// The answer.
        reply: Result<Reply, CallError>,
    },
    /// People came to the room or went, where the game tells: see [`crate::Client::roster`]. Never
    /// empty.
    People(Vec<PersonChange>),
    /// What has changed in the rooms that are [watched](crate::Client::watch): the first of a watch
    /// brings all of them, each later one brings it up to date.
    Rooms {
        /// Which watch.
        watch: WatchId,
        /// Rooms that were not in it.
        added: Vec<RoomEntry>,
        /// Rooms of which something has changed.
        changed: Vec<RoomEntry>,
        /// Rooms that are not in it any more.
        removed: Vec<RoomId>,
    },
    /// The match is over and so is the seat; the connection stays.
    Ended {
        /// The result as a JSON text.
        result: String,
    },
    /// The seat is gone, the connection stays.
    Left,
    /// The seat is lost, and the connection stays because of [other seats](crate#several-rooms-at-once):
    /// without those it would be closed.
    Dismissed(Lost),
    /// The game has moved the player to another room: the seat is this one now, and everything from
    /// here on is of its room. The next frame brings the whole state. What the old room had not
    /// answered is refused ([`Refusal::Moved`](greenroom_proto::Refusal::Moved)), and so are requests until
    /// this update is taken; inputs are left out until then.
    Moved {
        /// The room before.
        from: RoomId,
        /// The seat.
        seat: SeatInfo,
    },
    /// The account is kept out of this room; if it had a seat there or looked on, [`Update::Left`]
    /// follows.
    Banned {
        /// Which room.
        room: RoomId,
        /// For so long by the room's time.
        time: Duration,
        /// For a person: how long, and why.
        text: String,
    },
    /// The connection broke and is being brought back, told for each seat. Until then the state stays as it is, the
    /// newest input is kept, and requests wait for their answers within their deadlines.
    Broken {
        /// How it ended.
        why: Closed,
        /// How long the client tries.
        within: Duration,
    },
    /// The connection and this seat are back, and everything goes on: the next frame brings the
    /// state up to date, events go on without a gap, requests are answered, each once. Inputs that
    /// were under way when the connection broke may be lost; the newest was sent again.
    ///
    /// A new version of the server may have given the state another schema: `Client::seat` says so,
    /// and there is no state before the next frame. A program that [expects](crate::Connect::expects)
    /// one schema does not get here then; its seat is over, with
    /// [`Refusal::OtherSchema`](greenroom_proto::Refusal::OtherSchema).
    Resumed {
        /// How long there was no connection.
        after: Duration,
        /// Whether some events of this time are lost, because the server could not keep as many.
        /// Then their numbers have a gap here.
        events_lost: bool,
    },
    /// Who runs the server has something to say to the player: to be shown.
    Notice {
        /// What.
        text: String,
    },
    /// The connection is gone for good. Every later call says so too.
    Closed(Closed),
}

/// Something that happened once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Counts up from 1 for a seat; without a gap, unless [`Update::Resumed`] says so.
    pub number: u32,
    /// When it happened.
    pub tick: Tick,
    /// As the game encoded it.
    pub body: Vec<u8>,
}

impl Event {
    /// The event as the game's type.
    pub fn decode<E: DeserializeOwned>(&self) -> Result<E, Malformed> {
        wire::decode(&self.body)
    }
}

/// A request under way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RequestId(pub(crate) u32);

/// The room's answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reply(pub Vec<u8>);

impl Reply {
    /// The answer as the game's type.
    pub fn decode<R: DeserializeOwned>(&self) -> Result<R, CallError> {
        wire::decode(&self.0).map_err(|error| CallError::Malformed(error.to_string()))
    }
}

/// Where a seat is wanted. Options are a JSON object; empty means all defaults.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Join<'a> {
    /// In a new room.
    Create {
        /// Which game.
        game: &'a str,
        /// Its options.
        options: &'a str,
    },
    /// In any open room of the game with these options; refused if there is none.
    Open {
        /// Which game.
        game: &'a str,
        /// Its options.
        options: &'a str,
    },
    /// In any open room of the game with these options, or else in a new one.
    OpenOrCreate {
        /// Which game.
        game: &'a str,
        /// Its options.
        options: &'a str,
    },
    /// In this room.
    Room(RoomId),
    /// The reserved seat with this code, see [`crate::Client::reserve`].
    Reserved(&'a str),
    /// In a new room, about which more is said than its options.
    New {
        /// Which game.
        game: &'a str,
        /// What it is to be.
        room: &'a NewRoom,
    },
    /// In the first room with a free seat of which the query holds, in its order.
    Match {
        /// Which rooms.
        query: &'a Query,
        /// If there is none: in such a one. Its metadata should be what the query asks for.
        or_create: Option<&'a NewRoom>,
    },
    /// In the private room with this code, see [`crate::Client::room_code`].
    Code(&'a str),
}

impl Join<'_> {
    pub(crate) fn target(self) -> Result<JoinTarget, CallError> {
        Ok(match self {
            Join::Create { game, options } => {
                JoinTarget::Create { game: game_name(game)?, options: bounded("options", options)? }
            }
            Join::Open { game, options } => {
                JoinTarget::Open { game: game_name(game)?, options: bounded("options", options)? }
            }
            Join::OpenOrCreate { game, options } => JoinTarget::OpenOrCreate {
                game: game_name(game)?,
                options: bounded("options", options)?,
            },
            Join::Room(room) => JoinTarget::Room(room),
            Join::Reserved(code) => JoinTarget::Reserved(bounded("code", code)?),
            Join::New { game, room } => {
                JoinTarget::New { game: game_name(game)?, room: room.clone() }
            }
            Join::Match { query, or_create } => {
                JoinTarget::Match { query: query.clone(), or_create: or_create.cloned() }
            }
            Join::Code(code) => JoinTarget::Code(bounded("code", code)?),
        })
    }
}

pub(crate) fn game_name(name: &str) -> Result<greenroom_proto::GameName, CallError> {
    bounded("name of the game", name)
}

pub(crate) fn bounded<const MAX: usize>(
    what: &'static str,
    text: &str,
) -> Result<Text<MAX>, CallError> {
    text.try_into().map_err(|why: TooLong| CallError::TooLong { what, why })
}
