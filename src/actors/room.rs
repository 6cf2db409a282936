//! The actor that works on one room: takes the inbox, steps the room, sends frames.
//!
//! **Its job.** One [`RoomMsg::Step`] at a time: at a fixed rate it schedules its own, else
//! whoever puts something into the inbox sends one. **Its children.** None; effects run as tasks.
//! **What ends it.** The match is over; nobody has a seat for some time; a panic in the game; a state
//! that is larger than clients take. **What happens then.** The `rooms` supervisor's exit hook takes the room out of the directory and, if
//! it did not end well, closes its members with a typed code. Nobody else notices.

mod effects;
pub mod pace;

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::{PlayerId, Tick};
use metrics::{counter, histogram};

use self::effects::Effects;
use self::pace::Schedule;
use super::actor::{Actor, Context, Failure, Named};
use super::results::{MatchResult, ResultSink};
use crate::config::Config;
use crate::directory::RoomRecord;
use crate::directory::members::FramesSent;
use crate::effects::EffectCall;
use crate::game::{Pace, Said, Signal};
use crate::outbox::OutboxLimits;
use crate::room::history::{History, HistoryLimits};
use crate::room::inbox::requests;
use crate::room::log::{Keep, Log};
use crate::room::{AnyRoom, Command};

/// A keyframe is taken when replaying what follows the last one would take longer than this. Tick
/// times are measured, so that is what bringing the room back costs its players.
const REPLAY_MAX: Duration = Duration::from_millis(20);

/// What a room is told.
#[derive(Debug)]
pub enum RoomMsg {
    /// It is time to look at the inbox.
    Step,
    /// The timer that was set for this time.
    Alarm(Instant),
}

impl Named for RoomMsg {
    fn name(&self) -> &'static str {
        match self {
            RoomMsg::Step => "step",
            RoomMsg::Alarm(_) => "alarm",
        }
    }
}

/// What a room's actor starts from.
#[derive(Clone)]
pub struct RoomArgs {
    /// The room.
    pub record: Arc<RoomRecord>,
    /// The server's configuration.
    pub config: Arc<Config>,
    /// Where results go.
    pub results: ResultSink,
}

/// The actor.
pub struct RoomActor {
    record: Arc<RoomRecord>,
    config: Arc<Config>,
    results: ResultSink,
    effects: Effects,
    room: Option<Box<dyn AnyRoom>>,
    history: History,
    began: Instant,
    /// `None`: the room steps on commands.
    schedule: Option<Schedule>,
    alarm: Option<Instant>,
    empty_since: Option<Instant>,
    worked_since_keyframe: Duration,
    commands: Vec<Command>,
    said: Vec<Said>,
}

impl Actor for RoomActor {
    const CLASS: &'static str = "room";
    type Msg = RoomMsg;
    type Args = RoomArgs;

    async fn start(args: RoomArgs, ctx: &Context<RoomMsg>) -> Result<Self, Failure> {
        let RoomArgs { record, config, results } = args;
        let now = Instant::now();
        let schedule = match record.plan.pace {
            Pace::Fixed { tick_hz, .. } => Some(Schedule::new(tick_hz, record.id.0, now)),
            Pace::OnCommand => None,
        };
        let mailbox = ctx.mailbox().clone();
        record.started(move || drop(mailbox.cast(RoomMsg::Step)));
        // The game's own code runs in the first step, not here, where it would hold up the
        // supervisor.
        ctx.mailbox().cast(RoomMsg::Step)?;
        let limits = HistoryLimits {
            frames_max: config.rooms.history_frames_max,
            bytes_max: config.rooms.history_bytes_max,
        };
        Ok(RoomActor {
            effects: Effects::new(record.entry.effects.clone()),
            history: History::new(record.entry.layout.clone(), limits),
            record,
            config,
            results,
            room: None,
            began: now,
            schedule,
            alarm: None,
            empty_since: None,
            worked_since_keyframe: Duration::ZERO,
            commands: Vec::new(),
            said: Vec::new(),
        })
    }

