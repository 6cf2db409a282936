//! A match again, step by step, with all that happened in each. A panic of the game is an error and
//! says where it was.

use greenroom::Pace;
use greenroom::game::Said;
use greenroom::panics::{Panicked, catch};
use greenroom::proto::{Rows, Tick};
use greenroom::registry::Entry;
use greenroom::room::AnyRoom;
use greenroom::room::log::{Log, Logged, Replay, Replayed, Steps};
use greenroom::room::recovery::{At, Crash, Decision, Progress};

use super::ReplayError;
use super::camera::Camera;

/// On the way through a log.
pub(super) struct Walk<'a> {
    replay: Replay<'a>,
    steps: Steps<'a>,
    progress: &'a Progress,
    pace: Pace,
    /// What the room said in the step made last.
    pub(super) said: Vec<Said>,
    /// Its time after that step.
    pub(super) time_ms: u64,
}

impl<'a> Walk<'a> {
    /// At the keyframe of this number.
    pub(super) fn begin(
        log: &'a Log,
        entry: &Entry,
        from: usize,
        progress: &'a Progress,
    ) -> Result<Self, ReplayError> {
        progress.note(At::Keep);
        let replay = catch(|| log.replay(from, |keyframe| entry.game.restore(keyframe)))
            .map_err(|panicked| at(progress, &panicked))??;
        progress.begin(replay.room().tick());
        Ok(Walk {
            replay: replay.watched(progress),
            steps: log.steps(from),
            progress,
            pace: log.header.pace,
            said: Vec::new(),
            time_ms: 0,
        })
    }

    /// The room.
    pub(super) fn room(&self) -> &dyn AnyRoom {
        self.replay.room()
    }

    /// The step made last, or that of the keyframe.
    pub(super) fn tick(&self) -> Tick {
        self.room().tick()
    }

    /// What it came to so far.
    pub(super) fn replayed(&self) -> Result<Replayed, ReplayError> {
        self.watched(At::Keep, || self.replay.replayed())
    }

    /// Makes the next step; `None` at the end. Returns it as it stands in the log.
    pub(super) fn step(&mut self) -> Result<Option<Logged<'a>>, ReplayError> {
        let Some(logged) = self.steps.next().transpose()? else { return Ok(None) };
        self.said.clear();
        let made = catch(|| self.replay.step(&mut self.said))
            .map_err(|panicked| at(self.progress, &panicked))??;
        let Some(tick) = made else { return Ok(None) };
        self.time_ms = match self.pace {
            Pace::Fixed { tick_hz, .. } => u64::from(tick.0) * 1000 / u64::from(tick_hz.max(1)),
            Pace::OnCommand => self.time_ms.max(logged.time_ms),
        };
        Ok(Some(logged))
    }

    /// Whether clients get a frame after this step.
    pub(super) fn is_due(&self, logged: &Logged<'_>) -> bool {
        match self.pace {
            Pace::Fixed { send_every, .. } => {
                logged.tick.0.is_multiple_of(u32::from(send_every.max(1)))
                    || self.room().is_over()
                    || logged.decisions.contains(&Decision::Still)
            }
            Pace::OnCommand => true,
        }
    }

    /// Asks the game for all that is sent of it: what a crash may have been in.
    pub(super) fn show(&self, entry: &Entry) -> Result<(), ReplayError> {
        self.watched(At::Show, || {
            self.room().publish(&entry.layout, &mut Rows::default());
            for player in self.room().seated() {
                let _ = self.room().sight(player);
            }
        })
    }

    /// Has the game written down: what a crash may have been in.
    pub(super) fn keep(&self) -> Result<(), ReplayError> {
        self.watched(At::Keep, || self.room().keyframe()).map(drop)
    }

    /// Has a camera look at the room.
    pub(super) fn shown_to(&self, entry: &Entry, camera: &mut Camera) -> Result<(), ReplayError> {
        let looked = self.watched(At::Show, || camera.look(self.room()))?;
        looked.map_err(|error| ReplayError::TooLarge {
            tick: self.tick(),
            why: error.in_words(&entry.schema),
        })
    }

    /// Does something with the game that may panic.
    pub(super) fn watched<T>(&self, what: At, work: impl FnOnce() -> T) -> Result<T, ReplayError> {
        self.progress.note(what);
        let done = catch(work).map_err(|panicked| at(self.progress, &panicked))?;
        self.progress.note(At::Rest);
        Ok(done)
    }
}

fn at(progress: &Progress, panicked: &Panicked) -> ReplayError {
    let (tick, at) = progress.at();
    let (text, place) = (panicked.text().to_owned(), panicked.place().to_owned());
    ReplayError::Panicked(Crash { tick, at, text, place })
}
