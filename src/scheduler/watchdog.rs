//! The thread that looks after the others.

use std::sync::{Arc, Weak};
use std::time::Duration;

use metrics::counter;

use super::SLOW;
use super::entry::Crew;
use super::state::Shared;
use super::worker;
use crate::watch::STUCK;

/// How often it looks. Tasks that wait behind a long turn wait for [`SLOW`] and this.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// As long as there are no tasks.
const LOOK_IDLY: Duration = Duration::from_millis(50);

pub(super) fn spawn(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    let spawned = std::thread::Builder::new().name("watchdog".into()).spawn(move || run(&shared));
    if let Err(error) = spawned {
        tracing::error!("nobody looks after the threads of rooms: {error}");
    }
}

fn run(shared: &Weak<Shared>) {
    while let Some(shared) = shared.upgrade() {
        if shared.is_closing() {
            return;
        }
        look(&shared);
        let pause = if shared.is_idle() { LOOK_IDLY } else { LOOK_EVERY };
        drop(shared);
        std::thread::sleep(pause);
    }
}

fn look(shared: &Arc<Shared>) {
    for thread in shared.workers() {
        let Some((entry, busy)) = shared.busy(&thread) else { continue };
        if busy >= SLOW && thread.crew == Crew::Prompt && shared.replace(&thread) {
            thread.id.slow();
            worker::spawn(shared, Crew::Prompt);
        }
        if busy >= STUCK && thread.names_stuck() {
            counter!("greenroom_actors_stuck_total", "class" => "room").increment(1);
            tracing::warn!(
                room = &*entry.name,
                secs = busy.as_secs_f64(),
                "a room is in the same step for over a second: its own players wait, others do not. \
                 At {:?} it is given up and restored",
                shared.limits.stall
            );
        }
        if busy >= shared.limits.stall {
            thread.id.lost();
            shared.give_up(&thread, &entry);
        }
    }
}