    async fn handle(&mut self, msg: RoomMsg, ctx: &Context<RoomMsg>) -> Result<(), Failure> {
        if let RoomMsg::Alarm(at) = msg
            && self.alarm == Some(at)
        {
            self.alarm = None;
        }
        let over = match self.schedule {
            Some(schedule) if Instant::now() < schedule.due() => false,
            Some(_) => self.fixed_step()?,
            None => self.command_step()?,
        };
        if over || self.is_abandoned() {
            ctx.stop();
        } else {
            self.set_alarm(ctx);
        }
        Ok(())
    }

    async fn stopped(&mut self, _: &Context<RoomMsg>) {
        self.record.shut();
    }
}

impl RoomActor {
    fn fixed_step(&mut self) -> Result<bool, Failure> {
        self.record.inbox().take(true, &mut self.commands);
        let began = Instant::now();
        let over = self.step()?;
        let ended = Instant::now();
        if let Some(schedule) = &mut self.schedule {
            let late = began.saturating_duration_since(schedule.due());
            let missed = schedule.done(ended);
            histogram!("greenroom_tick_lateness_seconds").record(late.as_secs_f64());
            counter!("greenroom_ticks_missed_total").increment(u64::from(missed));
        }
        histogram!("greenroom_tick_seconds").record((ended - began).as_secs_f64());
        Ok(over)
    }

    /// Steps if there is something to step for; in any case serves those who were stuck.
    fn command_step(&mut self) -> Result<bool, Failure> {
        self.record.awake();
        let timer_due = self.next_timer().is_some_and(|due| due <= Instant::now());
        if self.room.is_none() || timer_due || !self.record.inbox().is_empty() {
            self.record.inbox().take(false, &mut self.commands);
            return self.step();
        }
        if let Some(room) = self.room.take() {
            self.send_frames(room.as_ref(), false);
            self.room = Some(room);
        }
        Ok(false)
    }

    /// Makes one step with the commands taken. Returns whether the match is over.
    fn step(&mut self) -> Result<bool, Failure> {
        let mut room = match self.room.take() {
            Some(room) => room,
            None => self.create()?,
        };
        let began = Instant::now();
        // At a fixed rate the tick is the time, and the log needs no other.
        let time_ms = match self.schedule {
            Some(_) => 0,
            None => (began - self.began).as_millis() as u64,
        };
        if let Some(log) = &mut *self.record.log() {
            log.step(room.tick().next(), time_ms, &self.commands);
        }
        room.step(time_ms, &self.commands, &mut self.said);
        let unanswered = if room.is_over() { self.unanswered() } else { Vec::new() };
        self.commands.clear();
        self.commands.shrink_to(64);
        let tick = room.tick();
        self.publish(room.as_ref(), tick)?;
        let result = self.hand_out(tick);
        self.send_frames(room.as_ref(), result.is_some());
        if let Some(log) = &mut *self.record.log() {
            log.hash(room.as_ref());
            self.worked_since_keyframe += Instant::now() - began;
            if self.worked_since_keyframe >= REPLAY_MAX
                || log.wants_keyframe(self.config.rooms.log_bytes_max)
            {
                log.keyframe(room.as_ref(), Keep::Recent);
                self.worked_since_keyframe = Duration::ZERO;
            }
        }
        self.room = Some(room);
        if let Some(result) = result {
            self.end(tick, &result, &unanswered);
            return Ok(true);
        }
        Ok(false)
    }

    fn create(&mut self) -> Result<Box<dyn AnyRoom>, Failure> {
        let RoomRecord { entry, plan, seed, .. } = &*self.record;
        let room = entry.game.create(&plan.options, *seed)?;
        *self.record.log() = Some(Log::new(entry.header(plan, *seed), room.as_ref()));
        Ok(room)
    }

    /// Adds a frame to the history if one is due. A state that clients would refuse ends the room,
    /// as a panic of its game does: they could only stay where they are for good, or be told
    /// something else than what is.
    fn publish(&mut self, room: &dyn AnyRoom, tick: Tick) -> Result<(), Failure> {
        let due = match self.record.plan.pace {
            Pace::Fixed { send_every, .. } => tick.0.is_multiple_of(u32::from(send_every)),
            Pace::OnCommand => true,
        };
        if !due && !room.is_over() {
            return Ok(());
        }
        let entry = &self.record.entry;
        let pushed = self.history.push(tick, |rows| {
            let clamped = room.publish(&entry.layout, rows);
            counter!("greenroom_floats_clamped_total").increment(u64::from(clamped));
        });
        pushed.map_err(|error| {
            counter!("greenroom_states_too_large_total").increment(1);
            error.in_words(&entry.schema).into()
        })
    }

