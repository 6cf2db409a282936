//! One room at work: takes the inbox, steps the game, sends frames. Runs in turns on the threads of
//! the [scheduler](crate::scheduler).
//!
//! A step is
//!
//! 1. *noted*: what waits is taken and written into the log; the journal, if there is one, gets it
//!    into the kernel's hands before anything else is done. So what somebody sees no killed process
//!    has forgotten, and what kills a process it can be told by;
//! 2. *made*: the game's code runs. It may panic, or never return, and so it holds no lock, and
//!    nothing of what it does is seen outside;
//! 3. *told*: what it came to is handed out. None of the game's code runs there, so a step is seen
//!    by everybody or by nobody.

mod tell;

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::{Sight, Tick};

use super::effects::Effects;
use super::idle::Idle;
use super::meters::Meters;
use super::pace::Schedule;
use super::restore::Begun;
use super::{Common, RoomArgs};
use crate::directory::audience::Ending;
use crate::directory::clock::Clock;
use crate::directory::members::Sights;
use crate::game::{Pace, Said};
use crate::journal::Position;
use crate::room::course::Redo;
use crate::room::fault::RoomFault;
use crate::room::history::{History, HistoryLimits};
use crate::room::recovery::{At, Decision, Progress};
use crate::room::{AnyRoom, Command, Step};
use crate::scheduler::{Next, Task, Waker};

/// How long players wait for a disk that keeps nothing: as for a bad moment of their network. Then
/// the match goes on without it.
pub(super) const JOURNAL_PATIENCE: Duration = Duration::from_millis(250);

/// A room, and all that is needed to work on it.
pub(super) struct Runner {
    pub(super) args: RoomArgs,
    /// Its number among those who worked on the room.
    pub(super) worker: u64,
    /// Where the game is in its work. The worker's own: one that was given up may come back.
    pub(super) progress: Arc<Progress>,
    effects: Effects,
    meters: Meters,
    pub(super) room: Option<Box<dyn AnyRoom>>,
    history: History,
    /// `None`: the room steps on commands.
    pub(super) schedule: Option<Schedule>,
    pub(super) clock: Clock,
    empty_since: Option<Instant>,
    /// There if the game wants to be told of players who say nothing.
    idle: Option<Idle>,
    /// Time that making the steps since the last keyframe again would take.
    pub(super) worked_since_keyframe: Duration,
    /// When the last step was told, if its hash is not in the journal: in a room that steps on commands.
    pub(super) unproven: Option<Instant>,
    /// A step that is in the log and was not made, or not told.
    pub(super) redo: Option<Redo>,
    pub(super) noted: Option<Noted>,
    pub(super) commands: Vec<Command>,
    pub(super) said: Vec<Said>,
    sights: Sights,
    /// Bytes of the frames that were sent last.
    sent_bytes: u64,
    /// What those see who look on, if anybody does.
    public: Option<Sight>,
}

/// A step that was noted and not made yet; its commands are where those of a step are.
pub(super) struct Noted {
    pub(super) time_ms: u64,
    pub(super) decisions: Vec<Decision>,
    /// The journal must have got there first.
    pub(super) position: Option<Position>,
    /// It is made then in any case.
    pub(super) until: Instant,
}

/// What became of a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turned {
    /// The room goes on.
    On,
    /// It waits for somebody, until then at most.
    Waits(Instant),
    /// There is nothing more to do: the match is over, or somebody else works on the room.
    Done,
}

impl Noted {
    /// The room stands still.
    fn is_still(&self) -> bool {
        self.decisions.contains(&Decision::Still)
    }
}

impl Task for Runner {
    fn turn(&mut self, now: Instant, waker: &Waker) -> Next {
        if self.room.is_none() {
            if self.args.record.is_closing() {
                // Nobody has seen anything of it yet; what the journal has of it stays there.
                return Next::Done;
            }
            let begun = self.begin();
            self.args.record.has_begun();
            if begun == Begun::Nothing || self.room.as_ref().is_some_and(|room| room.is_over()) {
                return Next::Done;
            }
        }
        match self.turn_of_room(now, waker) {
            Turned::Waits(until) => Next::At(until),
            Turned::On if self.args.record.is_closing() => Next::At(now),
            Turned::On if !self.is_abandoned(now) => self.next(),
            Turned::On | Turned::Done => Next::Done,
        }
    }
}

