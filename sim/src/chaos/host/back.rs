//! A room is brought back, by the rules of the server's own [`Course`](greenroom::room::course::Course):
//! again and again, without what panics, for as long as its budget of restarts allows.

use std::time::Duration;

use greenroom::panics::{self, Panicked};
use greenroom::room::course::{Back, Lost};
use greenroom::room::recovery::{Crash, Decision};
use greenroom::room::{AnyRoom, Room};

use super::super::broken::{Broken, broken, holds};
use super::super::yard::Yard;
use super::Host;

const SAME: &str = "a log gives the same match again";

/// What became of a room that was to be brought back.
pub(super) enum Brought {
    /// It is there.
    Back(Back),
    /// It panicked too often.
    TooOften,
    /// The process died of it.
    Died,
}

impl Host {
    /// Has the steps made again that were carried out.
    pub(super) fn bring_back(
        &mut self,
        mut crash: Option<Crash>,
        now: u64,
        promise: &'static str,
    ) -> Result<Brought, Broken> {
        loop {
            let before = self.last_decisions()?;
            let way = match self.course.resume(crash.clone()) {
                Ok(way) => way,
                Err(Lost::Unreadable(why)) => return broken("a log reads back", why),
                Err(why) => return broken(promise, why),
            };
            // Something new each time, so there is an end to it.
            let after = self.last_decisions()?;
            let is_new = after.len() == before.len() + way.decisions.len()
                && !way.decisions.iter().any(|decision| before.contains(decision))
                && (crash.is_none() || !way.decisions.is_empty());
            holds(is_new, promise, || format!("{:?} does not help: {crash:?}", way.decisions))?;
            if let Some(attempt) = way.attempt {
                // Whoever dies of it is counted in the journal first.
                let saved = self.saved(self.course.log().newest().0);
                self.course.note_attempt(saved, attempt);
                let tries = self.witness.tries;
                holds(attempt == tries + 1, "only processes that died count", || {
                    format!("attempt {attempt} after {tries} of them")
                })?;
                if self.dies_again > 0 {
                    return Ok(Brought::Died);
                }
                // Of a step that is left out because processes died nobody knows whether it was told.
                if way.decisions.contains(&Decision::Skip) && way.log().end() <= self.witness.told {
                    self.witness.undo();
                }
            }
            let restore = |keyframe: &[u8]| {
                let room = Room::<Yard>::restore(keyframe).map_err(|error| error.to_string())?;
                Ok(Box::new(room) as Box<dyn AnyRoom>)
            };
            match panics::catch(|| way.make(restore, &self.progress)) {
                Ok(Ok(back)) => {
                    holds(back.diverged.is_none(), SAME, || format!("{:?}", back.diverged))?;
                    self.witness.tries = 0;
                    return Ok(Brought::Back(back));
                }
                Ok(Err(why)) => return broken(SAME, why),
                Err(panicked) => crash = Some(self.crashed(&panicked)?),
            }
            if !self.may_restart(now)? {
                return Ok(Brought::TooOften);
            }
        }
    }

    fn last_decisions(&self) -> Result<Vec<Decision>, Broken> {
        match self.course.log().last_step() {
            Ok(step) => Ok(step.map(|step| step.decisions).unwrap_or_default()),
            Err(error) => broken("a log reads back", error),
        }
    }

    /// What the server notes of a panic.
    pub(super) fn crashed(&mut self, panicked: &Panicked) -> Result<Crash, Broken> {
        self.witness.panics += 1;
        if !panicked.text().starts_with("a hook that panics")
            && !panicked.text().starts_with("a fault that was asked for")
        {
            return broken("nothing but the game panics", panicked);
        }
        let (tick, at) = self.progress.at();
        let (text, place) = (panicked.text().to_owned(), panicked.place().to_owned());
        Ok(Crash { tick, at, text, place })
    }

    /// Whether the budget allows one more restart.
    pub(super) fn may_restart(&mut self, now: u64) -> Result<bool, Broken> {
        let limits = self.bounds.restarts;
        let allowed = self.restarts.allow(Duration::from_millis(now));
        if allowed {
            let since = now.saturating_sub(limits.period.as_millis() as u64);
            self.witness.restarts.retain(|then| *then >= since);
            self.witness.restarts.push(now);
            let count = self.witness.restarts.len();
            let promise = "a room that fails again and again ends";
            holds(count <= limits.restarts as usize, promise, || {
                format!("{count} restarts within {:?}", limits.period)
            })?;
        }
        Ok(allowed)
    }
}

/// The same room, whose game may be looked at.
pub(super) fn typed(room: &dyn AnyRoom) -> Result<Room<Yard>, Broken> {
    match Room::<Yard>::restore(&room.keyframe()) {
        Ok(room) => Ok(room),
        Err(error) => broken(SAME, error),
    }
}
