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
//! **What staleness means here** is written down in `load/staleness.rs`.
//!
//! | file | what |
//! |---|---|
//! | `run.rs` | one run: starts the bots, breaks and ends them, adds up |
//! | `scenario.rs` | who the bots are, and when they come and go |
//! | `bot.rs` `play.rs` `others.rs` | the life of a bot; a match; those who do not play |
//! | `acts.rs` | what bots do that do not see the state (`--decode`) |
//! | `timetable.rs` `course.rs` | when bots act; rows over time, and how late this program is |
//! | `tally.rs` `staleness.rs` `ages.rs` | what was met with, added up |
//! | `process.rs` | CPU and memory of a process |
//! | `expect.rs` `report.rs` `page.rs` | thresholds, and what is said in the end |

mod acts;
mod ages;
mod bot;
mod course;
pub(crate) mod expect;
mod others;
mod page;
mod play;
mod process;
mod report;
mod run;
mod scenario;
mod staleness;
mod tally;
mod timetable;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use greenroom::{Games, Pace};
use greenroom_client::{Client, Connect, Lead, Trust};

use serde::Serialize;

use self::acts::Acts;
use self::bot::Plan;
use self::expect::Expectation;
use self::scenario::{Course, Scenario};

/// Exit code of a run in which something did not come as expected. 1 is an error, and 2 is a mistake on
/// the command line.
pub const NOT_AS_EXPECTED: u8 = 3;

/// Where to play, and what: the same for `load` and `capacity`.
#[derive(clap::Args, Debug)]
pub(crate) struct Target {
    /// The server: wss://host:port or ws://host:port.
    #[arg(long, default_value = "wss://127.0.0.1:8443")]
    pub(crate) url: String,
    /// PEM file of the CA that signed the server's certificate; a development server keeps its
    /// own in certs/ca.pem. Without, the CAs that this system trusts.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Accept any certificate. Whoever sits in between can then read and change everything.
    #[arg(long, conflicts_with = "ca")]
    danger_accept_any_certificate: bool,
    /// File with a token for each bot, one a line, for a server that wants to know who they are
    /// (greenroom token --account bot-1 prints one). An account may have one connection unless the
    /// server is set otherwise, so each bot needs an account.
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// The game to play.
    #[arg(long)]
    pub(crate) game: String,
    /// Which of the game's bots; the first if not named.
    #[arg(long)]
    bot: Option<String>,
    /// Options of the rooms, as a JSON object.
    #[arg(long, default_value = "", value_name = "JSON", hide_default_value = true)]
    config: String,
    /// Times a second that each bot acts, on a timetable. Without, on every frame. Rooms that
    /// step on commands are always played frame by frame.
    #[arg(long, value_name = "HZ", value_parser = rate, allow_negative_numbers = true)]
    input_hz: Option<f64>,
    /// Seed of the bots.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// The share of bots that keep a copy of the state and compare its hash: 1, 0.05 or 5%; one at
    /// least. The others count frames by their heads and repeat what these do: some third of the CPU
    /// time here, and no desync is noticed there.
    #[arg(long, default_value = "100%", value_name = "SHARE", value_parser = share)]
    decode: f64,
    /// The server's process, for its CPU and memory; found by its port where it is on this machine and
    /// this user's.
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
}

/// Arguments.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// How many bots.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    bots: u32,
    /// How long, in seconds, counted from the start of the first bot.
    #[arg(long, default_value_t = 30.0, value_parser = seconds, allow_negative_numbers = true)]
    secs: f64,
    /// What the bots do.
    #[arg(long, value_enum, default_value_t = Scenario::Steady)]
    scenario: Scenario,
    /// The share of bots that the scenario is about, if not the one that is said there.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    share: Option<f64>,
    /// The bots start evenly spread over so many seconds.
    #[arg(long, default_value_t = 2.0, value_parser = seconds, allow_negative_numbers = true)]
    ramp_secs: f64,
    /// Times in the first so many seconds are not measured; what is counted is.
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

/// A share of all: above 0, at most 1.
fn share(text: &str) -> Result<f64, String> {
    let (number, of) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share = number.trim().parse::<f64>().map_err(|_| "write it as 0.05 or 5%".to_owned())? / of;
    if share > 0.0 && share <= 1.0 { Ok(share) } else { Err("choose above 0% to 100%".into()) }
}

fn seconds(text: &str) -> Result<f64, String> {
    let value = text.parse().map_err(|_| "it is not a number of seconds".to_owned())?;
    if (0.0..=86_400.0).contains(&value) { Ok(value) } else { Err("choose 0 to 86400".into()) }
}

fn rate(text: &str) -> Result<f64, String> {
    let value = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if (0.01..=1000.0).contains(&value) { Ok(value) } else { Err("choose 0.01 to 1000".into()) }
}

/// A token for each of so many bots.
fn tokens(file: &Path, bots: u32) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("--tokens {}: {error}", file.display()))?;
    let tokens: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
    match tokens.len() < bots as usize {
        true => {
            Err(format!("--tokens has {} tokens for {bots} bots: each needs one", tokens.len()))
        }
        false => Ok(tokens),
    }
}

/// Descriptors that this program needs besides those of the bots.
const OTHER_FILES: u64 = 64;

