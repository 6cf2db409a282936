//! The people of a room, as they are told of each other.

use serde::{Deserialize, Serialize};

use crate::bounded::{List, Text};
use crate::id::PlayerId;
use crate::identity::Profile;

/// People in one message.
pub const ROSTER_MAX: usize = 64;
/// Bytes of an account's id.
pub const ACCOUNT_MAX: usize = 64;

/// What has changed among the people of a room.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Roster {
    /// It begins anew: nobody is here but those whom this names, and those that follow it.
    pub anew: bool,
    /// Another one follows at once, and goes with it.
    pub more: bool,
    /// Who came, or is otherwise than before.
    pub people: List<Someone, ROSTER_MAX>,
    /// Whose seats are free.
    pub gone: List<PlayerId, ROSTER_MAX>,
    /// How many look on without a seat.
    pub spectators: u32,
}

/// Somebody with a seat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Someone {
    /// Which seat: nobody else in this room ever has the same.
    pub player: PlayerId,
    /// Their account; empty where the game does not tell.
    pub account: Text<ACCOUNT_MAX>,
    /// What they say about themself.
    pub profile: Profile,
    /// Whether their connection is up; if not, the seat is held for them.
    pub connected: bool,
}
