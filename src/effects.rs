//! What a game asks of the outside world. A room only says what it wants ([`crate::Ctx::effect`]);
//! the host does it here, and the answer returns as a logged [`crate::Signal`]. Replaying a log
//! therefore never does anything twice.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use greenroom_proto::RoomId;

#[cfg(feature = "server")]
use crate::actors::actor::caught;

/// What a room asked for.
#[derive(Clone, Debug)]
pub struct EffectCall {
    /// Who asks.
    pub room: RoomId,
    /// Of which game.
    pub game: &'static str,
    /// Counts up from 1 in a room; together with the room it names the call for good.
    pub number: u32,
    /// As the game encoded it.
    pub body: Vec<u8>,
}

/// Does what a room asked for; the answer goes back to the room, if there is one.
pub type EffectHandler =
    Arc<dyn Fn(EffectCall) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send>> + Send + Sync>;

/// Effects of one room that run at the same time; the others wait in order of their numbers.
#[cfg(feature = "server")]
const AT_ONCE_MAX: usize = 16;

/// Runs the effects of one room.
#[cfg(feature = "server")]
pub(crate) struct Effects {
    handler: Option<EffectHandler>,
    permits: Arc<tokio::sync::Semaphore>,
}

#[cfg(feature = "server")]
impl Effects {
    pub(crate) fn new(room: &crate::directory::RoomRecord) -> Self {
        Effects {
            handler: room.entry.effects.clone(),
            permits: Arc::new(tokio::sync::Semaphore::new(AT_ONCE_MAX)),
        }
    }

    /// Starts an effect; `answer` gets what comes of it.
    pub(crate) fn run(&self, call: EffectCall, answer: impl FnOnce(Vec<u8>) + Send + 'static) {
        let Some(handler) = self.handler.clone() else {
            tracing::warn!(room = %call.room, game = call.game, number = call.number,
                "the game asked for an effect, and the host has no handler for it: see Games::effects");
            return;
        };
        let permits = Arc::clone(&self.permits);
        tokio::spawn(async move {
            // The semaphore is fair: effects start in the order of their numbers.
            let _permit = permits.acquire_owned().await;
            let (room, game, number) = (call.room, call.game, call.number);
            // The host's own code: a panic in it is logged like one in an actor.
            match caught(std::pin::pin!(async move { handler(call).await })).await {
                Ok(Some(body)) => answer(body),
                Ok(None) => {}
                Err(panicked) => tracing::error!(%room, game, number, place = panicked.place(),
                    "the handler of an effect panicked, the game gets no answer: {}", panicked.text()),
            }
        });
    }
}
