//! A match that is being played: a room, bots at some of its seats, and time that passes as fast as
//! the learners act.

use std::time::Duration;

use greenroom::bot::{Act, AnyBot};
use greenroom::game::Said;
use greenroom::proto::{PlayerId, Refusal};
use greenroom::room::{AnyRoom, Command};
use greenroom::training::TrainingRoom;
use greenroom::{Pace, Signal, To};

use super::screen::Screen;
use super::{Plan, player};
use crate::headless::mix;

/// What a move takes in a room that steps on commands, in milliseconds of the room's time: who makes
/// illegal moves only runs out of time.
const MOVE_MS: u64 = 1000;
/// Steps of a room that steps on commands until it is on a learner again. Above what timers and bots
/// need between two moves.
const STEPS_BETWEEN_MAX: u32 = 10_000;

/// A match that is being played.
pub(super) struct Table {
    pub(super) room: Box<dyn TrainingRoom>,
    pub(super) screen: Screen,
    pace: Pace,
    bots: Vec<(PlayerId, Box<dyn AnyBot>)>,
    /// By agent.
    seated: Vec<bool>,
    time_ms: u64,
    /// Of the next step.
    commands: Vec<Command>,
    requests: u32,
    said: Vec<Said>,
    /// Bots are told with the next frame.
    events: Vec<(To, Vec<u8>)>,
    /// Who has won, once it is over.
    pub(super) result: Option<Option<PlayerId>>,
}

impl Table {
    pub(super) fn new(plan: &Plan, seed: u64) -> Result<Self, String> {
        let room = plan.entry.training_room(&plan.options, seed)?;
        let agents = plan.record.agents;
        let bot = |(place, name): (usize, &String)| {
            let of = player(agents + place);
            let seed = mix(seed ^ mix(u64::from(of.0)));
            let bot = plan.entry.bot(name, seed).ok_or(format!("there is no bot `{name}`"))?;
            Ok((of, bot))
        };
        Ok(Table {
            room,
            screen: Screen::new(&plan.entry),
            pace: plan.pace,
            bots: plan.bots.iter().enumerate().map(bot).collect::<Result<_, String>>()?,
            seated: vec![true; agents],
            time_ms: 0,
            commands: (0..agents + plan.bots.len()).map(|it| Command::join(player(it))).collect(),
            requests: 0,
            said: Vec::new(),
            events: Vec::new(),
            result: None,
        })
    }

    pub(super) fn is_seated(&self, agent: usize) -> bool {
        self.seated[agent]
    }

    fn room(&self) -> &dyn AnyRoom {
        self.room.room()
    }

    /// All take their seats.
    pub(super) fn begin(&mut self, plan: &Plan) -> Result<(), String> {
        self.step()?;
        match self.pace {
            Pace::Fixed { .. } => self.show_bots(plan),
            Pace::OnCommand => self.until_to_act(plan),
        }
    }

    /// What a player does are commands of the next step.
    pub(super) fn take(&mut self, player: PlayerId, acts: impl IntoIterator<Item = Act>) {
        for act in acts {
            self.commands.push(match act {
                Act::Input(body) => Command::Input { player, body },
                Act::Request(body) => {
                    self.requests = self.requests.wrapping_add(1);
                    Command::Request { player, id: self.requests, body }
                }
            });
        }
    }

    /// As many steps as learners act once for.
    pub(super) fn steps(&mut self, plan: &Plan) -> Result<(), String> {
        for _ in 0..plan.every {
            self.step()?;
            if self.result.is_some() {
                break;
            }
            self.show_bots(plan)?;
        }
        Ok(())
    }

    /// Steps of a room that steps on commands, until it is on a learner, or the match is over.
    pub(super) fn until_to_act(&mut self, plan: &Plan) -> Result<(), String> {
        for _ in 0..STEPS_BETWEEN_MAX {
            if !self.commands.is_empty() {
                self.time_ms += MOVE_MS;
                self.step()?;
            }
            if self.result.is_some() || !self.seated.iter().any(|seated| *seated) {
                return Ok(());
            }
            self.show_bots(plan)?;
            if !self.commands.is_empty() {
                continue;
            }
            let agents = 0..self.seated.len();
            if agents.into_iter().any(|it| self.seated[it] && self.room.to_act(player(it))) {
                return Ok(());
            }
            let Some(due) = self.room().next_timer_ms() else {
                return Err("it waits for nobody who is there, and no timer runs: are there \
                            enough --agents and --bots?"
                    .to_owned());
            };
            self.time_ms = self.time_ms.max(due);
            self.step()?;
        }
        Err(format!("it was on no learner to act for {STEPS_BETWEEN_MAX} steps"))
    }

    /// One step of the room.
    fn step(&mut self) -> Result<(), String> {
        if let Pace::Fixed { tick_hz, .. } = self.pace {
            self.time_ms = u64::from(self.room().tick().0) * 1000 / u64::from(tick_hz.max(1));
        }
        let commands = std::mem::take(&mut self.commands);
        self.room.room_mut().step(self.time_ms, &commands, &mut self.said);
        for said in std::mem::take(&mut self.said) {
            self.hear(said)?;
        }
        Ok(())
    }

    fn hear(&mut self, said: Said) -> Result<(), String> {
        match said {
            Said::Reply { player, body, .. } => {
                if let Some((_, bot)) = self.bots.iter_mut().find(|(of, _)| *of == player) {
                    bot.reply(&body);
                }
            }
            Said::Event { to, body } if !self.bots.is_empty() => self.events.push((to, body)),
            Said::JoinRefused(player, why) => {
                return Err(format!("the game refuses {player}: {why}"));
            }
            Said::Over { result } => self.result = Some(winner(&result)),
            Said::Kick(player) => self.commands.push(Command::Leave { player }),
            Said::Left(player) => {
                self.bots.retain(|(of, _)| *of != player);
                if let Some(seated) = self.seated.get_mut(player.0.wrapping_sub(1) as usize) {
                    *seated = false;
                }
            }
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
            _ => {}
        }
        Ok(())
    }

    /// Shows the bots a frame, if there is one after this step, and takes what they do.
    fn show_bots(&mut self, plan: &Plan) -> Result<(), String> {
        if let Pace::Fixed { send_every, .. } = self.pace
            && !self.room().tick().0.is_multiple_of(u32::from(send_every))
        {
            return Ok(());
        }
        let tick = self.room().tick();
        // Also without bots: what is published next depends on the frames before.
        self.screen.draw(self.room.room()).map_err(|error| error.in_words(&plan.entry.schema))?;
        let mut bots = std::mem::take(&mut self.bots);
        for (me, bot) in &mut bots {
            for (_, body) in self.events.iter().filter(|(to, _)| to.includes(*me)) {
                bot.event(body);
            }
            let rows = self.screen.seen(self.room.room(), *me);
            let acts = bot.act(*me, tick, &rows, Duration::ZERO);
            self.take(*me, acts);
        }
        self.bots = bots;
        self.events.clear();
        Ok(())
    }
}

/// Who has won by a game's result.
fn winner(result: &str) -> Option<PlayerId> {
    let result: serde_json::Value = serde_json::from_str(result).ok()?;
    result.get("winner")?.as_u64()?.try_into().ok().map(PlayerId)
}
