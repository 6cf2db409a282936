//! Commands.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use greenroom::Games;

use crate::{bench, capacity, chaos, check, env, headless, load, replay, report, tournament};

#[derive(Parser)]
#[command(name = "greenroom-sim", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays bot matches headless, in virtual time.
    ///
    /// A bot may be a process in any language (--bot-cmd). It is started for each match and reads a line
    /// of JSON: {"hello": {"format": 1, "game": ..., "options": ..., "player": 1, "seats": 2, "tick_hz":
    /// 30, "seed": 77}}, where `game` is what `greenroom schema` prints. Then comes one for each frame,
    /// {"tick": 3, "state": ..., "replies": [...], "events": [...]}, and the bot answers each of these
    /// with one line: {"inputs": [...], "requests": [...]}, of which either may be missing. The last is
    /// {"over": {"result": ...}}. A bot that ends, is too slow or says something wrong is out: it leaves
    /// its seat and does not win, and the note has what it last wrote to standard error.
    Match(headless::Args),
    /// Plays bots against each other, everybody or in Swiss rounds, and rates them.
    Tournament(tournament::Args),
    /// Steps many rooms at once for a program that learns to play.
    ///
    /// Talks to it over standard input and output, in binary frames: what the players see as numbers,
    /// what they do as whole numbers, rewards, ends. Everything follows from the seed and the actions.
    /// clients/python is the other side of it, for numpy; the documentation of greenroom_sim::env has
    /// the frames.
    Env(env::Args),
    /// Says what came of matches whose results were written with --out, and puts shards together.
    Report(report::Args),
    /// Plays bots over wss against a running server and measures.
    ///
    /// Input latency (latency_ms in JSON) runs from the time at which a bot was to act to the first
    /// frame that knows of it. Staleness (staleness_ms) is how old is what a player looks at: the
    /// age, since its tick was due, of the newest state that a bot holds, over all moments of play.
    /// When ticks were due is taken from the room's earliest frames, so what every frame takes at
    /// the least is not in it, and a tick that the server left out makes only the one before it
    /// older. "generator late" is how far this program itself fell behind.
    ///
    /// The exit code is 3 if something did not come as --expect says; 1 is an error, 2 a mistake on the
    /// command line.
    Load(load::Args),
    /// Raises the load on a running server until a threshold breaks, and says how many players it
    /// carries.
    ///
    /// Runs of `load`, each with more bots: what they meet with after all have come has to be as
    /// --expect says. Exit code 3 if it was not with any number of bots.
    Capacity(capacity::Args),
    /// Measures what a step of a game costs, alone.
    ///
    /// Plays one match with bots and makes its steps again and again: no bots, no network, one core.
    Bench(bench::Args),
    /// Replays logs and compares every hash; a crash file to the very panic.
    ///
    /// With an option: prints the state after a tick, writes a recording for viewers, or names the
    /// first tick and field in which two logs part.
    Replay(replay::Args),
    /// Looks for what makes a game another one the second time.
    ///
    /// Plays matches with bots and with what else may come, and makes the same steps again: read back
    /// from keyframes, in a second process, with some left out as after a panic. Finds the order of a
    /// HashMap, clocks, statics, fields that are not written down; and, beside another build of the same
    /// simulator (--other), floats that another platform computes otherwise.
    Check(check::Args),
    /// Looks for promises of the server that it does not keep.
    ///
    /// Plays whole matches in one process, in virtual time, with what a server meets: clients that
    /// break off, come back, read too slowly, steal tokens; games that panic; processes that die at any
    /// byte. Everything follows from the seed. After each thing that happens all promises are checked;
    /// for the first that is broken it says what is enough to break it, and ends with an error.
    Chaos(chaos::Args),
}

/// Runs the command line of the simulator over these games.
#[must_use]
pub fn cli(games: Games) -> ExitCode {
    // A studio's own binary speaks of itself by its own name, and of Greenroom's version.
    let name = program();
    let version = match name == env!("CARGO_PKG_NAME") {
        true => env!("CARGO_PKG_VERSION"),
        false => concat!("(Greenroom ", env!("CARGO_PKG_VERSION"), ")"),
    };
    let known = known(&games);
    let matches = Cli::command()
        .name(name.clone())
        .bin_name(&name)
        .version(version)
        .mut_subcommand("match", |command| command.after_help(&known))
        .mut_subcommand("tournament", |command| command.after_help(&known))
        .mut_subcommand("env", |command| command.after_help(&known))
        .mut_subcommand("load", |command| {
            command.after_help(format!("{known}\n\n{}", load::expect::known()))
        })
        .mut_subcommand("capacity", |command| {
            command.after_help(format!("{known}\n\n{}", load::expect::known()))
        })
        .mut_subcommand("bench", |command| command.after_help(&known))
        .mut_subcommand("check", |command| command.after_help(&known))
        .get_matches();
    let command = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli.command,
        Err(error) => error.exit(),
    };
    let result = match command {
        Command::Match(args) => headless::run(&args, &games),
        Command::Tournament(args) => tournament::run(&args, &games),
        Command::Env(args) => env::run(&args, &games),
        Command::Report(args) => report::run(&args),
        Command::Load(args) => match load::run(&args, &games) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Capacity(args) => match capacity::run(&args, &games) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Bench(args) => bench::run(&args, &games),
        Command::Replay(args) => replay::run(&args, &games),
        Command::Check(args) => check::run(&args, &games),
        Command::Chaos(args) => chaos::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.lines() {
                eprintln!("{name}: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

/// The games and bots there are, for help texts.
fn known(games: &Games) -> String {
    let mut text = "Games and their bots, the default first:".to_owned();
    for entry in games.entries() {
        text += &format!("\n  {}: {}", entry.game.name(), entry.bot_names().join(", "));
    }
    text
}

/// What this program is called.
pub(crate) fn program() -> String {
    std::env::current_exe()
        .ok()
        .and_then(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "greenroom-sim".to_owned())
}
