//! What a game asks of the outside world. A room only says what it wants ([`crate::Ctx::effect`]);
//! the host does it here, and the answer returns as a logged [`crate::Signal`]. Replaying a log
//! therefore never does anything twice.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use greenroom_proto::RoomId;

/// What a room asked for.
#[derive(Clone, Debug)]
pub struct EffectCall {
    /// Who asks.
    pub room: RoomId,
    /// Of which game.
    pub game: &'static str,
    /// Counts the processes that the room has lived in: after a power cut a room may be back at an
    /// earlier point and ask for something else under a number that it had used.
    pub epoch: u32,
    /// Counts up from 1 in a room; together with room and epoch it names the call for good.
    pub number: u32,
    /// As the game encoded it.
    pub body: Vec<u8>,
}

/// Does what a room asked for; the answer goes back to the room, if there is one.
pub type EffectHandler =
    Arc<dyn Fn(EffectCall) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>> + Send + Sync>;
