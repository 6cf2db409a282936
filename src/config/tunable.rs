//! One tunable: what it accepts, how text and TOML become its value, how the value is written.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use crate::faults::Faults;

/// One line of the table.
#[derive(Debug)]
pub struct Tunable {
    /// Section of the file, and second word of the environment variable.
    pub section: &'static str,
    /// Name in the file; unique over all sections, so that it is the flag too.
    pub key: &'static str,
    /// What is accepted.
    pub kind: Kind,
    /// The default, as it would stand in the file.
    pub default: &'static str,
    /// When a change takes effect.
    pub reload: Reload,
    /// What it is: one sentence.
    pub what: &'static str,
    /// Why this default and these bounds.
    pub why: &'static str,
}

/// When a change takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// At the next start only: a socket or a thread pool is made from it.
    Fixed,
    /// May change while the server runs; holds for what begins afterwards.
    Live,
}

/// What a tunable accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number in `min..=max`.
    Whole {
        /// Smallest accepted.
        min: u64,
        /// Largest accepted.
        max: u64,
        /// What is counted.
        unit: Unit,
    },
    /// `true` or `false`.
    Switch,
    /// Address and port.
    Address,
    /// Address and port, or `off`.
    AddressOrOff,
    /// Address and port, `auto` or `off`.
    AddressAutoOrOff,
    /// A path.
    Path,
    /// A path, or `auto`.
    PathOrAuto,
    /// A path, or `off`.
    PathOrOff,
    /// A list of web origins.
    Origins,
    /// A list of faults, or `off`.
    Faults,
}

/// What a whole number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Ms,
    /// Seconds.
    Secs,
    /// Bytes.
    Bytes,
    /// Something else, by its name.
    Of(&'static str),
}

/// A value of the right kind and in range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Whole`].
    Whole(u64),
    /// Of [`Kind::Switch`].
    Switch(bool),
    /// Of the address kinds; `None` is `off`.
    Address(Option<SocketAddr>),
    /// Of [`Kind::AddressAutoOrOff`].
    Choice(AddressChoice),
    /// Of the path kinds; `None` is `auto`, or `off`.
    Path(Option<PathBuf>),
    /// Of [`Kind::Origins`].
    Origins(Vec<String>),
    /// Of [`Kind::Faults`].
    Faults(Box<Faults>),
}

/// An address that somebody asked for, or did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressChoice {
    /// The usual one, if it is free.
    Auto,
    /// None.
    Off,
    /// This one and no other.
    At(SocketAddr),
}

pub(super) const fn ms(min: u64, max: u64) -> Kind {
    Kind::Whole { min, max, unit: Unit::Ms }
}

pub(super) const fn secs(min: u64, max: u64) -> Kind {
    Kind::Whole { min, max, unit: Unit::Secs }
}

pub(super) const fn bytes(min: u64, max: u64) -> Kind {
    Kind::Whole { min, max, unit: Unit::Bytes }
}

pub(super) const fn count(min: u64, max: u64, unit: &'static str) -> Kind {
    Kind::Whole { min, max, unit: Unit::Of(unit) }
}

impl Tunable {
    /// Its environment variable, such as `GREENROOM_EDGE_HEAD_BYTES_MAX`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("GREENROOM_{}_{}", self.section, self.key).to_uppercase()
    }

    /// Its flag without the dashes in front, such as `head-bytes-max`.
    #[must_use]
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Unit and reason, as they stand in an error between brackets.
    #[must_use]
    pub fn unit_and_why(&self) -> String {
        match self.kind.unit() {
            Some(unit) => format!("{unit}; {}", self.why),
            None => self.why.to_owned(),
        }
    }
}

impl Kind {
    /// What is accepted, to be read after "choose".
    #[must_use]
    pub fn range(self) -> String {
        match self {
            Self::Whole { min, max, .. } => format!("{min} to {max}"),
            Self::Switch => "true or false".into(),
            Self::Address => "an address with port, such as 127.0.0.1:8443 or [::1]:8443".into(),
            Self::AddressOrOff => "an address with port, such as 127.0.0.1:8080, or off".into(),
            Self::AddressAutoOrOff => {
                "an address with port, such as 127.0.0.1:9464, or auto, or off".into()
            }
            Self::Path => "a path".into(),
            Self::PathOrAuto => "a path, or auto".into(),
            Self::PathOrOff => "a path, or off".into(),
            Self::Faults => "off, or a list of faults such as panic-room=every:400,kill-process=after:30s".into(),
            Self::Origins => {
                "a list of origins as browsers send them, such as https://play.example (lower case, no path, no usual port)".into()
            }
        }
    }

