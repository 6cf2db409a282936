//! Runs what a room asks of the outside world, as tasks beside it.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::actors::actor::caught;
use crate::effects::{EffectCall, EffectHandler};

/// Effects of one room that run at the same time; the others wait in order of their numbers.
const AT_ONCE_MAX: usize = 16;

/// Runs the effects of one room.
pub(super) struct Effects {
    handler: Option<EffectHandler>,
    permits: Arc<Semaphore>,
}

impl Effects {
    pub(super) fn new(handler: Option<EffectHandler>) -> Self {
        Effects { handler, permits: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }

    /// Starts an effect; `answer` gets what comes of it.
    pub(super) fn run(&self, call: EffectCall, answer: impl FnOnce(Vec<u8>) + Send + 'static) {
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
