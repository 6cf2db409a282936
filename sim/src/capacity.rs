//! `capacity`: how many players a server carries before what they meet with breaks a threshold.
//!
//! Runs of `load`, each with more bots: the number grows by half until a run does not come as
//! expected, and then halves the way between the most that held and the least that did not. A machine
//! has moods, so a number counts as too many only if it fails twice.

use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use greenroom::Games;
use serde::Serialize;

use crate::load::expect::Expectation;
use crate::load::{Rung, Target, climb, expect, page};
use crate::plot::{Line, Plot, document, escape};

/// Between two runs, so that the server has given all seats back.
const REST: Duration = Duration::from_secs(1);

/// Arguments.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    target: Target,
    /// With how many bots to begin.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    from: u32,
    /// With how many to end at most.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    to: u32,
    /// How long each number plays, in seconds, after all have come.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=3600))]
    step_secs: u32,
    /// How many bots come in a second.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    arrivals: u32,
    /// What has to hold, see load --expect. A game that steps less than 20 times a second needs more
    /// time than this.
    #[arg(
        long,
        default_value = "p99<100ms,stale_p99<100ms,joined=100%,desyncs=0,disconnects=0,errors=0",
        value_name = "METRIC<VALUE,...",
        value_delimiter = ',',
        value_parser = expect::one
    )]
    expect: Vec<Expectation>,
    /// The report as a page with plots.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// One line of JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// What the search came to.
#[derive(Serialize)]
struct Found {
    game: String,
    /// The most bots with which everything held; 0: with none that was tried.
    players: u32,
    /// The least with which it did not; `null`: none of those that were tried.
    too_many: Option<u32>,
    /// Whether the search was stopped, or failed, before its end.
    unfinished: bool,
    /// Whether this program was the bottleneck there: the server may carry more.
    generator_limited: bool,
    /// What broke there.
    broken: Vec<String>,
    /// Whether this program and the server together had this machine's cores to the full there: on a
    /// machine of its own the server carries more.
    machine_limited: bool,
    steps: Vec<Rung>,
}

