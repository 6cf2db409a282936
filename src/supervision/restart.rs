//! What a supervisor does when a child has ended.

use ractor::{ActorCell, ActorId, ActorStatus};

use super::child::{ChildId, Restart, StartError};
use super::children::{Child, State};
use super::exit::{Exit, Next};
use super::handle::SupervisorMsg;
use super::spec::Layout;
use super::supervisor::{Ctx, Supervisor, SupervisorFailure};
use crate::actors::actor::Failure;

impl Supervisor {
    pub(super) async fn ended(
        &mut self,
        id: ChildId,
        actor: ActorId,
        exit: Exit,
        ctx: &Ctx,
    ) -> Result<(), Failure> {
        let Some(child) = self.children.get(&id) else {
            return Ok(());
        };
        if matches!(child.state(), State::Stopping(_)) {
            let exit = if exit.is_normal() { Exit::Shutdown } else { exit };
            self.children.remove(&id);
            self.report(&id, Some(actor), &exit, Next::Removed);
            return Ok(());
        }
        let again = match child.restart {
            Restart::Permanent => true,
            Restart::Transient => !exit.is_normal(),
            Restart::Temporary => false,
        };
        if again {
            return self.restart(id, Some(actor), exit, ctx).await;
        }
        let next = self.take_down(&id);
        self.report(&id, Some(actor), &exit, next);
        Ok(())
    }

    /// A restart failed before. The child may have been terminated or restarted by hand since.
    pub(super) async fn try_again(
        &mut self,
        id: ChildId,
        why: Exit,
        ctx: &Ctx,
    ) -> Result<(), Failure> {
        match self.children.get(&id).map(Child::state) {
            Some(State::Restarting) => self.restart(id, None, why, ctx).await,
            _ => Ok(()),
        }
    }

    /// Restarts `id` and all who share its fate, if the intensity allows. A start that fails is
    /// tried again by a message to ourselves: what others ask, and a stop, come in between.
    async fn restart(
        &mut self,
        id: ChildId,
        actor: Option<ActorId>,
        exit: Exit,
        ctx: &Ctx,
    ) -> Result<(), Failure> {
        match self.may_restart(&id) {
            Next::GivenUp => {
                self.take_down(&id);
                self.report(&id, actor, &exit, Next::GivenUp);
                return Ok(());
            }
            Next::SupervisorEnds => {
                self.take_down(&id);
                self.report(&id, actor, &exit, Next::SupervisorEnds);
                self.stop_all().await;
                let intensity = self.window.intensity();
                return Err(SupervisorFailure::Intensity { intensity, id, exit }.into());
            }
            _ => {}
        }
        self.children.set(&id, State::Restarting);
        self.report(&id, actor, &exit, Next::Restarted);
        let outcome = self.restart_with_siblings(&id, ctx).await;
        self.restart_finished(&id);
        if let Err((failed, error)) = outcome {
            self.children.set(&failed, State::Restarting);
            let why = Exit::StartFailed(error.to_string());
            // Refused only if we are being stopped, and then nothing is to be restarted.
            let _ = ctx.mailbox().cast(SupervisorMsg::TryAgain(failed, why));
        }
        Ok(())
    }

    async fn restart_with_siblings(
        &mut self,
        id: &ChildId,
        ctx: &Ctx,
    ) -> Result<(), (ChildId, StartError)> {
        let mut affected = self.children.affected(self.strategy(), id);
        for sibling in affected.iter().rev() {
            self.stop_one(sibling, Next::Restarted).await;
        }
        affected.retain(|sibling| self.children.get(sibling).is_some());
        for child in affected {
            match self.start_one(&child, ctx).await {
                Ok(_) => {
                    if let Some(started) = self.children.get_mut(&child) {
                        started.restarts += 1;
                    }
                }
                Err(error) => return Err((child, error)),
            }
        }
        Ok(())
    }

    /// Counts the restart against the child's own budget, or else against our intensity.
    fn may_restart(&mut self, id: &ChildId) -> Next {
        let now = self.born.elapsed();
        let budget = self.children.get_mut(id).and_then(|child| child.budget.as_mut());
        match budget {
            Some(budget) => match budget.allow(now) {
                true => Next::Restarted,
                false => Next::GivenUp,
            },
            None => match self.window.allow(now) {
                true => Next::Restarted,
                false => Next::SupervisorEnds,
            },
        }
    }

    fn restart_finished(&mut self, id: &ChildId) {
        let now = self.born.elapsed();
        match self.children.get_mut(id).and_then(|child| child.budget.as_mut()) {
            Some(budget) => budget.finished(now),
            None => self.window.finished(now),
        }
    }

    /// Notes that a child is down for good: temporary and dynamic ones are forgotten.
    fn take_down(&mut self, id: &ChildId) -> Next {
        let crowd = matches!(self.spec.layout, Layout::Crowd(_));
        match self.children.get(id).map(|child| child.restart) {
            Some(Restart::Permanent | Restart::Transient) if !crowd => {
                self.children.set(id, State::Stopped);
                Next::Stopped
            }
            _ => {
                self.children.remove(id);
                Next::Removed
            }
        }
    }

    /// Linked to us, but none of ours: a start function that was cut off by its timeout after it
    /// had spawned, or somebody who spawned past us. Nobody would restart or stop it.
    pub(super) fn kill_stray(&self, cell: &ActorCell) {
        let alive = cell.get_status() < ActorStatus::Stopping;
        if alive && self.children.whose(cell.get_id()).is_none() {
            tracing::warn!(
                supervisor = %self.spec.name,
                actor = %cell.get_id(),
                "an actor is linked to this supervisor without a child spec: it is killed"
            );
            cell.kill();
        }
    }
}
