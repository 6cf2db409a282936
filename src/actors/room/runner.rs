//! One room at work: takes the inbox, steps the game, sends frames. Runs in turns on the threads of
//! the [scheduler](crate::scheduler).
//!
//! A turn has two halves. In the first the game's code runs: it may panic, or never return, and so
//! it holds no lock and nothing of what it does is seen outside. In the second, what it came to is
//! handed out; none of the game's code runs there. So a step is seen by everybody or by nobody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::{PlayerId, Tick};

use super::effects::{Effects, Outcome};
use super::meters::Meters;
use super::pace::Schedule;
use super::restore::{Begun, Redo};
use super::{Common, RoomArgs};
use crate::actors::results::MatchResult;
use crate::directory::members::Sights;
use crate::directory::work::Work;
use crate::effects::EffectCall;
use crate::game::{Pace, Said, Signal};
use crate::outbox::OutboxLimits;
use crate::room::history::{History, HistoryLimits};
use crate::room::inbox::requests;
use crate::room::log::{Keep, Log};
use crate::room::recovery::{At, Decision};
use crate::room::{AnyRoom, Command, Step};
use crate::scheduler::{Next, Task};

/// A keyframe is taken when replaying what follows the last one would take longer than this. Step
/// times are measured, so that is what bringing the room back costs its players.
const REPLAY_MAX: Duration = Duration::from_millis(20);

/// A room, and all that is needed to work on it.
pub(super) struct Runner {
    pub(super) args: RoomArgs,
    /// Its number among those who worked on the room.
    pub(super) worker: u64,
    effects: Effects,
    meters: Meters,
    pub(super) room: Option<Box<dyn AnyRoom>>,
    history: History,
    /// `None`: the room steps on commands.
    schedule: Option<Schedule>,
    empty_since: Option<Instant>,
    worked_since_keyframe: Duration,
    /// A step that is in the log and was not carried out.
    pub(super) redo: Option<Redo>,
    commands: Vec<Command>,
    said: Vec<Said>,
    sights: Sights,
}

/// What became of a step.
#[derive(PartialEq, Eq)]
enum Stepped {
    /// The room goes on.
    On,
    /// The match is over.
    Over,
    /// Somebody else works on the room now.
    Lost,
}

impl Task for Runner {
    fn turn(&mut self, now: Instant) -> Next {
        if self.room.is_none() && self.begin() == Begun::Nothing {
            return Next::Done;
        }
        if self.turn_of_room(now) != Stepped::On || self.is_abandoned(now) {
            return Next::Done;
        }
        self.next()
    }
}

impl Runner {
    pub(super) fn new(args: RoomArgs, worker: u64, runtime: tokio::runtime::Handle) -> Self {
        let (record, config) = (&args.record, &args.common.config);
        let schedule = match record.plan.pace {
            Pace::Fixed { tick_hz, .. } => {
                Some(Schedule::new(tick_hz, record.id.0, record.began).from(Instant::now()))
            }
            Pace::OnCommand => None,
        };
        let limits = HistoryLimits {
            frames_max: config.rooms.history_frames_max,
            bytes_max: config.rooms.history_bytes_max,
        };
        Runner {
            effects: Effects::new(record.entry.effects.clone(), runtime),
            history: History::new(record.entry.layout.clone(), limits),
            meters: Meters::of(record.entry.game.name()),
            args,
            worker,
            room: None,
            schedule,
            empty_since: None,
            worked_since_keyframe: Duration::ZERO,
            redo: None,
            commands: Vec::new(),
            said: Vec::new(),
            sights: Sights::new(),
        }
    }

    fn turn_of_room(&mut self, now: Instant) -> Stepped {
        self.end_holds(now);
        match self.schedule {
            Some(schedule) if self.redo.is_none() && now < schedule.due() => Stepped::On,
            Some(_) => self.fixed_step(now),
            None => self.command_step(now),
        }
    }

    fn fixed_step(&mut self, began: Instant) -> Stepped {
        let stepped = self.step(began, 0);
        let ended = Instant::now();
        if let Some(schedule) = &mut self.schedule {
            let late = began.saturating_duration_since(schedule.due());
            let missed = schedule.done(ended);
            self.meters.tick(late, ended - began, missed);
        }
        stepped
    }

