//! One match: a room, a bot per seat, and time that passes as fast as they play.
//!
//! Bots see what a client sees (published rows, at the pace of frames) and act as a client acts
//! (encoded inputs and requests, which are commands of the next step).

use greenroom::bot::Act;
use greenroom::game::Said;
use greenroom::proto::{PlayerId, TooLarge};
use greenroom::room::log::{Keep, Log};
use greenroom::room::{AnyRoom, Command};
use greenroom::{Pace, To};
use serde::{Deserialize, Serialize};

use super::outside;
use super::player::Player;
use super::screen::Screen;
use super::series::Series;
use crate::costs::StepTimes;

/// Virtual time that a bot takes for a move in a room that steps on commands. Above 0, so that
/// timers come due even while bots never stop asking.
pub(crate) const THINK_MS: u64 = 1;
/// Steps between two keyframes in the log of a match.
const KEYFRAME_EVERY: u32 = 512;

/// When to give a match up.
#[derive(Clone, Copy, Debug)]
pub struct MatchLimits {
    /// Steps.
    pub ticks_max: u32,
    /// Virtual time, in milliseconds.
    pub time_ms_max: u64,
}

impl Default for MatchLimits {
    fn default() -> Self {
        // The longest arena is an hour at 128 Hz, 460,800 steps; and nobody plays for a day.
        MatchLimits { ticks_max: 1_000_000, time_ms_max: 24 * 3600 * 1000 }
    }
}

/// A match that was played to its end.
#[derive(Clone, Debug)]
pub struct Played<R = String> {
    /// What the room was made from, besides the options.
    pub seed: u64,
    /// Steps made.
    pub ticks: u32,
    /// The result, as the game's JSON; `null` where [`Simulation::secs`] ended the match. As a value of
    /// its type it comes from [`Simulation::run`].
    ///
    /// [`Simulation::secs`]: super::Simulation::secs
    /// [`Simulation::run`]: super::Simulation::run
    pub result: R,
    /// Hash of the whole room after the last step: equal for equal matches.
    pub hash: u64,
    /// Who sat where.
    pub seats: Vec<Seat>,
    /// Bytes of the frames of each seat, events with them, if [`Simulation::bytes`] asked for them.
    ///
    /// [`Simulation::bytes`]: super::Simulation::bytes
    pub bytes: Vec<u64>,
    /// Bots that were out before the end: processes that failed.
    pub forfeits: Vec<Forfeit>,
    /// The log, if it was asked for.
    pub log: Option<Log>,
}

impl<R> Played<R> {
    /// Who played for this player.
    #[must_use]
    pub fn bot_of(&self, player: PlayerId) -> Option<&str> {
        self.seats.iter().find(|seat| seat.player == player).map(|seat| &*seat.bot)
    }

    /// The same with another result.
    pub(super) fn with<S>(self, result: S) -> Played<S> {
        Played {
            seed: self.seed,
            ticks: self.ticks,
            result,
            hash: self.hash,
            seats: self.seats,
            bytes: self.bytes,
            forfeits: self.forfeits,
            log: self.log,
        }
    }
}

/// A seat of a match.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seat {
    /// The player.
    pub player: PlayerId,
    /// Name of the bot.
    pub bot: String,
}

/// A bot that is a process was out before the end of its match: it left its seat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Forfeit {
    /// The player.
    pub player: PlayerId,
    /// Name of the bot.
    pub bot: String,
    /// The last step.
    pub tick: u32,
    /// What it did, as the end of a sentence.
    pub why: String,
}

impl std::fmt::Display for Forfeit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Forfeit { player, bot, tick, why } = self;
        write!(f, "{player} ({bot}) is out after step {tick}: it {why}")
    }
}

/// A match did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatchError {
    /// The game refuses what was planned.
    #[error("the room cannot be made: {0}")]
    Room(String),
    /// The game does not let a bot in.
    #[error("the game refuses {player} ({bot}): {why}")]
    Refused {
        /// Whom.
        player: PlayerId,
        /// Name of the bot.
        bot: String,
        /// The game's words.
        why: String,
    },
    /// Nothing will ever happen again.
    #[error(
        "stuck after step {tick}: no bot acts and no timer is running (are there bots for all \
         seats that the game waits for?)"
    )]
    Stuck {
        /// The last step.
        tick: u32,
    },
    /// No client would take its state.
    #[error("after step {tick} {why}")]
    TooLarge {
        /// The step.
        tick: u32,
        /// What is too large.
        why: String,
    },
    /// It goes on and on.
    #[error(
        "no end after {ticks} steps and {secs} s of the room's time: does the game call Ctx::end? \
         --ticks-max says when to give up, --secs when a match without end has ended"
    )]
    Endless {
        /// Steps made.
        ticks: u32,
        /// Virtual time.
        secs: u64,
    },
}

