//! When a bot acts, whatever the server does.

use std::time::Duration;

use tokio::time::Instant;

/// The times at which one bot acts: a grid, shifted so that the bots do not act all at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timetable {
    /// `None`: on every frame instead.
    period: Option<Duration>,
    next: Instant,
}

impl Timetable {
    /// The timetable of bot `bot` of `bots`.
    pub(super) fn new(began: Instant, hz: Option<f64>, bot: u32, bots: u32) -> Self {
        let period = hz.map(|hz| Duration::from_secs_f64(1.0 / hz));
        let shift = period.map_or(Duration::ZERO, |p| p.mul_f64(f64::from(bot) / f64::from(bots)));
        Timetable { period, next: began + shift }
    }

    /// Whether acts follow the frames.
    pub(super) fn follows_frames(&self) -> bool {
        self.period.is_none()
    }

    /// A seat was taken: what would have been due before is nobody's.
    pub(super) fn resume(&mut self, now: Instant) {
        if let Some(period) = self.period
            && self.next < now
        {
            let missed = (now - self.next).as_nanos().div_ceil(period.as_nanos().max(1));
            self.next += period * u32::try_from(missed).unwrap_or(u32::MAX);
        }
    }

    /// When the next act is due.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// The time of an act that is due, once each: after a stall, one for every time missed.
    pub(super) fn due(&mut self, now: Instant) -> Option<Instant> {
        let (due, period) = (self.next, self.period?);
        if due > now {
            return None;
        }
        self.next += period;
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bots_are_staggered_and_a_stall_leaves_no_act_out() {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let mut table = Timetable::new(began, Some(10.0), 3, 10);
        assert_eq!(table.due(at(29)), None);
        assert_eq!(table.due(at(30)), Some(at(30)));
        assert_eq!(table.due(at(30)), None);
        let after_a_stall: Vec<_> = std::iter::from_fn(|| table.due(at(340))).collect();
        assert_eq!(after_a_stall, [at(130), at(230), at(330)]);
    }

    #[test]
    fn without_a_seat_nothing_is_due_later() {
        let began = Instant::now();
        let at = |ms| began + Duration::from_millis(ms);
        let mut table = Timetable::new(began, Some(10.0), 0, 10);
        table.resume(at(1234));
        assert_eq!(table.next(), at(1300));
        table.resume(at(1300));
        assert_eq!(table.due(at(1300)), Some(at(1300)));
    }

    #[test]
    fn without_a_rate_frames_set_the_pace() {
        let began = Instant::now();
        let mut table = Timetable::new(began, None, 0, 1);
        assert!(table.follows_frames());
        assert_eq!(table.due(began + Duration::from_secs(9)), None);
    }
}
