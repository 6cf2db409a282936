//! `replay`: steps logged matches again and compares every hash. A crash is replayed to the very
//! panic. What there was to see on the way can be printed, recorded and compared with another log.

mod camera;
mod crash;
mod diff;
mod frames;
mod show;
mod verify;
mod walk;

use std::path::{Path, PathBuf};

use greenroom::Games;
use greenroom::proto::{PlayerId, Tick};
use greenroom::registry::UnknownGame;
use greenroom::room::log::LogError;
use greenroom::room::recovery::Crash;

pub use verify::{Verified, replay};

use verify::Opened;

/// Arguments of `replay`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Logs: of `match --log`, crash files, kept replays
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Stop after this tick
    #[arg(long, value_name = "TICK", conflicts_with = "diff")]
    to_tick: Option<u32>,
    /// Print as JSON what there is to see after the last tick that is made
    #[arg(long, conflicts_with_all = ["diff", "frames"])]
    print_state: bool,
    /// Only what this player (a number) sees
    #[arg(long = "as", value_name = "PLAYER", conflicts_with = "diff")]
    player: Option<u32>,
    /// Name the first tick and field in which this other log parts from the file
    #[arg(long, value_name = "OTHER", conflicts_with = "frames")]
    diff: Option<PathBuf>,
    /// Write the state frames of the match into this file, for viewers
    #[arg(long, value_name = "OUT")]
    frames: Option<PathBuf>,
}

/// Replays all files; the error counts those that failed, each of which was told on its own.
pub fn run(args: &Args, games: &Games) -> Result<(), String> {
    let to = args.to_tick.map(Tick);
    let player = args.player.map(PlayerId);
    let only = || match args.files.as_slice() {
        [only] => Ok(only),
        _ => Err("this is done with one file at a time".to_owned()),
    };
    if player.is_some() && !args.print_state && args.frames.is_none() {
        return Err("--as says whose state --print-state or --frames is of: add one".to_owned());
    }
    if let Some(other) = &args.diff {
        return diff::run([only()?, other], games);
    }
    if let Some(out) = &args.frames {
        return told(only()?, |file| frames::run(&Opened::file(file, games)?, (player, to), out));
    }
    if args.print_state {
        return told(only()?, |file| show::run(&Opened::file(file, games)?, (player, to)));
    }
    let failed = args.files.iter().filter(|file| {
        let verdict = Opened::file(file, games).and_then(|opened| opened.verify(to));
        match verdict {
            Ok(verified) => println!("{}: {verified}", file.display()),
            Err(error) => {
                eprintln!("{}: {error}", file.display());
                return true;
            }
        }
        false
    });
    match failed.count() {
        0 => Ok(()),
        failed => Err(format!("{failed} of {} logs do not replay", args.files.len())),
    }
}

/// An error says which file it is of.
fn told(file: &Path, work: impl FnOnce(&Path) -> Result<(), ReplayError>) -> Result<(), String> {
    work(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Replays a file from each of its keyframes.
pub fn replay_file(file: &Path, games: &Games) -> Result<Verified, ReplayError> {
    Opened::file(file, games)?.verify(None)
}

/// A log that does not replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// What was asked for cannot be written.
    #[error("{0}")]
    Output(String),
    /// This program does not have its game.
    #[error(transparent)]
    Game(#[from] UnknownGame),
    /// The rules have changed since.
    #[error("it was played under version {log} of {game}; this build has version {build}")]
    Version {
        /// Name of the game.
        game: String,
        /// The version in the log.
        log: u32,
        /// The version here.
        build: u32,
    },
    /// The state has changed since, without a new version.
    #[error("the state of {game} has another schema than in this build, under the same version")]
    Schema {
        /// Name of the game.
        game: String,
    },
    /// Damaged, or diverged.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The game panicked where the match went on.
    #[error("the game panics where it did not in the match: {0}")]
    Panicked(Crash),
    /// The crash is not had again.
    #[error("the crash is not had again: {came}\nit was {was}")]
    OtherCrash {
        /// What is in the log.
        was: Crash,
        /// What happened instead.
        came: String,
    },
    /// The log does not go as far.
    #[error("there is no {asked} in it: it begins after {begin} and ends with {end}")]
    NoSuchTick {
        /// Asked for.
        asked: Tick,
        /// Of the first keyframe.
        begin: Tick,
        /// The last step.
        end: Tick,
    },
    /// No client would take its state, and its room ended there.
    #[error("after {tick} {why}")]
    TooLarge {
        /// The step.
        tick: Tick,
        /// What is too large.
        why: String,
    },
    /// The player is not there.
    #[error("{player} has no seat after {tick}; those who have: {seated}")]
    NotSeated {
        /// Asked for.
        player: PlayerId,
        /// When.
        tick: Tick,
        /// Those who are there.
        seated: String,
    },
}
