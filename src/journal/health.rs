//! Whether the journal can write, and since when it cannot.

use std::time::{Duration, Instant};

/// An error this soon after the last one is the same to those who read the log: a disk that is
/// full to the brim takes a little now and then.
const SAME_WITHIN: Duration = Duration::from_secs(10);

/// Whether records are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Health {
    /// They are.
    Sound,
    /// The disk does not take them. Matches go on; a crash would lose what they did since.
    Failing {
        /// Since when.
        since: Instant,
        /// What the system says, and what to do.
        why: String,
        /// Records that were not kept since then.
        lost_records: u64,
    },
}

/// Times at which the journal could not write.
#[derive(Default)]
pub(super) struct Incidents {
    now: Option<Incident>,
    last: Option<Ended>,
    /// How many there were.
    pub(super) count: u64,
}

struct Incident {
    since: Instant,
    why: String,
    lost_before: u64,
    /// It goes on from the one before, about which the log knows.
    told: bool,
}

/// An incident that is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ended {
    pub(super) at: Instant,
    pub(super) lasted: Duration,
    pub(super) lost_records: u64,
    /// Whether the log is to say so.
    pub(super) tell: bool,
}

impl Incidents {
    /// Something went wrong. `lost`: records lost so far. Says whether the log is to say so.
    pub(super) fn begin(&mut self, now: Instant, why: String, lost: u64) -> bool {
        self.count += 1;
        match &mut self.now {
            Some(incident) => {
                incident.why = why;
                false
            }
            None => {
                let told = self.last.is_some_and(|last| now < last.at + SAME_WITHIN);
                self.now = Some(Incident { since: now, why, lost_before: lost, told });
                !told
            }
        }
    }

    /// It works again.
    pub(super) fn end(&mut self, now: Instant, lost: u64) -> Option<Ended> {
        let incident = self.now.take()?;
        let ended = Ended {
            at: now,
            lasted: now - incident.since,
            lost_records: lost - incident.lost_before,
            tell: !incident.told,
        };
        self.last = Some(ended);
        Some(ended)
    }

    pub(super) fn health(&self, lost: u64) -> Health {
        match &self.now {
            None => Health::Sound,
            Some(incident) => Health::Failing {
                since: incident.since,
                why: incident.why.clone(),
                lost_records: lost - incident.lost_before,
            },
        }
    }

    /// Why nothing is written now.
    pub(super) fn why(&self) -> Option<String> {
        self.now.as_ref().map(|incident| incident.why.clone())
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    #[test]
    fn incident_is_told_once_and_one_soon_after_is_the_same() {
        let mut incidents = Incidents::default();
        let mut now = Instant::now();
        assert_eq!(incidents.health(7), Health::Sound);
        assert!(incidents.begin(now, "full".into(), 7));
        assert!(!incidents.begin(now, "still full".into(), 8));
        let expected = Health::Failing { since: now, why: "still full".into(), lost_records: 2 };
        assert_eq!(incidents.health(9), expected);
        now += Duration::from_secs(3);
        let ended = incidents.end(now, 10).unwrap();
        assert_eq!(
            (ended.lasted, ended.lost_records, ended.tell),
            (Duration::from_secs(3), 3, true)
        );
        assert_eq!(incidents.health(10), Health::Sound);
        assert_eq!(incidents.end(now, 10), None);
        assert!(!incidents.begin(now + SAME_WITHIN / 2, "full".into(), 10));
        assert!(!incidents.end(now + SAME_WITHIN / 2, 10).unwrap().tell);
        assert!(incidents.begin(now + SAME_WITHIN * 2, "full".into(), 10));
    }
}