/// Runs the bots and prints what they met with.
pub fn run(args: &Args, games: &Games) -> Result<ExitCode, String> {
    let scenario = args.scenario;
    if args.share.is_some() && !scenario.has_share() {
        return Err(format!("--share: the scenario {} is about all bots", scenario.name()));
    }
    let course = Course {
        scenario,
        share: args.share.unwrap_or(scenario.share()),
        bots: args.bots,
        secs: args.secs,
        ramp_secs: args.ramp_secs,
        warmup_secs: args.warmup_secs,
    };
    let plan = args.target.plan(games, args.bots)?;
    let outcome = runtime()?.block_on(async {
        let server = args.target.greet(&plan).await?;
        let (bots, game) = (args.bots, &args.target.game);
        eprintln!("{bots} bots play {game} on {} ({server})", args.target.url);
        let live = |row: &course::Row| {
            if !args.json {
                eprintln!("{}", report::live(row));
            }
        };
        Ok::<_, String>(run::run(plan, course, &args.target, live).await)
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

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the threads of the bots: {error}"))
}

impl Target {
    /// What so many bots have in common; everything that can be wrong is found here.
    fn plan(&self, games: &Games, bots: u32) -> Result<Plan, String> {
        let entry = games.get(&self.game).map_err(|error| error.to_string())?;
        let names = entry.bot_names();
        let name = self.bot.as_deref().or(names.first().copied()).unwrap_or_default();
        if !names.contains(&name) {
            return Err(match names.as_slice() {
                [] => format!("the game `{}` has no bots: add one with Games::bot", self.game),
                names => format!("there is no bot `{name}`: choose from {}", names.join(", ")),
            });
        }
        // The server would say the same, but to each bot.
        let room = entry.game.plan(&self.config).map_err(|error| format!("--config: {error}"))?;
        if self.decode < 1.0 && room.pace == Pace::OnCommand {
            return Err(format!(
                "--decode: a room of {} steps on commands, and who does not see it cannot move: leave \
                 it out",
                self.game
            ));
        }
        let wanted = u64::from(bots) + OTHER_FILES;
        let files = rlimit::increase_nofile_limit(wanted).unwrap_or(u64::MAX);
        if files < wanted {
            return Err(format!(
                "{bots} bots need {wanted} open files and this process may have {files}: raise the \
                 hard limit (ulimit -Hn) or use fewer bots"
            ));
        }
        let connect = Connect {
            trust: self.trust()?,
            client: concat!("greenroom-sim/", env!("CARGO_PKG_VERSION")).into(),
            schemas: vec![Arc::clone(&entry.schema)],
            // For the next step: what is measured is the server, not a reserve against jitter.
            lead: Lead::Fixed(0),
            // Players have a machine each and share no session tickets.
            tls_resumption: false,
            ..Connect::to(&self.url)
        };
        Ok(Plan {
            tokens: self.tokens.as_deref().map(|file| tokens(file, bots)).transpose()?,
            connect,
            entry: entry.clone(),
            bot: name.to_owned(),
            options: self.config.clone(),
            seed: self.seed,
            decode: self.decode,
            acts: Acts::new(self.decode >= 1.0),
        })
    }

    fn trust(&self) -> Result<Trust, String> {
        let trust = match (&self.ca, self.danger_accept_any_certificate) {
            (Some(file), _) => Trust::CaFile(file.clone()),
            (None, true) => Trust::DangerAcceptAnyCertificate,
            (None, false) => Trust::System,
        };
        // Only wss needs certificates, and reading them must not fail for others.
        match self.url.starts_with("wss:") {
            true => trust.prepare().map_err(|error| error.to_string()),
            false => Ok(trust),
        }
    }

    /// One client first: what is wrong for all is said once, and at once. Returns who answers.
    async fn greet(&self, plan: &Plan) -> Result<String, String> {
        let probe = Client::connect(plan.connect(0)).await.map_err(|error| error.to_string())?;
        let server = probe.server().to_owned();
        probe.close().await;
        Ok(server)
    }

    /// The server's process, if it can be seen.
    fn server(&self) -> Option<u32> {
        self.server_pid.or_else(|| process::listening(loopback(&self.url)?))
    }
}

/// The address of a URL that leads to this machine.
fn loopback(url: &str) -> Option<SocketAddr> {
    let authority = url.split_once("://")?.1.split(['/', '?']).next()?;
    authority.replace("localhost", "127.0.0.1").parse().ok()
}

/// A run of `capacity`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rung {
    pub(crate) bots: u32,
    pub(crate) p99_ms: f64,
    pub(crate) stale_p99_ms: f64,
    pub(crate) generator_late_ms: f64,
    pub(crate) generator_limited: bool,
    /// On average over the run, arrivals included.
    pub(crate) generator_cores: Option<f64>,
    pub(crate) server_cores: Option<f64>,
    pub(crate) server_mb: Option<f64>,
    /// What did not come as expected.
    pub(crate) broken: Vec<String>,
}

/// Has so many bots come within the first time and play for the second, which alone is measured.
/// Returns also whether to go on: nobody has stopped the program.
pub(crate) fn climb(
    target: &Target,
    games: &Games,
    bots: u32,
    (ramp_secs, secs): (f64, f64),
    expectations: &[Expectation],
) -> Result<(Rung, bool), String> {
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
    let outcome = runtime()?.block_on(async {
        target.greet(&plan).await?;
        let outcome = run::run(plan, course, target, |_| ()).await;
        tokio::time::sleep(std::time::Duration::from_secs_f64(crate::capacity::REST_SECS)).await;
        Ok::<_, String>(outcome)
    })?;
    let summary = outcome.summary;
    let cores = |process: report::Process| process.cpu_secs / summary.seconds.max(0.001);
    let broken = expect::broken(expectations, &summary);
    let rung = Rung {
        bots,
        p99_ms: summary.latency_ms.p99,
        stale_p99_ms: summary.staleness_ms.p99,
        generator_late_ms: summary.generator_late_ms,
        generator_limited: summary.generator_limited,
        generator_cores: summary.generator.map(cores),
        server_cores: summary.server.map(cores),
        server_mb: summary.server.map(|process| process.memory_mb_max),
        broken: broken.iter().map(ToString::to_string).collect(),
    };
    Ok((rung, !outcome.stopped))
}
