//! How a room begins: new, or where its log ends.

use greenroom_proto::CloseCode;
use metrics::counter;

use super::runner::Runner;
use crate::room::log::{Log, LogError};
use crate::room::recovery::{Crash, Decision, decide};
use crate::room::{AnyRoom, Command};

/// What the room begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Begun {
    /// It is there.
    Room,
    /// There is no room, and there will be none.
    Nothing,
}

/// A step that is to be made again.
pub(super) struct Redo {
    pub(super) time_ms: u64,
    pub(super) commands: Vec<Command>,
    pub(super) decisions: Vec<Decision>,
}

impl Runner {
    /// Makes the room, or brings it back.
    pub(super) fn begin(&mut self) -> Begun {
        let Some(mut work) = self.args.record.work(self.worker) else { return Begun::Nothing };
        let crash = work.crash.take();
        let (log, told, unfinished) = (work.log.clone(), work.told, work.is_unfinished());
        drop(work);
        let begun = match (log, crash) {
            (None, None) => self.create(),
            // It would fail again: what it is made from is the same.
            (None, Some(crash)) => Err(format!("it could not be made: {crash}")),
            (Some(log), crash) => self
                .decide(log, crash.filter(|_| unfinished))
                .and_then(|log| self.restore(&log, told).map_err(|error| error.to_string())),
        };
        let Err(why) = begun else { return Begun::Room };
        let record = &self.args.record;
        tracing::error!(room = %record.id, game = record.entry.game.name(), "a room failed: {why}");
        counter!("greenroom_rooms_failed_total").increment(1);
        record.fail(CloseCode::RoomFailed);
        Begun::Nothing
    }

    fn create(&mut self) -> Result<(), String> {
        let record = &self.args.record;
        let room = record.entry.game.create(&record.plan.options, record.seed)?;
        let log = Log::new(record.entry.header(&record.plan, record.seed), room.as_ref());
        if let Some(mut work) = record.work(self.worker) {
            work.log = Some(log);
        }
        self.room = Some(room);
        Ok(())
    }

    /// Puts into the log what is done about a crash. Returns the log with it.
    fn decide(&self, mut log: Log, crash: Option<Crash>) -> Result<Log, String> {
        let Some(crash) = crash else { return Ok(log) };
        let step = log.last_step().map_err(|error| error.to_string())?;
        let before = step.map(|step| step.decisions).unwrap_or_default();
        let Some(decision) = decide(&before, &crash, self.args.record.seed) else { return Ok(log) };
        log.decide(decision);
        if let Some(mut work) = self.args.record.work(self.worker) {
            work.log.as_mut().map(|log| log.decide(decision).len());
        }
        let (record, what) = (&self.args.record, format!("{decision:?}"));
        counter!("greenroom_recovery_decisions_total", "decision" => kind(decision)).increment(1);
        tracing::warn!(room = %record.id, game = record.entry.game.name(), decision = what,
            "a room is brought back after a panic {crash}");
        match decision {
            Decision::End => Err(format!("nothing helped against the panic {crash}")),
            _ => Ok(log),
        }
    }

    /// Makes all steps again that were carried out, in silence; the one that was not is left for
    /// the turn.
    fn restore(&mut self, log: &Log, told: greenroom_proto::Tick) -> Result<(), LogError> {
        let record = &self.args.record;
        let last = log.keyframes().saturating_sub(1);
        let mut replay = log.replay(last, |keyframe| record.entry.game.restore(keyframe))?;
        while replay.next_tick().is_some_and(|next| next <= told) {
            match replay.step(&mut Vec::new()) {
                Ok(_) => {}
                Err(error @ LogError::Diverged { .. }) => {
                    counter!("greenroom_replays_diverged_total").increment(1);
                    tracing::error!(room = %record.id, game = record.entry.game.name(),
                        "the game does not do the same twice, so its players may see a jump: {error}");
                }
                Err(error) => return Err(error),
            }
        }
        let room = replay.into_room();
        if room.tick() != log.end() {
            self.redo = log.last_step()?.map(|step| Redo {
                time_ms: step.time_ms,
                commands: step.commands,
                decisions: step.decisions,
            });
        }
        self.reconcile(room.as_ref());
        self.room = Some(room);
        counter!("greenroom_rooms_restored_total").increment(1);
        Ok(())
    }

    /// Membership is ours: it survives whatever the room went through.
    fn reconcile(&self, room: &dyn AnyRoom) {
        let record = &self.args.record;
        let mut members = record.members();
        members.resync_all();
        let strangers = members.reconcile(record, &room.seated());
        let mut inbox = record.inbox();
        strangers.into_iter().for_each(|player| inbox.evict(player));
    }
}

fn kind(decision: Decision) -> &'static str {
    match decision {
        Decision::DropCommand(_) => "drop_command",
        Decision::DropTimer(_) => "drop_timer",
        Decision::Reseed(_) => "reseed",
        Decision::Skip => "skip",
        Decision::End => "end",
    }
}
