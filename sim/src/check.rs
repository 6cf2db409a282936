//! `check`: looks for what makes a game another one the second time.
//!
//! Matches are played with the game's bots and with what else may come: players who join, leave, drop
//! and return, garbage that decodes, signals. Then the very same steps are made again: as they were;
//! with the room written down and read back in the middle; in a second process; and with some of them
//! left out, as after a panic. Where a room comes out otherwise, the first tick and field are named,
//! and what kind of mistake that usually is.
//!
//! **What it cannot find alone.** One program has one C library: that `f32::sin` is another on the next
//! machine is seen by another build (`--other`), as one for `x86_64-unknown-linux-musl` on Linux. The
//! `clippy.toml` of a new crate refuses it before.

mod again;
mod apart;
mod besides;
mod finding;
mod garbage;
mod play;

use std::path::{Path, PathBuf};

use greenroom::Games;
use greenroom::registry::{Entry, RoomPlan};

use self::finding::Finding;
use self::play::{Original, Wildness, play};

/// Logs that wait for the second process, in bytes: then it is started for them.
const WAITING_BYTES: usize = 64 << 20;

/// Arguments of `check`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The game
    #[arg(long)]
    game: String,
    /// How many matches; from the second on ever more happens in them that no bot would do
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Steps of each match, if it does not end before
    #[arg(long, default_value_t = 600, conflicts_with = "secs", value_parser = clap::value_parser!(u32).range(1..))]
    ticks: u32,
    /// Seconds of each match, in its room's time, instead of steps
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    secs: Option<u32>,
    /// The game's options, as a JSON object
    #[arg(long, default_value = "{}")]
    config: String,
    /// Write the log of a match in which something is found into this file
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Have this program make the steps again, too: the same simulator built for another target, as
    /// x86_64-unknown-linux-musl, whose sine is another
    #[arg(long, value_name = "PROGRAM")]
    other: Option<PathBuf>,
    /// Be the second process
    #[arg(long, hide = true)]
    apart: bool,
}

/// What is to be played.
struct Plan {
    entry: Entry,
    plan: RoomPlan,
    ticks_max: u32,
    time_ms_max: u64,
}

/// What was done without finding anything.
#[derive(Default)]
struct Done {
    matches: u64,
    ticks: u64,
    restored: u64,
    left_out: u64,
}

/// Checks a game; the error says what was found.
pub fn run(args: &Args, games: &Games) -> Result<(), String> {
    if args.apart {
        return apart::serve(games);
    }
    let entry = games.get(&args.game).map_err(|error| error.to_string())?.clone();
    let plan = entry.game.plan(&args.config).map_err(|error| format!("--config: {error}"))?;
    let plan = Plan {
        entry,
        plan,
        ticks_max: if args.secs.is_some() { u32::MAX } else { args.ticks },
        time_ms_max: args.secs.map_or(u64::MAX, |secs| u64::from(secs) * 1000),
    };
    if plan.entry.bot_names().is_empty() {
        eprintln!("{} has no bots: only what chance does is played", args.game);
    }
    let mut done = Done::default();
    match all(args, &plan, &mut done) {
        Ok(()) => {
            println!("{}: {done}: nothing found", args.game);
            Ok(())
        }
        Err(Wrong::Found(found, original)) => {
            let log = args.log.as_deref().map(|file| {
                let written = std::fs::write(file, original.log.to_bytes());
                written.map_err(|error| format!("--log: {}: {error}", file.display()))
            });
            println!("{}: match of seed {}", args.game, original.log.header.seed);
            println!("{found}");
            log.transpose()?;
            Err(format!("{} is not sound", args.game))
        }
        Err(Wrong::Else(why)) => Err(why),
    }
}

/// Why a check ended early.
enum Wrong {
    /// Something was found in this match.
    Found(Finding, Box<Original>),
    /// It could not go on.
    Else(String),
}

fn all(args: &Args, plan: &Plan, done: &mut Done) -> Result<(), Wrong> {
    let mut waiting = Vec::new();
    let mut bytes = 0;
    for number in 0..args.seeds {
        let wildness = Wildness::of(number);
        let original = play(plan, args.seed.wrapping_add(number), wildness).map_err(Wrong::Else)?;
        done.matches += 1;
        done.ticks += original.steps() as u64;
        match again::again(&plan.entry, &original) {
            Ok(more) => {
                done.restored += more.restored;
                done.left_out += more.left_out;
            }
            Err(found) => return Err(Wrong::Found(found, Box::new(original))),
        }
        bytes += original.log.bytes();
        waiting.push(original);
        if bytes > WAITING_BYTES {
            apart(plan, args.other.as_deref(), std::mem::take(&mut waiting))?;
            bytes = 0;
        }
    }
    apart(plan, args.other.as_deref(), waiting)
}

/// This program first: what it finds has nothing to do with the other one.
fn apart(plan: &Plan, other: Option<&Path>, mut originals: Vec<Original>) -> Result<(), Wrong> {
    for program in std::iter::once(None).chain(other.map(Some)) {
        let found = apart::ask(&plan.entry, &originals, program).map_err(Wrong::Else)?;
        if let Some((number, found)) = found {
            return Err(Wrong::Found(found, Box::new(originals.swap_remove(number))));
        }
    }
    Ok(())
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Done { matches, ticks, restored, left_out } = self;
        write!(
            f,
            "{matches} matches of {ticks} steps, made again with {restored} keyframes read back and \
             in a second process, {left_out} steps made with something left out"
        )
    }
}
