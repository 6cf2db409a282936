//! What whoever works on a room needs to go on where the one before stopped.

use std::time::Instant;

use greenroom_proto::Tick;

use super::clock::Clock;
use crate::journal::RoomJournal;
use crate::replays::KeptReplay;
use crate::room::course::Course;
use crate::room::log::Log;
use crate::room::recovery::Crash;
use crate::room::saved::Saved;

/// What a worker leaves to the next. Locked for moments, and never while the game runs.
pub struct Work {
    /// Counts those who worked on the room. Whoever is not the newest has lost it: a game that hung
    /// and was given up may return at any time, and must not do anything then.
    pub(super) worker: u64,
    /// The log, and how far it was carried out. `None` before the room has begun.
    pub course: Option<Course<RoomJournal>>,
    /// What ended the worker before.
    pub crash: Option<Crash>,
    /// Keeps all of the log, for when the match is over.
    pub replay: Option<KeptReplay>,
    /// The room's time.
    pub clock: Clock,
    /// Until then at most the room stands still, for its players to come back.
    pub still_until: Option<Instant>,
}

impl Work {
    /// Of a room that has not begun.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Work { worker: 0, course: None, crash: None, replay: None, clock, still_until: None }
    }

    /// Up to this step all that the room said was handed out.
    #[must_use]
    pub fn told(&self) -> Tick {
        self.course.as_ref().map_or(Tick(0), Course::told_up_to)
    }

    /// Counts the processes that the room has lived in.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.course.as_ref().map_or(0, Course::epoch)
    }

    /// The log, once there is one.
    #[must_use]
    pub fn log(&self) -> Option<&Log> {
        self.course.as_ref().map(Course::log)
    }

    /// Takes a keyframe of the room after the step that was told last. The journal begins anew with
    /// it.
    pub fn keyframe(&mut self, keyframe: Vec<u8>, saved: &Saved) {
        let Some(course) = &mut self.course else { return };
        let spare = course.keyframe(keyframe, saved);
        if let Some(replay) = &self.replay {
            replay.more(spare);
        }
    }

    /// Takes the last keyframe: the room goes on in another process. `false` if the journal did not
    /// take it now, and may do so later.
    pub fn close(&mut self, keyframe: Vec<u8>, saved: &Saved) -> bool {
        self.course.as_mut().is_none_or(|course| course.close(keyframe, saved))
    }

    /// Nothing of the room need be kept any more.
    pub fn forget(&mut self) {
        if let Some(course) = &mut self.course {
            course.forget();
        }
    }
}
