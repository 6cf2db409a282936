//! What is different when the children are many and alike (OTP's `simple_one_for_one`, Elixir's
//! `DynamicSupervisor`): connections, rooms.
//!
//! * Strategy one-for-one. A child that is not restarted is gone with its spec.
//! * Starting and reaping a child costs the same with ten children as with ten thousand.
//! * `terminate_child` does not make the supervisor wait: the stop runs beside it.
//! * The end of the supervisor stops its children together, [`Dynamic::stop_at_once`] at a time.

use ractor::ActorId;
use tokio::task::JoinSet;

use super::child::ChildId;
use super::children::State;
use super::exit::{Exit, Next};
use super::handle::{Answer, SupervisorError, SupervisorMsg};
use super::stop;
use super::supervisor::{Ctx, Supervisor};

/// The limits of a dynamic supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dynamic {
    /// Children at most; one more is refused. Default 65,536: no machine we aim at serves more
    /// connections, so more is a leak.
    pub children_max: usize,
    /// How many children are stopped at once when the supervisor ends. Default 256: enough to
    /// hide their waiting, few enough that what they do at their end (write a record, send a close
    /// frame) does not come as one burst.
    pub stop_at_once: usize,
}

impl Default for Dynamic {
    fn default() -> Self {
        Self { children_max: 65_536, stop_at_once: 256 }
    }
}

impl Supervisor {
    /// Begins to stop a child and answers when it has ended. Its end arrives as an event, or as a
    /// message if it had to be killed, and takes it out of the table; either is in our queue
    /// before the caller has the answer.
    pub(super) fn terminate_beside(&mut self, id: ChildId, answer: Answer<()>, ctx: &Ctx) {
        let Some(child) = self.children.get(&id) else {
            let _ = answer.send(Err(SupervisorError::NotFound { id }));
            return;
        };
        let Some(cell) = child.state().actor().cloned() else {
            self.children.remove(&id);
            let _ = answer.send(Ok(()));
            return;
        };
        let shutdown = child.shutdown;
        let mailbox = ctx.mailbox().clone();
        self.children.set(&id, State::Stopping(cell.clone()));
        tokio::spawn(async move {
            let exit = stop::stop(&id, &cell, shutdown).await;
            if exit != Exit::Shutdown {
                // If the supervisor has ended meanwhile, nobody keeps books any more.
                let _ = mailbox.cast(SupervisorMsg::Killed(cell.get_id(), exit));
            }
            let _ = answer.send(Ok(()));
        });
    }

    pub(super) fn killed_beside(&mut self, actor: ActorId, exit: &Exit) {
        if let Some(id) = self.children.whose(actor).cloned() {
            self.children.remove(&id);
            self.report(&id, Some(actor), exit, Next::Removed);
        }
    }

    /// Stops all children, a bounded number at a time.
    pub(super) async fn stop_crowd(&mut self, at_once: usize) {
        let mut stopping = JoinSet::new();
        for id in self.children.in_order() {
            let Some(child) = self.children.get(&id) else {
                continue;
            };
            let shutdown = child.shutdown;
            let Some(cell) = child.state().actor().cloned() else {
                continue;
            };
            self.children.remove(&id);
            if stopping.len() >= at_once.max(1) {
                self.reap_one(&mut stopping).await;
            }
            stopping.spawn(async move {
                let exit = stop::stop(&id, &cell, shutdown).await;
                (id, cell.get_id(), exit)
            });
        }
        while !stopping.is_empty() {
            self.reap_one(&mut stopping).await;
        }
    }

    async fn reap_one(&self, stopping: &mut JoinSet<(ChildId, ActorId, Exit)>) {
        if let Some(Ok((id, actor, exit))) = stopping.join_next().await {
            self.report(&id, Some(actor), &exit, Next::SupervisorEnds);
        }
    }
}