struct Table<'a> {
    /// How long its steps take, if that is measured.
    times: Option<&'a mut StepTimes>,
    room: Box<dyn AnyRoom>,
    pace: Pace,
    players: Vec<Player>,
    log: Option<Log>,
    time_ms: u64,
    /// Of the next step.
    commands: Vec<Command>,
    requests: u32,
    said: Vec<Said>,
    /// Told with the next frame.
    events: Vec<(To, Vec<u8>)>,
    screen: Screen,
    counts_bytes: bool,
    has_lag: bool,
    forfeits: Vec<Forfeit>,
    result: Option<String>,
}

/// Plays one match from its seed, with these bots by seat. Everything that happens follows from
/// these; `times` only looks on.
pub(super) fn play(
    series: &Series,
    bots: &[&str],
    seed: u64,
    times: Option<&mut StepTimes>,
) -> Result<Played, MatchError> {
    let mut table = Table { times, ..Table::new(series, bots, seed)? };
    loop {
        table.step()?;
        if series.ends_at_ms.is_some_and(|ends| table.next_ms() >= ends) {
            table.end_without_result();
        }
        if let Some(result) = table.result.take() {
            return Ok(table.played(seed, result));
        }
        table.show_frame().map_err(|error| MatchError::TooLarge {
            tick: table.room.tick().0,
            why: error.in_words(&series.entry.schema),
        })?;
        table.pass_time()?;
        if let Some(result) = table.result.take() {
            return Ok(table.played(seed, result));
        }
        let (ticks, time_ms) = (table.room.tick().0, table.time_ms);
        if ticks >= series.limits.ticks_max || time_ms > series.limits.time_ms_max {
            return Err(MatchError::Endless { ticks, secs: time_ms / 1000 });
        }
    }
}

