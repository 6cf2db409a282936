//! The four layers: default, file, environment, flags; each value with its place.

use std::ffi::OsString;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, ConfigErrors};
use super::flags::ConfigFlags;
use super::tunable::{FromValue, Kind, Tunable, Value};
use super::{SECTIONS, TUNABLES, check_together};
use crate::faults::Faults;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A line of the file, counted from 1.
    File {
        /// The file, as it was named.
        path: PathBuf,
        /// The line of the key.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag, without dashes.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(out, "default"),
            Self::File { path, line } => write!(out, "{}:{line}", path.display()),
            Self::Environment(variable) => write!(out, "environment {variable}"),
            Self::Flag(flag) => write!(out, "--{flag}"),
        }
    }
}

/// Everything a configuration is made from.
#[derive(Debug, Default)]
pub struct Sources {
    /// The file, if there is one.
    pub file: Option<ConfigFile>,
    /// All environment variables; foreign ones are passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// The flags.
    pub flags: ConfigFlags,
}

/// A configuration file that has been read.
#[derive(Debug)]
pub struct ConfigFile {
    /// Its path, for messages.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// The value of one tunable and its place.
#[derive(Debug)]
pub struct Setting {
    /// The tunable.
    pub tunable: &'static Tunable,
    /// Its value.
    pub value: Value,
    /// Where that comes from.
    pub origin: Origin,
}

/// One [`Setting`] for each of [`TUNABLES`], in that order.
#[derive(Debug)]
pub struct Settings(Vec<Setting>);

impl Default for Settings {
    /// The built-in defaults, which pass through the same parser and checks as a file.
    fn default() -> Self {
        let setting = |tunable: &'static Tunable| Setting {
            tunable,
            value: DeValue::parse(tunable.default)
                .ok()
                .and_then(|value| tunable.kind.read_toml(value.get_ref()))
                .expect("a test holds every default against its own range"),
            origin: Origin::Default,
        };
        Self(TUNABLES.iter().map(setting).collect())
    }
}

impl Settings {
    /// Lays the sources over the defaults.
    ///
    /// # Errors
    /// Every fault in every source.
    pub fn resolve(sources: &Sources) -> Result<Self, ConfigErrors> {
        let mut settings = Self::default();
        let mut errors = Vec::new();
        if let Some(file) = &sources.file {
            settings.lay_file(file, &mut errors);
        }
        settings.lay_environment(&sources.environment, &mut errors);
        for (tunable, text) in &sources.flags.given {
            settings.lay_text(tunable, text, Origin::Flag(tunable.flag()), &mut errors);
        }
        if errors.is_empty() {
            errors = check_together(&settings);
        }
        if errors.is_empty() { Ok(settings) } else { Err(ConfigErrors(errors)) }
    }

    /// All settings, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.0.iter()
    }

    /// Where the value of `key` comes from; [`Origin::Default`] for a key that does not exist.
    #[must_use]
    pub fn origin(&self, key: &str) -> &Origin {
        self.iter()
            .find(|setting| setting.tunable.key == key)
            .map_or(&Origin::Default, |setting| &setting.origin)
    }

    pub(super) fn read<T: FromValue>(&self, key: &str) -> T {
        self.iter()
            .find(|setting| setting.tunable.key == key)
            .and_then(|setting| T::from_value(&setting.value, setting.tunable.kind))
            .expect("the macro makes field and tunable from one entry, and a test reads them all")
    }

    fn lay_file(&mut self, file: &ConfigFile, errors: &mut Vec<ConfigError>) {
        let at = |span: Range<usize>| Origin::File {
            path: file.path.clone(),
            line: line_of(&file.text, span.start),
        };
        let root = match DeTable::parse(&file.text) {
            Ok(root) => root,
            Err(error) => {
                errors.push(ConfigError::NotToml {
                    origin: at(error.span().unwrap_or(0..0)),
                    message: error.message().replace('\n', " "),
                });
                return;
            }
        };
        for (name, value) in root.get_ref() {
            let section = name.get_ref();
            let known = SECTIONS.iter().any(|(known, _)| known == section);
            match value.get_ref() {
                DeValue::Table(table) if known => self.lay_section(section, table, &at, errors),
                DeValue::Table(_) => errors.push(unknown_section(at(name.span()), section)),
                _ => errors.push(unknown_key(at(name.span()), None, section)),
            }
        }
    }

    fn lay_section(
        &mut self,
        section: &str,
        table: &DeTable<'_>,
        at: &dyn Fn(Range<usize>) -> Origin,
        errors: &mut Vec<ConfigError>,
    ) {
        for (name, value) in table {
            let (key, origin) = (name.get_ref(), at(name.span()));
            match TUNABLES.iter().find(|one| one.section == section && one.key == key) {
                None => errors.push(unknown_key(origin, Some(section), key)),
                Some(tunable) => match tunable.kind.read_toml(value.get_ref()) {
                    Some(value) => self.set(tunable, value, origin),
                    None => errors.push(match value.get_ref().as_str() {
                        Some(text) => wrong(origin, tunable, text, shown_toml(value)),
                        None => ConfigError::Wrong { origin, tunable, shown: shown_toml(value) },
                    }),
                },
            }
        }
    }

    fn lay_environment(
        &mut self,
        environment: &[(OsString, OsString)],
        errors: &mut Vec<ConfigError>,
    ) {
        let variables: Vec<String> = TUNABLES.iter().map(Tunable::variable).collect();
        for (name, text) in environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with("GREENROOM_")) else {
                continue;
            };
            let origin = Origin::Environment(name.to_owned());
            if let Some(index) = variables.iter().position(|known| known == name) {
                self.lay_text(&TUNABLES[index], &text.to_string_lossy(), origin, errors);
                continue;
            }
            // Orchestrators put names of their own here (GREENROOM_SERVICE_HOST for a service
            // called greenroom), so only what was meant for us is refused.
            let near = nearest(name, variables.iter().map(String::as_str));
            let ours = |(section, _): &(&str, &str)| {
                name.starts_with(&format!("GREENROOM_{}_", section.to_uppercase()))
            };
            if near.is_some() || SECTIONS.iter().any(ours) {
                errors.push(ConfigError::Unknown {
                    origin,
                    name: "no setting has this name".into(),
                    hint: near.map_or("`greenroom config` lists all".into(), |near| {
                        format!("did you mean {near}?")
                    }),
                });
            }
        }
    }

    fn lay_text(
        &mut self,
        tunable: &'static Tunable,
        text: &str,
        origin: Origin,
        errors: &mut Vec<ConfigError>,
    ) {
        match tunable.kind.read_text(text) {
            Some(value) => self.set(tunable, value, origin),
            None => errors.push(wrong(origin, tunable, text, shortened(text))),
        }
    }

    fn set(&mut self, tunable: &'static Tunable, value: Value, origin: Origin) {
        for setting in self.0.iter_mut().filter(|setting| setting.tunable.key == tunable.key) {
            (setting.value, setting.origin) = (value.clone(), origin.clone());
        }
    }
}

