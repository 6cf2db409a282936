//! Runs what a room asks of the outside world, as tasks beside it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::under_way::UnderWay;
use crate::actors::actor::caught;
use crate::effects::{EffectCall, EffectHandler};

/// Effects of one room that run at the same time; the others wait in order of their numbers.
const AT_ONCE_MAX: usize = 16;

/// Runs the effects of one room.
pub(super) struct Effects {
    handler: Option<EffectHandler>,
    runtime: tokio::runtime::Handle,
    permits: Arc<Semaphore>,
    under_way: Arc<UnderWay>,
    timeout: Duration,
}

/// What came of an effect.
pub(super) enum Outcome {
    /// The handler answers.
    Answer(Vec<u8>),
    /// It is done, and there is no answer.
    Done,
    /// Nobody knows.
    Lost,
}

impl Effects {
    pub(super) fn new(
        handler: Option<EffectHandler>,
        runtime: tokio::runtime::Handle,
        under_way: &Arc<UnderWay>,
        timeout: Duration,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(AT_ONCE_MAX));
        Effects { handler, runtime, permits, under_way: Arc::clone(under_way), timeout }
    }

    /// Where effects run.
    pub(super) fn runtime(&self) -> &tokio::runtime::Handle {
        &self.runtime
    }

    /// Starts an effect; `tell` learns what comes of it, beside whatever the caller does.
    pub(super) fn run(&self, call: EffectCall, tell: impl FnOnce(Outcome) + Send + 'static) {
        let (handler, permits) = (self.handler.clone(), Arc::clone(&self.permits));
        let (running, timeout) = (self.under_way.enter(), self.timeout);
        self.runtime.spawn(async move {
            let _running = running;
            // The semaphore is fair: effects start in the order of their numbers.
            let _permit = permits.acquire_owned().await;
            let (room, game, number) = (call.room, call.game, call.number);
            let Some(handler) = handler else {
                tracing::warn!(%room, game, number,
                    "the game asked for an effect, and the host has no handler for it: see Games::effects");
                return tell(Outcome::Lost);
            };
            // The host's own code: a panic in it is logged like one in an actor.
            let work = std::pin::pin!(async move { handler(call).await });
            tell(match tokio::time::timeout(timeout, caught(work)).await {
                Ok(Ok(Some(body))) => Outcome::Answer(body),
                Ok(Ok(None)) => Outcome::Done,
                Ok(Err(panicked)) => {
                    tracing::error!(%room, game, number, place = panicked.place(),
                        "the handler of an effect panicked, the game is told that it is lost: {}",
                        panicked.text());
                    Outcome::Lost
                }
                Err(_) => {
                    tracing::error!(%room, game, number,
                        "the handler of an effect has not ended after {timeout:?} and is cut off, the \
                         game is told that it is lost: give what it asks a deadline, or raise \
                         --effect-timeout-ms");
                    Outcome::Lost
                }
            });
        });
    }
}
