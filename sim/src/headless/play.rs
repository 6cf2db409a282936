//! One match: a room, a bot per seat, and time that passes as fast as they play.
//!
//! Bots see what a client sees (published rows, at the pace of frames) and act as a client acts
//! (encoded inputs and requests, which are commands of the next step).

use greenroom::bot::Act;
use greenroom::game::Said;
use greenroom::proto::{Layout, PlayerId, Refusal, Rows, Sizes, TooLarge};
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::log::{Keep, Log};
use greenroom::room::views::ViewKey;
use greenroom::room::{AnyRoom, Command};
use greenroom::{Pace, Signal, To};
use serde::{Deserialize, Serialize};

use super::mind::Mind;
use super::series::Series;

/// Virtual time that a bot takes for a move in a room that steps on commands. Above 0, so that
/// timers come due even while bots never stop asking.
const THINK_MS: u64 = 1;
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
pub struct Played {
    /// What the room was made from, besides the options.
    pub seed: u64,
    /// Steps made.
    pub ticks: u32,
    /// The result, as the game's JSON; `null` where [`Simulation::secs`] ended the match.
    ///
    /// [`Simulation::secs`]: super::Simulation::secs
    pub result: String,
    /// Hash of the whole room after the last step: equal for equal matches.
    pub hash: u64,
    /// Who sat where.
    pub seats: Vec<Seat>,
    /// Bots that were out before the end: processes that failed.
    pub forfeits: Vec<Forfeit>,
    /// The log, if it was asked for.
    pub log: Option<Log>,
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

struct Player {
    seat: Seat,
    mind: Mind,
}

struct Table {
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
    /// The rows that all bots see, unless not all see the same.
    rows: Rows,
    sizes: Sizes,
    frames: Option<History>,
    layout: Layout,
    forfeits: Vec<Forfeit>,
    result: Option<String>,
}

/// Plays one match from its seed, with these bots by seat. Everything that happens follows from
/// the arguments.
pub(super) fn play(series: &Series, bots: &[&str], seed: u64) -> Result<Played, MatchError> {
    let mut table = Table::new(series, bots, seed)?;
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

impl Table {
    fn new(series: &Series, bots: &[&str], seed: u64) -> Result<Self, MatchError> {
        let (entry, plan) = (&series.entry, &series.plan);
        let room = entry.game.create(&plan.options, seed).map_err(MatchError::Room)?;
        let seats = (1..).map(PlayerId).zip(bots);
        let players: Vec<Player> = seats
            .map(|(player, name)| {
                let mind = Mind::new(series, name, (player, bots.len()), seed);
                Player { seat: Seat { player, bot: (*name).to_owned() }, mind }
            })
            .collect();
        Ok(Table {
            log: series.logs.then(|| Log::new(entry.header(plan, seed), room.as_ref())),
            room,
            pace: plan.pace,
            commands: players.iter().map(|p| Command::join(p.seat.player)).collect(),
            players,
            time_ms: 0,
            requests: 0,
            said: Vec::new(),
            events: Vec::new(),
            rows: Rows::default(),
            sizes: Sizes::at_most(entry.game.state_bytes_max()),
            frames: (!entry.layout.is_plain()).then(|| {
                let limits = HistoryLimits { frames_max: 2, bytes_max: usize::MAX };
                History::new(entry.layout.clone(), limits)
                    .with_states_at_most(entry.game.state_bytes_max())
            }),
            layout: entry.layout.clone(),
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
        let over = |Player { seat, mind }| {
            mind.over(&result);
            seat
        };
        Played {
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
        self.room.step(self.time_ms, &self.commands, &mut self.said);
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
            match said {
                Said::Reply { player, body, .. } => {
                    if let Some(player) = self.players.iter_mut().find(|p| p.seat.player == player)
                    {
                        player.mind.reply(&body);
                    }
                }
                Said::Event { to, body } => self.events.push((to, body)),
                Said::JoinRefused(player, why) => {
                    let seat = self.players.iter().find(|p| p.seat.player == player);
                    let bot = seat.map(|p| p.seat.bot.clone()).unwrap_or_default();
                    return Err(MatchError::Refused { player, bot, why });
                }
                Said::Over { result } => self.result = Some(result),
                Said::Kick(player) => self.commands.push(Command::Leave { player }),
                // Nobody does effects here: a match depends on nothing outside.
                Said::Effect { number, .. } => {
                    self.commands.push(Command::Signal(Signal::Lost { effect: number }));
                }
                // There is no other room here.
                Said::Move { number, players, .. } => {
                    let why = Refusal::UnknownRoom;
                    let stay = players.into_iter().map(|player| {
                        Command::Signal(Signal::NotMoved { effect: number, player, why })
                    });
                    self.commands.extend(stay);
                    self.commands.push(Command::EffectDone { effect: number });
                }
                Said::Joined(..)
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
        match &mut self.frames {
            None => {
                self.room.publish(&self.layout, &mut self.rows);
                self.sizes.admit(&self.layout, &self.rows)?;
            }
            Some(frames) => {
                frames.push(tick, |rows| {
                    self.room.publish(&self.layout, rows);
                })?;
            }
        }
        let mut views = Vec::new();
        for Player { seat, mind } in &mut self.players {
            if matches!(mind, Mind::Gone) {
                continue;
            }
            let seen = self.frames.as_mut().and_then(|frames| {
                let sight = self.room.sight(seat.player);
                let view = ViewKey::of(seat.player, &sight);
                views.push((view, tick));
                frames.seen(view, &sight)
            });
            let rows = seen.as_ref().unwrap_or(&self.rows);
            let events = self.events.iter().filter(|(to, _)| to.includes(seat.player));
            events.for_each(|(_, body)| mind.event(body));
            let acts = mind.act(seat.player, tick, rows).unwrap_or_else(|why| {
                let Seat { player, bot } = seat.clone();
                self.forfeits.push(Forfeit { player, bot, tick: tick.0, why });
                self.commands.push(Command::Leave { player });
                *mind = Mind::Gone;
                Vec::new()
            });
            for act in acts {
                self.commands.push(match act {
                    Act::Input(body) => Command::Input { player: seat.player, body },
                    Act::Request(body) => {
                        self.requests = self.requests.wrapping_add(1);
                        Command::Request { player: seat.player, id: self.requests, body }
                    }
                });
            }
        }
        if self.players.iter().all(|player| matches!(player.mind, Mind::Gone)) {
            self.end_without_result();
        }
        if let Some(frames) = &mut self.frames {
            frames.keep_bases(views.into_iter());
        }
        self.events.clear();
        Ok(())
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
        self.time_ms = match self.pace {
            Pace::Fixed { .. } => self.next_ms(),
            Pace::OnCommand if !self.commands.is_empty() => self.time_ms + THINK_MS,
            Pace::OnCommand => match self.room.next_timer_ms() {
                Some(due_ms) => due_ms.max(self.time_ms),
                // The game waits for somebody who is out.
                None if !self.forfeits.is_empty() => {
                    self.end_without_result();
                    self.time_ms
                }
                None => return Err(MatchError::Stuck { tick: self.room.tick().0 }),
            },
        };
        Ok(())
    }
}
