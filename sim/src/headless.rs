//! `match`: bots play each other in virtual time, without a network, as fast as they can.
//!
//! [`Simulation`] says what to play, [`Series`] plays match by match, and this file is the
//! command around them. The same seed gives the same matches, and the same hash over all, on any
//! number of cores.

mod args;
mod command;
mod driver;
mod jobs;
mod keep;
mod lag;
mod mind;
mod outside;
mod play;
mod player;
mod process;
mod progress;
pub mod rating;
mod screen;
mod series;
mod shard;
mod simulation;
mod summary;
mod sweep;
mod table;

use std::io::{self, Write};

use greenroom::Games;
use serde::Serialize;

pub(crate) use args::Common;
pub use command::BotCommand;
pub(crate) use driver::{Driver, Task};
use keep::Keep;
pub(crate) use keep::Logs;
pub use lag::Latency;
pub(crate) use outside::answer;
pub(crate) use play::THINK_MS;
pub use play::{Forfeit, MatchError, MatchLimits, Played, Seat};
use rating::Sprt;
pub use series::{Series, SimulationError};
pub(crate) use series::{known_bots, mix, two_sides};
pub use shard::Shard;
pub use simulation::{Named, Playable, Simulation};
pub(crate) use summary::Summary;
pub(crate) use sweep::{Swept, variants};
pub(crate) use table::{align, of as table_of};

use crate::costs::now;
use crate::results::{Header, SprtTerms};

/// Arguments of `match`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Who plays: a number of the game's default bot, or names: hunter:4,random:4
    #[arg(long, default_value = "2")]
    bots: String,
    /// How many matches; bots move on by one seat from match to match
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
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
    /// Plays the matches for each value of an option, and ends with a table: key=from:to:step or
    /// key=one,another; may be said several times
    #[arg(long, value_name = "KEY=VALUES")]
    sweep: Vec<String>,
    /// Keep only the logs of a few matches: worst:5 (for the bot that is named first), best:5 or
    /// longest:5
    #[arg(long, value_name = "WHICH:COUNT", requires = "log")]
    keep_replays: Option<Keep>,
}

/// Plays the matches and prints what came of them.
pub fn run(args: &Args, games: &Games) -> Result<(), String> {
    let commands = args.common.commands()?;
    // All of them first: a mistake in the last one is told before the first is played.
    let variants: Vec<(Series, Swept)> = variants(&args.sweep, &args.common.config)?
        .into_iter()
        .map(|(swept, config)| Ok((args.series(games, &config, &commands)?, swept)))
        .collect::<Result<_, String>>()?;
    let header = args.header(games, &variants[0].0)?;
    let sprt = sprt(&header)?;
    let indices: Vec<u64> = variants[0].0.shard(args.common.shard).collect();
    let prints_lines = args.common.json || args.sweep.is_empty();
    let matches = (indices.len() * variants.len()) as u64;
    let mut driver = args.common.driver(&header, matches, prints_lines)?;
    let mut logs =
        args.common.log.as_ref().map(|dir| Logs::new(dir, args.keep_replays, &header.bots[0]));
    let mut rows = Vec::new();
    for (number, (series, swept)) in variants.iter().enumerate() {
        let task = |index| Task { series, number: index, index, round: None, swept };
        let tasks: Vec<_> = indices.iter().copied().map(task).collect();
        let mut summary = Summary::new(&header, swept.clone(), sprt);
        let began = now();
        let outcome = driver.play(&tasks, |line, log| {
            if let Some(logs) = &mut logs {
                logs.add(&line, &args.log_name(number, line.index), log.as_ref())?;
            }
            if prints_lines {
                print(if args.common.json { json(&line)? } else { line.to_text() })?;
            }
            Ok(summary.add(&line))
        });
        driver.progress.hide();
        summary.done_in(now() - began, driver.jobs.get());
        // What was played counts, also where it ended early.
        if outcome.is_ok() || summary.matches > 0 {
            print(if args.common.json { json(&summary)? } else { summary.to_text() })?;
        }
        outcome?;
        rows.push(summary);
    }
    driver.end()?;
    match args.sweep.is_empty() || args.common.json {
        true => Ok(()),
        false => print(table_of(&rows)),
    }
}

pub(crate) fn print(line: String) -> Result<(), String> {
    writeln!(io::stdout().lock(), "{line}")
        .map_err(|error| format!("the output cannot be written: {error}"))
}

pub(crate) fn json(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

impl Args {
    fn series(
        &self,
        games: &Games,
        config: &str,
        commands: &[BotCommand],
    ) -> Result<Series, String> {
        self.common
            .simulation(games, config, commands)
            .bots(&self.bots)
            .seed(self.common.seed)
            .matches(self.matches)
            .paired(self.paired)
            .prepare()
            .map_err(|error| error.to_string())
    }

    /// What the results say of themselves.
    fn header(&self, games: &Games, first: &Series) -> Result<Header, String> {
        // Without what is swept.
        let config = match self.sweep.is_empty() {
            true => first.plan().options.clone(),
            false => {
                let entry = games.get(&self.common.game).map_err(|error| error.to_string())?;
                let plan = entry.game.plan(&self.common.config);
                plan.map_err(|why| format!("--config: {why}"))?.options
            }
        };
        Ok(Header {
            config: serde_json::from_str(&config).map_err(|error| error.to_string())?,
            sweep: self.sweep.clone(),
            paired: self.paired,
            sprt: self.sprt.clone().map(|elo| SprtTerms { elo, errors: self.errors }),
            ..self.common.header(first, first.line_up().to_vec())
        })
    }

    /// The name of the log of a match of one of the series.
    fn log_name(&self, series: usize, index: u64) -> String {
        let series = if self.sweep.is_empty() { String::new() } else { format!("-{series}") };
        self.common.log_name(&series, index)
    }
}

/// The test after which no more is played.
pub(crate) fn sprt(header: &Header) -> Result<Option<Sprt>, String> {
    let Some(SprtTerms { elo: text, errors }) = &header.sprt else { return Ok(None) };
    let numbers = text.split_once(':').map(|(same, better)| (same.parse(), better.parse()));
    let Some((Ok(same), Ok(better))) = numbers else {
        return Err(format!("--sprt {text}: write two differences in Elo, as 0:20"));
    };
    if two_sides(&header.bots).is_none() {
        return Err(format!(
            "--sprt compares two bots with as many seats, and --bots is {}: write \
             hunter:1,random:1 or the like",
            header.bots.join(",")
        ));
    }
    Sprt::new(same, better, *errors).map(Some).map_err(|why| format!("--sprt {why}"))
}
