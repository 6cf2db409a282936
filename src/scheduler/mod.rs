//! Threads that run short turns of many tasks at the times they ask for: rooms.
//!
//! Why not the async runtime: a game is somebody's code that computes, and may compute for long or
//! for ever. A worker of an async runtime that is held up holds up its sockets, cannot be replaced,
//! and its timers round up to the next millisecond twice. Here a turn that takes long costs its own
//! task only:
//!
//! ```text
//! prompt crew   a thread per core     tasks whose turns are short
//! slow crew     grows with its tasks  tasks with turns of 10 ms and more: they run at a lower
//!                                     priority, so that the kernel lets the others in first
//! watchdog      looks every 5 ms      a prompt thread that is 10 ms into a turn is replaced at once
//!                                     and gone after it; a turn without end (5 s) is given up, its
//!                                     thread lost and counted
//! ```
//!
//! A [`Task`] is plain code without async. It runs one turn at a time, whichever thread takes it.
//!
//! | bound | default | when it is hit |
//! |---|---|---|
//! | threads of the slow crew | 64 | slow tasks share them, and are late |
//! | turn without end | 5 s | the task is given up: [`End::Stalled`]; its owner decides |
//! | lost threads | 8 | [`Scheduler::exhausted`]: each burns a core; the process had better start anew |

// The shell may read clocks and use maps in any order.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod entry;
mod priority;
mod state;
#[cfg(test)]
mod tests;
mod thread;
mod watchdog;
mod worker;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use self::entry::Crew;
use self::entry::Entry;
pub use self::state::Load;
use self::state::Shared;
use crate::actors::actor::Panicked;

/// A prompt task's turn may take so long. Half a tick at the highest rate, and what a player feels
/// as late at the usual ones.
pub const SLOW: Duration = Duration::from_millis(10);
/// A slow task is prompt again after so many turns that were short: some seconds, so that one which is
/// slow now and then does not go to and fro. A long turn costs an eighth of them.
const GOOD_TURNS: u32 = 64;

/// Something that runs in turns.
pub trait Task: Send + 'static {
    /// Does what is due and says when there is more. `now` is when the turn began; `waker` gives the
    /// task another one before its time.
    fn turn(&mut self, now: Instant, waker: &Waker) -> Next;
}

/// When a task has its next turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// At this time, or when it is woken before.
    At(Instant),
    /// When it is woken.
    Wait,
    /// Never: it is done.
    Done,
}

/// How a task ended.
#[derive(Debug)]
pub enum End {
    /// It said so.
    Done,
    /// It was stopped; no turn is running any more.
    Stopped,
    /// A turn panicked.
    Panicked(Panicked),
    /// A turn has lasted for so long that it is given up. It may still be running.
    Stalled(Duration),
}

/// Limits of a scheduler.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Threads for tasks whose turns are short.
    pub prompt_threads: usize,
    /// Threads for the others, at most.
    pub slow_threads_max: usize,
    /// A turn that takes longer has no end.
    pub stall: Duration,
    /// Threads that may be lost in turns without end.
    pub lost_threads_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            prompt_threads: std::thread::available_parallelism().map_or(1, |count| count.get()),
            slow_threads_max: 64,
            stall: Duration::from_secs(5),
            lost_threads_max: 8,
        }
    }
}

/// The threads. Dropped, they end after their turns, and all tasks with them.
pub struct Scheduler {
    shared: Arc<Shared>,
    next_id: AtomicU64,
}

impl Scheduler {
    /// Starts the threads. `exhausted` is called, once, when more threads are lost than may be.
    #[must_use]
    pub fn start(limits: Limits, exhausted: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        let shared = Shared::new(limits, Box::new(exhausted));
        for _ in 0..shared.limits.prompt_threads.max(1) {
            worker::spawn(&shared, Crew::Prompt);
        }
        watchdog::spawn(&shared);
        Arc::new(Scheduler { shared, next_id: AtomicU64::new(1) })
    }

    /// Runs a task; its first turn is due now. `ended` is called once, by the thread that saw the
    /// end, which is a time for little work only.
    pub fn run(
        &self,
        name: impl Into<Arc<str>>,
        task: impl Task,
        ended: impl FnOnce(End) + Send + 'static,
    ) -> Running {
        self.enter(name.into(), Box::new(task), false, Box::new(ended))
    }

    /// The same for a task that waits for all others, however short its turns are: it stays in the
    /// slow crew.
    pub fn run_patiently(
        &self,
        name: impl Into<Arc<str>>,
        task: impl Task,
        ended: impl FnOnce(End) + Send + 'static,
    ) -> Running {
        self.enter(name.into(), Box::new(task), true, Box::new(ended))
    }

    fn enter(
        &self,
        name: Arc<str>,
        task: Box<dyn Task>,
        patient: bool,
        ended: Box<dyn FnOnce(End) + Send>,
    ) -> Running {
        let id = self.next_id.fetch_add(1, Relaxed);
        let entry = Arc::new(Entry::new((id, name), task, patient, ended));
        let waker = Waker { shared: Arc::clone(&self.shared), entry };
        if waker.shared.enter(&waker.entry, Instant::now()) {
            worker::spawn(&self.shared, Crew::Slow);
        }
        Running(waker)
    }

    /// What its threads are doing.
    #[must_use]
    pub fn load(&self) -> Load {
        self.shared.load()
    }

    /// Whether more threads are lost than may be.
    #[must_use]
    pub fn exhausted(&self) -> bool {
        self.load().lost > self.shared.limits.lost_threads_max
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// A task that was started. Dropping it stops the task.
pub struct Running(Waker);

impl Running {
    /// Wakes the task.
    #[must_use]
    pub fn waker(&self) -> Waker {
        self.0.clone()
    }

    /// Stops the task after the turn that it is in. Its `ended` is called then.
    pub fn stop(&self) {
        self.0.shared.stop(&self.0.entry);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Gives a task a turn before its time. Cheap to clone.
#[derive(Clone)]
pub struct Waker {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
}

impl Waker {
    /// The task has a turn as soon as a thread is free, another one if it is in one now.
    pub fn wake(&self) {
        self.shared.wake(&self.entry, Instant::now());
    }
}

/// None of these locks guards anything that a panic could leave half done.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
