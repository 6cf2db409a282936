//! What the commands that play matches have in common.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use greenroom::Games;

use super::command::BotCommand;
use super::driver::Driver;
use super::jobs;
use super::lag::Latency;
use super::play::MatchLimits;
use super::process;
use super::progress::Progress;
use super::series::Series;
use super::shard::Shard;
use super::simulation::Simulation;
use crate::costs::CostsFile;
use crate::results::{Header, ResultsFile};

/// What to play, how, and where what came of it goes.
#[derive(clap::Args, Debug)]
pub(crate) struct Common {
    /// The game.
    #[arg(long)]
    pub(crate) game: String,
    /// A bot in any language, as a process that reads and writes JSON lines: mine=python3 mybot.py
    /// (then --bots mine,hunter). May be said several times
    #[arg(long, value_name = "NAME=COMMAND")]
    bot_cmd: Vec<BotCommand>,
    /// What such a bot may take for an answer, in milliseconds, 1 to 600000 (10 s more for the first).
    /// One that takes longer is out
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=600_000))]
    bot_ms: u32,
    /// What all chance comes from
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Threads that play, up to 1024; 0: one for each core
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=1024))]
    jobs: u16,
    /// The game's options, as a JSON object
    #[arg(long, default_value = "{}")]
    pub(crate) config: String,
    /// Print one JSON object per match, and one over all at the end
    #[arg(long)]
    pub(crate) json: bool,
    /// Write what came of each match into this file, line by line (`report` reads it)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write into this file what the matches cost this machine: time of steps, CPU, memory (`report
    /// --costs` reads it)
    #[arg(long, value_name = "FILE")]
    costs: Option<PathBuf>,
    /// Go on with the file of --out, if it is there: matches in it are not played again
    #[arg(long = "continue", requires = "out")]
    go_on: bool,
    /// Plays one of so many parts, as 2/5: `report` puts them together
    #[arg(long, value_name = "PART/PARTS", default_value = "1/1")]
    pub(crate) shard: Shard,
    /// Write the log of each match into this directory
    #[arg(long, value_name = "DIR")]
    pub(crate) log: Option<PathBuf>,
    /// What it takes to the bots and back, in the room's time: 80ms±20 is 60 to 100 ms, half of it either way
    #[arg(long, value_name = "MS±MS")]
    latency: Option<Latency>,
    /// Count the bytes of the frames that players would get, without WebSocket and TLS: bytes_per_tick
    /// among the metrics. Takes longer
    #[arg(long)]
    bytes: bool,
    /// End each match after so many seconds of its room's time, whatever the game says
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    secs: Option<u32>,
    /// Give a match up after so many steps
    #[arg(long, default_value_t = MatchLimits::default().ticks_max, value_parser = clap::value_parser!(u32).range(1..))]
    ticks_max: u32,
}

impl Common {
    /// The bots that are processes, each of which can be started.
    pub(crate) fn commands(&self) -> Result<Vec<BotCommand>, String> {
        let within = Duration::from_millis(self.bot_ms.into());
        let command = |command: &BotCommand| match process::check(command) {
            Ok(()) => Ok(command.clone().with_answers_within(within)),
            Err(why) => Err(format!("--bot-cmd {command}: it {why}")),
        };
        self.bot_cmd.iter().map(command).collect()
    }

    /// What to play, without who and how often.
    pub(crate) fn simulation(
        &self,
        games: &Games,
        config: &str,
        commands: &[BotCommand],
    ) -> Simulation {
        let limits = MatchLimits { ticks_max: self.ticks_max, ..MatchLimits::default() };
        let simulation =
            Simulation::new(games, &self.game).config(config).limits(limits).bytes(self.bytes);
        let simulation = simulation.logs(self.log.is_some());
        let simulation = match self.secs {
            Some(secs) => simulation.secs(secs),
            None => simulation,
        };
        let simulation = match self.latency {
            Some(latency) => simulation.latency(latency),
            None => simulation,
        };
        commands.iter().cloned().fold(simulation, Simulation::bot_command)
    }

    /// What the results say of such a series.
    pub(crate) fn header(&self, series: &Series, bots: Vec<String>) -> Header {
        Header {
            commands: self.bot_cmd.iter().map(BotCommand::to_string).collect(),
            seed: self.seed,
            matches: series.matches(),
            secs: self.secs,
            ticks_max: self.ticks_max,
            bytes: self.bytes,
            latency: self.latency.map(|latency| latency.to_string()),
            shard: self.shard.to_string(),
            ..Header::new(series.entry(), series.plan(), bots)
        }
    }

    /// What plays so many matches; `lines`: something is printed for each.
    pub(crate) fn driver(
        &self,
        header: &Header,
        matches: u64,
        lines: bool,
    ) -> Result<Driver, String> {
        let jobs = self.jobs();
        let open = |path: &PathBuf| ResultsFile::open(path, header, self.go_on);
        let results = self.out.as_ref().map(open).transpose()?;
        let create = |path: &PathBuf| CostsFile::create(path, &header.made, jobs.get(), matches);
        let costs = self.costs.as_ref().map(create).transpose()?;
        Ok(Driver { jobs, results, costs, progress: Progress::of(matches, lines) })
    }

    /// The name of the log of a match; `series` is what tells it from that of another series.
    pub(crate) fn log_name(&self, series: &str, index: u64) -> String {
        format!("{}-{}{series}-{index}.log", self.game, self.seed)
    }

    fn jobs(&self) -> NonZeroUsize {
        jobs::threads(self.jobs.into())
    }
}