    /// Steps if there is something to step for; in any case serves those who were stuck.
    fn command_step(&mut self, now: Instant) -> Stepped {
        let timer_due = self.next_timer().is_some_and(|due| due <= now);
        let is_first = self.room.as_ref().is_some_and(|room| room.tick() == Tick(0));
        if self.redo.is_some() || is_first || timer_due || !self.args.record.inbox().is_empty() {
            // Rounded up: a timer must not run before its time has passed.
            let time = (now - self.args.record.began).as_nanos().div_ceil(1_000_000);
            return self.step(now, time as u64);
        }
        self.look();
        if self.args.record.work(self.worker).is_none() {
            return Stepped::Lost;
        }
        self.send_frames(false);
        Stepped::On
    }

    /// Makes one step with what waits, or the one that was not carried out.
    fn step(&mut self, began: Instant, time_ms: u64) -> Stepped {
        let (time_ms, decisions) = match self.redo.take() {
            Some(redo) => {
                self.commands = redo.commands;
                (redo.time_ms, redo.decisions)
            }
            None if self.note(time_ms) => (time_ms, Vec::new()),
            None => return Stepped::Lost,
        };
        self.make(time_ms, &decisions);
        let record = Arc::clone(&self.args.record);
        let Some(mut work) = record.work(self.worker) else { return Stepped::Lost };
        let result = self.tell(&mut work, &decisions);
        drop(work);
        self.worked_since_keyframe += began.elapsed();
        if result.is_none() {
            self.keep();
            return Stepped::On;
        }
        Stepped::Over
    }

    /// Takes what waits and puts it into the log. `false`: the room is somebody else's.
    fn note(&mut self, time_ms: u64) -> bool {
        let RoomArgs { record, .. } = &self.args;
        let Some(mut work) = record.work(self.worker) else { return false };
        record.inbox().take(self.schedule.is_some(), &mut self.commands);
        if let Some(log) = &mut work.log {
            log.step(log.end().next(), time_ms, &self.commands);
        }
        true
    }

    /// The game's half of a turn: the step, and all that is to be seen of it.
    fn make(&mut self, time_ms: u64, decisions: &[Decision]) {
        let Some(room) = &mut self.room else { return };
        let record = &self.args.record;
        let step = Step { time_ms, commands: &self.commands, decisions };
        room.make(step, &record.progress, &mut self.said);
        record.progress.note(At::Show);
        let due = match record.plan.pace {
            Pace::Fixed { send_every, .. } => room.tick().0.is_multiple_of(u32::from(send_every)),
            Pace::OnCommand => true,
        };
        if due || room.is_over() {
            let layout = &record.entry.layout;
            self.history.push(room.tick(), |rows| {
                self.meters.clamped(room.publish(layout, rows));
            });
            self.look();
        }
        self.args.record.progress.note(At::Rest);
    }

    /// Asks the game what each player sees.
    fn look(&mut self) {
        self.sights.clear();
        let Some(room) = self.room.as_ref().filter(|_| self.history.is_restricted()) else {
            return;
        };
        let progress = &self.args.record.progress;
        progress.note(At::Show);
        self.sights.extend(room.seated().into_iter().map(|player| (player, room.sight(player))));
        self.sights.sort_unstable_by_key(|(player, _)| *player);
        progress.note(At::Rest);
    }

    /// Our half of a turn: hands out what the step came to. Returns the result if the match is over.
    fn tell(&mut self, work: &mut Work, decisions: &[Decision]) -> Option<String> {
        let room = self.room.as_ref()?;
        let (tick, is_over) = (room.tick(), room.is_over());
        let unanswered = if is_over { self.unanswered() } else { Vec::new() };
        if decisions.contains(&Decision::Skip) {
            self.answers_are_lost();
        }
        self.commands.clear();
        self.commands.shrink_to(64);
        let result = self.hand_out(tick);
        self.send_frames(is_over);
        work.told = tick;
        if let Some(result) = &result {
            self.end(tick, result, &unanswered);
        }
        result
    }

    /// Hands out what the room said. Returns the result if the match is over.
    fn hand_out(&mut self, tick: Tick) -> Option<String> {
        let RoomArgs { record, common: Common { config, .. } } = &self.args;
        let limits = OutboxLimits {
            events_max: config.outbox.events_max,
            event_bytes_max: config.outbox.event_bytes_max,
        };
        let mut result = None;
        let mut members = record.members();
        for said in self.said.drain(..) {
            match said {
                Said::Over { result: text } => result = Some(text),
                Said::Effect { number, body } => {
                    let record = Arc::clone(record);
                    let game = record.entry.game.name();
                    let call = EffectCall { room: record.id, game, number, body };
                    self.effects.run(call, move |outcome| {
                        let mut inbox = record.inbox();
                        match outcome {
                            Outcome::Answer(body) => {
                                inbox.signal(Signal::Answer { effect: number, body });
                            }
                            Outcome::Done => inbox.effect_done(number),
                            Outcome::Lost => inbox.signal(Signal::Lost { effect: number }),
                        }
                        drop(inbox);
                        record.wake();
                    });
                }
                said => members.hand_out(record, tick, &said, limits),
            }
        }
        members.note_heads(&record.inbox());
        result
    }

