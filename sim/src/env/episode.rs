//! One room with those who learn in it: match after match, each from a seed of its own, and what they
//! are told of it.

use std::sync::Arc;

use greenroom::Pace;
use greenroom::bot::Act;

use super::record::Told;
use super::table::Table;
use super::{Plan, player};
use crate::headless::mix;

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
            scores: vec![0.0; plan.record.agents],
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
        let agents = self.plan.record.agents;
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
        let agents = self.plan.record.agents;
        told.terminated = (0..agents).map(gone).collect();
        let all_gone = told.terminated.iter().all(|gone| *gone);
        let limit = self.plan.steps_max;
        told.truncated = !all_gone && limit > 0 && self.steps >= limit;
        self.over = all_gone || told.truncated;
        let to_act = |agent: usize| !told.terminated[agent] && table.room.to_act(player(agent));
        told.to_act = (0..agents).map(to_act).collect();
    }

    /// Writes what the learners see, and what came of their step.
    pub(super) fn write(&mut self, out: &mut [u8]) -> Result<(), String> {
        let Episode { plan, table, told, .. } = self;
        let Table { room, screen, .. } = table;
        screen.draw(room.room()).map_err(|error| error.in_words(&plan.entry.schema))?;
        let record = &plan.record;
        told.left_out = 0;
        for agent in 0..if record.shared { 1 } else { record.agents } {
            let rows = screen.seen(room.room(), player(agent));
            let left_out = super::observed::write(&record.tables, &rows, record.view(out, agent));
            told.left_out = told.left_out.saturating_add(left_out);
        }
        record.tell(told, out);
        record.mask(&**room, told, out);
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
