//! One room with those who learn in it: match after match, each from a seed of its own.

use std::sync::Arc;
use std::time::Duration;

use greenroom::bot::{Act, AnyBot};
use greenroom::game::Said;
use greenroom::proto::{PlayerId, Refusal};
use greenroom::room::{AnyRoom, Command};
use greenroom::training::TrainingRoom;
use greenroom::{Pace, Signal, To};

use super::record::Told;
use super::screen::Screen;
use super::{Plan, player};
use crate::headless::mix;

/// What a move takes in a room that steps on commands, in milliseconds of the room's time: who makes
/// illegal moves only runs out of time.
const MOVE_MS: u64 = 1000;
/// Steps of a room that steps on commands until it is on a learner again. Above what timers and bots
/// need between two moves.
const STEPS_BETWEEN_MAX: u32 = 10_000;

/// One room.
pub(super) struct Episode {
    plan: Arc<Plan>,
    /// Which of the rooms.
    number: u64,
    seed: u64,
    /// Of matches that have begun from this seed.
    begun: u32,
    table: Table,
    /// The match is over, cut off, or nobody who learns is in it: the next step begins another.
    over: bool,
    steps: u32,
    scores: Vec<f32>,
    told: Told,
}

impl Episode {
    /// The first match of the room.
    pub(super) fn new(plan: &Arc<Plan>, number: u64) -> Result<Self, String> {
        let seed = plan.seed;
        let mut episode = Episode {
            plan: plan.clone(),
            number,
            seed,
            begun: 0,
            table: Table::new(plan, seed_of(seed, number, 0))?,
            over: false,
            steps: 0,
            scores: vec![0.0; plan.form.agents],
            told: Told::default(),
        };
        episode.table.begin(plan)?;
        episode.begin();
        Ok(episode)
    }

    /// Begins the next match, or the first from another seed.
    pub(super) fn reset(&mut self, seed: Option<u64>) -> Result<(), String> {
        match seed {
            Some(seed) => (self.seed, self.begun) = (seed, 0),
            // It has begun already.
            None if self.steps == 0 && !self.over => return Ok(()),
            None => self.begun = self.begun.wrapping_add(1),
        }
        let seed = seed_of(self.seed, self.number, self.begun);
        self.table = Table::new(&self.plan, seed)?;
        let plan = self.plan.clone();
        self.table.begin(&plan)?;
        self.begin();
        Ok(())
    }

    fn begin(&mut self) {
        self.steps = 0;
        let agents = self.plan.form.agents;
        for agent in 0..agents {
            self.scores[agent] = self.table.room.score(player(agent));
        }
        self.told.rewards = vec![0.0; agents];
        self.tell();
    }

    /// The learners act: a value for each control of each of them. After the end of a match that
    /// begins the next, whatever they do.
    pub(super) fn step(&mut self, actions: &[i32]) -> Result<(), String> {
        if self.over {
            return self.reset(None);
        }
        let plan = self.plan.clone();
        for (agent, values) in actions.chunks_exact(plan.controls.all.len()).enumerate() {
            let of = player(agent);
            plan.controls.check(values).map_err(|why| format!("the action of {of}: {why}"))?;
            if self.told.to_act[agent] {
                let bodies = plan.controls.bodies(values);
                let input = bodies.input.map(Act::Input);
                self.table.take(of, input.into_iter().chain(bodies.request.map(Act::Request)));
            }
        }
        match plan.pace {
            Pace::Fixed { .. } => self.table.steps(&plan)?,
            Pace::OnCommand => self.table.until_to_act(&plan)?,
        }
        self.steps += 1;
        self.reward();
        self.tell();
        Ok(())
    }

    fn reward(&mut self) {
        let (table, win) = (&self.table, self.plan.win);
        for (agent, before) in self.scores.iter_mut().enumerate() {
            if self.told.terminated[agent] {
                self.told.rewards[agent] = 0.0;
                continue;
            }
            let me = player(agent);
            // Who has left has no score any more.
            let seated = table.is_seated(agent);
            let now = if seated { table.room.score(me) } else { *before };
            let of_end = match &table.result {
                Some(Some(winner)) if *winner == me => win,
                Some(Some(_)) => -win,
                Some(None) | None => 0.0,
            };
            self.told.rewards[agent] = now - *before + of_end;
            *before = now;
        }
    }

    fn tell(&mut self) {
        let (table, told) = (&self.table, &mut self.told);
        let ended = table.result.is_some();
        told.hash = if ended { table.room.room().hash() } else { 0 };
        told.tick = table.room.room().tick().0;
        told.episode = self.begun;
        told.winner = table.result.map_or(-1, |winner| winner.map_or(0, |it| it.0 as i32));
        let gone = |agent: usize| ended || !table.is_seated(agent);
        let agents = self.plan.form.agents;
        told.terminated = (0..agents).map(gone).collect();
        let all_gone = told.terminated.iter().all(|gone| *gone);
        let limit = self.plan.steps_max;
        told.truncated = !all_gone && limit > 0 && self.steps >= limit;
        self.over = all_gone || told.truncated;
        let to_act = |agent: usize| !told.terminated[agent] && table.room.to_act(player(agent));
        told.to_act = (0..agents).map(to_act).collect();
    }

    /// Writes what the learners see, and what came of their step.
    pub(super) fn write(&mut self, record: &mut [u8]) -> Result<(), String> {
        let Episode { plan, table, told, .. } = self;
        let Table { room, screen, .. } = table;
        screen.draw(room.room()).map_err(|error| error.in_words(&plan.entry.schema))?;
        let form = &plan.form;
        told.left_out = 0;
        for agent in 0..if form.shared { 1 } else { form.agents } {
            let rows = screen.seen(room.room(), player(agent));
            let left_out = super::observed::write(&form.tables, &rows, form.view(record, agent));
            told.left_out = told.left_out.saturating_add(left_out);
        }
        form.tell(told, record);
        form.mask(&**room, told, record);
        Ok(())
    }

    /// How to name this match in an error.
    pub(super) fn name(&self) -> String {
        let seed = seed_of(self.seed, self.number, self.begun);
        format!("room {}, match {} (seed {seed})", self.number, self.begun)
    }
}

/// The seed of a match of a room: all of them are different.
fn seed_of(seed: u64, number: u64, begun: u32) -> u64 {
    mix(mix(seed ^ mix(number)) ^ u64::from(begun))
}

/// A match that is being played.
struct Table {
    room: Box<dyn TrainingRoom>,
    screen: Screen,
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
    result: Option<Option<PlayerId>>,
}

impl Table {
    fn new(plan: &Plan, seed: u64) -> Result<Self, String> {
        let room = plan.entry.training_room(&plan.options, seed)?;
        let agents = plan.form.agents;
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

    fn is_seated(&self, agent: usize) -> bool {
        self.seated[agent]
    }

    fn room(&self) -> &dyn AnyRoom {
        self.room.room()
    }

    /// All take their seats.
    fn begin(&mut self, plan: &Plan) -> Result<(), String> {
        self.step()?;
        match self.pace {
            Pace::Fixed { .. } => self.show_bots(plan),
            Pace::OnCommand => self.until_to_act(plan),
        }
    }

    /// What a player does are commands of the next step.
    fn take(&mut self, player: PlayerId, acts: impl IntoIterator<Item = Act>) {
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
    fn steps(&mut self, plan: &Plan) -> Result<(), String> {
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
    fn until_to_act(&mut self, plan: &Plan) -> Result<(), String> {
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
