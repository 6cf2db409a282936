//! The table of a supervisor's children: found by id and by actor in constant time, listed in
//! start order when somebody needs the order.
//!
//! The actor index holds exactly the incarnations whose end the supervisor still waits for. An
//! event about any other actor is stale, and finds nothing here.

use std::collections::HashMap;
use std::time::Duration;

use ractor::{ActorCell, ActorId};

use super::child::{ChildId, ChildKind, ChildSpec, Restart, Shutdown, StartFn};
use super::strategy::Strategy;
use crate::intensity::RestartWindow;

/// One child.
pub(super) struct Child {
    /// `None` for a temporary child that runs: it is never started again, so what its start
    /// function captured is freed.
    pub(super) start: Option<StartFn>,
    pub(super) restart: Restart,
    pub(super) shutdown: Shutdown,
    pub(super) kind: ChildKind,
    pub(super) start_timeout: Option<Duration>,
    pub(super) budget: Option<Box<RestartWindow>>,
    pub(super) restarts: u32,
    state: State,
    /// Start order; never used again.
    place: u64,
}

/// What a child is doing.
#[derive(Clone)]
pub(super) enum State {
    /// Not running, and not about to.
    Stopped,
    /// Running.
    Running(ActorCell),
    /// Asked to stop in the background; its end will be an event (crowds only).
    Stopping(ActorCell),
    /// A restart is under way or will be tried again.
    Restarting,
}

impl State {
    pub(super) fn actor(&self) -> Option<&ActorCell> {
        match self {
            Self::Running(cell) | Self::Stopping(cell) => Some(cell),
            Self::Stopped | Self::Restarting => None,
        }
    }
}

impl Child {
    pub(super) fn state(&self) -> &State {
        &self.state
    }
}

#[derive(Default)]
pub(super) struct Children {
    by_id: HashMap<ChildId, Child>,
    by_actor: HashMap<ActorId, ChildId>,
    places: u64,
}

impl Children {
    /// Adds a child at the right end, in state `Stopped`. Its id must be free.
    pub(super) fn insert(&mut self, spec: ChildSpec) {
        let child = Child {
            start: Some(spec.start),
            restart: spec.restart,
            shutdown: spec.shutdown,
            kind: spec.kind,
            start_timeout: spec.start_timeout,
            budget: spec.budget.map(|budget| Box::new(RestartWindow::new(budget))),
            restarts: 0,
            state: State::Stopped,
            place: self.places,
        };
        self.places += 1;
        self.by_id.insert(spec.id, child);
    }

    pub(super) fn remove(&mut self, id: &ChildId) {
        self.set(id, State::Stopped);
        self.by_id.remove(id);
    }

    /// Changes a child's state and the actor index with it.
    pub(super) fn set(&mut self, id: &ChildId, state: State) {
        let Some(child) = self.by_id.get_mut(id) else {
            return;
        };
        if let Some(old) = child.state.actor() {
            self.by_actor.remove(&old.get_id());
        }
        if let Some(new) = state.actor() {
            self.by_actor.insert(new.get_id(), id.clone());
            if child.restart == Restart::Temporary {
                child.start = None;
            }
        }
        child.state = state;
    }

    /// Whose incarnation that is; `None` if it is stale.
    pub(super) fn whose(&self, actor: ActorId) -> Option<&ChildId> {
        self.by_actor.get(&actor)
    }

    pub(super) fn get(&self, id: &ChildId) -> Option<&Child> {
        self.by_id.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &ChildId) -> Option<&mut Child> {
        self.by_id.get_mut(id)
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&ChildId, &Child)> {
        self.by_id.iter()
    }

    /// All ids, in start order.
    pub(super) fn in_order(&self) -> Vec<ChildId> {
        let mut row: Vec<_> = self.by_id.iter().collect();
        row.sort_unstable_by_key(|(_, child)| child.place);
        row.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// The children that share the fate of `id`, in start order.
    pub(super) fn affected(&self, strategy: Strategy, id: &ChildId) -> Vec<ChildId> {
        if strategy == Strategy::OneForOne {
            return vec![id.clone()];
        }
        let mut row = self.in_order();
        match row.iter().position(|other| other == id) {
            Some(failed) => {
                let affected = strategy.affected(failed, row.len());
                row.drain(affected).collect()
            }
            None => Vec::new(),
        }
    }
}
