//! A thread that runs turns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entry::{Crew, Entry};
use super::state::{Shared, Turned};
use super::thread::Thread;
use super::{End, Next, Waker, lock};
use crate::actors::actor::catch;

/// A thread of the slow crew that had nothing to do for so long ends.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// Starts a thread. One of the slow crew has been counted already.
pub(super) fn spawn(shared: &Arc<Shared>, crew: Crew) {
    let name = match crew {
        Crew::Prompt => "rooms",
        Crew::Slow => "slow rooms",
    };
    let of_thread = Arc::clone(shared);
    let spawned =
        std::thread::Builder::new().name(name.into()).spawn(move || run(&of_thread, crew));
    if let Err(error) = spawned {
        // The others go on with more to do each; the next slow turn tries again.
        tracing::error!("a thread for rooms could not be started: {error}");
        if crew == Crew::Slow {
            shared.not_started();
        }
    }
}

fn run(shared: &Arc<Shared>, crew: Crew) {
    let thread = shared.thread_begins(crew);
    let idle_max = match crew {
        Crew::Prompt => None,
        Crew::Slow => {
            thread.id.slow();
            Some(IDLE_MAX)
        }
    };
    while let Some(entry) = shared.next(&thread, idle_max) {
        turn(shared, &thread, &entry);
    }
    shared.thread_ends(&thread);
}

fn turn(shared: &Arc<Shared>, thread: &Thread, entry: &Arc<Entry>) {
    let mut running = lock(&entry.task);
    let Some(mut task) = running.take() else { return };
    drop(running);
    let began = Instant::now();
    thread.begin(entry, shared.now_ns());
    let waker = Waker { shared: Arc::clone(shared), entry: Arc::clone(entry) };
    let outcome = catch(|| task.turn(began, &waker));
    thread.end();
    let took = began.elapsed();
    let due = match &outcome {
        Ok(Next::At(due)) => Some(Some(*due)),
        Ok(Next::Wait) => Some(None),
        Ok(Next::Done) | Err(_) => None,
    };
    // Before it is in the queue again, where another thread may take it at once.
    *lock(&entry.task) = Some(task);
    match shared.turned(entry, took, due) {
        Turned::GoesOn { short: true } => spawn(shared, Crew::Slow),
        Turned::GoesOn { short: false } => {}
        Turned::Over | Turned::GivenUp => {
            drop(lock(&entry.task).take());
            entry.end(match outcome {
                Err(panicked) => End::Panicked(panicked),
                Ok(Next::Done) => End::Done,
                Ok(_) => End::Stopped,
            });
        }
    }
}
