//! Commands.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use greenroom::Games;

use crate::{headless, load, replay};

#[derive(Parser)]
#[command(name = "greenroom-sim", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays bot matches headless, in virtual time.
    Match(headless::Args),
    /// Plays bots over wss against a running server and measures.
    Load(load::Args),
    /// Replays a log and compares every hash.
    Replay(replay::Args),
}

/// Runs the command line of the simulator over these games.
#[must_use]
pub fn cli(games: Games) -> ExitCode {
    let result = match Cli::parse().command {
        Command::Match(args) => headless::run(&args, &games),
        Command::Load(args) => load::run(&args, &games),
        Command::Replay(args) => replay::run(&args, &games),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("greenroom-sim: {error}");
            ExitCode::FAILURE
        }
    }
}
