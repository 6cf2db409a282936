//! What of a room is kept: hashes and keyframes in its log, all of it in the journal, its result.

use std::time::{Duration, Instant};

use greenroom_proto::{CloseCode, Tick};

use super::runner::{Runner, Turned};
use super::{Common, RoomArgs};
use crate::actors::results::MatchResult;
use crate::room::log::Log;
use crate::room::recovery::At;

/// A keyframe is taken when making again what follows the last one would take longer than this. Step
/// times are measured, so that is what bringing the room back costs its players.
const REPLAY_MAX: Duration = Duration::from_millis(20);

impl Runner {
    /// Notes hash and keyframe, if it is time for them.
    pub(super) fn keep(&mut self) {
        let RoomArgs { record, common: Common { config, .. } } = &self.args;
        let mut wanted = self.worked_since_keyframe >= REPLAY_MAX;
        if !wanted {
            let work = record.any_work();
            let log = work.log.as_ref();
            wanted = work.wants_start()
                || log.is_some_and(|log| log.wants_keyframe(config.rooms.log_bytes_max));
        }
        let Some(room) = &self.room else { return };
        record.progress.note(At::Keep);
        let hash = Log::wants_hash(room.as_ref()).then(|| room.hash());
        record.progress.note(At::Rest);
        if let Some(hash) = hash
            && let Some(mut work) = record.work(self.worker)
        {
            work.hash(hash);
        }
        if wanted {
            self.keep_all();
        }
    }

    /// Takes a keyframe; the journal begins anew with it.
    pub(super) fn keep_all(&mut self) {
        let Some(room) = &self.room else { return };
        let record = &self.args.record;
        record.progress.note(At::Keep);
        let (tick, keyframe) = (room.tick(), room.keyframe());
        record.progress.note(At::Rest);
        let Some(mut work) = record.work(self.worker) else { return };
        let Some(header) = work.log.as_ref().map(|log| log.header.clone()) else { return };
        let saved = record.saved(&work, tick, &header);
        work.keyframe(keyframe, &saved);
        self.worked_since_keyframe = Duration::ZERO;
    }

    /// The server stops. With a journal the room is kept as it is, for the next process.
    pub(super) fn close(&mut self) -> Turned {
        if self.args.common.keeper.is_some() {
            self.keep_all();
        }
        Turned::Done
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
        record.progress.note(At::Keep);
        let hash = room.hash();
        record.progress.note(At::Rest);
        let Some(mut work) = record.work(self.worker) else { return };
        work.hash(hash);
        if let (Some(replay), Some(log)) = (work.replay.take(), work.log.clone()) {
            drop(work);
            replay.finish(record.id.to_string(), log);
        }
    }

    /// The room cannot go on. With a journal what there is of it is set aside.
    pub(super) fn fail(&self, why: &str) {
        let RoomArgs { record, common: Common { keeper, .. } } = &self.args;
        metrics::counter!("greenroom_rooms_failed_total").increment(1);
        tracing::error!(room = %record.id, game = record.entry.game.name(), "a room failed: {why}");
        let log = record.any_work().log.clone();
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
