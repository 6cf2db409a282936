//! A thread that runs turns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::state::{Crew, Entry, Seat, Shared, Turned};
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
    let seat = shared.sit(crew);
    let idle_max = match crew {
        Crew::Prompt => None,
        Crew::Slow => {
            seat.thread.slow();
            Some(IDLE_MAX)
        }
    };
    while let Some(entry) = shared.next(&seat, idle_max) {
        turn(shared, &seat, &entry);
    }
    shared.rise(&seat);
}

fn turn(shared: &Arc<Shared>, seat: &Seat, entry: &Arc<Entry>) {
    let mut running = lock(&entry.task);
    let Some(mut task) = running.take() else { return };
    drop(running);
    let began = Instant::now();
    seat.begin(entry, shared.now_ns());
    let waker = Waker { shared: Arc::clone(shared), entry: Arc::clone(entry) };
    let outcome = catch(|| task.turn(began, &waker));
    seat.end();
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
