//! Whether a server may be sent clients.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use metrics::gauge;

use crate::journal::{Health, Journal};
use crate::scheduler::Scheduler;

/// Whether a server may be sent clients, or why not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Readiness {
    /// It may.
    Ready,
    /// It brings back the matches of the process before, and does not listen yet.
    Starting,
    /// It was asked to stop: it takes nobody new.
    Stopping,
    /// It plays on, but its disk keeps nothing: a crash would lose what happens now.
    JournalFailing(String),
    /// More threads are lost in steps that never end than may be: a new process is better off.
    ThreadsExhausted,
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Readiness::Ready => f.write_str("ready"),
            Readiness::Starting => f.write_str("starting: matches are brought back"),
            Readiness::Stopping => f.write_str("stopping: nobody new is taken"),
            Readiness::JournalFailing(why) => write!(f, "the journal keeps nothing: {why}"),
            Readiness::ThreadsExhausted => f.write_str("too many games never returned from a step"),
        }
    }
}

/// How often the gauges are set anew for what nobody tells.
const LOOK_EVERY: Duration = Duration::from_secs(1);

const STARTING: u8 = 0;
const UP: u8 = 1;
const STOPPING: u8 = 2;

/// What readiness depends on.
pub(crate) struct Condition {
    phase: AtomicU8,
    scheduler: Arc<Scheduler>,
    journal: Option<Journal>,
}

impl Condition {
    /// Of a server that starts. The gauge `greenroom_ready` follows it for as long as it is there.
    pub(super) fn new(scheduler: Arc<Scheduler>, journal: Option<Journal>) -> Arc<Self> {
        let condition = Condition { phase: AtomicU8::new(STARTING), scheduler, journal };
        let condition = Arc::new(condition);
        condition.show();
        tokio::spawn(follow(Arc::downgrade(&condition)));
        condition
    }

    /// It listens.
    pub(super) fn is_up(&self) {
        self.go_to(UP);
    }

    /// It stops.
    pub(crate) fn stops(&self) {
        self.go_to(STOPPING);
    }

    fn go_to(&self, phase: u8) {
        self.phase.fetch_max(phase, Ordering::AcqRel);
        self.show();
    }

    pub(crate) fn readiness(&self) -> Readiness {
        match self.phase.load(Ordering::Acquire) {
            STARTING => return Readiness::Starting,
            UP => {}
            _ => return Readiness::Stopping,
        }
        if self.scheduler.exhausted() {
            return Readiness::ThreadsExhausted;
        }
        match self.journal.as_ref().map(Journal::health) {
            Some(Health::Failing { why, .. }) => Readiness::JournalFailing(why),
            Some(Health::Sound) | None => Readiness::Ready,
        }
    }

    fn show(&self) {
        let ready = self.readiness() == Readiness::Ready;
        gauge!("greenroom_ready").set(if ready { 1.0 } else { 0.0 });
        gauge!("greenroom_threads_lost").set(self.scheduler.load().lost as f64);
    }
}

async fn follow(condition: Weak<Condition>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(condition) = condition.upgrade() else { return };
        condition.show();
    }
}
