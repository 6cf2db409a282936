//! The thin wrapper that every Greenroom actor shares.
//!
//! **Its job.** `ractor` runs the actor; this module adds what ractor lacks and every actor needs:
//! the depth of its mailbox (ractor's is unbounded and cannot be asked for its length) with an
//! alarm at 1,024 and each doubling, how long `handle` takes, which message it is busy with and
//! since when, and a panic that is logged once with actor, message, text and place.
//! An actor is one type implementing [`Actor`]; `Shell` is the only place that implements
//! `ractor::Actor`.
//!
//! **Its children.** None. An actor that needs children is hung beside them under a
//! [supervisor](crate::supervision).
//!
//! **What ends it, and what happens then.**
//!
//! | cause | [`Actor::stopped`] runs | its supervisor sees |
//! |---|---|---|
//! | `stop` (by the supervisor, or [`Context::stop`]) | yes | normal |
//! | [`Actor::handle`] returns `Err` | no | failed |
//! | a panic in any of its functions | no | panicked |
//! | `kill`: cuts a running `handle` at its next await | no | killed |
//!
//! In the first three cases the actor's own state is dropped *before* its supervisor hears of the
//! end, and after a kill the supervisor drops it before it starts a replacement: two incarnations
//! never hold the same file or port, unless the first cannot be killed at all. (Plain ractor sends
//! the state to the supervisor, or drops it after the supervisor was told.)
//!
//! `stop` overtakes queued messages but never interrupts a running `handle`; nothing can interrupt
//! one that does not await. So `handle` must not wait for the network or compute for long.
//!
//! A client's bad input is not a failure: `Err` ends the actor.
//!
//! ```
//! use greenroom::actors::actor::{self, Actor, Context, Failure, Named, Reply};
//! use std::time::Duration;
//!
//! struct Counter(u64);
//!
//! enum CounterMsg {
//!     Add(u64),
//!     Get(Reply<u64>),
//! }
//!
//! impl Named for CounterMsg {
//!     fn name(&self) -> &'static str {
//!         match self {
//!             Self::Add(_) => "add",
//!             Self::Get(_) => "get",
//!         }
//!     }
//! }
//!
//! impl Actor for Counter {
//!     const CLASS: &'static str = "counter";
//!     type Msg = CounterMsg;
//!     type Args = u64;
//!
//!     async fn start(first: u64, _ctx: &Context<CounterMsg>) -> Result<Self, Failure> {
//!         Ok(Self(first))
//!     }
//!
//!     async fn handle(&mut self, msg: CounterMsg, _ctx: &Context<CounterMsg>) -> Result<(), Failure> {
//!         match msg {
//!             CounterMsg::Add(n) => self.0 += n,
//!             CounterMsg::Get(reply) => drop(reply.send(self.0)),
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let counter = actor::spawn::<Counter>("counter", 40).await?;
//! counter.cast(CounterMsg::Add(2))?;
//! assert_eq!(counter.call(Duration::from_secs(1), CounterMsg::Get).await?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod live;
mod mailbox;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::Arc;

use ractor::{ActorCell, ActorId, ActorRef, SpawnErr, SupervisionEvent};

pub use crate::panics::{Panicked, catch};
pub use live::{ActorInfo, live, live_actor, publish_metrics, stuck};
pub use mailbox::{CallError, CastError, Ending, MAILBOX_ALARM_DEPTH, Mailbox, Reply};

pub(crate) use crate::panics::caught;

use live::{Live, Stats};
use mailbox::Envelope;

/// Why an actor could not start or go on: any error. It ends the actor and its text reaches the
/// supervisor.
pub type Failure = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A message that can say what kind it is, for logs, introspection and the watchdog.
pub trait Named {
    /// The kind of this message, e.g. `"join"`; never its content.
    fn name(&self) -> &'static str;
}

/// What an actor is; see the [module page](self).
pub trait Actor: Sized + Send + 'static {
    /// The kind of actor, e.g. `"room"`: the label of its metrics.
    const CLASS: &'static str;
    /// What its mailbox takes.
    type Msg: Named + Send + 'static;
    /// What it starts from. A supervised actor that is restarted starts from a clone.
    type Args: Send + 'static;

    /// Makes the actor. Its supervisor waits for this and does nothing else meanwhile, so be
    /// quick: send yourself a message ([`Context::mailbox`]) and do slow work, such as
    /// restoring, when that arrives.
    fn start(
        args: Self::Args,
        ctx: &Context<Self::Msg>,
    ) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// Handles one message. `Err` ends the actor as failed.
    fn handle(
        &mut self,
        msg: Self::Msg,
        ctx: &Context<Self::Msg>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Called on an orderly stop only, within the shutdown time its supervisor grants.
    fn stopped(&mut self, _ctx: &Context<Self::Msg>) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Called for the lifecycle events of linked or monitored actors. Supervisors use it;
    /// everyone else leaves it alone. (ractor's own default would stop this actor when any
    /// linked one ends.)
    fn actor_event(
        &mut self,
        _event: SupervisionEvent,
        _ctx: &Context<Self::Msg>,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        async { Ok(()) }
    }
}

/// What an actor knows about itself.
pub struct Context<M> {
    mailbox: Mailbox<M>,
}

