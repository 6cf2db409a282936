//! [`Exit`]: how a child ended, out of what ractor says about it.
//!
//! ractor knows two endings, *terminated* and *failed*; four things must be told apart:
//!
//! * a kill is "terminated" with the reason text `killed` (so is an orderly stop for which somebody
//!   gave that very text: do not);
//! * an actor whose task the runtime dropped is "terminated" with the text `actor_task_cancelled`;
//! * an error and a panic are both "failed". Our own actors' panics carry [`Panicked`]; a panic in
//!   a plain ractor actor looks like an error with the same text.

use std::fmt;

use ractor::{ActorId, SupervisionEvent};

use crate::actors::actor::{Failure, Panicked};

/// How a child ended, or failed to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// It stopped in order, of its own will or because somebody else stopped it.
    Normal,
    /// Its supervisor stopped it and it ended within its time.
    Shutdown,
    /// Its code returned an error; the text.
    Failed(String),
    /// It panicked; text and place.
    Panicked(String),
    /// It was killed: by somebody, or by its supervisor after its shutdown time.
    Killed,
    /// It did not end even when killed, because it computes without awaiting. Its thread is lost
    /// until it awaits; the supervisor goes on without it.
    Lost,
    /// It could not be started again; why.
    StartFailed(String),
}

impl Exit {
    /// Whether a transient child that ends like this stays down.
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Normal | Self::Shutdown)
    }

    /// One word, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Shutdown => "shutdown",
            Self::Failed(_) => "failed",
            Self::Panicked(_) => "panicked",
            Self::Killed => "killed",
            Self::Lost => "lost",
            Self::StartFailed(_) => "start_failed",
        }
    }

    /// Who ended and how; `None` for events that are no end.
    pub fn of(event: &SupervisionEvent) -> Option<(ActorId, Self)> {
        match event {
            SupervisionEvent::ActorTerminated(who, _, reason) => {
                let exit = match reason.as_deref() {
                    Some("killed" | "actor_task_cancelled") => Self::Killed,
                    _ => Self::Normal,
                };
                Some((who.get_id(), exit))
            }
            SupervisionEvent::ActorFailed(who, failure) => {
                Some((who.get_id(), Self::of_failure(failure)))
            }
            _ => None,
        }
    }

    fn of_failure(failure: &Failure) -> Self {
        match failure.downcast_ref::<Panicked>() {
            Some(panicked) => Self::Panicked(panicked.to_string()),
            None => Self::Failed(failure.to_string()),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("stopped"),
            Self::Shutdown => f.write_str("was stopped by its supervisor"),
            Self::Failed(text) => write!(f, "failed: {text}"),
            Self::Panicked(text) => f.write_str(text),
            Self::Killed => f.write_str("was killed"),
            Self::Lost => f.write_str("did not end even when killed"),
            Self::StartFailed(text) => write!(f, "could not be started: {text}"),
        }
    }
}

/// What the supervisor does after a child's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The child is started again (unless the restart of a sibling fails first).
    Restarted,
    /// The child stays down; its spec stays for `restart_child`.
    Stopped,
    /// The child is gone with its spec.
    Removed,
    /// The child has used up its own restart budget; it stays down or is gone, its siblings live.
    GivenUp,
    /// The supervisor has used up its intensity: it stops its other children and fails.
    SupervisorEnds,
}

impl Next {
    /// One word, for metrics.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Restarted => "restarted",
            Self::Stopped => "stopped",
            Self::Removed => "removed",
            Self::GivenUp => "given_up",
            Self::SupervisorEnds => "supervisor_ends",
        }
    }
}
