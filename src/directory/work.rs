//! What whoever works on a room needs to go on where the one before stopped.

use std::time::Instant;

use greenroom_proto::Tick;

use super::clock::Clock;
use crate::journal::{Kind, NotTaken, Position, RoomJournal};
use crate::replays::KeptReplay;
use crate::room::Command;
use crate::room::log::{Keep, Log};
use crate::room::recovery::{Crash, Decision};
use crate::room::saved::Saved;

/// The room's log, and how far what is in it was carried out. Locked for moments, and never while
/// the game runs.
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
    /// Keeps the log beyond the death of the process.
    pub journal: Option<RoomJournal>,
    /// Keeps all of the log, for when the match is over.
    pub replay: Option<KeptReplay>,
    /// The room's time.
    pub clock: Clock,
    /// Counts the processes that the room has lived in.
    pub epoch: u32,
    /// The log came out of the journal and has not been stepped in this process: how often it was
    /// tried to.
    pub found: Option<u32>,
    /// Until then at most the room stands still, for its players to come back.
    pub still_until: Option<Instant>,
}

impl Work {
    /// Of a room that has not begun.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Work {
            worker: 0,
            log: None,
            told: Tick(0),
            crash: None,
            journal: None,
            replay: None,
            clock,
            epoch: 0,
            found: None,
            still_until: None,
        }
    }

    /// Whether the last step in the log was not carried out: it was being made when its worker
    /// ended.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.log.as_ref().is_some_and(|log| log.end() != self.told)
    }

    /// Notes the next step, which is about to be made. Returns where the journal must have got
    /// before anybody may see what comes of it; `None`: nowhere, for it keeps nothing now.
    pub fn step(
        &mut self,
        time_ms: u64,
        commands: &[Command],
        decision: Option<Decision>,
    ) -> Option<Position> {
        let log = self.log.as_mut()?;
        let tick = log.end().next();
        let mut position = append(self.journal.as_ref(), tick, log.step(tick, time_ms, commands));
        if let Some(decision) = decision {
            position = append(self.journal.as_ref(), tick, log.decide(decision));
        }
        position
    }

    /// Notes what is left out of the last step when it is made again.
    pub fn decide(&mut self, decision: Decision) {
        if let Some(log) = &mut self.log {
            let tick = log.end();
            append(self.journal.as_ref(), tick, log.decide(decision));
        }
    }

    /// Notes the hash of the room after the last step.
    pub fn hash(&mut self, hash: u64) {
        if let Some(log) = &mut self.log {
            let tick = log.end();
            append(self.journal.as_ref(), tick, log.hash(hash));
        }
    }

    /// Takes a keyframe of the room after the step that was told last. The journal begins anew with
    /// it.
    pub fn keyframe(&mut self, keyframe: Vec<u8>, saved: &Saved) {
        self.start(saved, &[], &keyframe);
        if let Some(log) = &mut self.log {
            let spare = log.keyframe(saved.tick, keyframe, Keep::Recent);
            if let Some(replay) = &self.replay {
                replay.more(spare);
            }
        }
    }

    /// Takes the last keyframe: the room goes on in another process. `false` if the journal did not
    /// take it now, and may do so later.
    pub fn close(&mut self, keyframe: Vec<u8>, saved: &Saved) -> bool {
        let taken = self
            .journal
            .as_ref()
            .map(|journal| journal.append(Kind::Start, &[&saved.head(0), &keyframe]));
        if let Some(log) = &mut self.log {
            log.keyframe(saved.tick, keyframe, Keep::Recent);
        }
        let later = [NotTaken::QueueFull, NotTaken::Failing, NotTaken::NeedsStart];
        !matches!(taken, Some(Err(why)) if later.contains(&why))
    }

    /// Has the journal begin anew with the room as it is. Returns where it must have got for that
    /// to be kept.
    pub fn start(&self, saved: &Saved, records: &[u8], keyframe: &[u8]) -> Option<Position> {
        let journal = self.journal.as_ref()?;
        journal.append(Kind::Start, &[&saved.head(records.len()), records, keyframe]).ok()
    }

    /// Whether the journal wants all of the room.
    #[must_use]
    pub fn wants_start(&self) -> bool {
        self.journal.as_ref().is_some_and(RoomJournal::wants_start)
    }

    /// Nothing of the room need be kept any more.
    pub fn forget(&mut self) {
        if let Some(journal) = self.journal.take() {
            let _ = journal.append(Kind::End, &[]);
        }
    }
}

/// A refusal needs no answer: the room is woken when the journal wants all of it.
fn append(journal: Option<&RoomJournal>, end: Tick, records: &[u8]) -> Option<Position> {
    journal?.append(Kind::More, &[&end.0.to_le_bytes(), records]).ok()
}
