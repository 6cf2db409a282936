//! A thread as the watchdog sees it: what it runs, and since when.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::entry::{Crew, Entry};
use super::lock;
use super::priority::ThreadId;

/// A thread.
pub(super) struct Thread {
    pub(super) crew: Crew,
    pub(super) id: ThreadId,
    /// Nanoseconds from the epoch to the start of its turn; 0 while it has none.
    busy_since: AtomicU64,
    /// What it runs.
    running: Mutex<Option<Arc<Entry>>>,
    /// Another has taken its place: it ends after its turn.
    pub(super) replaced: AtomicBool,
    /// Its turn was named for taking so long.
    named: AtomicBool,
}

impl Thread {
    /// The calling thread's.
    pub(super) fn new(crew: Crew) -> Self {
        Thread {
            crew,
            id: ThreadId::current(),
            busy_since: AtomicU64::new(0),
            running: Mutex::default(),
            replaced: AtomicBool::new(false),
            named: AtomicBool::new(false),
        }
    }

    pub(super) fn begin(&self, entry: &Arc<Entry>, now_ns: u64) {
        *lock(&self.running) = Some(Arc::clone(entry));
        self.named.store(false, Relaxed);
        self.busy_since.store(now_ns, Relaxed);
    }

    pub(super) fn end(&self) {
        self.busy_since.store(0, Relaxed);
        *lock(&self.running) = None;
    }

    /// Whether its turn is to be named for taking so long: once.
    pub(super) fn names_stuck(&self) -> bool {
        !self.named.swap(true, Relaxed)
    }

    /// How long its turn takes, if it is in one.
    pub(super) fn busy(&self, epoch: Instant) -> Option<Duration> {
        let since = self.busy_since.load(Relaxed);
        let now = epoch.elapsed().as_nanos() as u64;
        (since != 0).then(|| Duration::from_nanos(now.saturating_sub(since)))
    }

    /// What it runs.
    pub(super) fn running(&self) -> Option<Arc<Entry>> {
        lock(&self.running).clone()
    }
}
