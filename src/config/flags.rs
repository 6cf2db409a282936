//! A command-line flag for every tunable.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::TUNABLES;
use super::tunable::{Kind, Tunable};
use crate::faults::Faults;

const CONFIG_FILE: &str = "config_file";

/// The flags that were given. Goes into a clap command with `#[command(flatten)]`.
///
/// Values are kept as text: the check of the table judges them, so that a flag is refused with
/// the same words as a line of the file.
#[derive(Debug, Clone, Default)]
pub struct ConfigFlags {
    /// `--config-file`.
    pub config_file: Option<PathBuf>,
    /// The tunables that were given, each with its text.
    pub given: Vec<(&'static Tunable, String)>,
}

impl Args for ConfigFlags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(CONFIG_FILE)
            .long("config-file")
            .value_name("PATH")
            .value_parser(clap::value_parser!(PathBuf))
            .help("Configuration file; otherwise greenroom.toml in the working directory, if there is one");
        command.arg(file).args(TUNABLES.iter().map(arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ConfigFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |tunable: &'static Tunable| {
            let values = matches.get_many::<String>(&id(tunable))?;
            Some((tunable, values.map(String::as_str).collect::<Vec<_>>().join(",")))
        };
        Ok(Self {
            config_file: matches.get_one(CONFIG_FILE).cloned(),
            given: TUNABLES.iter().filter_map(given).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// With the section, so that a command may have a `key` argument of its own.
fn id(tunable: &Tunable) -> String {
    format!("{}.{}", tunable.section, tunable.key)
}

fn arg(tunable: &'static Tunable) -> Arg {
    let arg = Arg::new(id(tunable))
        .long(tunable.flag())
        .help_heading(format!("Settings: {}", tunable.section))
        .help(format!("{} [default: {}]", tunable.what.trim(), tunable.default))
        .long_help(format!(
            "{}\n{} [default: {}] [env: {}]",
            tunable.what.trim(),
            tunable.unit_and_why(),
            tunable.default,
            tunable.variable()
        ))
        // `-h` stays a page; `--help` has all.
        .hide_short_help(tunable.section != "listen");
    match tunable.kind {
        Kind::Switch => arg
            .value_name("BOOL")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        Kind::Origins => arg.value_name("ORIGIN").action(ArgAction::Append),
        Kind::Faults => {
            let help = arg.get_long_help().map(ToString::to_string).unwrap_or_default();
            arg.value_name("FAULTS").long_help(format!("{help}\n\n{}", all_faults()))
        }
        Kind::Whole { .. } => arg.value_name("N"),
        Kind::Address | Kind::AddressOrOff | Kind::AddressAutoOrOff => arg.value_name("ADDRESS"),
        Kind::Path | Kind::PathOrAuto | Kind::PathOrOff => arg.value_name("PATH"),
    }
}

/// Every fault that can be asked for, a line each.
fn all_faults() -> String {
    let mut text = "FAULTS is a list with commas between:".to_owned();
    for (name, form, what) in Faults::ALL {
        text += &format!("\n  {name}={form}: {}", what.trim());
    }
    text + "\nN counts steps of a room, messages of a connection, or seats; TIME is such as 500ms or 30s."
}
