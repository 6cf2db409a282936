//! The supervisor actor.
//!
//! **Its job.** To start its children from left to right, to restart those that end by strategy
//! and restart kind, to stop them from right to left. It holds no business state.
//!
//! **Its children.** Workers and supervisors, each by its [`ChildSpec`].
//!
//! **What ends it.** `shutdown`, its own supervisor, any ractor `stop`: all the same, in order. A
//! start that fails while it starts itself: what was started is stopped and its own start fails.
//! Its intensity: all children are stopped in order, then it fails. A kill.
//!
//! **What happens then.** Its supervisor restarts it like any child, and it starts all its children
//! anew.

use std::collections::HashSet;
use std::pin::pin;

use ractor::{ActorCell, ActorId, ActorStatus, SupervisionEvent};
use tokio::time::Instant;

use super::child::{ChildId, ChildSpec, Parent, Restart, StartError};
use super::children::{Children, State};
use super::exit::{Brief, Exit, Next};
use super::handle::SupervisorMsg;
use super::spec::{ChildExit, Layout, SupervisorSpec};
use super::stop;
use super::strategy::Strategy;
use crate::actors::actor::{Actor, Context, Failure, catch, caught};
use crate::intensity::{Intensity, RestartWindow};

pub(super) type Ctx = Context<SupervisorMsg>;

/// Why a supervisor failed; its supervisor sees the text.
#[derive(Debug, thiserror::Error)]
pub(super) enum SupervisorFailure {
    #[error("supervisor could not start: child {id}: {source}")]
    Boot { id: ChildId, source: StartError },
    #[error("supervisor could not start: two children are called {id}")]
    SameId { id: ChildId },
    #[error(
        "more than {} restarts in {:?}, the last for child {id}, which {exit}",
        intensity.restarts,
        intensity.period
    )]
    Intensity { intensity: Intensity, id: ChildId, exit: Exit },
}

pub(super) struct Supervisor {
    pub(super) spec: SupervisorSpec,
    pub(super) children: Children,
    pub(super) window: RestartWindow,
    pub(super) born: Instant,
}

impl Actor for Supervisor {
    const CLASS: &'static str = "supervisor";
    type Msg = SupervisorMsg;
    type Args = SupervisorSpec;

    async fn start(mut spec: SupervisorSpec, ctx: &Ctx) -> Result<Self, Failure> {
        let mut first = std::mem::take(&mut spec.children);
        if let Some(at_start) = &spec.at_start {
            first.extend(at_start());
        }
        let mut ids = HashSet::new();
        if let Some(twice) = first.iter().find(|child| !ids.insert(child.id())) {
            let id = twice.id().clone();
            return Err(SupervisorFailure::SameId { id }.into());
        }
        let mut supervisor = Self {
            window: RestartWindow::new(spec.intensity),
            spec,
            children: Children::default(),
            born: Instant::now(),
        };
        for child in first {
            let id = child.id().clone();
            if let Err(source) = supervisor.add(child, ctx).await {
                supervisor.stop_all().await;
                return Err(SupervisorFailure::Boot { id, source }.into());
            }
        }
        Ok(supervisor)
    }

    async fn handle(&mut self, msg: SupervisorMsg, ctx: &Ctx) -> Result<(), Failure> {
        match msg {
            SupervisorMsg::StartChild(spec, answer) => self.start_child(*spec, answer, ctx).await,
            SupervisorMsg::TerminateChild(id, answer) => self.terminate(id, answer, ctx).await,
            SupervisorMsg::RestartChild(id, answer) => {
                let _ = answer.send(self.restart_child(id, ctx).await);
            }
            SupervisorMsg::DeleteChild(id, answer) => drop(answer.send(self.delete_child(id))),
            SupervisorMsg::Child(id, answer) => drop(answer.send(self.running(id))),
            SupervisorMsg::WhichChildren(answer) => drop(answer.send(Ok(self.which_children()))),
            SupervisorMsg::CountChildren(answer) => drop(answer.send(Ok(self.count_children()))),
            SupervisorMsg::TryAgain(id, why) => return self.try_again(id, why, ctx).await,
            SupervisorMsg::Killed(actor, exit) => self.killed_beside(actor, &exit),
        }
        Ok(())
    }

    /// Runs with the children still alive; ractor kills what is left when we return.
    async fn stopped(&mut self, _ctx: &Ctx) {
        self.stop_all().await;
    }

