//! `match`: bots play each other in virtual time, without a network, as fast as they can.
//!
//! [`Simulation`] says what to play, [`Series`] plays match by match, and this file is the
//! command around them. The same seed gives the same matches, and the same hash over all.

mod play;
mod series;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use greenroom::Games;
use serde::Serialize;
use serde_json::Value;

pub use play::{MatchError, MatchLimits, Played, Seat};
pub use series::{Series, Simulation, SimulationError};

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
    /// The game's options, as a JSON object
    #[arg(long, default_value = "{}")]
    config: String,
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

#[derive(Serialize)]
struct MatchLine {
    #[serde(rename = "match")]
    index: u64,
    seed: u64,
    ticks: u32,
    hash: String,
    seats: Vec<Seat>,
    result: Value,
}

#[derive(Serialize, Default)]
struct Summary {
    matches: u64,
    ticks: u64,
    ticks_per_sec: u64,
    seconds: f64,
    hash: String,
    /// By bot, if the game's results name a `winner`.
    wins: BTreeMap<String, u64>,
}

/// Plays the matches and prints what came of them.
pub fn run(args: &Args, games: &Games) -> Result<(), String> {
    let limits = MatchLimits { ticks_max: args.ticks_max, ..MatchLimits::default() };
    let simulation = Simulation::new(games, &args.game);
    let simulation = match args.secs {
        Some(secs) => simulation.secs(secs),
        None => simulation,
    };
    let series = simulation
        .bots(&args.bots)
        .config(&args.config)
        .seed(args.seed)
        .matches(args.matches)
        .limits(limits)
        .logs(args.log.is_some())
        .prepare()
        .map_err(|error| error.to_string())?;
    let mut summary = Summary { matches: series.matches(), ..Summary::default() };
    let mut hash = 0;
    let mut out = io::stdout().lock();
    let said = |error: io::Error| format!("the output cannot be written: {error}");
    for index in 0..series.matches() {
        #[allow(clippy::disallowed_methods)] // measured for the reader; no match sees it
        let start = Instant::now();
        let played = series.play(index).map_err(|error| error.to_string())?;
        summary.seconds += start.elapsed().as_secs_f64();
        summary.ticks += u64::from(played.ticks);
        hash = series::mix(hash ^ played.hash);
        if let (Some(dir), Some(log)) = (&args.log, &played.log) {
            let name = format!("{}-{}-{index}.log", args.game, args.seed);
            write_log(dir, &name, &log.to_bytes())?;
        }
        let line = MatchLine::new(index, played);
        if let Some(winner) = line.winner() {
            *summary
                .wins
                .entry(winner.map_or("nobody", |seat| &seat.bot).to_owned())
                .or_default() += 1;
        }
        let line = if args.json { json(&line)? } else { line.to_text() };
        writeln!(out, "{line}").map_err(said)?;
    }
    summary.hash = format!("{hash:016x}");
    summary.ticks_per_sec = (summary.ticks as f64 / summary.seconds.max(1e-9)) as u64;
    let line = if args.json { json(&summary)? } else { summary.to_text() };
    writeln!(out, "{line}").map_err(said)
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

impl MatchLine {
    fn new(index: u64, played: Played) -> Self {
        MatchLine {
            index,
            seed: played.seed,
            ticks: played.ticks,
            hash: format!("{:016x}", played.hash),
            seats: played.seats,
            result: serde_json::from_str(&played.result).unwrap_or(Value::Null),
        }
    }

    /// The seat that won, `Some(None)` for a draw; `None` if the game's result does not say.
    fn winner(&self) -> Option<Option<&Seat>> {
        let winner = self.result.get("winner")?;
        let seat = self.seats.iter().find(|seat| winner.as_u64() == Some(seat.player.0.into()));
        (seat.is_some() || winner.is_null()).then_some(seat)
    }

    fn to_text(&self) -> String {
        let winner = match self.winner() {
            Some(Some(seat)) => format!("{} ({}) wins: ", seat.player, seat.bot),
            Some(None) => "nobody wins: ".to_owned(),
            None => String::new(),
        };
        let MatchLine { index, seed, ticks, hash, result, .. } = self;
        format!("match {index}, seed {seed}, {ticks} ticks, hash {hash}: {winner}{result}")
    }
}

impl Summary {
    fn to_text(&self) -> String {
        let wins = self.wins.iter().map(|(bot, wins)| format!("{bot} {wins}"));
        let wins = match wins.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => none,
            some => format!("; won by {some}"),
        };
        let Summary { matches, ticks, ticks_per_sec, seconds, hash, .. } = self;
        format!(
            "{matches} matches, {ticks} ticks in {seconds:.2} s ({ticks_per_sec} ticks/s), \
             hash {hash}{wins}"
        )
    }
}