    /// The unit of a whole number.
    #[must_use]
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Self::Whole { unit, .. } => Some(match unit {
                Unit::Ms => "milliseconds",
                Unit::Secs => "seconds",
                Unit::Bytes => "bytes",
                Unit::Of(name) => name,
            }),
            _ => None,
        }
    }

    /// The value that a variable or a flag means; `None` if this kind does not accept it.
    #[must_use]
    pub fn read_text(self, text: &str) -> Option<Value> {
        match self {
            Self::Whole { min, max, .. } => {
                let number = text.replace('_', "").parse().ok()?;
                (min..=max).contains(&number).then_some(Value::Whole(number))
            }
            Self::Switch => text.parse().ok().map(Value::Switch),
            Self::AddressOrOff if text == "off" => Some(Value::Address(None)),
            Self::Address | Self::AddressOrOff => {
                text.parse().ok().map(|at| Value::Address(Some(at)))
            }
            Self::AddressAutoOrOff => match text {
                "auto" => Some(Value::Choice(AddressChoice::Auto)),
                "off" => Some(Value::Choice(AddressChoice::Off)),
                _ => text.parse().ok().map(|at| Value::Choice(AddressChoice::At(at))),
            },
            Self::PathOrAuto if text == "auto" => Some(Value::Path(None)),
            Self::PathOrOff if text == "off" => Some(Value::Path(None)),
            Self::Path | Self::PathOrAuto | Self::PathOrOff => {
                (!text.is_empty()).then(|| Value::Path(Some(text.into())))
            }
            Self::Faults => text.parse().ok().map(|faults| Value::Faults(Box::new(faults))),
            Self::Origins => origins(text.split(',').map(str::trim).filter(|one| !one.is_empty())),
        }
    }

    /// The value that a line of the file means; `None` if this kind does not accept it.
    ///
    /// Stricter than [`read_text`](Self::read_text): a number in quotes is a string.
    pub(super) fn read_toml(self, value: &DeValue<'_>) -> Option<Value> {
        match (self, value) {
            (Self::Whole { .. }, DeValue::Integer(number)) => {
                let number = u64::from_str_radix(number.as_str(), number.radix()).ok()?;
                self.read_text(&number.to_string())
            }
            (Self::Switch, DeValue::Boolean(on)) => Some(Value::Switch(*on)),
            (Self::Origins, DeValue::Array(list)) => {
                let list: Option<Vec<&str>> =
                    list.iter().map(|one| one.get_ref().as_str()).collect();
                origins(list?.into_iter())
            }
            (Self::Whole { .. } | Self::Switch | Self::Origins, _) => None,
            (_, DeValue::String(text)) => self.read_text(text),
            _ => None,
        }
    }

    /// The value as it stands in a file.
    pub(super) fn to_toml(self, value: &Value) -> String {
        match value {
            Value::Whole(number) => grouped(*number),
            Value::Switch(on) => on.to_string(),
            Value::Address(at) => quoted(&at.map_or("off".into(), |at| at.to_string())),
            Value::Choice(AddressChoice::Auto) => quoted("auto"),
            Value::Choice(AddressChoice::Off) => quoted("off"),
            Value::Choice(AddressChoice::At(at)) => quoted(&at.to_string()),
            Value::Path(path) => {
                let none = if self == Self::PathOrOff { "off" } else { "auto" };
                quoted(&path.as_ref().map_or(none.into(), |path| path.display().to_string()))
            }
            Value::Faults(faults) => quoted(&faults.to_string()),
            Value::Origins(list) => {
                let list: Vec<String> = list.iter().map(|one| quoted(one)).collect();
                format!("[{}]", list.join(", "))
            }
        }
    }
}

fn origins<'a>(list: impl Iterator<Item = &'a str>) -> Option<Value> {
    list.map(|one| is_origin(one).then(|| one.to_owned()))
        .collect::<Option<_>>()
        .map(Value::Origins)
}

/// Whether a browser could send this as `Origin`. What it never sends would never match, and the
/// one who wrote it would look for the fault everywhere else.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else {
        return false;
    };
    let usual_port = (scheme == "https" && host.ends_with(":443"))
        || (scheme == "http" && host.ends_with(":80"));
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !scheme.is_empty()
        && !host.is_empty()
        && !usual_port
        && scheme.bytes().all(|byte| lower(byte) || b"+-.".contains(&byte))
        && host.bytes().all(|byte| lower(byte) || b"-.:[]_".contains(&byte))
}

/// `1048576` as `1_048_576`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if letter.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// How a field of [`Config`](super::Config) is read from a value. `None` means that the table
/// pairs a type and a kind that do not belong together, which a test excludes.
pub(super) trait FromValue: Sized {
    fn from_value(value: &Value, kind: Kind) -> Option<Self>;
}

macro_rules! from_value {
    ($($type:ty: $pattern:pat => $read:expr;)+) => {$(
        impl FromValue for $type {
            fn from_value(value: &Value, _: Kind) -> Option<Self> {
                match value { $pattern => $read, _ => None }
            }
        }
    )+};
}

from_value! {
    usize: Value::Whole(number) => usize::try_from(*number).ok();
    u32: Value::Whole(number) => u32::try_from(*number).ok();
    u64: Value::Whole(number) => Some(*number);
    bool: Value::Switch(on) => Some(*on);
    SocketAddr: Value::Address(at) => *at;
    Option<SocketAddr>: Value::Address(at) => Some(*at);
    AddressChoice: Value::Choice(choice) => Some(*choice);
    PathBuf: Value::Path(path) => path.clone();
    Option<PathBuf>: Value::Path(path) => Some(path.clone());
    Vec<String>: Value::Origins(list) => Some(list.clone());
    Faults: Value::Faults(faults) => Some(Faults::clone(faults));
}

impl FromValue for Duration {
    fn from_value(value: &Value, kind: Kind) -> Option<Self> {
        match (value, kind) {
            (Value::Whole(number), Kind::Whole { unit: Unit::Ms, .. }) => {
                Some(Self::from_millis(*number))
            }
            (Value::Whole(number), Kind::Whole { unit: Unit::Secs, .. }) => {
                Some(Self::from_secs(*number))
            }
            _ => None,
        }
    }
}
