//! What people in a room say to each other, as it is heard.
//!
//! A line is told among the events of a game, in order and once ([`RoomEvent`]).

use serde::{Deserialize, Serialize};

use crate::bounded::Text;
use crate::id::{PlayerId, Tick};
use crate::identity::NAME_MAX;

/// Bytes of a line at most; a room may take fewer.
pub const CHAT_BYTES_MAX: usize = 512;

/// What somebody says: one line.
pub type ChatText = Text<CHAT_BYTES_MAX>;

/// A line that somebody in the room has said.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChatLine {
    /// Who; `None`: the game itself.
    pub from: Option<PlayerId>,
    /// Under which name. They may have gone by now.
    pub name: Text<NAME_MAX>,
    /// To whom, in the terms of the game: what the speaker said in [`crate::ToServer::Chat`], unless the
    /// game made it another.
    pub scope: u8,
    /// When; a line from before the client came is older than its [`crate::Joined::tick`].
    pub at: Tick,
    /// What.
    pub text: ChatText,
}

/// What the room itself tells among the game's events. A client leaves out what it does not know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RoomEvent {
    /// Somebody has said something.
    Chat(ChatLine),
}