/// Searches, and prints what it came to.
pub fn run(args: &Args, games: &Games) -> Result<ExitCode, String> {
    if args.from > args.to {
        return Err(format!("--from {} is more than --to {}", args.from, args.to));
    }
    args.html.as_deref().map_or(Ok(()), page::has_place)?;
    let mut search = Search { holds: 0, fails: None, from: args.from, to: args.to };
    let mut steps = Vec::new();
    let (mut failure, mut unfinished) = (None, false);
    while let Some(bots) = search.next().filter(|_| !unfinished) {
        match once(args, games, bots, &mut steps) {
            Ok(Some(holds)) => search.told(bots, holds),
            Ok(None) => {
                eprintln!("stopping early");
                unfinished = true;
            }
            // What was found so far is not lost.
            Err(error) if !steps.is_empty() => {
                failure = Some(error);
                unfinished = true;
            }
            Err(error) => return Err(error),
        }
    }
    let failed = search.fails.and_then(|bots| steps.iter().rev().find(|step| step.bots == bots));
    let found = Found {
        game: args.target.game.clone(),
        players: search.holds,
        too_many: search.fails,
        unfinished,
        generator_limited: failed.is_some_and(|step| step.generator_limited),
        machine_limited: failed.is_some_and(is_full),
        broken: failed.map(|step| step.broken.clone()).unwrap_or_default(),
        steps,
    };
    let text = match args.json {
        true => serde_json::to_string(&found).map_err(|error| error.to_string())?,
        false => sentence(&found),
    };
    use std::io::Write;
    writeln!(std::io::stdout(), "{text}").map_err(|error| format!("cannot print: {error}"))?;
    if let Some(file) = &args.html {
        std::fs::write(file, report(&found, &args.target.url))
            .map_err(|error| format!("--html {}: {error}: choose another file", file.display()))?;
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    Ok(match found.players {
        0 => ExitCode::from(crate::load::NOT_AS_EXPECTED),
        _ => ExitCode::SUCCESS,
    })
}

/// Plays one number of bots, twice if the first time does not hold. Whether it held; `None`: somebody has
/// stopped the program.
fn once(
    args: &Args,
    games: &Games,
    bots: u32,
    steps: &mut Vec<Rung>,
) -> Result<Option<bool>, String> {
    for again in [false, true] {
        let ramp_secs = f64::from(bots) / f64::from(args.arrivals);
        let rest = if steps.is_empty() { Duration::ZERO } else { REST };
        let times = (rest, ramp_secs, f64::from(args.step_secs));
        let Some(rung) = climb(&args.target, games, bots, times, &args.expect)? else {
            return Ok(None);
        };
        eprintln!("{}{}", line(&rung), if again { " (second time)" } else { "" });
        let holds = rung.broken.is_empty();
        steps.push(rung);
        if holds {
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}

/// Which numbers are tried.
struct Search {
    holds: u32,
    fails: Option<u32>,
    from: u32,
    to: u32,
}

impl Search {
    /// The next number; `None`: it is known well enough, to a twentieth.
    fn next(&self) -> Option<u32> {
        match self.fails {
            None if self.holds >= self.to => None,
            None if self.holds == 0 => Some(self.from),
            None => Some((self.holds + self.holds.div_ceil(2)).min(self.to)),
            Some(fails) if fails - self.holds <= (fails / 20).max(1) => None,
            Some(fails) => Some(self.holds + (fails - self.holds) / 2),
        }
    }

    fn told(&mut self, bots: u32, holds: bool) {
        match holds {
            true => self.holds = bots,
            false => self.fails = Some(bots),
        }
    }
}

/// Of the machine's cores, if server and generator take so much there is none left for either.
const FULL: f64 = 0.9;

fn is_full(rung: &Rung) -> bool {
    let cores = thread::available_parallelism().map_or(1, NonZero::get) as f64;
    rung.server_cores
        .zip(rung.generator_cores)
        .is_some_and(|(one, other)| one + other > FULL * cores)
}

fn line(rung: &Rung) -> String {
    let Rung { bots, p99_ms, stale_p99_ms, generator_late_ms, .. } = rung;
    let server = match (rung.server_cores, rung.server_mb) {
        (Some(cores), Some(mb)) => format!("  server {cores:.2} cores {mb:.0} MiB"),
        _ => String::new(),
    };
    let end = match rung.broken.is_empty() {
        true => "holds".to_owned(),
        false => rung.broken.join("; "),
    };
    format!(
        "{bots:>6} bots  input p99 {p99_ms:.1} ms  stale p99 {stale_p99_ms:.1} ms{server}  generator late \
         {generator_late_ms:.1} ms: {end}"
    )
}

fn sentence(found: &Found) -> String {
    let Found { game, players, unfinished, .. } = found;
    let mut text = match (found.too_many, unfinished) {
        (None, false) => {
            format!("{game}: carries {players} players, and more were not tried (--to)")
        }
        (Some(many), false) => {
            format!("{game}: carries {players} players, and {many} are too many")
        }
        (None, true) => {
            format!("{game}: carries at least {players} players; the search was not ended")
        }
        (Some(many), true) => {
            format!(
                "{game}: carries {players} players or more, fewer than {many}; the search was not ended"
            )
        }
    };
    if !found.broken.is_empty() {
        text += &format!(": {}", found.broken.join("; "));
    }
    if found.generator_limited && *players == 0 {
        text += "\nThe generator was late itself with all of them, so this says nothing of the server: run it \
                 where it has a core for itself, or with --decode 5%";
    } else if found.generator_limited {
        text += "\nThe generator was the bottleneck there: it was late itself. The server carries at least \
                 so many; for its own bound run this elsewhere, or with --decode 5%";
    } else if found.machine_limited {
        text += "\nServer and generator had all cores of this machine there. The server carries at least so \
                 many; for its own bound run this elsewhere";
    }
    text
}

fn report(found: &Found, url: &str) -> String {
    let title = format!("Players of {} on {url}", found.game);
    let mut body = format!("<h1>{}</h1>\n", escape(&title));
    for line in sentence(found).lines() {
        body += &format!("<p>{}</p>\n", escape(line));
    }
    let mut steps: Vec<_> = found.steps.iter().collect();
    steps.sort_by_key(|step| step.bots);
    let over = |name, value: &dyn Fn(&Rung) -> f64| Line {
        name,
        points: steps.iter().map(|step| (f64::from(step.bots), value(step))).collect(),
    };
    let plot = |title, y, lines| Plot { title, x: "bots", y, lines, dots: true, marks: Vec::new() };
    for plot in [
        plot(
            "Latency and staleness, 99th percentile",
            "ms",
            vec![
                over("input latency", &|step| step.p99_ms),
                over("staleness", &|step| step.stale_p99_ms),
                over("generator late", &|step| step.generator_late_ms),
            ],
        ),
        plot(
            "CPU",
            "cores",
            vec![
                over("server", &|step| step.server_cores.unwrap_or(f64::NAN)),
                over("generator", &|step| step.generator_cores.unwrap_or(f64::NAN)),
            ],
        ),
        plot(
            "Memory of the server",
            "MiB",
            vec![over("server", &|step| step.server_mb.unwrap_or(f64::NAN))],
        ),
    ] {
        body += &plot.figure();
    }
    for step in &found.steps {
        body += &format!("<p>{}</p>\n", escape(line(step).trim_start()));
    }
    document(&title, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_found_to_a_twentieth_wherever_it_is() {
        for bound in [0, 1, 7, 49, 50, 51, 333, 1000, 12_345, 19_999, 20_000, 50_000] {
            let mut search = Search { holds: 0, fails: None, from: 50, to: 20_000 };
            let mut tried = 0;
            while let Some(bots) = search.next() {
                assert!((1..=20_000).contains(&bots), "{bound}: {bots}");
                search.told(bots, bots <= bound);
                tried += 1;
            }
            let bound = bound.min(20_000);
            assert!(
                search.holds <= bound && bound <= search.holds + bound / 18 + 1,
                "{bound}: {}",
                search.holds
            );
            assert_eq!(search.fails.is_none(), bound == 20_000);
            assert!(tried <= 24, "{bound}: {tried} runs");
        }
    }

    #[test]
    fn what_is_said_is_what_was_found_out() {
        let said = |players, too_many, unfinished| {
            sentence(&Found {
                game: "arena".into(),
                players,
                too_many,
                unfinished,
                generator_limited: false,
                broken: Vec::new(),
                machine_limited: false,
                steps: Vec::new(),
            })
        };
        assert_eq!(said(90, Some(94), false), "arena: carries 90 players, and 94 are too many");
        assert!(said(90, None, false).ends_with("more were not tried (--to)"));
        assert!(said(90, None, true).contains("at least 90 players"));
        assert!(said(60, Some(90), true).contains("60 players or more, fewer than 90"));
    }
}