/// A text that is not accepted. What is wrong in a list of faults the list itself knows best.
fn wrong(origin: Origin, tunable: &'static Tunable, text: &str, shown: String) -> ConfigError {
    match (tunable.kind, text.parse::<Faults>()) {
        (Kind::Faults, Err(why)) => {
            ConfigError::Faults { origin, key: tunable.key, why: Box::new(why) }
        }
        _ => ConfigError::Wrong { origin, tunable, shown },
    }
}

fn unknown_section(origin: Origin, section: &str) -> ConfigError {
    let names = || SECTIONS.iter().map(|(name, _)| *name);
    ConfigError::Unknown {
        origin,
        name: format!("there is no section [{}]", shortened(section)),
        hint: match nearest(section, names()) {
            Some(near) => format!("did you mean [{near}]?"),
            None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        },
    }
}

/// `section` is `None` for a key above the first section.
fn unknown_key(origin: Origin, section: Option<&str>, key: &str) -> ConfigError {
    let near = nearest(key, TUNABLES.iter().map(|one| one.key))
        .and_then(|near| TUNABLES.iter().find(|one| one.key == near));
    let of_section =
        |section| TUNABLES.iter().filter(move |one| one.section == section).map(|one| one.key);
    ConfigError::Unknown {
        origin,
        name: match section {
            Some(section) => format!("[{section}] has no setting {}", shortened(key)),
            None => format!("{} stands outside of a section", shortened(key)),
        },
        hint: match (near, section) {
            (Some(near), Some(section)) if near.section == section => {
                format!("did you mean {}?", near.key)
            }
            (Some(near), _) => format!("did you mean {} in [{}]?", near.key, near.section),
            (None, Some(section)) => {
                format!("it has {}", of_section(section).collect::<Vec<_>>().join(", "))
            }
            (None, None) => "`greenroom config` lists all sections and settings".into(),
        },
    }
}

/// The candidate with the fewest typing errors, if that is few for the length of the name.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A name from a file can be long, and the distance takes the product of the lengths.
    if name.len() > 100 {
        return None;
    }
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 4).clamp(1, 4))
        .min()
        .map(|(_, candidate)| candidate)
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

fn shown_toml(value: &Spanned<DeValue<'_>>) -> String {
    match value.get_ref() {
        DeValue::Integer(number) => shortened_plain(&number.to_string()),
        DeValue::Float(number) => shortened_plain(number.as_str()),
        DeValue::Boolean(on) => on.to_string(),
        DeValue::String(text) => format!("the string {}", shortened(text)),
        DeValue::Array(list) => match list.iter().find_map(|one| one.get_ref().as_str()) {
            Some(first) => format!("a list that starts with {}", shortened(first)),
            None => "a list".into(),
        },
        other => format!("a {}", other.type_str()),
    }
}

/// In quotes, on one line, and not longer than a line.
fn shortened(text: &str) -> String {
    format!("{:?}", shortened_plain(text))
}

fn shortened_plain(text: &str) -> String {
    const LETTERS_MAX: usize = 60;
    match text.char_indices().nth(LETTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
