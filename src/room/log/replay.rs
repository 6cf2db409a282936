//! A match again, from its log.

use greenroom_proto::Tick;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::steps::{Logged, Steps};
use super::{LogError, damaged};
use crate::game::Said;
use crate::room::AnyRoom;
use crate::room::recovery::{At, Decision, Progress};

/// What a replay came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replayed {
    /// Steps made.
    pub steps: u64,
    /// Hashes that were compared, and were equal.
    pub hashes: u64,
    /// Hash of the room after the last step.
    pub hash: u64,
}

/// A room on its way through a log.
pub struct Replay<'a> {
    room: Box<dyn AnyRoom>,
    steps: std::iter::Peekable<Steps<'a>>,
    watched: Option<&'a Progress>,
    unwatched: Progress,
    made: u64,
    hashes: u64,
}

impl<'a> Replay<'a> {
    pub(super) fn new(room: Box<dyn AnyRoom>, steps: Steps<'a>) -> Self {
        let (watched, unwatched) = (None, Progress::default());
        Replay { room, steps: steps.peekable(), watched, unwatched, made: 0, hashes: 0 }
    }

    /// Notes where the room is as it goes.
    #[must_use]
    pub fn watched(mut self, progress: &'a Progress) -> Self {
        self.watched = Some(progress);
        self
    }

    /// The room as it is now.
    #[must_use]
    pub fn room(&self) -> &dyn AnyRoom {
        self.room.as_ref()
    }

    /// The room, to go on with.
    #[must_use]
    pub fn into_room(self) -> Box<dyn AnyRoom> {
        self.room
    }

    /// What the replay came to so far.
    #[must_use]
    pub fn replayed(&self) -> Replayed {
        Replayed { steps: self.made, hashes: self.hashes, hash: self.room.hash() }
    }

    /// The step that comes next; `None` at the end.
    pub fn next_tick(&mut self) -> Option<Tick> {
        self.steps.peek()?.as_ref().ok().map(|step| step.tick)
    }

    /// Makes the next step and compares what was noted after it. What the room says is appended to
    /// `said`. `None` at the end of the log, and after a step that the room did not survive.
    pub fn step(&mut self, said: &mut Vec<Said>) -> Result<Option<Tick>, LogError> {
        let Some(step) = self.steps.next().transpose()? else { return Ok(None) };
        if self.room.is_over() {
            // No hash to compare, and yet no doubt: the room that was logged went on.
            let over = self.room.tick();
            let tick = step.tick;
            return Err(damaged(format!("its match is over at {over}, but it goes on to {tick}")));
        }
        if step.decisions.contains(&Decision::End) {
            return Ok(None);
        }
        self.room.make(step.step(), self.watched.unwrap_or(&self.unwatched), said);
        self.made += 1;
        self.compare(&step)?;
        Ok(Some(step.tick))
    }

    fn compare(&mut self, step: &Logged<'_>) -> Result<(), LogError> {
        // A keyframe is the room: its hash is that of its bytes.
        let keyframe = step.keyframe.map(|bytes| xxh3_64_with_seed(bytes, 0));
        for expected in step.hash.into_iter().chain(keyframe) {
            let progress = self.watched.unwrap_or(&self.unwatched);
            progress.note(At::Keep);
            let found = self.room.hash();
            progress.note(At::Rest);
            if expected != found || self.room.tick() != step.tick {
                return Err(LogError::Diverged { tick: step.tick, expected, found });
            }
            self.hashes += 1;
        }
        Ok(())
    }
}
