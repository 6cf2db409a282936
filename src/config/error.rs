//! What can be wrong with a configuration, each in one line that starts with the place.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::layers::Origin;
use super::tunable::Tunable;
use crate::faults::FaultsError;

/// One fault of the configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file is missing though it was asked for, or cannot be read.
    #[error("{}: cannot be read: {source}: check --config-file and the rights of the file", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{origin}: not valid TOML: {message}")]
    NotToml {
        /// File and line.
        origin: Origin,
        /// What the parser says.
        message: String,
    },
    /// A name that no tunable has.
    #[error("{origin}: {name}: {hint}")]
    Unknown {
        /// Where it stands.
        origin: Origin,
        /// What is unknown, such as `[edge] has no setting head_byte_max`.
        name: String,
        /// The nearest name, or all that would do.
        hint: String,
    },
    /// A value of the wrong kind or out of range.
    #[error("{origin}: {} is {shown}: choose {} ({})", tunable.key, tunable.kind.range(), tunable.unit_and_why())]
    Wrong {
        /// Where it stands.
        origin: Origin,
        /// The tunable.
        tunable: &'static Tunable,
        /// The value, shortened.
        shown: String,
    },
    /// A list of faults that is none.
    #[error("{origin}: {key}: {why}")]
    Faults {
        /// Where it stands.
        origin: Origin,
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        why: Box<FaultsError>,
    },
    /// Two settings that do not go together.
    #[error("{origin}: {text}")]
    Disagree {
        /// Where one of them stands.
        origin: Origin,
        /// Which, why, and what to do.
        text: String,
    },
}

/// All faults of a configuration; displayed one per line.
#[derive(Debug)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            write!(out, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}
