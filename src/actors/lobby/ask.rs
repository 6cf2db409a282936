//! How the lobby is asked. One that dies meanwhile is there again at once, and asked again; but only
//! once, in case it was this question that it died of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use greenroom_proto::{Refusal, RoomId};
use tokio::time::Instant;

use super::{LobbyMsg, Refused, Wish};
use crate::actors::actor::{CallError, Mailbox, Reply};
use crate::directory::Booked;
use crate::directory::reservations::Reservation;
use crate::game::MoveTo;
use crate::supervision::Slot;

/// How long the lobby may take. It only looks up and starts rooms; this long means that the
/// server is in trouble.
const LOBBY_DEADLINE: Duration = Duration::from_secs(5);
/// Pause before a lobby that has died is looked for again.
const LOBBY_BACK: Duration = Duration::from_millis(2);

/// How often a lobby has looked at a question. One that a dead lobby has not looked at may be asked
/// again without a second thought: it has done nothing, and nobody died of it.
pub type Taken = Arc<AtomicU32>;

/// Asks the lobby something.
pub async fn ask<T: Send + 'static>(
    lobby: &Slot<Mailbox<LobbyMsg>>,
    message: impl Fn(Taken, Reply<Result<T, Refused>>) -> LobbyMsg,
) -> Result<T, Refused> {
    let deadline = Instant::now() + LOBBY_DEADLINE;
    let taken = Taken::default();
    while taken.load(Ordering::Acquire) < 2 {
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(lobby) = lobby.get().filter(|_| !left.is_zero()) else { break };
        match lobby.call(left, |reply| message(Arc::clone(&taken), reply)).await {
            Ok(found) => return found,
            Err(CallError::TimedOut { .. }) => break,
            Err(CallError::NoReply | CallError::Ended) => {
                tokio::time::sleep(LOBBY_BACK).await;
            }
        }
    }
    Err((Refusal::Failed, "the lobby does not answer: try again".to_owned()))
}

/// Asks the lobby for seats in one place, for players of the room `from`.
pub async fn seats_together(
    lobby: &Slot<Mailbox<LobbyMsg>>,
    to: &MoveTo,
    from: RoomId,
    seats: u32,
) -> Result<Vec<Booked>, Refused> {
    let message = |taken, reply| LobbyMsg::Together(to.clone(), from, seats, taken, reply);
    ask(lobby, message).await
}

/// Asks the lobby to keep seats: in a room there is, or in a new one.
pub async fn reserve(
    lobby: &Slot<Mailbox<LobbyMsg>>,
    wish: Wish,
    seats: u32,
    expiry: Duration,
) -> Result<Reservation, Refused> {
    ask(lobby, |taken, reply| LobbyMsg::Reserve(wish.clone(), seats, expiry, taken, reply)).await
}
