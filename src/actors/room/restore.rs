//! How a room begins: new, where its log ends, or where the journal of another process ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::Tick;
use metrics::counter;

use super::runner::Runner;
use super::still::STILL_MAX;
use crate::game::{Said, Signal};
use crate::replays::KeptReplays;
use crate::room::log::{Log, LogError, Logged};
use crate::room::recovery::{At, Crash, Decision, decide};
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

/// Processes that may die while they bring a room back. After the second, the step that it ends
/// with is left out: what kills a process (a stack overflow, memory that runs out) is not by chance.
const ATTEMPTS_MAX: u32 = 3;
/// How long the journal may take to note that an attempt is made.
const NOTE_MAX: Duration = Duration::from_secs(1);

impl Runner {
    /// Makes the room, or brings it back.
    pub(super) fn begin(&mut self) -> Begun {
        let Some(mut work) = self.args.record.work(self.worker) else { return Begun::Nothing };
        let crash = work.crash.take();
        let log = work.log.clone();
        let (told, found, unfinished) = (work.told, work.found, work.is_unfinished());
        drop(work);
        let begun = match log {
            // It would fail again: what it is made from is the same.
            None if crash.is_some() => Err(format!("it could not be made: {}", text(crash))),
            None => self.create(),
            Some(log) => {
                // Only the last step was not carried out, so nothing can be decided of others.
                let crash = crash.filter(|crash| unfinished && crash.tick == log.end());
                self.decide(log, crash).and_then(|log| match found {
                    None => self.restore(&log, told),
                    Some(attempts) => self.revive(log, attempts),
                })
            }
        };
        let Err(why) = begun else { return Begun::Room };
        self.fail(&why);
        Begun::Nothing
    }

    fn create(&mut self) -> Result<(), String> {
        let record = Arc::clone(&self.args.record);
        let room = record.entry.game.create(&record.plan.options, record.seed)?;
        let header = self.args.common.header(&record);
        let keyframe = room.keyframe();
        let log = Log::from_keyframe(header.clone(), Tick(0), keyframe.clone());
        if let Some(mut work) = record.work(self.worker) {
            work.journal = self.args.common.keeper.as_ref().map(|keeper| keeper.room(&record));
            work.replay = self.args.common.replays.as_ref().map(KeptReplays::begin);
            work.log = Some(log);
            let saved = record.saved(&work, Tick(0), &header);
            work.start(&saved, &[], &keyframe);
        }
        record.show_new(room.listing());
        record.set_conduct(room.time_ms(), room.conduct().clone());
        self.room = Some(room);
        Ok(())
    }

    /// Puts into the log what is done about a crash. Returns the log with it.
    fn decide(&self, mut log: Log, crash: Option<Crash>) -> Result<Log, String> {
        let Some(crash) = crash else { return Ok(log) };
        let before = last_step(&log)?.map(|step| step.decisions).unwrap_or_default();
        let Some(decision) = decide(&before, &crash, self.args.record.seed) else { return Ok(log) };
        self.note_decision(&mut log, decision);
        let record = &self.args.record;
        tracing::warn!(room = %record.id, game = record.entry.game.name(),
            "a room is brought back with the decision {decision:?} after a panic {crash}");
        match decision {
            Decision::End => Err(format!("nothing helped against the panic {crash}")),
            _ => Ok(log),
        }
    }

    fn note_decision(&self, log: &mut Log, decision: Decision) {
        log.decide(decision);
        if let Some(mut work) = self.args.record.work(self.worker) {
            work.decide(decision);
        }
        counter!("greenroom_recovery_decisions_total", "decision" => kind(decision)).increment(1);
    }

    /// Makes all steps again that were carried out, in silence; the one that was not is left for
    /// the turn.
    fn restore(&mut self, log: &Log, told: Tick) -> Result<(), String> {
        let record = Arc::clone(&self.args.record);
        let room = self.replay(log, log.keyframes().saturating_sub(1), told, |_, _, _| ())?;
        if room.tick() != log.end() {
            self.redo = last_step(log)?.map(|step| Redo {
                time_ms: step.time_ms,
                commands: step.commands,
                decisions: step.decisions,
            });
        }
        // Membership is ours: it survives whatever the room went through.
        let mut members = record.members();
        members.resync_all();
        let strangers = members.reconcile(&record, &room.seated());
        let mut inbox = record.inbox();
        strangers.into_iter().for_each(|player| inbox.evict(player));
        drop((members, inbox));
        match room.tick() {
            Tick(0) => record.show_new(room.listing()),
            _ => record.show(room.listing().clone()),
        }
        record.set_conduct(room.time_ms(), room.conduct().clone());
        self.room = Some(room);
        counter!("greenroom_rooms_restored_total", "from" => "log").increment(1);
        Ok(())
    }

