//! How a room begins: new, where its log ends, or where the journal of another process ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::Tick;
use metrics::counter;

use super::runner::Runner;
use super::still::STILL_MAX;
use crate::directory::RoomRecord;
use crate::replays::KeptReplays;
use crate::room::Command;
use crate::room::course::{Back, Course, Heard, Lost, Return};
use crate::room::log::Log;
use crate::room::recovery::{Crash, Decision};

/// What the room begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Begun {
    /// It is there.
    Room,
    /// There is no room, and there will be none; or somebody else works on it.
    Nothing,
}

/// How long the journal may take to note that an attempt is made.
const NOTE_MAX: Duration = Duration::from_secs(1);

/// Why there is no room.
enum NotBegun {
    /// There will be none.
    Failed(String),
    /// The game held this worker up for so long that another one has the room.
    Replaced,
}

impl From<String> for NotBegun {
    fn from(why: String) -> Self {
        NotBegun::Failed(why)
    }
}

impl Runner {
    /// Makes the room, or brings it back.
    pub(super) fn begin(&mut self) -> Begun {
        let Some(mut work) = self.args.record.work(self.worker) else { return Begun::Nothing };
        let crash = work.crash.take();
        let resumed = work.course.as_mut().map(|course| course.resume(crash.clone()));
        drop(work);
        let begun = match (resumed, &crash) {
            // It would fail again: what it is made from is the same.
            (None, Some(crash)) => Err(format!("it could not be made: {crash}").into()),
            (None, None) => self.create(),
            (Some(Ok(way)), crash) => {
                self.say_decided(&way.decisions, crash.as_ref());
                match way.attempt {
                    None => self.restore(&way),
                    Some(attempt) => self.revive(&way, attempt),
                }
            }
            (Some(Err(why)), crash) => {
                if let Lost::NothingHelps(_) = why {
                    self.say_decided(&[Decision::End], crash.as_ref());
                }
                Err(why.to_string().into())
            }
        };
        match begun {
            Ok(()) => Begun::Room,
            Err(NotBegun::Failed(why)) if self.args.record.work(self.worker).is_some() => {
                self.fail(&why);
                Begun::Nothing
            }
            Err(_) => Begun::Nothing,
        }
    }

    fn create(&mut self) -> Result<(), NotBegun> {
        let record = Arc::clone(&self.args.record);
        let room = record.entry.game.create(&record.plan.options, record.seed)?;
        let header = self.args.common.header(&record);
        let log = Log::from_keyframe(header.clone(), Tick(0), room.keyframe());
        let mut work = record.work(self.worker).ok_or(NotBegun::Replaced)?;
        let journal = self.args.common.keeper.as_ref().map(|keeper| keeper.room(&record));
        work.replay = self.args.common.replays.as_ref().map(KeptReplays::begin);
        let saved = record.saved(&work, Tick(0), &header);
        work.course.insert(Course::new(log, journal)).begin(saved);
        drop(work);
        record.show_new(room.listing());
        record.set_conduct(room.time_ms(), room.conduct().clone());
        self.room = Some(room);
        Ok(())
    }

    fn say_decided(&self, decisions: &[Decision], crash: Option<&Crash>) {
        let (room, game) = (self.args.record.id, self.args.record.entry.game.name());
        for decision in decisions {
            counter!("greenroom_recovery_decisions_total", "decision" => kind(*decision))
                .increment(1);
            match crash {
                Some(crash) => {
                    tracing::warn!(%room, game, "a room is brought back with the decision \
                    {decision:?} after a panic {crash}")
                }
                None => tracing::warn!(%room, game, "a room is brought back with the decision \
                    {decision:?}: its last step killed processes"),
            }
        }
    }

    /// Makes all steps again that were carried out, in silence; the one that was not is left for
    /// the turn.
    fn restore(&mut self, way: &Return) -> Result<(), NotBegun> {
        let record = Arc::clone(&self.args.record);
        let Back { room, redo, .. } = self.make_again(way)?;
        // Nobody else may have it who hands out something meanwhile.
        let work = record.work(self.worker).ok_or(NotBegun::Replaced)?;
        // Membership is ours: it survives whatever the room went through.
        let mut members = record.members();
        members.resync_all();
        let strangers = members.reconcile(&record, &room.seated());
        let mut inbox = record.inbox();
        strangers.into_iter().for_each(|player| inbox.evict(player));
        drop((inbox, members, work));
        match room.tick() {
            Tick(0) => record.show_new(room.listing()),
            _ => record.show(room.listing().clone()),
        }
        record.set_conduct(room.time_ms(), room.conduct().clone());
        (self.room, self.redo) = (Some(room), redo);
        counter!("greenroom_rooms_restored_total", "from" => "log").increment(1);
        Ok(())
    }