    fn send_frames(&mut self, last: bool) {
        let members = &mut self.args.record.members();
        self.meters.frames(members.send_frames(&mut self.history, &self.sights, last));
    }

    /// Notes hash and keyframe, if it is time for them.
    fn keep(&mut self) {
        let Some(room) = &self.room else { return };
        let RoomArgs { record, common: Common { config, .. } } = &self.args;
        let too_long = self.worked_since_keyframe >= REPLAY_MAX;
        let too_large = || {
            let work = record.any_work();
            work.log.as_ref().is_some_and(|log| log.wants_keyframe(config.rooms.log_bytes_max))
        };
        record.progress.note(At::Keep);
        let hash = Log::wants_hash(room.as_ref()).then(|| room.hash());
        let keyframe = (too_long || too_large()).then(|| room.keyframe());
        record.progress.note(At::Rest);
        if hash.is_none() && keyframe.is_none() {
            return;
        }
        let Some(mut work) = record.work(self.worker) else { return };
        let Some(log) = &mut work.log else { return };
        if let Some(hash) = hash {
            log.hash(hash);
        }
        if let Some(keyframe) = keyframe {
            log.keyframe(room.tick(), keyframe, Keep::Recent);
            self.worked_since_keyframe = Duration::ZERO;
        }
    }

    /// The requests of a step that ended the match before it came to them.
    fn unanswered(&self) -> Vec<(PlayerId, u32)> {
        // They are answered in their order.
        let is_answer =
            |said: &&Said| matches!(said, Said::Reply { .. } | Said::RequestFailed { .. });
        let answered = self.said.iter().filter(is_answer).count();
        requests(&self.commands).skip(answered).collect()
    }

    /// A step was left out, and with it what effects had come to.
    fn answers_are_lost(&self) {
        for command in &self.commands {
            if let Command::Signal(Signal::Answer { effect, .. }) = command {
                self.args.record.inbox().signal(Signal::Lost { effect: *effect });
            }
        }
    }

    fn end(&mut self, tick: Tick, result: &str, unanswered: &[(PlayerId, u32)]) {
        let RoomArgs { record, common: Common { results, .. } } = &self.args;
        record.shut();
        let mut members = record.members();
        let waiting = record.inbox().end();
        for (player, id) in unanswered.iter().chain(&waiting) {
            members.refuse(*player, *id);
        }
        members.end(result);
        drop(members);
        results.write(MatchResult {
            room: record.id,
            game: record.entry.game.name(),
            options: &record.plan.options,
            ticks: tick.0,
            seconds: record.began.elapsed().as_secs_f64(),
            result,
        });
        self.meters.finished();
    }

    /// Gives up the seats that have been held for long enough.
    fn end_holds(&self, now: Instant) {
        let record = &self.args.record;
        let expired = record.members().expired(record.seat_hold(), now);
        for player in expired {
            record.inbox().leave(player);
        }
    }

    /// Whether nobody has had a seat for so long that the room can go.
    fn is_abandoned(&mut self, now: Instant) -> bool {
        let RoomArgs { record, common: Common { config, .. } } = &self.args;
        if !record.members().is_empty() {
            self.empty_since = None;
            return false;
        }
        let since = *self.empty_since.get_or_insert(now);
        now >= since + config.rooms.room_empty && record.shut_if_empty()
    }

    /// When the game's next timer is due.
    fn next_timer(&self) -> Option<Instant> {
        let due_ms = self.room.as_ref()?.next_timer_ms()?;
        Some(self.args.record.began + Duration::from_millis(due_ms))
    }

    /// When there is something to do again.
    fn next(&self) -> Next {
        if let Some(schedule) = self.schedule {
            return Next::At(schedule.due());
        }
        let RoomArgs { record, common: Common { config, .. } } = &self.args;
        // A step that was made again left what came meanwhile.
        if !record.inbox().is_empty() {
            return Next::At(Instant::now());
        }
        let empty = self.empty_since.map(|since| since + config.rooms.room_empty);
        let away = record.members().away_since().map(|since| since + record.seat_hold());
        match self.next_timer().into_iter().chain(empty).chain(away).min() {
            Some(due) => Next::At(due),
            None => Next::Wait,
        }
    }
}
