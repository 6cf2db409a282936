//! A room that another build of the program has played: deploys. Its steps are not made again, for
//! this build might make others of them; its last keyframe is taken over as it is, or through the
//! game's `migrate`.

use metrics::counter;

use super::runner::Runner;
use crate::actors::actor::catch;
use crate::room::course::Back;
use crate::room::log::Log;
use crate::room::recovery::At;

impl Runner {
    /// Whether this build has stepped the room of this log.
    pub(super) fn is_own(&self, log: &Log) -> bool {
        log.header.build == self.args.common.build
    }

    /// Takes the room over from the keyframe that its log ends with. From here on it is a room of
    /// this build, and its log begins anew.
    pub(super) fn take_over(&mut self, log: &Log) -> Result<Back, String> {
        let record = &self.args.record;
        let (_, keyframe, _) = log.newest();
        self.progress.note(At::Keep);
        // A panic in the game's migrate is a refusal: it would panic the next time too.
        let taken = catch(|| record.entry.game.take_over(keyframe)).map_err(|panicked| {
            format!("the game panicked in migrate: {} ({})", panicked.text(), panicked.place())
        });
        self.progress.note(At::Rest);
        let (room, how) = taken??;
        let header = self.args.common.header(record);
        let keyframe = room.keyframe();
        if let Some(mut work) = record.work(self.worker)
            && let Some(course) = &mut work.course
        {
            course.take_over(header, keyframe);
        }
        let kind = if how.migrated { "migrated" } else { "as_it_was" };
        counter!("greenroom_rooms_taken_over_total", "how" => kind).increment(1);
        tracing::info!(room = %record.id, game = record.entry.game.name(),
            from = log.header.version, to = record.entry.game.version(),
            migrated = how.migrated, inputs_reset = how.inputs_reset,
            "a room of another build was taken over");
        Ok(Back::as_it_is(room))
    }
}
