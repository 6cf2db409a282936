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

mod ages;
mod bot;
mod report;
mod staleness;
mod tally;
mod timetable;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use greenroom::Games;
use greenroom_client::{Client, Connect, Lead, Trust};
use tokio::sync::watch;
use tokio::time::Instant;

use self::bot::Plan;
use self::tally::Tally;
use self::timetable::Timetable;

/// Arguments.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The server: wss://host:port or ws://host:port.
    #[arg(long, default_value = "wss://127.0.0.1:8443")]
    url: String,
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
    game: String,
    /// How many bots.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    bots: u32,
    /// How long, in seconds, counted from the start of the first bot.
    #[arg(long, default_value_t = 30.0, value_parser = seconds, allow_negative_numbers = true)]
    secs: f64,
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
    /// The bots start evenly spread over so many seconds.
    #[arg(long, default_value_t = 2.0, value_parser = seconds, allow_negative_numbers = true)]
    ramp_secs: f64,
    /// Seed of the bots.
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// The summary as one line of JSON instead of a table.
    #[arg(long)]
    json: bool,
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
pub fn run(args: &Args, games: &Games) -> Result<(), String> {
    let entry = games.get(&args.game).map_err(|error| error.to_string())?;
    let names = entry.bot_names();
    let name = args.bot.as_deref().or(names.first().copied()).unwrap_or_default();
    if !names.contains(&name) {
        return Err(match names.as_slice() {
            [] => format!("the game `{}` has no bots: add one with Games::bot", args.game),
            names => format!("there is no bot `{name}`: choose from {}", names.join(", ")),
        });
    }
    // The server would say the same, but to each bot.
    entry.game.plan(&args.config).map_err(|error| format!("--config: {error}"))?;
    let wanted = u64::from(args.bots) + OTHER_FILES;
    let files = rlimit::increase_nofile_limit(wanted).unwrap_or(u64::MAX);
    if files < wanted {
        return Err(format!(
            "{} bots need {wanted} open files and this process may have {files}: raise the hard \
             limit (ulimit -Hn) or use fewer bots",
            args.bots
        ));
    }
    let trust = match (&args.ca, args.danger_accept_any_certificate) {
        (Some(file), _) => Trust::CaFile(file.clone()),
        (None, true) => Trust::DangerAcceptAnyCertificate,
        (None, false) => Trust::System,
    };
    let connect = Connect {
        // Only wss needs certificates, and reading them must not fail for others.
        trust: if args.url.starts_with("wss:") {
            trust.prepare().map_err(|error| error.to_string())?
        } else {
            trust
        },
        client: concat!("greenroom-sim/", env!("CARGO_PKG_VERSION")).into(),
        schemas: vec![Arc::clone(&entry.schema)],
        // For the next step: what is measured is the server, not a reserve against jitter.
        lead: Lead::Fixed(0),
        // Players have a machine each and share no session tickets.
        tls_resumption: false,
        ..Connect::to(&args.url)
    };
    let plan = Plan {
        tokens: args.tokens.as_deref().map(|file| tokens(file, args.bots)).transpose()?,
        connect,
        entry: entry.clone(),
        bot: name.to_owned(),
        options: args.config.clone(),
        seed: args.seed,
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the threads of the bots: {error}"))?
        .block_on(drive(args, plan))
}

/// Starts the bots, ends them, prints the summary.
async fn drive(args: &Args, plan: Plan) -> Result<(), String> {
    // One client first: what is wrong for all is said once, and at once.
    let probe = Client::connect(plan.connect(0)).await.map_err(|error| error.to_string())?;
    eprintln!("{} bots play {} on {} ({})", args.bots, args.game, args.url, probe.server());
    probe.close().await;

    let began = Instant::now();
    let (stop, stopped) = watch::channel(false);
    let (plan, tally) = (Arc::new(plan), Arc::new(Tally::new()));
    let timetable = |bot| Timetable::new(began, args.input_hz, bot, args.bots);
    let mut bots = tokio::task::JoinSet::new();
    for bot in 0..args.bots {
        let share = f64::from(bot) / f64::from(args.bots);
        let start = began + Duration::from_secs_f64(args.ramp_secs * share);
        let (plan, tally) = (Arc::clone(&plan), Arc::clone(&tally));
        bots.spawn(bot::live(plan, bot, start, timetable(bot), tally, stopped.clone()));
    }
    let all_done = async { while bots.join_next().await.is_some() {} };
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs_f64(args.secs)) => {}
        _ = tokio::signal::ctrl_c() => eprintln!("stopping early"),
        // They gave up: nothing that would change by waiting.
        () = all_done => {}
    }
    let seconds = began.elapsed().as_secs_f64();
    let _ = stop.send(true);
    while bots.join_next().await.is_some() {}

    let (summary, errors) = tally.summary(args.bots, seconds);
    // A table of noughts would only hide why nobody got in; a program may still want its line.
    if summary.joined > 0 || args.json {
        report::print(&summary, args.json)?;
    }
    if summary.joined == 0 {
        return Err(match errors.first() {
            Some((error, _)) => format!("no bot got a seat: {error}"),
            None => "no bot got a seat in time: give it more --secs".into(),
        });
    }
    for (error, times) in &errors {
        eprintln!("{}: {times} times: {error}", crate::cli::program());
    }
    Ok(())
}