    /// Brings back a room of another process. What its steps said is put where clients find it when
    /// they come back.
    fn revive(&mut self, way: &Return, attempt: u32) -> Result<(), NotBegun> {
        let record = Arc::clone(&self.args.record);
        self.note_attempt(attempt);
        let Back { room, heard, .. } = match self.is_own(way.log()) {
            true => self.make_again(way)?,
            false => self.take_over(way.log())?,
        };
        // Once, and by one worker: this one may have hung.
        let mut work = record.work(self.worker).ok_or(NotBegun::Replaced)?;
        let over = heard.iter().find_map(Heard::result).map(str::to_owned);
        self.hand_out_heard(&heard);
        // Whom the room knows and nobody else does was being moved away when it was kept.
        let strangers = record.members().reconcile(&record, &room.seated());
        let mut inbox = record.inbox();
        strangers.into_iter().for_each(|player| inbox.evict(player));
        inbox.go_on_with(room.as_ref());
        drop(inbox);
        if let Some(course) = &mut work.course {
            course.back();
        }
        work.still_until = Some(Instant::now() + STILL_MAX);
        drop(work);
        let directory = &self.args.common.directory;
        record.settle_moves(|room| directory.get(room));
        record.needs_word(true);
        record.show(room.listing().clone());
        record.set_conduct(room.time_ms(), room.conduct().clone());
        self.room = Some(room);
        self.keep_all();
        counter!("greenroom_rooms_restored_total", "from" => "journal").increment(1);
        if self.args.common.replays.is_some() {
            tracing::info!(room = %record.id, game = record.entry.game.name(),
                "the match began in another process: its replay is incomplete and not kept");
        }
        if let Some(result) = over {
            self.end_again(&result);
        }
        Ok(())
    }

    /// The game's part of it.
    fn make_again(&self, way: &Return) -> Result<Back, NotBegun> {
        let record = &self.args.record;
        let restore = |keyframe: &[u8]| record.entry.game.restore(keyframe);
        let back = way.make(restore, &self.progress).map_err(|error| error.to_string())?;
        if let Some(error) = &back.diverged {
            counter!("greenroom_replays_diverged_total").increment(1);
            tracing::error!(room = %record.id, game = record.entry.game.name(),
                "the game does not do the same twice, so its players may see a jump: {error}");
        }
        Ok(back)
    }

    /// What nobody was told of, for those who come back.
    fn hand_out_heard(&self, heard: &[Heard]) {
        let record = &self.args.record;
        let limits = self.args.common.config.outbox.limits();
        for step in heard {
            expect(record, step);
            let mut members = record.members();
            for said in &step.said {
                members.hand_out(record, step.tick, said, limits);
            }
        }
    }

    /// Has the journal know of it before the game's code runs.
    fn note_attempt(&self, attempt: u32) {
        let record = &self.args.record;
        let Some(keeper) = &self.args.common.keeper else { return };
        let Some(mut work) = record.work(self.worker) else { return };
        let Some(log) = work.log() else { return };
        let (tick, header) = (log.newest().0, log.header.clone());
        let saved = record.saved(&work, tick, &header);
        let Some(course) = &mut work.course else { return };
        course.keep_in(keeper.room(record));
        let position = course.note_attempt(saved, attempt);
        drop(work);
        let deadline = Instant::now() + NOTE_MAX;
        while position.is_some_and(|position| keeper.journal().written() < position)
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// The match was over when its process died; whether its result was written down is not known.
    fn end_again(&mut self, result: &str) {
        let (record, tick) = (Arc::clone(&self.args.record), self.room.as_ref().map(|r| r.tick()));
        record.shut();
        let away = record.members().end(result);
        self.args.common.directory.over().keep(record.id, &away, result, record.seat_hold());
        record.inbox().end();
        if self.args.common.results.has(record.id) {
            self.forget();
        } else {
            self.write_result(tick.unwrap_or_default(), result);
        }
    }
}

/// What of a step concerns those who are not the game.
fn expect(record: &Arc<RoomRecord>, step: &Heard) {
    for command in &step.commands {
        if let Command::Join { player, person, from } = command {
            record.expect(*player, Arc::clone(person), from);
        } else if let Some((player, id)) = command.asks() {
            record.inbox().restore(player, id);
        }
    }
}

fn kind(decision: Decision) -> &'static str {
    match decision {
        Decision::DropCommand(_) => "drop_command",
        Decision::DropTimer(_) => "drop_timer",
        Decision::Reseed(_) => "reseed",
        Decision::Skip => "skip",
        Decision::Still => "still",
        Decision::End => "end",
    }
}