    async fn actor_event(&mut self, event: SupervisionEvent, ctx: &Ctx) -> Result<(), Failure> {
        if let SupervisionEvent::ActorStarted(cell) = &event {
            self.kill_stray(cell);
            return Ok(());
        }
        let Some((actor, exit)) = Exit::of(&event) else {
            return Ok(());
        };
        // The event holds a killed actor's state (its sockets, its files): free it before the
        // replacement starts.
        drop(event);
        let Some(id) = self.children.whose(actor).cloned() else {
            return Ok(()); // stale: we stopped that one ourselves
        };
        self.ended(id, actor, exit, ctx).await
    }
}

/// Starting and stopping.
impl Supervisor {
    pub(super) async fn add(
        &mut self,
        spec: ChildSpec,
        ctx: &Ctx,
    ) -> Result<ActorCell, StartError> {
        let id = spec.id.clone();
        self.children.insert(spec);
        let started = self.start_one(&id, ctx).await;
        if started.is_err() {
            self.children.remove(&id);
        }
        started
    }

    /// Runs the child's start function and checks what it returns.
    pub(super) async fn start_one(
        &mut self,
        id: &ChildId,
        ctx: &Ctx,
    ) -> Result<ActorCell, StartError> {
        let child = self.children.get(id);
        let Some((start, limit)) = child.and_then(|it| Some((it.start.clone()?, it.start_timeout)))
        else {
            return Err(StartError::ArgsUsedUp);
        };
        let parent = Parent::new(id.clone(), ctx.cell());
        let work = pin!(async move { start(parent).await });
        let work = caught(work);
        let cell = match limit {
            None => work.await??,
            Some(after) => tokio::time::timeout(after, work)
                .await
                .map_err(|_| StartError::TimedOut { after })???,
        };
        // An actor that has ended by now is unlinked; its end is in our queue.
        let linked = cell.try_get_supervisor().is_some_and(|it| it.get_id() == ctx.id());
        if !linked && cell.get_status() < ActorStatus::Stopping {
            cell.kill();
            return Err(StartError::NotLinked);
        }
        self.children.set(id, State::Running(cell.clone()));
        Ok(cell)
    }

    /// Stops a child that runs and waits for it. A temporary one is forgotten.
    pub(super) async fn stop_one(&mut self, id: &ChildId, next: Next) {
        let Some(child) = self.children.get(id) else {
            return;
        };
        let (temporary, shutdown) = (child.restart == Restart::Temporary, child.shutdown);
        if let Some(cell) = child.state().actor().cloned() {
            // Set first: the event of its end is stale from here on.
            self.children.set(id, State::Stopped);
            let exit = stop::stop(id, &cell, shutdown).await;
            let gone = temporary && next != Next::SupervisorEnds;
            let next = if gone { Next::Removed } else { next };
            self.report(id, Some(cell.get_id()), &exit, next);
        }
        if temporary {
            self.children.remove(id);
        }
    }

    pub(super) async fn stop_all(&mut self) {
        match self.spec.layout {
            Layout::Crowd(options) => self.stop_crowd(options.stop_at_once).await,
            Layout::Row(_) => {
                for id in self.children.in_order().iter().rev() {
                    self.stop_one(id, Next::SupervisorEnds).await;
                }
            }
        }
    }

    pub(super) fn strategy(&self) -> Strategy {
        match self.spec.layout {
            Layout::Row(strategy) => strategy,
            Layout::Crowd(_) => Strategy::OneForOne,
        }
    }

    /// Logs, counts and tells the owner's hook.
    pub(super) fn report(&self, id: &ChildId, actor: Option<ActorId>, exit: &Exit, next: Next) {
        let supervisor = &*self.spec.name;
        let how = Brief(exit);
        match next {
            Next::GivenUp => {
                tracing::error!(supervisor, child = %id, exit = %how, "child given up: its restart budget is used up");
            }
            Next::SupervisorEnds if !exit.is_normal() => {
                tracing::error!(supervisor, child = %id, exit = %how, "child ended badly and its supervisor ends");
            }
            _ if exit.is_normal() => {
                tracing::debug!(supervisor, child = %id, exit = %how, ?next, "child ended");
            }
            _ => tracing::warn!(supervisor, child = %id, exit = %how, ?next, "child ended badly"),
        }
        metrics::counter!("greenroom_child_exits_total", "exit" => exit.kind(), "next" => next.kind())
            .increment(1);
        if let Some(hook) = &self.spec.on_exit {
            let told = ChildExit { id, actor, exit, next };
            if let Err(panicked) = catch(|| hook(&told)) {
                tracing::error!(supervisor, child = %id, "the on_exit hook {panicked}");
            }
        }
    }
}
