//! [`ChildSpec`]: what a supervisor knows about a child before it exists.

use std::borrow::Borrow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ractor::{ActorCell, SpawnErr};

use super::slot::Slot;
use crate::actors::actor::{self, Actor, Failure, Mailbox, Panicked};
use crate::intensity::Intensity;

/// How long a child may take to start, unless its spec says otherwise. The supervisor is deaf
/// meanwhile, so a good start takes microseconds; this only bounds a bad one.
pub const START_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a worker has to stop before it is killed, unless its spec says otherwise: OTP's figure.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The name of a child, unique among its siblings; also the name of the actor.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChildId(Arc<str>);

/// When a child that ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    /// Always.
    #[default]
    Permanent,
    /// Only after an abnormal end.
    Transient,
    /// Never; its end never counts against the intensity.
    Temporary,
}

/// How a child is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Asked to stop; killed when it has not ended after this time.
    Within(Duration),
    /// Killed at once.
    Kill,
    /// Asked to stop and waited for without limit: for supervisors, whose children have limits.
    Infinity,
}

/// What a child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildKind {
    /// An actor without children.
    Worker,
    /// A supervisor.
    Supervisor,
}

/// Why a child could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its start returned an error.
    #[error("its start failed: {0}")]
    Failed(Failure),
    /// Its start panicked.
    #[error("its start {0}")]
    Panicked(#[from] Panicked),
    /// Its start took longer than its spec allows; what had been started was dropped.
    #[error("its start took longer than {after:?}; do slow work in its first message instead")]
    TimedOut {
        /// The start timeout of its spec.
        after: Duration,
    },
    /// The start function returned an actor that is not linked to this supervisor.
    #[error("its start function did not link it: spawn it with Parent::spawn or spawn_linked")]
    NotLinked,
    /// A child made by [`ChildSpec::once`] cannot be started a second time.
    #[error("its arguments were used up by its first start; give it arguments that can be cloned")]
    ArgsUsedUp,
}

impl From<SpawnErr> for StartError {
    fn from(error: SpawnErr) -> Self {
        match error {
            SpawnErr::StartupFailed(failure) => match failure.downcast::<Panicked>() {
                Ok(panicked) => Self::Panicked(*panicked),
                Err(failure) => Self::Failed(failure),
            },
            other => Self::Failed(other.into()),
        }
    }
}

/// What a start function gets: enough to spawn the child linked to its supervisor.
#[derive(Debug, Clone)]
pub struct Parent {
    id: ChildId,
    supervisor: ActorCell,
}

impl Parent {
    pub(super) fn new(id: ChildId, supervisor: ActorCell) -> Self {
        Self { id, supervisor }
    }

    /// The id of the child to start.
    pub fn child_id(&self) -> &ChildId {
        &self.id
    }

    /// The supervisor, for `ractor::Actor::spawn_linked`.
    pub fn supervisor(&self) -> ActorCell {
        self.supervisor.clone()
    }

    /// Spawns one of our actors as the child, named like it.
    pub async fn spawn<A: Actor>(&self, args: A::Args) -> Result<Mailbox<A::Msg>, StartError> {
        let supervisor = self.supervisor.clone();
        Ok(actor::spawn_linked::<A>(self.id.0.clone(), args, supervisor).await?)
    }
}

type StartFuture = Pin<Box<dyn Future<Output = Result<ActorCell, StartError>> + Send>>;
pub(super) type StartFn = Arc<dyn Fn(Parent) -> StartFuture + Send + Sync>;

/// A child: how to start it, when to restart it, how to stop it.
#[derive(Clone)]
pub struct ChildSpec {
    pub(super) id: ChildId,
    pub(super) start: StartFn,
    pub(super) restart: Restart,
    pub(super) shutdown: Shutdown,
    pub(super) kind: ChildKind,
    pub(super) start_timeout: Option<Duration>,
    pub(super) budget: Option<Intensity>,
}

impl ChildSpec {
    /// A permanent worker started by `start`, which must spawn it linked to
    /// [`Parent::supervisor`] and return its cell.
    pub fn new<F, Fut>(id: impl Into<ChildId>, start: F) -> Self
    where
        F: Fn(Parent) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<ActorCell, StartError>> + Send + 'static,
    {
        Self {
            id: id.into(),
            start: Arc::new(move |parent| Box::pin(start(parent))),
            restart: Restart::Permanent,
            shutdown: Shutdown::Within(SHUTDOWN_TIMEOUT),
            kind: ChildKind::Worker,
            start_timeout: Some(START_TIMEOUT),
            budget: None,
        }
    }

    /// A permanent worker that is one of our actors, started from a clone of `args` each time.
    pub fn actor<A: Actor>(id: impl Into<ChildId>, args: A::Args) -> Self
    where
        A::Args: Clone + Sync,
    {
        Self::new(id, move |parent| {
            let args = args.clone();
            async move { Ok(parent.spawn::<A>(args).await?.cell()) }
        })
    }

    /// Like [`actor`](Self::actor); each incarnation's mailbox is put into `slot`.
    pub fn actor_at<A: Actor>(
        id: impl Into<ChildId>,
        args: A::Args,
        slot: &Slot<Mailbox<A::Msg>>,
    ) -> Self
    where
        A::Args: Clone + Sync,
    {
        let slot = slot.clone();
        Self::new(id, move |parent| {
            let (args, slot) = (args.clone(), slot.clone());
            async move {
                let mailbox = parent.spawn::<A>(args).await?;
                slot.set(mailbox.clone());
                Ok(mailbox.cell())
            }
        })
    }

    /// A temporary worker that is one of our actors and owns what it starts from, e.g. a socket.
    pub fn once<A: Actor>(id: impl Into<ChildId>, args: A::Args) -> Self {
        let args = Mutex::new(Some(args));
        let spec = Self::new(id, move |parent| {
            let args = args.lock().unwrap_or_else(PoisonError::into_inner).take();
            async move {
                let args = args.ok_or(StartError::ArgsUsedUp)?;
                Ok(parent.spawn::<A>(args).await?.cell())
            }
        });
        spec.restart(Restart::Temporary)
    }

    /// When it is started again; default permanent.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// How it is stopped; default [`SHUTDOWN_TIMEOUT`].
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// Makes it a supervisor: stopped without a time limit and started without one, since each of
    /// its own children has both.
    pub fn supervisor(mut self) -> Self {
        self.kind = ChildKind::Supervisor;
        self.shutdown = Shutdown::Infinity;
        self.start_timeout = None;
        self
    }

    /// How long a start may take, `None` for as long as it likes; default [`START_TIMEOUT`].
    pub fn start_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.start_timeout = timeout.into();
        self
    }

    /// Gives the child a restart budget of its own. Its restarts then no longer count against the
    /// supervisor's intensity; beyond the budget only this child is given up. It is what OTP gets
    /// from one more supervisor around each child, for less memory.
    pub fn budget(mut self, budget: Intensity) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Its id.
    pub fn id(&self) -> &ChildId {
        &self.id
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec")
            .field("id", &self.id)
            .field("restart", &self.restart)
            .field("shutdown", &self.shutdown)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl ChildId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ChildId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl From<String> for ChildId {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl From<Arc<str>> for ChildId {
    fn from(id: Arc<str>) -> Self {
        Self(id)
    }
}

impl From<&ChildId> for ChildId {
    fn from(id: &ChildId) -> Self {
        id.clone()
    }
}

impl Borrow<str> for ChildId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}
