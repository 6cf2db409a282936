//! The sending side of an actor: [`Mailbox`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ractor::{ActorCell, ActorId, ActorRef, MessagingErr};
use tokio::sync::oneshot;

use super::Named;
use super::live::{self, Stats};

/// The depth at which a mailbox is first reported as long (and again at each doubling): Erlang's
/// usual `long_message_queue` figure. Nothing is dropped: the bound belongs at the edge, where the
/// messages come from.
pub const MAILBOX_ALARM_DEPTH: u32 = 1024;

/// Where the answer to a call goes. Dropping it tells the caller that there is none.
pub type Reply<R> = oneshot::Sender<R>;

/// Only a [`Mailbox`] can make one, so every message to an actor has been counted.
pub(super) struct Envelope<M>(pub(super) M);

/// The address of one running actor; cheap to clone. It goes stale when the actor ends: ask the
/// place that knows its successor, e.g. a [`Slot`](crate::supervision::Slot).
pub struct Mailbox<M> {
    actor: ActorRef<Envelope<M>>,
    pub(super) stats: Arc<Stats>,
}

impl<M: Named + Send + 'static> Mailbox<M> {
    pub(super) fn new(actor: ActorRef<Envelope<M>>, stats: Arc<Stats>) -> Self {
        Self { actor, stats }
    }

    /// The mailbox of a live actor known by its cell only; `None` if it has ended or takes other
    /// messages than `M`.
    pub fn of(cell: &ActorCell) -> Option<Self> {
        let same_type = cell.is_message_type_of::<Envelope<M>>() == Some(true);
        let stats = live::stats_of(cell.get_id()).filter(|_| same_type)?;
        Some(Self::new(cell.clone().into(), stats))
    }

    /// Sends a message and does not wait. Messages of one sender arrive in order.
    pub fn cast(&self, msg: M) -> Result<(), CastError<M>> {
        self.stats.queued();
        self.actor.send_message(Envelope(msg)).map_err(|refused| {
            self.stats.taken();
            match refused {
                MessagingErr::SendErr(Envelope(msg)) => CastError(Some(msg)),
                _ => CastError(None),
            }
        })
    }

    /// Sends a request and waits for its reply, at most `deadline`.
    pub async fn call<R>(
        &self,
        deadline: Duration,
        request: impl FnOnce(Reply<R>) -> M,
    ) -> Result<R, CallError> {
        let (reply, answer) = oneshot::channel();
        self.cast(request(reply)).map_err(|_| CallError::Ended)?;
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(_)) => Err(CallError::NoReply),
            Err(_) => Err(CallError::TimedOut { after: deadline }),
        }
    }

    /// Waits until the actor has ended, and says how.
    pub async fn ended(&self) -> Ending {
        // Without a timeout it cannot fail.
        let _ = self.actor.wait(None).await;
        self.stats.ending()
    }

    /// Messages sent and not yet taken.
    pub fn depth(&self) -> u32 {
        self.stats.depth()
    }

    /// The actor's name.
    pub fn name(&self) -> &str {
        self.stats.name()
    }

    /// The actor's id.
    pub fn id(&self) -> ActorId {
        self.actor.get_id()
    }

    /// The actor's ractor cell, e.g. to stop or kill it.
    pub fn cell(&self) -> ActorCell {
        self.actor.get_cell()
    }
}

impl<M> Clone for Mailbox<M> {
    fn clone(&self) -> Self {
        Self { actor: self.actor.clone(), stats: self.stats.clone() }
    }
}

impl<M> fmt::Debug for Mailbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.stats.name(), self.actor.get_id())
    }
}

/// How an actor ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Ending {
    /// Stopped in order.
    Normal = 1,
    /// One of its functions returned an error.
    Failed = 2,
    /// It panicked.
    Panicked = 3,
    /// It was killed, with or without its supervisor.
    Killed = 4,
}

/// The actor has ended; here is the message back.
#[derive(thiserror::Error)]
#[error("the actor has ended and takes no more messages; look its successor up")]
pub struct CastError<M>(pub Option<M>);

impl<M> fmt::Debug for CastError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CastError")
    }
}

/// Why a call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The actor had ended before the call; it was not done.
    #[error("the actor has ended; look its successor up and ask again")]
    Ended,
    /// The actor dropped the request, or ended with it; it may have been done in part.
    #[error("the actor ended or refused without a reply; what was asked may be done in part")]
    NoReply,
    /// The actor did not answer in time; it may still do what was asked.
    #[error("no reply within {after:?}; what was asked may still happen")]
    TimedOut {
        /// The deadline that passed.
        after: Duration,
    },
}