impl<M: Named + Send + 'static> Context<M> {
    /// Its own mailbox: for messages to itself, or to hand out.
    pub fn mailbox(&self) -> &Mailbox<M> {
        &self.mailbox
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.mailbox.name()
    }

    /// Its id, unique in the process and never used again.
    pub fn id(&self) -> ActorId {
        self.mailbox.id()
    }

    /// Its ractor cell: the supervisor of what is spawned below it.
    pub fn cell(&self) -> ActorCell {
        self.mailbox.cell()
    }

    /// Ends this actor in order once the running `handle` returns; queued messages are dropped.
    pub fn stop(&self) {
        self.mailbox.cell().stop(None);
    }
}

/// Starts an actor that nobody supervises. Returns when its [`Actor::start`] has returned.
pub async fn spawn<A: Actor>(
    name: impl Into<Arc<str>>,
    args: A::Args,
) -> Result<Mailbox<A::Msg>, SpawnErr> {
    let stats = Stats::new(name.into(), A::CLASS);
    let (actor, _) =
        ractor::Actor::spawn(None, Shell::<A>(PhantomData), (stats.clone(), args)).await?;
    Ok(Mailbox::new(actor, stats))
}

/// Starts an actor linked to `supervisor`. To be called by the start function of a
/// [`ChildSpec`](crate::supervision::ChildSpec): a supervisor kills linked actors it has no spec
/// for.
pub async fn spawn_linked<A: Actor>(
    name: impl Into<Arc<str>>,
    args: A::Args,
    supervisor: ActorCell,
) -> Result<Mailbox<A::Msg>, SpawnErr> {
    let stats = Stats::new(name.into(), A::CLASS);
    let shell = Shell::<A>(PhantomData);
    let (actor, _) =
        ractor::Actor::spawn_linked(None, shell, (stats.clone(), args), supervisor).await?;
    Ok(Mailbox::new(actor, stats))
}

/// The one `ractor::Actor`. It has no name in ractor's registry: names there are process-wide, and
/// a restart would race with its predecessor for it.
struct Shell<A>(PhantomData<fn() -> A>);

/// What ractor holds for us while the actor lives. `actor` is `None` once it has ended.
struct Running<A: Actor> {
    actor: Option<A>,
    ctx: Context<A::Msg>,
    _live: Live,
}

impl<A: Actor> ractor::Actor for Shell<A> {
    type Msg = Envelope<A::Msg>;
    type State = Running<A>;
    type Arguments = (Arc<Stats>, A::Args);

    async fn pre_start(
        &self,
        myself: ActorRef<Self::Msg>,
        (stats, args): Self::Arguments,
    ) -> Result<Self::State, Failure> {
        let live = Live::enter(myself.get_id(), stats.clone());
        let ctx = Context { mailbox: Mailbox::new(myself, stats.clone()) };
        let actor = observed(&stats, "start", pin!(A::start(args, &ctx))).await?;
        Ok(Running { actor: Some(actor), ctx, _live: live })
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        Envelope(msg): Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), Failure> {
        let stats = &state.ctx.mailbox.stats;
        stats.taken();
        let Some(actor) = &mut state.actor else {
            return Ok(());
        };
        let kind = msg.name();
        let outcome = observed(stats, kind, pin!(actor.handle(msg, &state.ctx))).await;
        stats.count_handled();
        drop_if_failed(outcome, &mut state.actor)
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut Self::State,
    ) -> Result<(), Failure> {
        let stats = &state.ctx.mailbox.stats;
        let Some(actor) = &mut state.actor else {
            return Ok(());
        };
        let outcome = {
            let work = pin!(actor.actor_event(event, &state.ctx));
            observed(stats, "actor event", work).await
        };
        drop_if_failed(outcome, &mut state.actor)
    }

    async fn post_stop(
        &self,
        _myself: ActorRef<Self::Msg>,
        state: &mut Self::State,
    ) -> Result<(), Failure> {
        // Taken, so that it is dropped here and does not travel to the supervisor.
        let Some(mut actor) = state.actor.take() else {
            return Ok(());
        };
        let stats = &state.ctx.mailbox.stats;
        let work = pin!(async {
            actor.stopped(&state.ctx).await;
            Ok(())
        });
        let outcome = observed(stats, "stopped", work).await;
        if outcome.is_ok() {
            stats.ended(Ending::Normal);
        }
        outcome
    }
}

/// Runs one of the actor's functions: notes that it is busy and with what, times it, turns a panic
/// into an error after logging it once.
async fn observed<T, F>(stats: &Stats, kind: &'static str, work: Pin<&mut F>) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let since = stats.begin(kind);
    let outcome = caught(work).await;
    stats.end(since);
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(failure)) => {
            stats.ended(Ending::Failed);
            Err(failure)
        }
        Err(panicked) => {
            stats.ended(Ending::Panicked);
            tracing::error!(
                actor = stats.name(),
                class = stats.class(),
                message = kind,
                place = panicked.place(),
                "actor panicked: {}",
                panicked.text()
            );
            Err(panicked.into())
        }
    }
}

/// A failed actor is dropped before ractor tells its supervisor.
fn drop_if_failed<A>(outcome: Result<(), Failure>, actor: &mut Option<A>) -> Result<(), Failure> {
    if outcome.is_err() {
        *actor = None;
    }
    outcome
}