    /// Hands out what the room said. Returns the result if the match is over.
    fn hand_out(&mut self, tick: Tick) -> Option<String> {
        let limits = OutboxLimits {
            events_max: self.config.outbox.events_max,
            event_bytes_max: self.config.outbox.event_bytes_max,
        };
        let mut result = None;
        let mut members = self.record.members();
        for said in self.said.drain(..) {
            match said {
                Said::Over { result: text } => result = Some(text),
                Said::Effect { number, body } => {
                    let record = Arc::clone(&self.record);
                    let game = record.entry.game.name();
                    let call = EffectCall { room: record.id, game, number, body };
                    self.effects.run(call, move |answer| {
                        record.inbox().signal(Signal { effect: number, body: answer });
                        record.wake();
                    });
                }
                said => members.hand_out(&self.record, tick, &said, limits),
            }
        }
        members.note_heads(&self.record.inbox());
        result
    }

    fn send_frames(&mut self, room: &dyn AnyRoom, last: bool) {
        let sent = self.record.members().send_frames(&mut self.history, room, last);
        count(sent);
    }

    /// The requests of a step that ended the match before it came to them.
    fn unanswered(&self) -> Vec<(PlayerId, u32)> {
        // They are answered in their order.
        let answered = self.said.iter().filter(|said| matches!(said, Said::Reply { .. })).count();
        requests(&self.commands).skip(answered).collect()
    }

    fn end(&mut self, tick: Tick, result: &str, unanswered: &[(PlayerId, u32)]) {
        self.record.shut();
        let waiting = self.record.inbox().end();
        let mut members = self.record.members();
        for (player, id) in unanswered.iter().chain(&waiting) {
            members.refuse(*player, *id);
        }
        members.end(result);
        drop(members);
        self.results.write(MatchResult {
            room: self.record.id,
            game: self.record.entry.game.name(),
            options: &self.record.plan.options,
            ticks: tick.0,
            seconds: (Instant::now() - self.began).as_secs_f64(),
            result,
        });
        counter!("greenroom_matches_finished_total").increment(1);
    }

    /// Whether nobody has had a seat for so long that the room can go.
    fn is_abandoned(&mut self) -> bool {
        if !self.record.members().is_empty() {
            self.empty_since = None;
            return false;
        }
        let since = *self.empty_since.get_or_insert_with(Instant::now);
        Instant::now() >= since + self.config.rooms.room_empty && self.record.shut_if_empty()
    }

    /// When the game's next timer is due.
    fn next_timer(&self) -> Option<Instant> {
        let due_ms = self.room.as_ref()?.next_timer_ms()?;
        Some(self.began + Duration::from_millis(due_ms))
    }

    /// Makes sure that this actor wakes up when something is due.
    fn set_alarm(&mut self, ctx: &Context<RoomMsg>) {
        let next = match self.schedule {
            Some(schedule) => Some(schedule.due()),
            None => {
                let end = self.empty_since.map(|since| since + self.config.rooms.room_empty);
                self.next_timer().into_iter().chain(end).min()
            }
        };
        let Some(next) = next else { return };
        if self.alarm.is_some_and(|alarm| alarm <= next) {
            return;
        }
        self.alarm = Some(next);
        let mailbox = ctx.mailbox().clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(next.into()).await;
            let _ = mailbox.cast(RoomMsg::Alarm(next));
        });
    }
}

fn count(sent: FramesSent) {
    counter!("greenroom_frames_total", "kind" => "full").increment(sent.full);
    counter!("greenroom_frames_total", "kind" => "step").increment(sent.step);
    counter!("greenroom_frames_total", "kind" => "merged").increment(sent.merged);
    counter!("greenroom_frames_skipped_total").increment(sent.skipped);
    counter!("greenroom_frame_bytes_total").increment(sent.bytes);
}