    /// Brings back a room of another process. What its steps said is put where clients find it when
    /// they come back.
    fn revive(&mut self, mut log: Log, attempts: u32) -> Result<(), String> {
        let record = Arc::clone(&self.args.record);
        if attempts >= ATTEMPTS_MAX {
            return Err(format!("{attempts} processes died while they brought it back"));
        }
        // Without a step after the keyframe there is none to leave out.
        let skips = last_step(&log)?.is_some_and(|step| !step.decisions.contains(&Decision::Skip));
        if attempts == ATTEMPTS_MAX - 1 && skips {
            self.note_decision(&mut log, Decision::Skip);
        }
        self.note_attempt(&log, attempts + 1);
        let limits = self.args.common.config.outbox.limits();
        // The last step may panic, and then all are made again: what they say is handed out once.
        let mut heard = Vec::new();
        let replay = |tick: Tick, step: &Logged<'_>, said: Vec<Said>| {
            heard.push((tick, step.commands.clone(), said));
        };
        let room = match self.is_own(&log) {
            true => self.replay(&log, 0, log.end(), replay)?,
            false => self.take_over(&log)?,
        };
        let mut over = None;
        for (tick, commands, said) in heard {
            expect(&record, &commands);
            for said in said {
                if let Said::Over { result } = &said {
                    over = Some(result.clone());
                }
                record.members().hand_out(&record, tick, &said, limits);
            }
        }
        // Whom the room knows and nobody else does was being moved away when it was kept.
        let strangers = record.members().reconcile(&record, &room.seated());
        let mut inbox = record.inbox();
        strangers.into_iter().for_each(|player| inbox.evict(player));
        inbox.set_now(room.tick());
        for effect in room.effects_open() {
            inbox.signal(Signal::Lost { effect: *effect });
        }
        // The word of that may have died with the process.
        room.going().into_iter().for_each(|player| inbox.leave(player));
        drop(inbox);
        let directory = &self.args.common.directory;
        record.settle_moves(|room| directory.get(room));
        let until = Instant::now() + STILL_MAX;
        if let Some(mut work) = record.work(self.worker) {
            work.told = room.tick();
            work.found = None;
            work.epoch += 1;
            work.still_until = Some(until);
        }
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

    /// Makes the steps of a log again up to and with `end`; `heard` gets each with what it said.
    fn replay(
        &self,
        log: &Log,
        from: usize,
        end: Tick,
        mut heard: impl FnMut(Tick, &Logged<'_>, Vec<Said>),
    ) -> Result<Box<dyn AnyRoom>, String> {
        let record = &self.args.record;
        let restore = |keyframe: &[u8]| record.entry.game.restore(keyframe);
        let replay = log.replay(from, restore).map_err(|error| error.to_string())?;
        let mut replay = replay.watched(&record.progress);
        let mut steps = log.steps(from);
        while replay.next_tick().is_some_and(|next| next <= end) {
            let step = steps.next().transpose().map_err(|error| error.to_string())?;
            let mut said = Vec::new();
            match replay.step(&mut said) {
                Ok(_) => {}
                Err(error @ LogError::Diverged { .. }) => {
                    counter!("greenroom_replays_diverged_total").increment(1);
                    tracing::error!(room = %record.id, game = record.entry.game.name(),
                        "the game does not do the same twice, so its players may see a jump: {error}");
                }
                Err(error) => return Err(error.to_string()),
            }
            if let Some(step) = step {
                heard(step.tick, &step, said);
            }
        }
        record.progress.note(At::Rest);
        Ok(replay.into_room())
    }

    /// Has the journal know that this process tries to bring the room back, before it does: if it
    /// dies of that, the next one is warned. A panic is no death: it is decided about, and this
    /// process tries again.
    fn note_attempt(&self, log: &Log, attempts: u32) {
        let record = &self.args.record;
        let Some(keeper) = &self.args.common.keeper else { return };
        let Some(mut work) = record.work(self.worker) else { return };
        work.journal = Some(keeper.room(record));
        let (tick, keyframe, records) = log.newest();
        let mut saved = record.saved(&work, tick, &log.header);
        (saved.end, saved.attempts) = (log.end(), attempts);
        let position = work.start(&saved, records, keyframe);
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
fn expect(record: &Arc<crate::directory::RoomRecord>, commands: &[Command]) {
    for command in commands {
        match command {
            Command::Join { player, person, from } => {
                record.expect(*player, Arc::clone(person), from);
            }
            command => {
                if let Some((player, id)) = command.asks() {
                    record.inbox().restore(player, id);
                }
            }
        }
    }
}

fn last_step(log: &Log) -> Result<Option<Logged<'_>>, String> {
    log.last_step().map_err(|error| error.to_string())
}

fn text(crash: Option<Crash>) -> String {
    crash.map(|crash| crash.to_string()).unwrap_or_default()
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
