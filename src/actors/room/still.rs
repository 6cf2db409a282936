//! A room that was brought back into a new process stands still until its players are back, for some
//! seconds at most: nobody should lose a match because the server was started anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::runner::{JOURNAL_PATIENCE, Noted, Runner, Turned};
use crate::directory::clock::Clock;
use crate::room::recovery::Decision;

/// How long a room stands still at most. Clients try again within a second.
pub(super) const STILL_MAX: Duration = Duration::from_secs(3);

impl Runner {
    /// Looks only at who comes and goes.
    pub(super) fn stand_still(&mut self, until: Instant, now: Instant) -> Turned {
        let record = Arc::clone(&self.args.record);
        if record.inbox().has_members() {
            let Some(mut work) = record.work(self.worker) else { return Turned::Done };
            record.inbox().take_members(&mut self.commands);
            // Time does not pass.
            let time_ms = self.clock.time_ms(self.clock.start());
            let Some(course) = &mut work.course else { return Turned::Done };
            let position = course.note(time_ms, &self.commands, Some(Decision::Still));
            drop(work);
            let (decisions, until) = (vec![Decision::Still], now + JOURNAL_PATIENCE);
            self.noted = Some(Noted { time_ms, decisions, position, until });
            return Turned::Waits(now);
        }
        if now < until && record.members().away().next().is_some() {
            return Turned::Waits(until);
        }
        let Some(mut work) = record.work(self.worker) else { return Turned::Done };
        work.still_until = None;
        work.clock = Clock::new(now, self.clock.time_ms(self.clock.start()));
        self.clock = work.clock;
        drop(work);
        record.needs_word(false);
        let members = record.members();
        let mut inbox = record.inbox();
        members.away().for_each(|player| inbox.drop_player(player));
        drop((inbox, members));
        self.schedule = self.schedule.map(|schedule| schedule.from(now));
        Turned::Waits(now)
    }
}
