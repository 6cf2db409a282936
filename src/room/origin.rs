//! Where a player had a seat before their room's or another's game moved them.

use greenroom_proto::{PlayerId, RoomId};
use serde::{Deserialize, Serialize};

/// Origins of one player at most: so often may they be moved before their client has said that it
/// knows of the first, or the rooms before have let them go. Once more, and the move is refused.
pub const ORIGINS_MAX: usize = 8;

/// A seat in another room in the stead of which a player has this one now. Its token leads here
/// until the client has the new one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// Where it was.
    pub room: RoomId,
    /// Who the player was there.
    pub player: PlayerId,
    /// The oldest token of it that holds.
    pub generation: u32,
}

/// No token leads from there: the client was away all the time, or has a newer one.
const NO_TOKENS: u32 = u32::MAX;

impl Origin {
    /// A seat of which the newest token that has arrived and the newest there is are these.
    #[must_use]
    pub fn of(room: RoomId, player: PlayerId, (confirmed, newest): (u32, u32)) -> Self {
        let generation = if newest == 0 { NO_TOKENS } else { confirmed };
        Origin { room, player, generation }
    }

    /// The same seat, of which the client needs no token any more.
    #[must_use]
    pub fn without_tokens(self) -> Self {
        Origin { generation: NO_TOKENS, ..self }
    }

    /// Whether a client may have a token of it.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        self.generation != NO_TOKENS
    }

    /// Whether a token of this seat and generation is one that holds.
    #[must_use]
    pub fn admits(&self, (room, player): (RoomId, PlayerId), generation: u32) -> bool {
        (self.room, self.player) == (room, player) && generation >= self.generation
    }
}