impl Runner {
    pub(super) fn new(
        args: RoomArgs,
        (worker, progress): (u64, Arc<Progress>),
        runtime: tokio::runtime::Handle,
    ) -> Self {
        let (record, config) = (&args.record, &args.common.config);
        let clock = record.any_work().clock;
        let schedule = match record.plan.pace {
            Pace::Fixed { tick_hz, .. } => {
                Some(Schedule::new(tick_hz, record.id.0, clock.start()).from(Instant::now()))
            }
            Pace::OnCommand => None,
        };
        let limits = HistoryLimits {
            frames_max: config.rooms.history_frames_max,
            bytes_max: config.rooms.history_bytes_max,
        };
        let idle = record.plan.idle_after.map(Idle::new);
        Runner {
            effects: Effects::new(
                record.entry.effects.clone(),
                runtime,
                &args.common.under_way,
                config.rooms.effect_timeout,
            ),
            history: History::new(record.entry.layout.clone(), limits)
                .with_states_at_most(record.entry.game.state_bytes_max()),
            meters: Meters::of(record.entry.game.name()),
            args,
            worker,
            progress,
            room: None,
            schedule,
            clock,
            empty_since: None,
            idle,
            worked_since_keyframe: Duration::ZERO,
            unproven: None,
            redo: None,
            noted: None,
            commands: Vec::new(),
            said: Vec::new(),
            sights: Sights::new(),
            sent_bytes: 0,
            public: None,
        }
    }

    fn turn_of_room(&mut self, now: Instant, waker: &Waker) -> Turned {
        if self.noted.is_some() {
            return self.make_if_kept(now, waker);
        }
        if let Some(result) = self.args.record.is_to_end().filter(|_| self.redo.is_none()) {
            let tick = self.room.as_ref().map_or(Tick(0), |room| room.tick());
            self.end(tick, &result, &[]);
            return Turned::Done;
        }
        // A step that is in the log is made first: it belongs to what is kept.
        if self.args.record.is_closing() && self.redo.is_none() {
            return self.close(now);
        }
        if let Some(until) = self.args.record.still_until() {
            return self.stand_still(until, now);
        }
        self.end_holds(now);
        self.args.record.serve();
        if let Some(idle) = &mut self.idle {
            idle.look(&self.args.record, now);
        }
        match self.schedule {
            Some(schedule) if self.redo.is_none() && now < schedule.due() => Turned::On,
            Some(_) => self.step(now, 0, waker),
            None => self.command_step(now, waker),
        }
    }

    /// Steps if there is something to step for; in any case serves those who were stuck.
    fn command_step(&mut self, now: Instant, waker: &Waker) -> Turned {
        let timer_due = self.next_timer().is_some_and(|due| due <= now);
        let is_first = self.room.as_ref().is_some_and(|room| room.tick() == Tick(0));
        let record = &self.args.record;
        let waits = !record.inbox().is_empty() || record.operator().panics();
        if self.redo.is_some() || is_first || timer_due || waits {
            return self.step(now, self.clock.time_ms(now), waker);
        }
        self.look();
        if self.args.record.work(self.worker).is_none() {
            return Turned::Done;
        }
        self.send_frames(false);
        self.prove(now);
        Turned::On
    }

    /// One step with what waits, or the one that was noted before and not told.
    fn step(&mut self, now: Instant, time_ms: u64, waker: &Waker) -> Turned {
        let until = now + JOURNAL_PATIENCE;
        self.noted = Some(match self.redo.take() {
            Some(Redo { time_ms, commands, decisions }) => {
                self.commands = commands;
                Noted { time_ms, decisions, position: None, until }
            }
            None => {
                let record = &self.args.record;
                let Some(mut work) = record.work(self.worker) else { return Turned::Done };
                let mut inbox = record.inbox();
                inbox.take(self.schedule.is_some(), &mut self.commands);
                let came = inbox.take_counts();
                drop(inbox);
                self.meters.inbox(came);
                let Some(course) = &mut work.course else { return Turned::Done };
                let next = course.log().end().next();
                let faults = self.args.common.config.dev.faults.of_step(record.id, next);
                self.commands.extend(faults.map(Command::Fault));
                if record.operator().take_panic() {
                    self.commands.push(Command::Fault(RoomFault::Panic));
                }
                let position = course.note(time_ms, &self.commands, None);
                Noted { time_ms, decisions: Vec::new(), position, until }
            }
        });
        self.make_if_kept(now, waker)
    }

