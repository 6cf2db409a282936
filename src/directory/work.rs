//! What whoever works on a room needs to go on where the one before stopped.

use greenroom_proto::Tick;

use crate::room::log::Log;
use crate::room::recovery::Crash;

/// The room's log, and how far what is in it was carried out. Locked for moments, and never while
/// the game runs.
#[derive(Default)]
pub struct Work {
    /// Counts those who worked on the room. Whoever is not the newest has lost it: a game that hung
    /// and was given up may return at any time, and must not do anything then.
    pub(super) worker: u64,
    /// `None` before the room has begun.
    pub log: Option<Log>,
    /// Up to this step all that the room said was handed out.
    pub told: Tick,
    /// What ended the worker before.
    pub crash: Option<Crash>,
}

impl Work {
    /// Whether the last step in the log was not carried out: it was being made when its worker
    /// ended.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.log.as_ref().is_some_and(|log| log.end() != self.told)
    }
}
