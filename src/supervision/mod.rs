//! Supervisors with OTP's semantics, on ractor.
//!
//! A supervisor starts actors, restarts those that end, stops them in order. It is general: a
//! studio hangs its own actors under one in the same way as Greenroom hangs its rooms.
//!
//! ```text
//! SupervisorSpec ── start ──▶ Supervisor ◀── asks ── SupervisorRef
//!    └ ChildSpec               ├ child        (started left to right,
//!                              ├ child         stopped right to left)
//!                              └ Supervisor
//! ```
//!
//! ```
//! use greenroom::actors::actor::{Actor, Context, Failure, Mailbox, Named};
//! use greenroom::supervision::{ChildSpec, Intensity, Restart, Slot, Strategy, SupervisorSpec};
//! use std::time::Duration;
//!
//! struct Echo;
//! struct Say(&'static str);
//!
//! impl Named for Say {
//!     fn name(&self) -> &'static str {
//!         "say"
//!     }
//! }
//!
//! impl Actor for Echo {
//!     const CLASS: &'static str = "echo";
//!     type Msg = Say;
//!     type Args = ();
//!     async fn start(_: (), _: &Context<Say>) -> Result<Self, Failure> {
//!         Ok(Self)
//!     }
//!     async fn handle(&mut self, Say(text): Say, _: &Context<Say>) -> Result<(), Failure> {
//!         assert_ne!(text, "die", "as asked");
//!         Ok(())
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let echo: Slot<Mailbox<Say>> = Slot::new();
//! let root = SupervisorSpec::new("root", Strategy::OneForOne)
//!     .intensity(Intensity::new(3, Duration::from_secs(10)))
//!     .child(ChildSpec::actor_at::<Echo>("echo", (), &echo).restart(Restart::Transient))
//!     .start()
//!     .await?;
//!
//! let first = echo.get().expect("started");
//! first.cast(Say("die"))?;
//! first.ended().await;
//! assert_eq!(root.which_children().await?[0].restarts, 1);
//! echo.get().expect("restarted").cast(Say("hello"))?;
//!
//! root.shutdown().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Rules
//!
//! **Start.** Children start from left to right, each when the one before has started. While a
//! child starts, its supervisor waits and does nothing else; a start that asks its own supervisor
//! something waits for itself. So a child's start does next to nothing: slow work, above all
//! *restoring after a crash, belongs in the first message the child sends itself*. A start that takes longer than [`START_TIMEOUT`] is dropped, with all it had
//! spawned, and counts as failed. If one of the first children cannot start, those before it are
//! stopped in reverse and the supervisor's own start fails.
//!
//! **Restart.** [`Restart`] says whether a child that ended ([`Exit`]) is started again,
//! [`Strategy`] who is restarted with it: these are stopped from the right, then all are started
//! from the left, temporary ones excepted. As in OTP, a sibling that was down starts again with
//! them. Each restart counts against the supervisor's [`Intensity`]; beyond it the supervisor stops
//! all children in order and fails, which its own supervisor sees. A child with a
//! [budget](ChildSpec::budget) counts against that, and only it is given up. A restart whose start
//! fails is tried again, and counted again, behind whatever else waits for the supervisor. The
//! time a restart takes does not age it.
//!
//! **Stop.** Children stop from right to left, each when the one to its right has ended, a nested
//! supervisor with its whole tree. A child that has not ended after its [`Shutdown`] time is killed
//! and the others still stop in order. One that cannot be killed, because it computes without
//! awaiting, is waited for one second more, then logged, reported as [`Exit::Lost`] and left
//! behind. A supervisor of a row waits for a child it stops; only a dynamic one serves others
//! meanwhile. [`SupervisorRef::shutdown`], a parent's stop and any plain ractor `stop` of the
//! supervisor are the same orderly stop: it runs in the supervisor's last function, while its
//! children live. It overtakes everything that others have asked, and waits for the one thing the
//! supervisor is doing.
//!
//! **Kill.** A killed supervisor's children, and theirs, are killed too, in no order and without
//! hooks. Nobody is left behind, but nobody waits for them either: a killed supervisor's successor
//! may start while they end. So do not give a supervisor a shutdown time.
//!
//! **Books.** Only actors with a [`ChildSpec`] are children; anything else found linked to a
//! supervisor is killed. Events about an incarnation that was stopped or replaced are ignored.
//!
//! **Many children.** [`SupervisorSpec::dynamic`] for those that come and go, [`Partitioned`] for
//! several of these. OTP's `auto_shutdown` and significant children are not here.
//!
//! **Logs.** ractor wraps each actor's life in a `tracing` span of level INFO named `Actor`. Filter
//! the target `ractor` to `warn`, or every poll of every actor enters that span.

// The shell may read clocks and use maps in any order.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod child;
mod children;
mod dynamic;
mod exit;
mod handle;
mod partitioned;
mod requests;
mod restart;
mod slot;
mod spec;
mod stop;
mod strategy;
mod supervisor;

pub use crate::intensity::{Intensity, RestartWindow};
pub use child::{
    ChildId, ChildKind, ChildSpec, Parent, Restart, SHUTDOWN_TIMEOUT, START_TIMEOUT, Shutdown,
    StartError,
};
pub use dynamic::Dynamic;
pub use exit::{Exit, Next};
pub use handle::{
    CALL_DEADLINE, ChildCounts, ChildInfo, ChildState, SupervisorError, SupervisorRef,
};
pub use partitioned::Partitioned;
pub use slot::Slot;
pub use spec::{ChildExit, SupervisorSpec};
pub use strategy::Strategy;
