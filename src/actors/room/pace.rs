//! When the next tick of a room is due. Its start is scheduled, not chained: a late tick does not
//! make the later ones late, and ticks that were missed are left out, never fired in a burst. The
//! room's tick numbers stay contiguous; only their mapping to time moves.

use std::time::{Duration, Instant};

/// The schedule of a room with a fixed rate.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    interval: Duration,
    due: Instant,
}

impl Schedule {
    /// The schedule of a room that began at this time. `phase`, any number, spreads the rooms over
    /// the interval, so that they do not all tick at once.
    #[must_use]
    pub fn new(tick_hz: u16, phase: u64, began: Instant) -> Self {
        let interval = Duration::from_nanos(1_000_000_000 / u64::from(tick_hz.max(1)));
        let offset = Duration::from_nanos(phase % (interval.as_nanos() as u64).max(1));
        Schedule { interval, due: began + offset }
    }

    /// Leaves out what was missed while nobody worked on the room: the last due tick is made now.
    #[must_use]
    pub fn from(mut self, now: Instant) -> Self {
        let behind = now.saturating_duration_since(self.due);
        let missed = (behind.as_nanos() / self.interval.as_nanos().max(1)) as u32;
        self.due += self.interval * missed;
        self
    }

    /// The time between two ticks.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// When the next tick is due.
    #[must_use]
    pub fn due(&self) -> Instant {
        self.due
    }

    /// The due tick is done, and it is `now`. Returns how many ticks were missed.
    pub fn done(&mut self, now: Instant) -> u32 {
        let next = self.due + self.interval;
        self.due = next;
        *self = self.from(now);
        ((self.due - next).as_nanos() / self.interval.as_nanos().max(1)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn ticks_are_scheduled_not_chained_and_missed_ones_left_out() {
        let start = Instant::now();
        let mut schedule = Schedule::new(20, 0, start);
        assert_eq!(schedule.due(), start);
        assert_eq!(schedule.done(start + 30 * MS), 0);
        assert_eq!(schedule.due(), start + 50 * MS);
        // 10 ms late: no tick missed, the next one is on time again.
        assert_eq!(schedule.done(start + 110 * MS), 0);
        assert_eq!(schedule.due(), start + 100 * MS);
        // Hung for 410 ms: the ticks of 150, 200 … 450 are left out.
        assert_eq!(schedule.done(start + 520 * MS), 7);
        assert_eq!(schedule.due(), start + 500 * MS);
    }
}
