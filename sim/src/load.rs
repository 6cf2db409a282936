//! Bots over wss against a running server, with measurements.
//!
//! Each bot is a real client on a connection of its own: TLS handshake, join, frames applied to a
//! copy of the state whose hash is compared, inputs, requests. A bot whose match ends joins
//! another; a bot that loses its connection comes back after a pause.
//!
//! **What latency means here.** With `--input-hz` the bots act by a timetable that does not wait
//! for the server, staggered evenly over the period. The latency of an input runs from the time
//! that the *timetable* says to the first frame that acknowledges it, so that a stall of the
//! server (or of this program) counts for every input that fell into it. Without `--input-hz` a
//! bot acts on each frame, and the latency runs from the arrival of that frame.
//!
//! Who does not see the state (`--decode`) is there, and acts; the times are those of bots that see it.
//!
//! **What staleness means here** is written down in `load/staleness.rs`.
//!
//! | file | what |
//! |---|---|
//! | `target.rs` | where to play, and what all bots have in common |
//! | `run.rs` | one run: starts the bots, breaks and ends them, adds up |
//! | `scenario.rs` | who the bots are, and when they come and go |
//! | `bot.rs` `play.rs` `others.rs` | the life of a bot; a match; those who do not play |
//! | `threads.rs` `unseeing.rs` `acts.rs` | bots that do not see the state (`--decode`): where and when they play, and what they do |
//! | `timetable.rs` `course.rs` | when bots act; rows over time, and how late this program is |
//! | `live.rs` `tally.rs` `staleness.rs` `ages.rs` | what was met with, added up |
//! | `process.rs` | CPU and memory of a process |
//! | `expect.rs` `report.rs` `page.rs` | thresholds, and what is said in the end |

mod acts;
mod ages;
mod bot;
mod course;
pub(crate) mod expect;
mod live;
mod others;
pub(crate) mod page;
mod play;
pub(crate) mod process;
mod report;
mod run;
mod scenario;
mod staleness;
mod tally;
mod target;
mod threads;
mod timetable;
mod unseeing;

use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use greenroom::Games;

use serde::Serialize;
use tokio::runtime::Runtime;

use self::expect::Expectation;
use self::scenario::{Course, Scenario};
use self::target::Plan;
pub(crate) use self::target::Target;

/// Exit code of a run in which something did not come as expected. 1 is an error, and 2 is a mistake on
/// the command line.
pub const NOT_AS_EXPECTED: u8 = 3;

/// Arguments.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// How many bots.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    bots: u32,
    /// How long, in seconds, counted from the start of the first bot. It ends sooner if no bot has had a
    /// connection for 30 s.
    #[arg(long, default_value_t = 30.0, value_parser = seconds, allow_negative_numbers = true)]
    secs: f64,
    /// What the bots do.
    #[arg(long, value_enum, default_value_t = Scenario::Steady)]
    scenario: Scenario,
    /// The share of bots that the scenario is about, if not the one that is said there.
    #[arg(long, value_name = "SHARE", value_parser = target::share)]
    share: Option<f64>,
    /// The bots start evenly spread over so many seconds.
    #[arg(long, default_value_t = 2.0, value_parser = seconds, allow_negative_numbers = true)]
    ramp_secs: f64,
    /// Times and CPU are measured after so many seconds; what is counted is from the beginning.
    #[arg(long, default_value_t = 0.0, value_parser = seconds, allow_negative_numbers = true)]
    warmup_secs: f64,
    /// What the run has to come to, as p99<60ms,desyncs=0; exit code 3 if it does not. What cannot be
    /// measured does not.
    #[arg(long, value_name = "METRIC<VALUE,...", value_delimiter = ',', value_parser = expect::one)]
    expect: Vec<Expectation>,
    /// The report as a page with plots.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The summary as one line of JSON instead of a table.
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let value = text.parse().map_err(|_| "it is not a number of seconds".to_owned())?;
    if (0.0..=86_400.0).contains(&value) { Ok(value) } else { Err("choose 0 to 86400".into()) }
}

/// Runs the bots and prints what they met with.
pub fn run(args: &Args, games: &Games) -> Result<ExitCode, String> {
    let scenario = args.scenario;
    if args.share.is_some() && !scenario.has_share() {
        return Err(format!("--share: the scenario {} is about all bots", scenario.name()));
    }
    if args.warmup_secs >= args.secs {
        return Err(format!(
            "--warmup-secs {} leaves nothing of --secs {} to measure",
            args.warmup_secs, args.secs
        ));
    }
    args.html.as_deref().map_or(Ok(()), page::has_place)?;
    let course = Course {
        scenario,
        share: args.share.unwrap_or(scenario.share()),
        bots: args.bots,
        secs: args.secs,
        ramp_secs: args.ramp_secs,
        warmup_secs: args.warmup_secs,
    };
    let plan = args.target.plan(games, args.bots)?;
    let outcome = runtime(&plan, args.bots)?.block_on(async {
        let server = args.target.greet(&plan).await?;
        let (bots, game) = (args.bots, &args.target.game);
        eprintln!("{bots} bots play {game} on {} ({server})", args.target.url);
        let live = |row: &course::Row| {
            if !args.json {
                eprintln!("{}", report::live(row));
            }
        };
        run::run(plan, course, &args.target, live).await
    })?;
    tell(args, outcome)
}

