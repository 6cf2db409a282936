//! Commands.

mod dev;
mod scaffold;
mod schema;
mod serve;
mod signals;
mod token;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::certs;
use crate::config::{self, ConfigFlags};
use crate::options::OptionHelp;
use crate::registry::Games;

/// A server for multiplayer game rooms.
///
/// `greenroom serve` hosts the games it was built with: clients connect over wss, rooms tick, and
/// every client's copy of the state is kept in step. Without any configuration it makes a
/// development certificate and listens on this machine only.
#[derive(Parser)]
#[command(name = "greenroom", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Host games until SIGINT or SIGTERM.
    Serve(serve::ServeArgs),
    /// Make the development certificates, or renew them where needed.
    Certs(CertsArgs),
    /// List the games, their options and bots.
    Games,
    /// Print what a game's clients see and say: the form of its state and messages.
    Schema(schema::SchemaArgs),
    /// Print every setting with its value, origin, range and reason, as a configuration file.
    Config(ConfigArgs),
    /// Make keys for signed tokens, and tokens for accounts.
    Token(token::TokenArgs),
    /// Write a crate with a small game of its own, ready to be changed.
    New(scaffold::NewArgs),
    /// Host the game of a crate and, whenever its sources change, go on with the new build.
    Dev(dev::DevArgs),
}

#[derive(Args)]
struct CertsArgs {
    /// Directory of the certificates.
    // The other name is that of `serve`, which error messages speak of.
    #[arg(long, alias = "certs-dir", value_name = "DIR", default_value = "certs")]
    dir: std::path::PathBuf,
    /// Also for this machine's addresses and name in the local network.
    #[arg(long)]
    lan: bool,
}

#[derive(Args)]
struct ConfigArgs {
    #[command(flatten)]
    config: ConfigFlags,
}

/// Runs the command line of a server that hosts these games.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     greenroom::cli(greenroom::Games::builtin())
/// }
/// ```
#[must_use]
pub fn cli(games: Games) -> ExitCode {
    cli_of(games, std::env::args_os())
}

/// The same with these arguments, the first of which is the program's name: for a program that has
/// arguments of its own.
#[must_use]
pub fn cli_of(games: Games, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let name = std::env::current_exe()
        .ok()
        .and_then(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "greenroom".to_owned());
    // A studio's own binary speaks of itself by its own name, and of Greenroom's version.
    let version = match name == env!("CARGO_PKG_NAME") {
        true => env!("CARGO_PKG_VERSION"),
        false => concat!("(Greenroom ", env!("CARGO_PKG_VERSION"), ")"),
    };
    let matches =
        Cli::command().name(name.clone()).bin_name(&name).version(version).get_matches_from(args);
    let command = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli.command,
        Err(error) => error.exit(),
    };
    let result = match command {
        Command::Serve(args) => serve::run(args, games),
        Command::Certs(args) => certs::ensure(&args.dir, args.lan)
            .map_err(|error| error.to_string())
            .and_then(|report| print(&format!("{report}\n"))),
        Command::Games => print(&describe(&games)),
        Command::Schema(args) => schema::run(&args, &games).and_then(|text| print(&text)),
        Command::Config(args) => config::print(&args.config)
            .map_err(|error| error.to_string())
            .and_then(|text| print(&text)),
        Command::Token(args) => token::run(&args).and_then(|text| print(&text)),
        Command::New(args) => scaffold::run(&args),
        Command::Dev(args) => dev::run(&args),
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

/// Writes to standard output. A reader that has seen enough (`| head`) is not an error.
fn print(text: &str) -> Result<(), String> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("the output cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}

/// All games with their options and bots.
fn describe(games: &Games) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for entry in games.entries() {
        let _ = writeln!(text, "{}", entry.game.name());
        for OptionHelp { name, text: about, default, range } in entry.game.option_help() {
            let setting = format!("{name} = {default}");
            let _ = writeln!(text, "    {setting:<28} {} ({range})", about.trim());
        }
        let _ = writeln!(text, "    bots: {}", entry.bot_names().join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_game_is_listed() {
        let games = Games::builtin();
        let text = describe(&games);
        assert!(games.names().all(|name| text.contains(name)));
    }
}
