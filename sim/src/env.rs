//! `env`: many rooms at once for a program that learns to play, which says what the players do and is
//! told what they see, over standard input and output. `clients/python` is the other side of it.
//!
//! A *room* has a number of *agents* (players 1 to n, who learn) and after them bots of the game. Each
//! room plays match after match, by a seed that follows from `--seed`, its number and how many matches
//! came before: the same actions have the same come of them, on any number of threads. All rooms are
//! stepped at once, by one frame in either direction:
//!
//! ```text
//! length u32 | kind u8 | body          all numbers little endian
//!
//! to the learner     1 hello    JSON: the game, its controls, the fields of a record
//!                    2 records  one for each room, of equal size: what came of a reset or a step
//!                    3 error    UTF-8, a sentence; nothing follows
//! from the learner   1 reset    u8 whether there is a seed, u64 the seed
//!                    2 step     i32 for each control of each agent of each room
//! ```
//!
//! A record has `record_bytes`; each of the `fields` in the hello is at an `offset` in it, in C order, with
//! numpy's name for its type. The first axis of an observation is the agent's: its views are `view_bytes`
//! apart, and where all see the same (`shared`) there is one. `controls` are in the order of a step; where
//! one has a `mask`, its values begin there in `action_mask`.
//!
//! A length that is not that of its kind is refused before its body is read. When the input ends
//! between two frames, so does the process, without an error.
//!
//! **Observations** are the rows that a client has ([`greenroom::proto::schema`]), as floats: an agent
//! sees what its view has and nothing else. **Actions** are whole numbers, one for each control: the
//! fields of the game's input and request, with the ranges that [`greenroom::training::Training`] says.
//! **Rewards** are by how much its `score` grows, and at the end who has won. A step of a room at a fixed
//! rate is as many of its ticks as there are between two frames, or `--every`; one that steps on commands
//! goes on until it is on an agent.
//!
//! **Ends.** A match ends for an agent when it is over or the agent's seat is (`terminations`), or is
//! cut off after `--steps-max` (`truncated`). The record then has the last that is seen of it. The next
//! step begins another match in that room, whatever the action, with reward 0: what Gymnasium calls
//! next-step reset.
//!
//! **What goes wrong**, an action out of its range, a frame that is none, a game that panics, is one
//! sentence: in the last frame, on standard error, and the exit code is 1.

mod controls;
mod episode;
mod form;
mod observed;
mod pool;
mod record;
mod screen;
mod table;
mod wire;

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Read, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;

use greenroom::proto::PlayerId;
use greenroom::registry::Entry;
use greenroom::{Games, Pace};
use serde_json::{Value, json};

use crate::headless::Simulation;
use controls::Controls;
use observed::RowsAtMost;
use pool::{Ask, Pool};
use record::Record;
use wire::Asked;

/// Bytes of the records of all rooms, and of their actions: beyond, a step takes so long that fewer
/// rooms are as fast.
const STEP_BYTES_MAX: usize = 256 << 20;

/// Arguments of `env`.
#[derive(clap::Args, Debug, Clone)]
pub struct Args {
    /// The game.
    #[arg(long)]
    game: String,
    /// How many rooms
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    envs: u32,
    /// Players of each room who learn; without, all seats that no bot has
    #[arg(long)]
    agents: Option<u32>,
    /// Bots of the game that play, too: hunter:4
    #[arg(long)]
    bots: Option<String>,
    /// The game's options, as a JSON object
    #[arg(long, default_value = "{}", value_name = "JSON")]
    config: String,
    /// What all chance comes from
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// Ticks of a room for each step; 0: those between two frames of the game
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    every: u32,
    /// Cut matches off after so many steps; 0: never
    #[arg(long, default_value_t = 0)]
    steps_max: u32,
    /// Rows that are seen of each table, where the game does not say. Those in slots beyond are left
    /// out, and counted (rows_left_out)
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_535))]
    rows_max: u32,
    /// The same for one table: ships=8. May be said several times
    #[arg(long, value_name = "TABLE=ROWS", value_parser = table_rows)]
    rows: Vec<(String, usize)>,
    /// Threads; 0: one for each core
    #[arg(long, default_value_t = 0)]
    jobs: usize,
}

fn table_rows(text: &str) -> Result<(String, usize), String> {
    let parsed = text.split_once('=').and_then(|(name, rows)| Some((name, rows.parse().ok()?)));
    match parsed {
        Some((name, rows @ 1..=65_535)) => Ok((name.to_owned(), rows)),
        _ => Err("write a table and how many of its rows, 1 to 65535: ships=8".to_owned()),
    }
}

/// Talks to the program at the other end until it is gone.
pub fn run(args: &Args, games: &Games) -> Result<(), String> {
    let (input, output) = (io::stdin(), io::stdout());
    if output.is_terminal() {
        return Err("this talks to a program in binary frames: see clients/python".to_owned());
    }
    let mut output = output.lock();
    let outcome = serve(args, games, &mut input.lock(), &mut output);
    if let Err(why) = &outcome {
        // Who is gone does not hear it.
        let _ = wire::error(&mut output, why);
    }
    outcome
}

