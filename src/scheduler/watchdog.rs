//! The thread that looks after the others.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

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
/// A look that comes so late: the whole process stood still. The kernel gives every thread some time
/// much more often, however many there are.
const STOOD_STILL: Duration = Duration::from_secs(1);

pub(super) fn spawn(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    let spawned = std::thread::Builder::new().name("watchdog".into()).spawn(move || run(&shared));
    if let Err(error) = spawned {
        tracing::error!("nobody looks after the threads of rooms: {error}");
    }
}

fn run(shared: &Weak<Shared>) {
    let mut awake = Awake::new(Instant::now());
    while let Some(shared) = shared.upgrade() {
        if shared.is_closing() {
            return;
        }
        let awake_for = awake.look(Instant::now());
        look(&shared, awake_for);
        let pause = if shared.is_idle() { LOOK_IDLY } else { LOOK_EVERY };
        drop(shared);
        std::thread::sleep(pause);
    }
}

/// Since when the process has run without a break. A machine that is paused or moved to another host, a
/// process that is stopped: that is no game that hangs, whichever step it was in.
struct Awake {
    since: Instant,
    looked: Instant,
}

impl Awake {
    fn new(now: Instant) -> Self {
        Awake { since: now, looked: now }
    }

    /// The next look; returns for how long the process has run at least.
    fn look(&mut self, now: Instant) -> Duration {
        let gap = now.saturating_duration_since(self.looked);
        self.looked = now;
        if gap >= STOOD_STILL {
            self.since = now;
            tracing::warn!(
                secs = gap.as_secs_f64(),
                "this process stood still: the machine was paused, or has far too little CPU time for it. \
                 Rooms go on; some clients may have to come back"
            );
        }
        now.saturating_duration_since(self.since)
    }
}

fn look(shared: &Arc<Shared>, awake_for: Duration) {
    for thread in shared.workers() {
        let Some((entry, busy)) = shared.busy(&thread) else { continue };
        let busy = busy.min(awake_for);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_the_process_stood_still_is_held_against_nobody() {
        let begin = Instant::now();
        let mut awake = Awake::new(begin);
        let mut at = |ms| awake.look(begin + Duration::from_millis(ms)).as_millis();
        assert_eq!((at(5), at(55), at(1_000), at(1_999)), (5, 55, 1_000, 1_999));
        // Stopped for a minute; then it counts anew.
        assert_eq!((at(62_000), at(62_005), at(62_900)), (0, 5, 900));
        assert_eq!((at(63_899), at(64_899)), (1_899, 0));
    }
}
