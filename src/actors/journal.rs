//! The actor of the journal.
//!
//! **Its job.** Says when rooms are not kept, and closes the [journal](crate::journal) in order: it
//! is started first and stopped last, when no room writes any more. **Its children.** None; the
//! journal's threads are beside it and go on whatever happens to it. **What ends it.** Only a stop, or
//! a bug. **What happens then.** It is started again; it holds nothing but a handle.

use std::time::Duration;

use metrics::gauge;

use super::actor::{Actor, Context, Failure, Named};
use crate::journal::{Health, Journal};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the actor is told.
#[derive(Debug)]
pub struct Look;

impl Named for Look {
    fn name(&self) -> &'static str {
        "look"
    }
}

/// What the actor starts from.
#[derive(Clone)]
pub struct JournalArgs {
    /// The journal.
    pub journal: Journal,
    /// How long the last bytes may take to the disk.
    pub close_within: Duration,
}

/// The actor.
pub struct JournalKeeper {
    args: JournalArgs,
    looking: tokio::task::JoinHandle<()>,
}

impl Actor for JournalKeeper {
    const CLASS: &'static str = "journal";
    type Msg = Look;
    type Args = JournalArgs;

    async fn start(args: JournalArgs, ctx: &Context<Look>) -> Result<Self, Failure> {
        let mailbox = ctx.mailbox().clone();
        let looking = tokio::spawn(async move {
            while mailbox.cast(Look).is_ok() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        Ok(JournalKeeper { args, looking })
    }

    async fn handle(&mut self, _: Look, _: &Context<Look>) -> Result<(), Failure> {
        let sound = self.args.journal.health() == Health::Sound;
        gauge!("greenroom_journal_sound").set(if sound { 1.0 } else { 0.0 });
        Ok(())
    }

    async fn stopped(&mut self, _: &Context<Look>) {
        let JournalArgs { journal, close_within } = self.args.clone();
        let closed = tokio::task::spawn_blocking(move || journal.close(close_within)).await;
        if let Ok(Err(error)) = closed {
            tracing::error!("the journal was not closed in order: {error}");
        }
    }
}

impl Drop for JournalKeeper {
    fn drop(&mut self) {
        self.looking.abort();
    }
}