    /// Has the step that was noted made and told, once the journal has it.
    fn make_if_kept(&mut self, now: Instant, waker: &Waker) -> Turned {
        let Some(noted) = self.noted.take() else { return Turned::On };
        if let (Some(keeper), Some(position)) = (&self.args.common.keeper, noted.position)
            && !keeper.has_kept(position, waker)
        {
            if now < noted.until {
                let until = noted.until;
                self.noted = Some(noted);
                return Turned::Waits(until);
            }
            keeper.is_late();
        }
        self.make(now, &noted);
        let turned = self.tell(noted.decisions.contains(&Decision::Skip));
        let took = now.elapsed();
        let mut late = Duration::ZERO;
        if let Some(schedule) = self.schedule.as_mut().filter(|_| !noted.is_still()) {
            late = now.saturating_duration_since(schedule.due());
            let missed = schedule.done(now + took);
            self.meters.tick(late, took, schedule.interval(), missed);
        }
        if self.args.common.directory.observed().is_on() {
            self.args.record.operator().step(late, took, std::mem::take(&mut self.sent_bytes));
        }
        turned
    }

    /// The game's part of a step: the step itself, and all that is to be seen of it.
    fn make(&mut self, now: Instant, noted: &Noted) {
        let Some(room) = &mut self.room else { return };
        let record = &self.args.record;
        let Noted { time_ms, decisions, .. } = noted;
        let step = Step { time_ms: *time_ms, commands: &self.commands, decisions };
        room.make(step, &self.progress, &mut self.said);
        self.worked_since_keyframe += now.elapsed();
        self.progress.note(At::Show);
        let due = match record.plan.pace {
            Pace::Fixed { send_every, .. } => room.tick().0.is_multiple_of(u32::from(send_every)),
            Pace::OnCommand => true,
        };
        // Those who are moved get no later one.
        let moves = self.said.iter().any(|said| matches!(said, Said::Move { .. }));
        if due || moves || room.is_over() || noted.is_still() {
            let entry = &record.entry;
            let pushed = self.history.push(room.tick(), |rows| {
                self.meters.clamped(room.publish(&entry.layout, rows));
            });
            if let Err(error) = pushed {
                self.meters.too_large();
                // As if the game had panicked over it: the step is made again without what made
                // the state so large.
                panic!("{}", error.in_words(&entry.schema));
            }
            self.look();
        }
        self.progress.note(At::Rest);
    }

    /// Asks the game what each player sees, and what those who look on.
    fn look(&mut self) {
        self.sights.clear();
        let is_watched = self.args.record.audience().is_watched();
        self.public = is_watched.then(Sight::public);
        let Some(room) = self.room.as_ref().filter(|_| self.history.is_restricted()) else {
            return;
        };
        let progress = &self.progress;
        progress.note(At::Show);
        self.sights.extend(room.seated().into_iter().map(|player| (player, room.sight(player))));
        self.sights.sort_unstable_by_key(|(player, _)| *player);
        self.public = is_watched.then(|| room.spectator_sight());
        progress.note(At::Rest);
    }

    /// Gives up the seats that have been held for long enough.
    fn end_holds(&self, now: Instant) {
        let record = &self.args.record;
        // Nobody comes back to a seat while it is given up.
        let mut members = record.members();
        for player in members.take_expired(record.seat_hold(), now) {
            record.give_up(player);
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
        let empty = record.plan.room_empty.unwrap_or(config.rooms.room_empty);
        let abandoned = now >= since + empty && record.shut_if_empty();
        if abandoned {
            record.audience().end(Ending::Gone);
            self.forget();
        }
        abandoned
    }

    /// When the game's next timer is due.
    fn next_timer(&self) -> Option<Instant> {
        let due_ms = self.room.as_ref()?.next_timer_ms()?;
        Some(self.clock.when(due_ms))
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
        // While a seat is kept the room stays, also without players.
        let kept = record.next_expiry();
        let empty = record.plan.room_empty.unwrap_or(config.rooms.room_empty);
        let empty = self.empty_since.filter(|_| kept.is_none()).map(|since| since + empty);
        let idle = self.idle.as_ref().and_then(Idle::next);
        let away = record.members().away_since().map(|since| since + record.seat_hold());
        let due = [self.next_timer(), empty, away, kept, idle, self.proves_at()];
        due.into_iter().flatten().min().map_or(Next::Wait, Next::At)
    }
}
