//! What a supervisor does when it is asked: the other half of
//! [`SupervisorRef`](super::SupervisorRef).

use ractor::ActorCell;

use super::child::{ChildId, ChildKind, ChildSpec};
use super::children::{Child, State};
use super::exit::Next;
use super::handle::{Answer, ChildCounts, ChildInfo, ChildState, SupervisorError};
use super::spec::Layout;
use super::supervisor::{Ctx, Supervisor};

impl Supervisor {
    pub(super) async fn start_child(
        &mut self,
        spec: ChildSpec,
        answer: Answer<ActorCell>,
        ctx: &Ctx,
    ) {
        let id = spec.id.clone();
        let outcome = match self.spec.layout {
            _ if self.children.get(&id).is_some() => Err(SupervisorError::AlreadyExists { id }),
            Layout::Crowd(options) if self.children.len() >= options.children_max => {
                let children_max = options.children_max;
                Err(SupervisorError::Full { children_max })
            }
            _ => {
                let started = self.add(spec, ctx).await;
                started.map_err(|source| SupervisorError::Start { id, source })
            }
        };
        let _ = answer.send(outcome);
    }

    pub(super) async fn terminate(&mut self, id: ChildId, answer: Answer<()>, ctx: &Ctx) {
        if matches!(self.spec.layout, Layout::Crowd(_)) {
            return self.terminate_beside(id, answer, ctx);
        }
        let outcome = if self.children.get(&id).is_some() {
            self.stop_one(&id, Next::Stopped).await;
            self.children.set(&id, State::Stopped);
            Ok(())
        } else {
            Err(SupervisorError::NotFound { id })
        };
        let _ = answer.send(outcome);
    }

    pub(super) async fn restart_child(
        &mut self,
        id: ChildId,
        ctx: &Ctx,
    ) -> Result<ActorCell, SupervisorError> {
        match self.running(id.clone()) {
            Ok(_) => Err(SupervisorError::Running { id }),
            Err(SupervisorError::Stopped { id }) => {
                let started = self.start_one(&id, ctx).await;
                if let (Ok(_), Some(child)) = (&started, self.children.get_mut(&id)) {
                    child.restarts += 1;
                }
                started.map_err(|source| SupervisorError::Start { id, source })
            }
            Err(other) => Err(other),
        }
    }

    pub(super) fn delete_child(&mut self, id: ChildId) -> Result<(), SupervisorError> {
        match self.running(id.clone()) {
            Ok(_) => Err(SupervisorError::Running { id }),
            Err(SupervisorError::Stopped { id }) => {
                self.children.remove(&id);
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    pub(super) fn running(&self, id: ChildId) -> Result<ActorCell, SupervisorError> {
        match self.children.get(&id).map(Child::state) {
            None => Err(SupervisorError::NotFound { id }),
            Some(State::Running(cell)) => Ok(cell.clone()),
            Some(State::Stopping(_)) => Err(SupervisorError::Running { id }),
            Some(State::Restarting) => Err(SupervisorError::Restarting { id }),
            Some(State::Stopped) => Err(SupervisorError::Stopped { id }),
        }
    }

    pub(super) fn which_children(&self) -> Vec<ChildInfo> {
        let order = self.children.in_order();
        let known = order.into_iter().filter_map(|id| {
            let child = self.children.get(&id)?;
            let state = match child.state() {
                State::Running(_) => ChildState::Running,
                State::Restarting => ChildState::Restarting,
                State::Stopped | State::Stopping(_) => ChildState::Stopped,
            };
            let actor = child.state().actor().map(ActorCell::get_id);
            Some(ChildInfo { kind: child.kind, restarts: child.restarts, id, state, actor })
        });
        known.collect()
    }

    pub(super) fn count_children(&self) -> ChildCounts {
        let mut counts = ChildCounts::default();
        for (_, child) in self.children.iter() {
            counts.specs += 1;
            counts.active += usize::from(matches!(child.state(), State::Running(_)));
            match child.kind {
                ChildKind::Supervisor => counts.supervisors += 1,
                ChildKind::Worker => counts.workers += 1,
            }
        }
        counts
    }
}
