//! [`Intensity`]: how many restarts within which time are tried before the fault is taken to be
//! somewhere else. Pure: time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

use crate::planted::{self, Bug};

/// At most `restarts` restarts within `period`; one more is too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intensity {
    /// Restarts allowed within the period; 0 allows none at all.
    pub restarts: u32,
    /// The length of the sliding window.
    pub period: Duration,
}

impl Intensity {
    /// `restarts` within `period`.
    pub const fn new(restarts: u32, period: Duration) -> Self {
        Self { restarts, period }
    }
}

impl Default for Intensity {
    /// OTP's: 1 restart in 5 s.
    fn default() -> Self {
        Self::new(1, Duration::from_secs(5))
    }
}

/// The restarts of the last period. Holds at most `restarts` entries.
#[derive(Debug, Clone)]
pub struct RestartWindow {
    intensity: Intensity,
    recent: VecDeque<Duration>,
}

impl RestartWindow {
    /// An empty window.
    pub fn new(intensity: Intensity) -> Self {
        Self { intensity, recent: VecDeque::new() }
    }

    /// Whether one more restart is allowed at `now` (time since any fixed moment); counts it if so.
    /// A restart exactly one period old still counts, as in OTP.
    pub fn allow(&mut self, now: Duration) -> bool {
        let period = self.intensity.period;
        while self.recent.front().is_some_and(|&then| now.saturating_sub(then) > period) {
            self.recent.pop_front();
        }
        if self.recent.len() >= self.intensity.restarts as usize {
            return planted::makes(Bug::RestartsUnbounded);
        }
        self.recent.push_back(now);
        true
    }

    /// The restart last allowed was over at `now`: it counts from there. Otherwise a child that
    /// hangs in its start until the start timeout, which is as long as the default period, would
    /// be tried for ever.
    pub fn finished(&mut self, now: Duration) {
        if let Some(last) = self.recent.back_mut() {
            *last = (*last).max(now);
        }
    }

    /// What it allows.
    pub fn intensity(&self) -> Intensity {
        self.intensity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn window(restarts: u32) -> RestartWindow {
        RestartWindow::new(Intensity::new(restarts, at(5000)))
    }

    #[test]
    fn n_are_allowed_and_one_more_is_not() {
        let mut window = window(3);
        assert!(window.allow(at(0)) && window.allow(at(1)) && window.allow(at(2)));
        assert!(!window.allow(at(3)));
    }

    #[test]
    fn the_window_slides() {
        let mut window = window(1);
        assert!(window.allow(at(0)));
        assert!(!window.allow(at(5000)), "exactly one period old still counts");
        assert!(window.allow(at(5001)));
        assert!(!window.allow(at(9000)));
    }

    #[test]
    fn zero_allows_none() {
        assert!(!window(0).allow(at(0)));
    }

    #[test]
    fn the_time_a_restart_takes_does_not_age_it() {
        let mut window = window(1);
        assert!(window.allow(at(0)));
        window.finished(at(5001));
        assert!(!window.allow(at(5001)));
        assert!(window.allow(at(10_002)));
    }

    #[test]
    fn memory_is_bounded_by_the_number_allowed() {
        let mut window = window(2);
        for ms in 0..1000 {
            window.allow(at(ms));
        }
        assert_eq!(window.recent.len(), 2);
    }
}
