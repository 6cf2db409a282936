//! Where a game moves players to.

use greenroom_proto::{GameName, List, NewRoom, RoomId, Text, Visibility};
use serde::{Deserialize, Serialize};

use super::Game;
use crate::options::Options;

/// The room that [`Ctx::move_players`](super::Ctx::move_players) moves players to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MoveTo {
    /// This one, also if it is private.
    Room(RoomId),
    /// A new one.
    New {
        /// Its game.
        game: GameName,
        /// What it is to be.
        room: NewRoom,
    },
    /// The oldest listed one of this game with these options that has seats for all of them, or else
    /// such a new one.
    Open {
        /// Its game.
        game: GameName,
        /// What it is to be, if it is new.
        room: NewRoom,
    },
}

impl MoveTo {
    /// A new room of this game, which strangers find.
    ///
    /// ```
    /// # use greenroom::{MoveTo, Options, games::connect4::Connect4, options::NoOptions};
    /// let to = MoveTo::new_room::<Connect4>(&NoOptions::defaults());
    /// assert!(matches!(to, MoveTo::New { game, .. } if &*game == "connect4"));
    /// ```
    #[must_use]
    pub fn new_room<G: Game>(options: &G::Options) -> Self {
        MoveTo::New { game: Text::cut(G::NAME), room: listed(options) }
    }

    /// An open room of this game with these options, or else a new one.
    #[must_use]
    pub fn open_room<G: Game>(options: &G::Options) -> Self {
        MoveTo::Open { game: Text::cut(G::NAME), room: listed(options) }
    }
}

fn listed(options: &impl Options) -> NewRoom {
    NewRoom {
        options: Text::cut(&options.to_json()),
        seats: None,
        visibility: Visibility::Listed,
        metadata: List::default(),
    }
}
