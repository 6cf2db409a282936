//! The actor of the kept replays.
//!
//! **Its job.** Has all of them on disk before it stops: it is started first and stopped last, when no
//! match can end any more. **Its children.** None; the [thread that writes](crate::replays) is beside
//! it and goes on whatever happens to it. **What ends it.** Only a stop, or a bug. **What happens
//! then.** It is started again; it holds nothing but a handle.

use std::time::Duration;

use super::actor::{Actor, Context, Failure, Named};
use crate::replays::KeptReplays;

/// Nobody tells it anything.
#[derive(Debug)]
pub enum Nothing {}

impl Named for Nothing {
    fn name(&self) -> &'static str {
        match *self {}
    }
}

/// What the actor starts from.
#[derive(Clone)]
pub struct ReplaysArgs {
    /// The replays.
    pub replays: KeptReplays,
    /// How long the last files may take to the disk.
    pub close_within: Duration,
}

/// The actor.
pub struct ReplaysKeeper(ReplaysArgs);

impl Actor for ReplaysKeeper {
    const CLASS: &'static str = "replays";
    type Msg = Nothing;
    type Args = ReplaysArgs;

    async fn start(args: ReplaysArgs, _: &Context<Nothing>) -> Result<Self, Failure> {
        Ok(ReplaysKeeper(args))
    }

    async fn handle(&mut self, msg: Nothing, _: &Context<Nothing>) -> Result<(), Failure> {
        match msg {}
    }

    async fn stopped(&mut self, _: &Context<Nothing>) {
        let ReplaysArgs { replays, close_within } = self.0.clone();
        let closed = tokio::task::spawn_blocking(move || replays.close(close_within)).await;
        if !matches!(closed, Ok(true)) {
            tracing::error!(
                "the last replays may be missing: their disk did not take them in time"
            );
        }
    }
}
