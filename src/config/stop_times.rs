//! How the time of a stop is divided, so that the whole keeps within its bound whatever its parts do.

use std::time::Duration;

use super::Config;

/// What of a stop is left for the end at least, when matches get time to finish; where the whole is
/// short, half of it.
const END_MIN: Duration = Duration::from_secs(4);

/// The longest that each part of a stop may take. In order; what a part does not need the next ones
/// have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopTimes {
    /// For running matches to end by themselves.
    pub grace: Duration,
    /// From there to the exit, in all.
    pub end: Duration,
    /// For a room to write itself down. One whose step hangs takes no longer either.
    pub rooms: Duration,
    /// For a client to hear that it has to go, and to answer: it has a second.
    pub connections: Duration,
    /// For results to be written.
    pub results: Duration,
    /// For what games have asked of the outside world to be done, at least: they have what the others
    /// leave.
    pub effects: Duration,
    /// For the last replays to be written.
    pub replays: Duration,
    /// For the last bytes of the journal to be on disk.
    pub journal: Duration,
}

impl StopTimes {
    /// By these settings.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let whole = config.deadlines.stop_timeout;
        let grace = match config.journal.state_dir {
            // They go on in the next process.
            Some(_) => Duration::ZERO,
            None => config.deadlines.match_grace.min(whole - END_MIN.min(whole / 2)),
        };
        let end = whole - grace;
        let share = |sixteenths| end * sixteenths / 16;
        StopTimes {
            grace,
            end,
            rooms: share(4),
            connections: share(5),
            results: share(1),
            effects: share(1),
            replays: share(2),
            journal: share(3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(stop_secs: u64, grace_secs: u64, state: bool) -> Config {
        let mut config = Config::default();
        config.deadlines.stop_timeout = Duration::from_secs(stop_secs);
        config.deadlines.match_grace = Duration::from_secs(grace_secs);
        config.journal.state_dir = state.then(|| "state".into());
        config
    }

    #[test]
    fn a_stop_takes_its_time_and_no_more() {
        for (stop, grace, state, expected) in [
            (9, 5, false, 5_000),
            (9, 5, true, 0),
            (9, 0, false, 0),
            (30, 25, false, 25_000),
            (30, 60, false, 26_000),
            (2, 5, false, 1_000),
        ] {
            let times = StopTimes::of(&config(stop, grace, state));
            assert_eq!(times.grace, Duration::from_millis(expected), "{stop} {grace} {state}");
            let StopTimes { rooms, connections, results, effects, replays, journal, .. } = times;
            let end = rooms + connections + results + effects + replays + journal;
            assert_eq!(times.grace + end, Duration::from_secs(stop));
        }
        let container = Duration::from_secs(10);
        assert!(Config::default().deadlines.stop_timeout < container);
    }
}