fn serve(
    args: &Args,
    games: &Games,
    input: &mut impl Read,
    output: &mut impl Write,
) -> Result<(), String> {
    let plan = Arc::new(Plan::new(args, games)?);
    let rooms = args.envs as usize;
    let jobs = NonZeroUsize::new(args.jobs)
        .unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
    let mut pool = Pool::new(&plan, rooms, jobs)?;
    let gone = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match wire::hello(output, &plan.hello(rooms)?.to_string()) {
        Err(error) if gone(&error) => return Ok(()),
        said => said.map_err(unsaid)?,
    }
    while let Some(asked) = wire::read(input, rooms * plan.values())? {
        let ask = match asked {
            Asked::Reset(seed) => Ask::Reset(seed),
            Asked::Step(actions) => Ask::Step(Arc::new(actions)),
        };
        let mut records = pool.ask(&ask)?;
        let said = wire::records(output, rooms * plan.record.bytes)
            .and_then(|()| records.try_for_each(|records| output.write_all(records)))
            .and_then(|()| output.flush());
        match said {
            Err(error) if gone(&error) => return Ok(()),
            said => said.map_err(unsaid)?,
        }
    }
    Ok(())
}

fn unsaid(error: io::Error) -> String {
    format!("the output cannot be written: {error}")
}

/// The player that an agent is, or a bot after them.
fn player(place: usize) -> PlayerId {
    PlayerId(place as u32 + 1)
}

/// What all rooms have in common.
struct Plan {
    entry: Entry,
    /// Complete.
    options: String,
    pace: Pace,
    seed: u64,
    /// Ticks of a step.
    every: u32,
    steps_max: u32,
    bots: Vec<String>,
    win: f32,
    controls: Controls,
    record: Record,
}

impl Plan {
    fn new(args: &Args, games: &Games) -> Result<Self, String> {
        let entry = games.get(&args.game).map_err(|error| error.to_string())?;
        let room = entry.game.plan(&args.config).map_err(|why| format!("--config: {why}"))?;
        let bots = match &args.bots {
            None => Vec::new(),
            Some(bots) => {
                let simulation = Simulation::new(games, &args.game).bots(bots).config(&args.config);
                let series = simulation.prepare().map_err(|error| error.to_string())?;
                series.line_up().to_vec()
            }
        };
        let free = room.seats as usize - bots.len().min(room.seats as usize);
        let agents = args.agents.map_or(free, |agents| agents as usize);
        if !(1..=free).contains(&agents) {
            return Err(format!(
                "{agents} agents and {} bots: a room with these options has {} seats, and at least \
                 one agent; see --agents, --bots and --config",
                bots.len(),
                room.seats
            ));
        }
        let training = entry.training.as_ref();
        let terms = training.map(|training| training.terms()).unwrap_or_default();
        let controls = Controls::new(&entry.game.messages(), &terms)?;
        let by_game = |table: &str| training.and_then(|it| it.rows(&room.options, table));
        let at_most =
            RowsAtMost { said: &args.rows, by_game: &by_game, otherwise: args.rows_max as usize };
        let tables = observed::tables(&entry.schema, &at_most)?;
        let record = Record::new(tables, &controls, agents, !entry.layout.is_restricted());
        let plan = Plan {
            entry: entry.clone(),
            pace: room.pace,
            options: room.options,
            seed: args.seed,
            every: match (args.every, room.pace) {
                (0, Pace::Fixed { send_every, .. }) => send_every.into(),
                (every, _) => every,
            },
            steps_max: args.steps_max,
            bots,
            win: terms.win,
            controls,
            record,
        };
        let bytes = plan.record.bytes.max(4 * plan.values()).saturating_mul(args.envs as usize);
        match bytes <= STEP_BYTES_MAX {
            true => Ok(plan),
            false => Err(format!(
                "a step of all rooms takes {} MiB, and {} are the most: choose fewer --envs, \
                 --agents or --rows-max",
                bytes >> 20,
                STEP_BYTES_MAX >> 20
            )),
        }
    }

    /// Numbers of the actions of a room.
    fn values(&self) -> usize {
        self.record.agents * self.controls.all.len()
    }

    fn hello(&self, rooms: usize) -> Result<Value, String> {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
        let tick_hz = match self.pace {
            Pace::Fixed { tick_hz, .. } => Some(tick_hz),
            Pace::OnCommand => None,
        };
        Ok(json!({
            "format": wire::FORMAT,
            "game": parse(&self.entry.description()?),
            "options": parse(&self.options),
            "tick_hz": tick_hz,
            "ticks_per_step": tick_hz.map(|_| self.every),
            "envs": rooms,
            "agents": self.record.agents,
            "bots": self.bots,
            "seed": self.seed,
            "shared": self.record.shared,
            "controls": self.controls.all,
            "record_bytes": self.record.bytes,
            "view_bytes": self.record.view_bytes,
            "fields": self.record.fields,
        }))
    }
}
