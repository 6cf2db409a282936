//! The time of a room: it passes while the room runs, and stands still while nobody steps it because
//! the process was down.

use std::time::{Duration, Instant};

/// What a room's time is at some moment of this process; from there on both pass alike.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    at: Instant,
    time_ms: u64,
}

impl Clock {
    /// The room's time is this one at `at`.
    #[must_use]
    pub fn new(at: Instant, time_ms: u64) -> Self {
        Clock { at, time_ms }
    }

    /// When the room's time was this clock's first.
    #[must_use]
    pub fn start(&self) -> Instant {
        self.at
    }

    /// The room's time in milliseconds, rounded up: a timer must not run before its time has passed.
    #[must_use]
    pub fn time_ms(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.at).as_nanos().div_ceil(1_000_000);
        self.time_ms.saturating_add(since as u64)
    }

    /// When the room's time is this one.
    #[must_use]
    pub fn when(&self, time_ms: u64) -> Instant {
        self.at + Duration::from_millis(time_ms.saturating_sub(self.time_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rooms_time_goes_on_from_where_it_stood() {
        let at = Instant::now();
        let clock = Clock::new(at, 5_000);
        assert_eq!(clock.time_ms(at), 5_000);
        assert_eq!(clock.time_ms(at + Duration::from_micros(1)), 5_001);
        assert_eq!(clock.when(5_250), at + Duration::from_millis(250));
        assert_eq!(clock.time_ms(clock.when(7_777)), 7_777);
        assert_eq!(clock.when(10), at);
    }
}
