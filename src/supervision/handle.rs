//! [`SupervisorRef`]: what others ask of a supervisor, and the answers.

use std::time::Duration;

use ractor::{ActorCell, ActorId};

use super::child::{ChildId, ChildKind, ChildSpec, StartError};
use crate::actors::actor::{CallError, Ending, Mailbox, Named, Reply};

use super::exit::Exit;

/// How long a caller waits for a supervisor: twice the start timeout, so that one bad start does
/// not make the next caller fail.
pub const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// What a supervisor is asked.
pub(super) enum SupervisorMsg {
    StartChild(Box<ChildSpec>, Answer<ActorCell>),
    TerminateChild(ChildId, Answer<()>),
    RestartChild(ChildId, Answer<ActorCell>),
    DeleteChild(ChildId, Answer<()>),
    Child(ChildId, Answer<ActorCell>),
    WhichChildren(Answer<Vec<ChildInfo>>),
    CountChildren(Answer<ChildCounts>),
    /// To itself: a restart failed; it is tried again behind what waits in the mailbox.
    TryAgain(ChildId, Exit),
    /// To itself: an actor that was stopped beside it had to be killed.
    Killed(ActorId, Exit),
}

pub(super) type Answer<T> = Reply<Result<T, SupervisorError>>;

impl Named for SupervisorMsg {
    fn name(&self) -> &'static str {
        match self {
            Self::StartChild(..) => "start child",
            Self::TerminateChild(..) => "terminate child",
            Self::RestartChild(..) => "restart child",
            Self::DeleteChild(..) => "delete child",
            Self::Child(..) => "child",
            Self::WhichChildren(_) => "which children",
            Self::CountChildren(_) => "count children",
            Self::TryAgain(..) => "try again",
            Self::Killed(..) => "killed",
        }
    }
}

/// Why a supervisor did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// The supervisor has ended, or is ending.
    #[error("the supervisor has ended; look its successor up and ask again")]
    Ended,
    /// No answer in time; what was asked may still happen.
    #[error("the supervisor did not answer within {after:?}; what was asked may still happen")]
    TimedOut {
        /// The deadline that passed.
        after: Duration,
    },
    /// A child with this id exists, running or not.
    #[error("there is a child {id} already; choose another id, or restart or delete that one")]
    AlreadyExists {
        /// The id.
        id: ChildId,
    },
    /// No child has this id; a temporary or dynamic one is gone once it has ended.
    #[error("there is no child {id}; it was never started or is gone")]
    NotFound {
        /// The id.
        id: ChildId,
    },
    /// The child runs.
    #[error("child {id} is running; terminate it first")]
    Running {
        /// The id.
        id: ChildId,
    },
    /// The child is being restarted.
    #[error("child {id} is being restarted; ask again, or terminate it")]
    Restarting {
        /// The id.
        id: ChildId,
    },
    /// The child does not run.
    #[error("child {id} is stopped; restart or delete it")]
    Stopped {
        /// The id.
        id: ChildId,
    },
    /// The dynamic supervisor has as many children as it may.
    #[error("the supervisor has its {children_max} children; let some end or raise the limit")]
    Full {
        /// The limit.
        children_max: usize,
    },
    /// The child could not be started; nothing of it remains.
    #[error("child {id}: {source}")]
    Start {
        /// The id.
        id: ChildId,
        /// Why.
        source: StartError,
    },
}

/// A child, as `which_children` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildInfo {
    /// Its id.
    pub id: ChildId,
    /// Worker or supervisor.
    pub kind: ChildKind,
    /// What it is doing.
    pub state: ChildState,
    /// How often it was started again.
    pub restarts: u32,
    /// Its current incarnation, if it runs.
    pub actor: Option<ActorId>,
}

/// What a child is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildState {
    /// It runs.
    Running,
    /// A start failed and will be tried again.
    Restarting,
    /// It does not run: it ended and was not to be restarted, or is being terminated.
    Stopped,
}

/// How many children there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChildCounts {
    /// Specs, running or not.
    pub specs: usize,
    /// Running children.
    pub active: usize,
    /// Specs of supervisors.
    pub supervisors: usize,
    /// Specs of workers.
    pub workers: usize,
}