impl Table<'_> {
    fn new(series: &Series, bots: &[&str], seed: u64) -> Result<Self, MatchError> {
        let (entry, plan) = (&series.entry, &series.plan);
        let room = entry.game.create(&plan.options, seed).map_err(MatchError::Room)?;
        let seats = (1..).map(PlayerId).zip(bots);
        let players: Vec<Player> = seats
            .map(|(player, name)| Player::new(series, name, (player, bots.len()), seed))
            .collect();
        Ok(Table {
            times: None,
            log: series.logs.then(|| Log::new(entry.header(plan, seed), room.as_ref())),
            room,
            pace: plan.pace,
            commands: players.iter().map(|p| Command::join(p.seat.player)).collect(),
            players,
            time_ms: 0,
            requests: 0,
            said: Vec::new(),
            events: Vec::new(),
            screen: Screen::new(series),
            counts_bytes: series.bytes,
            has_lag: series.latency.is_some(),
            forfeits: Vec::new(),
            result: None,
        })
    }

    /// Ends the match, whatever the game says, unless it has ended.
    fn end_without_result(&mut self) {
        if self.result.is_none() {
            self.result = Some("null".to_owned());
            if let Some(log) = &mut self.log {
                log.hash(self.room.hash());
            }
        }
    }

    /// What came of the match that has ended with this result.
    fn played(self, seed: u64, result: String) -> Played {
        let bytes = match self.counts_bytes {
            true => self.players.iter().map(|player| player.bytes).collect(),
            false => Vec::new(),
        };
        let over = |player: Player| {
            player.mind.over(&result);
            player.seat
        };
        Played {
            bytes,
            seed,
            ticks: self.room.tick().0,
            hash: self.room.hash(),
            seats: self.players.into_iter().map(over).collect(),
            forfeits: self.forfeits,
            log: self.log,
            result,
        }
    }

    fn step(&mut self) -> Result<(), MatchError> {
        if let Some(log) = &mut self.log {
            log.step(self.room.tick().next(), self.time_ms, &self.commands);
        }
        let mut step = || self.room.step(self.time_ms, &self.commands, &mut self.said);
        match &mut self.times {
            Some(times) => times.of(step),
            None => step(),
        }
        self.commands.clear();
        if let Some(log) = &mut self.log {
            if Log::wants_hash(self.room.as_ref()) {
                log.hash(self.room.hash());
            }
            if self.room.tick().0.is_multiple_of(KEYFRAME_EVERY) && !self.room.is_over() {
                log.keyframe(self.room.tick(), self.room.keyframe(), Keep::All);
            }
        }
        self.hear()
    }

    /// What the room said: answers go to the bots at once, events along with a frame.
    fn hear(&mut self) -> Result<(), MatchError> {
        for said in std::mem::take(&mut self.said) {
            outside::answer(&said, &mut self.commands);
            match said {
                Said::Reply { player, body, .. } => {
                    if let Some(player) = self.players.iter_mut().find(|p| p.seat.player == player)
                    {
                        player.reply(self.time_ms, body);
                    }
                }
                Said::Event { to, body } => self.events.push((to, body)),
                Said::JoinRefused(player, why) => {
                    let seat = self.players.iter().find(|p| p.seat.player == player);
                    let bot = seat.map(|p| p.seat.bot.clone()).unwrap_or_default();
                    return Err(MatchError::Refused { player, bot, why });
                }
                Said::Over { result } => self.result = Some(result),
                Said::Kick(_)
                | Said::Effect { .. }
                | Said::Move { .. }
                | Said::Joined(..)
                | Said::JoinFailed(_)
                | Said::Resumed(_)
                | Said::ResumeRefused(_)
                | Said::RequestFailed { .. }
                | Said::Listing(_)
                | Said::Heard { .. }
                | Said::WordFailed { .. }
                | Said::Conduct { .. }
                | Said::Banned(..)
                | Said::Chat { .. }
                | Said::Refused { .. }
                | Said::Left(_) => {}
            }
        }
        Ok(())
    }

    /// Shows the bots a frame, if one is due after this step, and takes what they do.
    fn show_frame(&mut self) -> Result<(), TooLarge> {
        if let Pace::Fixed { send_every, .. } = self.pace
            && !self.room.tick().0.is_multiple_of(u32::from(send_every))
        {
            return Ok(());
        }
        let tick = self.room.tick();
        self.screen.draw(self.room.as_ref())?;
        for place in 0..self.players.len() {
            let player = &mut self.players[place];
            if player.is_gone() {
                continue;
            }
            let me = player.seat.player;
            for (_, body) in self.events.iter().filter(|(to, _)| to.includes(me)) {
                player.bytes += body.len() as u64;
                player.event(self.time_ms, body);
            }
            let (rows, bytes) = self.screen.seen(self.room.as_ref(), me);
            player.bytes += bytes;
            let acts = player.frame(self.time_ms, tick, rows);
            self.take(place, acts);
        }
        self.events.clear();
        Ok(())
    }

    /// What a player does are commands of the next step, and so is that it is out.
    fn take(&mut self, place: usize, acts: Result<Vec<Act>, String>) {
        let player = &mut self.players[place];
        let Seat { player: me, bot } = player.seat.clone();
        match acts {
            Ok(acts) => self.commands.extend(acts.into_iter().map(|act| match act {
                Act::Input(body) => Command::Input { player: me, body },
                Act::Request(body) => {
                    self.requests = self.requests.wrapping_add(1);
                    Command::Request { player: me, id: self.requests, body }
                }
            })),
            Err(why) => {
                player.leave();
                self.commands.push(Command::Leave { player: me });
                let tick = self.room.tick().0;
                self.forfeits.push(Forfeit { player: me, bot, tick, why });
                if self.players.iter().all(Player::is_gone) {
                    self.end_without_result();
                }
            }
        }
    }

    /// Lets arrive what is on its way.
    fn arrive(&mut self) {
        for place in 0..self.players.len() {
            let acts = self.players[place].arrive(self.time_ms);
            self.take(place, acts);
        }
    }

    /// How long the match has lasted when the next step is due, or at least.
    fn next_ms(&self) -> u64 {
        match self.pace {
            Pace::Fixed { tick_hz, .. } => {
                u64::from(self.room.tick().0) * 1000 / u64::from(tick_hz.max(1))
            }
            Pace::OnCommand => self.time_ms,
        }
    }

    /// Moves the time on to the next step.
    fn pass_time(&mut self) -> Result<(), MatchError> {
        match self.pace {
            Pace::Fixed { .. } => {
                self.time_ms = self.next_ms();
                if self.has_lag {
                    self.arrive();
                }
            }
            Pace::OnCommand if !self.commands.is_empty() => self.time_ms += THINK_MS,
            Pace::OnCommand => self.pass_time_to_command()?,
        }
        Ok(())
    }

    /// Nothing happens until a timer is due or something arrives.
    fn pass_time_to_command(&mut self) -> Result<(), MatchError> {
        loop {
            let timer = self.room.next_timer_ms();
            let arrives = self.players.iter().filter_map(Player::next_ms).min();
            let Some(next) = timer.into_iter().chain(arrives).min() else {
                // The game waits for somebody who is out.
                if !self.forfeits.is_empty() {
                    self.end_without_result();
                    return Ok(());
                }
                return Err(MatchError::Stuck { tick: self.room.tick().0 });
            };
            self.time_ms = self.time_ms.max(next);
            self.arrive();
            if !self.commands.is_empty() {
                self.time_ms += THINK_MS;
                return Ok(());
            }
            if self.result.is_some() || timer.is_some_and(|timer| timer <= self.time_ms) {
                return Ok(());
            }
        }
    }
}
