//! What of a room is kept: hashes and keyframes in its log, all of it in the journal, its result.

use std::time::{Duration, Instant};

use greenroom_proto::{CloseCode, Tick};

use super::runner::{Runner, Turned};
use super::{Common, RoomArgs};
use crate::actors::results::MatchResult;
use crate::directory::finished::Finished;
use crate::directory::work::Work;
use crate::room::log::Log;
use crate::room::recovery::At;
use crate::room::saved::Saved;

/// A keyframe is taken when making again what follows the last one would take longer than this. Step
/// times are measured, so that is what bringing the room back costs its players.
const REPLAY_MAX: Duration = Duration::from_millis(20);
/// How long a room that steps on commands has been silent when it notes in the journal that its last step
/// came to its end: see [`ATTEMPTS_MAX`](crate::room::course::ATTEMPTS_MAX). That takes a hash of the whole
/// room, so not after each step.
const PROVE_AFTER: Duration = Duration::from_millis(100);
/// When a journal that did not take a room is asked again, if it does not say so before.
const CLOSE_AGAIN: Duration = Duration::from_millis(50);

impl Runner {
    /// Notes hash and keyframe, if it is time for them.
    pub(super) fn keep(&mut self) {
        let RoomArgs { record, common: Common { config, .. } } = &self.args;
        let mut wanted = self.worked_since_keyframe >= REPLAY_MAX;
        if !wanted {
            let work = record.any_work();
            wanted = work.course.as_ref().is_some_and(|course| {
                course.wants_start() || course.log().wants_keyframe(config.rooms.log_bytes_max)
            });
        }
        let keeps = self.args.common.keeper.is_some() && self.schedule.is_none();
        self.unproven = keeps.then(Instant::now);
        if self.room.as_ref().is_some_and(|room| Log::wants_hash(room.as_ref())) {
            self.note_hash();
        }
        if wanted {
            self.keep_all();
        }
    }

    fn note_hash(&mut self) {
        let Some(room) = &self.room else { return };
        self.progress.note(At::Keep);
        let hash = room.hash();
        self.progress.note(At::Rest);
        if let Some(mut work) = self.args.record.work(self.worker)
            && let Some(course) = &mut work.course
        {
            course.hash(hash);
        }
        self.unproven = None;
    }

    /// When it is to be noted that the last step came to its end.
    pub(super) fn proves_at(&self) -> Option<Instant> {
        self.unproven.map(|since| since + PROVE_AFTER)
    }

    /// Notes that, if it is time.
    pub(super) fn prove(&mut self, now: Instant) {
        if self.proves_at().is_some_and(|at| at <= now) {
            self.note_hash();
        }
    }

    /// Takes a keyframe; the journal begins anew with it.
    pub(super) fn keep_all(&mut self) {
        self.with_all(|work, keyframe, saved| work.keyframe(keyframe, saved));
        self.worked_since_keyframe = Duration::ZERO;
        // No step follows the keyframe.
        self.unproven = None;
    }

    /// Has something done with all of the room.
    fn with_all<T>(&self, keep: impl FnOnce(&mut Work, Vec<u8>, &Saved) -> T) -> Option<T> {
        let room = self.room.as_ref()?;
        let record = &self.args.record;
        self.progress.note(At::Keep);
        let (tick, keyframe) = (room.tick(), room.keyframe());
        self.progress.note(At::Rest);
        let mut work = record.work(self.worker)?;
        let header = work.log()?.header.clone();
        let saved = record.saved(&work, tick, &header);
        Some(keep(&mut work, keyframe, &saved))
    }

    /// The server stops. With a journal the room is kept as it is, for the next process: it is asked
    /// again and again until it takes that, for many rooms may stop at once. Whoever stops us does
    /// not wait for ever.
    pub(super) fn close(&mut self, now: Instant) -> Turned {
        let kept = match self.args.common.keeper {
            Some(_) => self.with_all(Work::close).unwrap_or(true),
            None => true,
        };
        if kept { Turned::Done } else { Turned::Waits(now + CLOSE_AGAIN) }
    }

    /// Nothing of the room is needed any more.
    pub(super) fn forget(&self) {
        if let Some(mut work) = self.args.record.work(self.worker) {
            work.forget();
        }
    }

    /// Hands over how the match ended. Once that is written down, the journal may forget the room.
    pub(super) fn write_result(&self, tick: Tick, result: &str) {
        let RoomArgs { record, common: Common { results, .. } } = &self.args;
        let ended = MatchResult {
            room: record.id,
            game: record.entry.game.name(),
            options: &record.plan.options,
            ticks: tick.0,
            seconds: self.clock.time_ms(Instant::now()) as f64 / 1e3,
            result,
        };
        let record = std::sync::Arc::clone(record);
        results.write(ended, move || record.any_work().forget());
    }

    /// The match is over: hands over the rest of its log, with a hash at the end.
    pub(super) fn keep_replay(&self) {
        let record = &self.args.record;
        let wanted = record.any_work().replay.is_some();
        let Some(room) = self.room.as_ref().filter(|_| wanted) else { return };
        self.progress.note(At::Keep);
        let hash = room.hash();
        self.progress.note(At::Rest);
        let Some(mut work) = record.work(self.worker) else { return };
        if let Some(course) = &mut work.course {
            course.hash(hash);
        }
        if let (Some(replay), Some(log)) = (work.replay.take(), work.log().cloned()) {
            drop(work);
            replay.finish(record.id.to_string(), log);
        }
    }

    /// The room cannot go on. With a journal what there is of it is set aside.
    pub(super) fn fail(&self, why: &str) {
        let RoomArgs { record, common: Common { keeper, directory, .. } } = &self.args;
        metrics::counter!("greenroom_rooms_failed_total").increment(1);
        tracing::error!(room = %record.id, game = record.entry.game.name(), "a room failed: {why}");
        directory.over().lose(record.id);
        let tick = record.any_work().told();
        let finished = Finished::without(record.entry.game.name(), tick, true);
        directory.finished().keep(record.id, finished);
        let log = record.any_work().log().cloned();
        if let (Some(keeper), Some(log)) = (keeper, log) {
            match keeper.set_aside(&record.id.to_string(), &log.to_bytes()) {
                Ok(path) => tracing::error!(room = %record.id, "its log was set aside as {}",
                    path.display()),
                Err(error) => tracing::error!(room = %record.id, "its log is lost: {error}"),
            }
        }
        self.forget();
        record.fail(CloseCode::RoomFailed);
    }
}
