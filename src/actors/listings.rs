//! The actor that tells watchers which rooms have changed.
//!
//! **Its job.** Some times a second at most, and only after something has changed that somebody
//! watches, it has the [directory](crate::directory::watches) tell them. **Its child.** A task that
//! waits for changes. **What ends it.** Only a bug. **What happens then.** It is started again; who
//! watches what is in the directory.

use std::sync::Arc;
use std::time::Duration;

use super::actor::{Actor, Context, Failure, Named};
use crate::directory::Directory;

/// What it is told.
#[derive(Debug)]
pub enum ListingsMsg {
    /// Rooms have changed.
    Changed,
}

impl Named for ListingsMsg {
    fn name(&self) -> &'static str {
        match self {
            ListingsMsg::Changed => "changed",
        }
    }
}

/// What it starts from.
#[derive(Clone)]
pub struct ListingsArgs {
    /// The rooms there are, and who watches them.
    pub directory: Arc<Directory>,
    /// Time between two messages to a watcher.
    pub interval: Duration,
}

/// The actor.
pub struct Listings {
    directory: Arc<Directory>,
    waits: tokio::task::JoinHandle<()>,
}

impl Actor for Listings {
    const CLASS: &'static str = "listings";
    type Msg = ListingsMsg;
    type Args = ListingsArgs;

    async fn start(args: ListingsArgs, ctx: &Context<ListingsMsg>) -> Result<Self, Failure> {
        let ListingsArgs { directory, interval } = args;
        let (mailbox, changes) = (ctx.mailbox().clone(), Arc::clone(&directory));
        let waits = tokio::spawn(async move {
            loop {
                changes.changed().await;
                // What changes meanwhile is told along with it.
                tokio::time::sleep(interval).await;
                if mailbox.cast(ListingsMsg::Changed).is_err() {
                    return;
                }
            }
        });
        // A change that was noted for the one before.
        let _ = ctx.mailbox().cast(ListingsMsg::Changed);
        Ok(Listings { directory, waits })
    }

    async fn handle(&mut self, _: ListingsMsg, _: &Context<ListingsMsg>) -> Result<(), Failure> {
        self.directory.tell_watchers();
        Ok(())
    }
}

impl Drop for Listings {
    fn drop(&mut self) {
        self.waits.abort();
    }
}
