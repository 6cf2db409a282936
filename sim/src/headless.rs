//! `match`: bots play each other in virtual time, without a network, as fast as they can.
//!
//! [`Simulation`] says what to play, [`Series`] plays match by match, and this file is the
//! command around them. The same seed gives the same matches, and the same hash over all, on any
//! number of cores.

mod jobs;
mod play;
pub mod rating;
mod series;
mod summary;
mod sweep;
mod table;

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use greenroom::Games;
use serde::Serialize;

pub use play::{MatchError, MatchLimits, Played, Seat};
use rating::Sprt;
pub use series::{Series, Shard, Simulation, SimulationError};
use summary::{MatchLine, Summary};
use sweep::Swept;

/// Arguments of `match`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The game.
    #[arg(long)]
    game: String,
    /// Who plays: a number of the game's default bot, or names: hunter:4,random:4
    #[arg(long, default_value = "2")]
    bots: String,
    /// What all chance comes from
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// How many matches; bots move on by one seat from match to match
    #[arg(long, default_value_t = 1)]
    matches: u64,
    /// Gives matches in which the same bots change seats the same seed
    #[arg(long)]
    paired: bool,
    /// Stops as soon as it is clear whether the first of two bots is better: by how many Elo not, and
    /// by how many it is; --matches is the most
    #[arg(long, value_name = "ELO:ELO", allow_hyphen_values = true)]
    sprt: Option<String>,
    /// In what share of all cases --sprt may be wrong, either way
    #[arg(long, default_value_t = 0.05)]
    errors: f64,
    /// Plays one of so many parts of the matches, as 2/5
    #[arg(long, value_name = "PART/PARTS", default_value = "1/1")]
    shard: Shard,
    /// Threads that play; 0: one for each core
    #[arg(long, default_value_t = 0)]
    jobs: usize,
    /// The game's options, as a JSON object
    #[arg(long, default_value = "{}")]
    config: String,
    /// Plays the matches for each value of an option, and ends with a table: key=from:to:step or
    /// key=one,another; may be said several times
    #[arg(long, value_name = "KEY=VALUES")]
    sweep: Vec<String>,
    /// Print one JSON object per match, and one over all at the end
    #[arg(long)]
    json: bool,
    /// Write the log of each match into this directory
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// End each match after so many seconds of its room's time, whatever the game says
    #[arg(long)]
    secs: Option<u32>,
    /// Give a match up after so many steps
    #[arg(long, default_value_t = MatchLimits::default().ticks_max)]
    ticks_max: u32,
}

/// Plays the matches and prints what came of them.
pub fn run(args: &Args, games: &Games) -> Result<(), String> {
    // All of them first: a mistake in the last one is told before the first is played.
    let variants: Vec<_> = sweep::variants(&args.sweep, &args.config)?
        .into_iter()
        .map(|(swept, config)| Ok((args.series(games, &config)?, swept)))
        .collect::<Result<_, String>>()?;
    let mut rows = Vec::new();
    for (number, (series, swept)) in variants.iter().enumerate() {
        let (summary, outcome) = play_all(args, series, swept, number)?;
        // What was played counts, also where it ended early.
        if outcome.is_ok() || summary.matches > 0 {
            print(if args.json { json(&summary)? } else { summary.to_text() })?;
        }
        outcome?;
        rows.push(summary);
    }
    match args.sweep.is_empty() || args.json {
        true => Ok(()),
        false => print(table::of(&rows)),
    }
}

/// Plays one series. The inner error is that of the match with which it ended.
fn play_all(
    args: &Args,
    series: &Series,
    swept: &Swept,
    number: usize,
) -> Result<(Summary, Result<(), String>), String> {
    let sprt = args.sprt(series)?;
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let jobs = NonZeroUsize::new(args.jobs).unwrap_or(cores);
    let indices: Vec<u64> = series.shard(args.shard).collect();
    let mut summary = Summary::new(series, swept.clone(), jobs.get(), sprt);
    let mut outcome = Ok(());
    #[allow(clippy::disallowed_methods)] // measured for the reader; no match sees it
    let began = Instant::now();
    jobs::in_order(
        jobs,
        indices.len(),
        |place| series.play(indices[place]),
        |place, played| {
            let more = played
                .map_err(|error| error.to_string())
                .and_then(|played| tell(args, (number, indices[place]), played, &mut summary));
            match more {
                Ok(true) => ControlFlow::Continue(()),
                Ok(false) => ControlFlow::Break(()),
                Err(error) => {
                    outcome = Err(error);
                    ControlFlow::Break(())
                }
            }
        },
    );
    summary.done_in(began.elapsed());
    Ok((summary, outcome))
}

/// Tells what came of a match. Returns whether more are needed.
fn tell(
    args: &Args,
    (series, index): (usize, u64),
    played: Played,
    summary: &mut Summary,
) -> Result<bool, String> {
    if let (Some(dir), Some(log)) = (&args.log, &played.log) {
        let series = if args.sweep.is_empty() { String::new() } else { format!("-{series}") };
        let name = format!("{}-{}{series}-{index}.log", args.game, args.seed);
        write_log(dir, &name, &log.to_bytes())?;
    }
    let hash = played.hash;
    let line = MatchLine::new(index, summary.swept(), played);
    if args.json || args.sweep.is_empty() {
        print(if args.json { json(&line)? } else { line.to_text() })?;
    }
    Ok(summary.add(&line, hash))
}

fn print(line: String) -> Result<(), String> {
    writeln!(io::stdout().lock(), "{line}")
        .map_err(|error| format!("the output cannot be written: {error}"))
}

impl Args {
    fn series(&self, games: &Games, config: &str) -> Result<Series, String> {
        let limits = MatchLimits { ticks_max: self.ticks_max, ..MatchLimits::default() };
        let simulation = Simulation::new(games, &self.game);
        let simulation = match self.secs {
            Some(secs) => simulation.secs(secs),
            None => simulation,
        };
        simulation
            .bots(&self.bots)
            .config(config)
            .seed(self.seed)
            .matches(self.matches)
            .paired(self.paired)
            .limits(limits)
            .logs(self.log.is_some())
            .prepare()
            .map_err(|error| error.to_string())
    }

    /// The test after which no more is played.
    fn sprt(&self, series: &Series) -> Result<Option<Sprt>, String> {
        let Some(text) = &self.sprt else { return Ok(None) };
        let numbers = text.split_once(':').map(|(same, better)| (same.parse(), better.parse()));
        let Some((Ok(same), Ok(better))) = numbers else {
            return Err(format!("--sprt {text}: write two differences in Elo, as 0:20"));
        };
        if series.two_sides().is_none() {
            return Err(format!(
                "--sprt compares two bots with as many seats, and --bots is {}: write hunter:1,random:1 \
                 or the like",
                self.bots
            ));
        }
        Sprt::new(same, better, self.errors).map(Some).map_err(|why| format!("--sprt {why}"))
    }
}

fn json(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

fn write_log(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    std::fs::create_dir_all(dir).and_then(|()| std::fs::write(dir.join(name), bytes)).map_err(
        |error| {
            let file = dir.join(name);
            format!(
                "--log: {} cannot be written: {error}: choose another directory",
                file.display()
            )
        },
    )
}