/// The handle of a supervisor; cheap to clone. Every method waits at most the handle's deadline
/// ([`CALL_DEADLINE`] unless set with [`deadline`](Self::deadline)).
#[derive(Debug, Clone)]
pub struct SupervisorRef {
    mailbox: Mailbox<SupervisorMsg>,
    deadline: Duration,
}

impl SupervisorRef {
    pub(super) fn new(mailbox: Mailbox<SupervisorMsg>) -> Self {
        Self { mailbox, deadline: CALL_DEADLINE }
    }

    /// The handle of a live supervisor known by its cell only, e.g. from [`child`](Self::child).
    pub fn of(cell: &ActorCell) -> Option<Self> {
        Mailbox::of(cell).map(Self::new)
    }

    /// The same supervisor, asked with another deadline.
    pub fn deadline(&self, deadline: Duration) -> Self {
        Self { mailbox: self.mailbox.clone(), deadline }
    }

    /// Starts a child at the right end of the row. On error nothing of it remains.
    pub async fn start_child(&self, spec: ChildSpec) -> Result<ActorCell, SupervisorError> {
        self.ask(|answer| SupervisorMsg::StartChild(Box::new(spec), answer)).await
    }

    /// Stops a child by its shutdown rule and keeps it down. Its spec stays, except a temporary or
    /// dynamic child's. A child that is down already stays down.
    pub async fn terminate_child(&self, id: impl Into<ChildId>) -> Result<(), SupervisorError> {
        self.ask(|answer| SupervisorMsg::TerminateChild(id.into(), answer)).await
    }

    /// Starts a stopped child again, at its old place in the row.
    pub async fn restart_child(
        &self,
        id: impl Into<ChildId>,
    ) -> Result<ActorCell, SupervisorError> {
        self.ask(|answer| SupervisorMsg::RestartChild(id.into(), answer)).await
    }

    /// Forgets a stopped child.
    pub async fn delete_child(&self, id: impl Into<ChildId>) -> Result<(), SupervisorError> {
        self.ask(|answer| SupervisorMsg::DeleteChild(id.into(), answer)).await
    }

    /// The running incarnation of a child.
    pub async fn child(&self, id: impl Into<ChildId>) -> Result<ActorCell, SupervisorError> {
        self.ask(|answer| SupervisorMsg::Child(id.into(), answer)).await
    }

    /// All children, in start order.
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, SupervisorError> {
        self.ask(SupervisorMsg::WhichChildren).await
    }

    /// How many children there are.
    pub async fn count_children(&self) -> Result<ChildCounts, SupervisorError> {
        self.ask(SupervisorMsg::CountChildren).await
    }

    /// Stops the whole tree in order and returns when it has ended. It overtakes what others have
    /// asked and was not begun. When the deadline passes it goes on regardless; wait again, or
    /// [`kill`](Self::kill).
    pub async fn shutdown(&self) -> Result<(), SupervisorError> {
        let cell = self.mailbox.cell();
        cell.stop(None);
        let ended = cell.wait(Some(self.deadline)).await;
        ended.map_err(|_| SupervisorError::TimedOut { after: self.deadline })
    }

    /// Kills the whole tree at once, in no order; nothing in it runs its `stopped`.
    pub fn kill(&self) {
        self.mailbox.cell().kill();
    }

    /// Waits, without a deadline, until the supervisor has ended, and says how: it fails when its
    /// intensity is used up.
    pub async fn ended(&self) -> Ending {
        self.mailbox.ended().await
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.mailbox.name()
    }

    /// Its actor id.
    pub fn id(&self) -> ActorId {
        self.mailbox.id()
    }

    /// Its ractor cell.
    pub fn cell(&self) -> ActorCell {
        self.mailbox.cell()
    }

    async fn ask<T>(
        &self,
        question: impl FnOnce(Answer<T>) -> SupervisorMsg,
    ) -> Result<T, SupervisorError> {
        match self.mailbox.call(self.deadline, question).await {
            Ok(answer) => answer,
            Err(CallError::TimedOut { after }) => Err(SupervisorError::TimedOut { after }),
            Err(CallError::Ended | CallError::NoReply) => Err(SupervisorError::Ended),
        }
    }
}
