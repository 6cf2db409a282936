//! The actor of the kept replays.
//!
//! **Its job.** Has all of them on disk before it stops: it is started first and stopped last, when no
//! match can end any more. **Its children.** None; the [thread that writes](crate::replays) is beside
//! it and goes on whatever happens to it. **What ends it.** Only a stop, or a bug. **What happens
//! then.** It is started again; it holds nothing but a handle.

use std::time::Duration;

use super::actor::{Actor, Context, Failure, Named};
use crate::replays::KeptReplays;

/// How long the last files may take to the disk.
const CLOSE_WITHIN: Duration = Duration::from_secs(4);

/// Nobody tells it anything.
#[derive(Debug)]
pub enum Nothing {}

impl Named for Nothing {
    fn name(&self) -> &'static str {
        match *self {}
    }
}

/// The actor.
pub struct ReplaysKeeper(KeptReplays);

impl Actor for ReplaysKeeper {
    const CLASS: &'static str = "replays";
    type Msg = Nothing;
    type Args = KeptReplays;

    async fn start(replays: KeptReplays, _: &Context<Nothing>) -> Result<Self, Failure> {
        Ok(ReplaysKeeper(replays))
    }

    async fn handle(&mut self, msg: Nothing, _: &Context<Nothing>) -> Result<(), Failure> {
        match msg {}
    }

    async fn stopped(&mut self, _: &Context<Nothing>) {
        let replays = self.0.clone();
        let closed = tokio::task::spawn_blocking(move || replays.close(CLOSE_WITHIN)).await;
        if !matches!(closed, Ok(true)) {
            tracing::error!(
                "the last replays may be missing: their disk did not take them in time"
            );
        }
    }
}
