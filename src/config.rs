//! Every number and address that can be tuned, in one place.
//!
//! `config/table.rs` is the list ([`TUNABLES`]): name, type, unit, default, range, reason, and whether a setting may
//! change while the server runs. The structs below [`Config`], the command-line flags, the names
//! of the environment variables, the range checks, what `greenroom config` prints and the table
//! in the README all come from that list, so none of them can say something else.
//!
//! A setting comes from the highest of four places that has it:
//!
//! ```text
//! flag  --tls-timeout-ms 3000
//!   over  environment  GREENROOM_DEADLINES_TLS_TIMEOUT_MS=3000
//!   over  file         greenroom.toml, or --config-file PATH:  [deadlines] tls_timeout_ms = 3000
//!   over  default
//! ```
//!
//! Values in all places are checked, also those that a higher place covers: a wrong line in the
//! file would otherwise wait for the day on which somebody removes the flag. All faults are told
//! at once, one line each, with the place.
//!
//! The `toml` crate parses and knows the line of each key; the four layers are ours (`layers`),
//! because the usual layering crates keep the file of a value but lose its line.

mod error;
mod flags;
mod layers;
mod show;
mod stop_times;
mod table;
mod tunable;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::outbox::OutboxLimits;
pub use error::{ConfigError, ConfigErrors};
pub use flags::ConfigFlags;
pub use layers::{ConfigFile, Origin, Setting, Settings, Sources};
pub use show::reference;
pub use stop_times::StopTimes;
pub use table::{
    Auth, Config, Deadlines, Dev, Edge, Journal, Listen, Ops, Outbox, Process, Replays, Rooms,
    SECTIONS, Spectators, TUNABLES,
};
pub use tunable::{AddressChoice, Kind, Reload, Tunable, Unit, Value};

/// The file that is read from the working directory when `--config-file` is not given.
pub const DEFAULT_FILE: &str = "greenroom.toml";

impl Config {
    /// The configuration of this process: file, environment and the given flags.
    ///
    /// # Errors
    /// Every unreadable file, unknown name and wrong value, each with its place.
    pub fn load(flags: &ConfigFlags) -> Result<Self, ConfigErrors> {
        Ok(Settings::resolve(&Sources::of_process(flags)?)?.config())
    }
}

impl Outbox {
    /// The bounds of one client's outbox.
    #[must_use]
    pub fn limits(&self) -> OutboxLimits {
        OutboxLimits { events_max: self.events_max, event_bytes_max: self.event_bytes_max }
    }
}

impl Default for Config {
    fn default() -> Self {
        Settings::default().config()
    }
}

/// What `greenroom config` prints: all settings with value, origin, unit, range and reason, as a
/// TOML file that [`Config::load`] reads back to the same values.
///
/// # Errors
/// As [`Config::load`].
pub fn print(flags: &ConfigFlags) -> Result<String, ConfigErrors> {
    Ok(Settings::resolve(&Sources::of_process(flags)?)?.to_toml())
}

impl Sources {
    /// The sources of this process. A missing `greenroom.toml` is no error; a missing file that
    /// was asked for is.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of_process(flags: &ConfigFlags) -> Result<Self, ConfigErrors> {
        Ok(Self {
            file: match &flags.config_file {
                Some(path) => Some(read_file(path)?),
                None => match read_file(Path::new(DEFAULT_FILE)) {
                    Ok(file) => Some(file),
                    Err(ConfigError::Unreadable { source, .. })
                        if source.kind() == std::io::ErrorKind::NotFound =>
                    {
                        None
                    }
                    Err(error) => return Err(error.into()),
                },
            },
            environment: std::env::vars_os().collect(),
            flags: flags.clone(),
        })
    }
}

fn read_file(path: &Path) -> Result<ConfigFile, ConfigError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(ConfigFile { path: path.to_owned(), text }),
        Err(source) => Err(ConfigError::Unreadable { path: PathBuf::from(path), source }),
    }
}

/// Rules between settings, which no single range can say.
fn check_together(settings: &Settings) -> Vec<ConfigError> {
    let config = settings.config();
    let listen = &config.listen;
    let mut errors = Vec::new();
    let mut disagree = |key, text: String| {
        errors.push(ConfigError::Disagree { origin: settings.origin(key).clone(), text });
    };
    match (&listen.cert, &listen.key) {
        (Some(_), None) => {
            disagree("cert", "cert is given without key: give both, or neither".into())
        }
        (None, Some(_)) => {
            disagree("key", "key is given without cert: give both, or neither".into())
        }
        _ => {}
    }
    // Port 0 asks the system for any free port, twice for two different ones.
    if listen.plain == Some(listen.bind) && listen.bind.port() != 0 {
        disagree(
            "plain",
            format!(
                "plain and bind are both {}: give each its own port, or plain = \"off\"",
                listen.bind
            ),
        );
    }
    if !config.dev.faults.is_none() && !listen.bind.ip().is_loopback() {
        disagree("dev_faults", faults_off_loopback(listen.bind));
    }
    errors
}

/// What is said of faults in a server that others can reach.
pub(crate) fn faults_off_loopback(bind: SocketAddr) -> String {
    format!(
        "dev_faults is for trying out what the server survives, and bind is {bind}, where others \
         connect: leave dev_faults out, or bind to a loopback address such as 127.0.0.1:8443"
    )
}

#[cfg(test)]
mod tests;