/// Prints what came of a run, and decides how the program ends.
fn tell(args: &Args, outcome: run::Outcome) -> Result<ExitCode, String> {
    let run::Outcome { mut summary, errors, alone, stopped } = outcome;
    if stopped {
        eprintln!("stopping early");
    }
    summary.broken = expect::broken(&args.expect, &summary);
    // A table of noughts would only hide why nobody got in; a program may still want its line.
    if summary.joined > 0 || args.json {
        report::print(&summary, args.json)?;
    }
    if let Some(file) = &args.html {
        let title = format!("{} on {}", args.target.game, args.target.url);
        page::write(file, &title, &summary)?;
    }
    if summary.joined == 0 {
        return Err(match errors.first() {
            Some((error, _)) => format!("no bot got a seat: {error}"),
            None => "no bot got a seat in time: give it more --secs".into(),
        });
    }
    let name = crate::cli::program();
    for (error, times) in &errors {
        eprintln!("{name}: {times} times: {error}");
    }
    if let Some(warning) = summary.warning() {
        eprintln!("{name}: {warning}");
    }
    for broken in &summary.broken {
        eprintln!("{name}: {broken}");
    }
    if alone {
        return Err(
            "at the end no bot had a connection: the server is gone, or lets nobody in".into()
        );
    }
    match summary.broken.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::from(NOT_AS_EXPECTED)),
    }
}

/// Bots that see the state for each thread, as long as there are more cores: a tenth of a core's time at
/// 20 frames a second. More threads than need be wake each other.
const SEEING_PER_THREAD: u32 = 200;

/// For those of so many bots that see the state, and for what else there is to do.
fn runtime(plan: &Plan, bots: u32) -> Result<Runtime, String> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = plan.seeing(bots).div_ceil(SEEING_PER_THREAD) as usize;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.clamp(1, cores))
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the threads of the bots: {error}"))
}

/// A run of `capacity`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rung {
    pub(crate) bots: u32,
    pub(crate) p99_ms: f64,
    pub(crate) stale_p99_ms: f64,
    pub(crate) generator_late_ms: f64,
    pub(crate) generator_limited: bool,
    /// On average, after all have come.
    pub(crate) generator_cores: Option<f64>,
    pub(crate) server_cores: Option<f64>,
    pub(crate) server_mb: Option<f64>,
    /// What did not come as expected.
    pub(crate) broken: Vec<String>,
}

/// After a rest, has so many bots come within the second time and play for the third, which alone is
/// measured.
/// `None`: somebody has stopped the program.
pub(crate) fn climb(
    target: &Target,
    games: &Games,
    bots: u32,
    (rest, ramp_secs, secs): (Duration, f64, f64),
    expectations: &[Expectation],
) -> Result<Option<Rung>, String> {
    // A second more, in which those who came last find their pace.
    let warmup_secs = ramp_secs + 1.0;
    let course = Course {
        scenario: Scenario::Steady,
        share: 0.0,
        bots,
        secs: warmup_secs + secs,
        ramp_secs,
        warmup_secs,
    };
    let plan = target.plan(games, bots)?;
    let outcome = runtime(&plan, bots)?.block_on(async {
        tokio::select! {
            () = tokio::time::sleep(rest) => {}
            () = run::interrupted() => return Ok(None),
        }
        target.greet(&plan).await?;
        let outcome = run::run(plan, course, target, |_| ()).await?;
        Ok::<_, String>(Some(outcome).filter(|outcome| !outcome.stopped))
    })?;
    let Some(run::Outcome { summary, .. }) = outcome else { return Ok(None) };
    let broken = expect::broken(expectations, &summary);
    let rung = Rung {
        bots,
        p99_ms: summary.latency_ms.p99,
        stale_p99_ms: summary.staleness_ms.p99,
        generator_late_ms: summary.generator_late_ms,
        generator_limited: summary.generator_limited,
        generator_cores: summary.generator.map(|process| process.cores),
        server_cores: summary.server.map(|process| process.cores),
        server_mb: summary.server.map(|process| process.memory_mb_max),
        broken: broken.iter().map(ToString::to_string).collect(),
    };
    Ok(Some(rung))
}
