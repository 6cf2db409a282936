//! A room's options: what its creator may choose, within the game's ranges.
//!
//! They come from strangers, as a small JSON object. [`crate::options!`] makes a struct of them
//! that knows each option's default, range and help text; nothing else gets through.

use serde_json::{Map, Value};

/// A set of options, made by [`crate::options!`].
pub trait Options: Clone + Send + Sync + 'static {
    /// What can be chosen.
    const HELP: &'static [OptionHelp];

    /// All defaults.
    fn defaults() -> Self;
    /// Sets one option.
    fn set(&mut self, name: &str, value: &Value) -> Result<(), String>;
    /// The value of each option, in the order of [`Options::HELP`].
    fn values(&self) -> Vec<Value>;

    /// Reads a JSON object; what is not in it has its default. The error is a sentence that says
    /// what may be chosen.
    fn parse(json: &str) -> Result<Self, String> {
        let mut options = Self::defaults();
        if json.trim().is_empty() {
            return Ok(options);
        }
        let object: Map<String, Value> = serde_json::from_str(json).map_err(|error| {
            format!("the options are not a JSON object like {{\"name\": 1}}: {error}")
        })?;
        for (name, value) in &object {
            options.set(name, value)?;
        }
        Ok(options)
    }

    /// Every option with its value, as a JSON object. Equal options give equal text.
    fn to_json(&self) -> String {
        let names = Self::HELP.iter().map(|help| help.name.to_owned());
        Value::Object(names.zip(self.values()).collect()).to_string()
    }

    /// The error for a name that is not an option.
    fn unknown(name: &str) -> String {
        let known: Vec<&str> = Self::HELP.iter().map(|help| help.name).collect();
        match known.as_slice() {
            [] => format!("there is no option `{name}`: this game has none"),
            known => format!("there is no option `{name}`: choose from {}", known.join(", ")),
        }
    }
}

/// One option, for help texts and forms.
#[derive(Debug)]
pub struct OptionHelp {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub text: &'static str,
    /// Its default, as text.
    pub default: &'static str,
    /// What may be chosen, as text.
    pub range: &'static str,
}

/// A type that an option can have.
pub trait OptionValue: Sized {
    /// From JSON, if it is of this type.
    fn of(value: &Value) -> Option<Self>;
    /// To JSON.
    fn to_value(&self) -> Value;
}

macro_rules! option_values {
    ($($type:ty: $get:ident),*) => {$(
        impl OptionValue for $type {
            fn of(value: &Value) -> Option<Self> {
                value.$get()?.try_into().ok()
            }
            fn to_value(&self) -> Value {
                Value::from(*self)
            }
        }
    )*};
}

option_values!(u8: as_u64, u16: as_u64, u32: as_u64, u64: as_u64, i32: as_i64, i64: as_i64, bool: as_bool);

impl OptionValue for f32 {
    fn of(value: &Value) -> Option<Self> {
        Some(value.as_f64()? as f32)
    }
    fn to_value(&self) -> Value {
        Value::from(*self)
    }
}

/// Declares a game's options.
///
/// ```
/// greenroom::options! {
///     /// What the creator of a race chooses.
///     pub struct RaceOptions {
///         /// Ticks per second.
///         tick_hz: u16 = 30, 1..=128;
///         /// Laps to drive.
///         laps: u32 = 3, 1..=50;
///         /// Whether cars collide.
///         collisions: bool = true, false..=true;
///     }
/// }
/// use greenroom::Options;
/// assert_eq!(RaceOptions::parse(r#"{"laps": 5}"#).unwrap().laps, 5);
/// assert_eq!(
///     RaceOptions::parse(r#"{"laps": 99}"#).unwrap_err(),
///     "laps is 99: choose 1 to 50",
/// );
/// ```
#[macro_export]
macro_rules! options {
    (
        $(#[doc = $about:literal])*
        $visibility:vis struct $name:ident {
            $($(#[doc = $text:literal])* $field:ident: $type:ty = $default:expr, $low:literal..=$high:literal;)*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        $visibility struct $name {
            $($(#[doc = $text])* pub $field: $type,)*
        }

        impl $crate::Options for $name {
            const HELP: &'static [$crate::OptionHelp] = &[
                $($crate::OptionHelp {
                    name: stringify!($field),
                    text: concat!($($text),*),
                    default: stringify!($default),
                    range: concat!(stringify!($low), " to ", stringify!($high)),
                },)*
            ];

            fn defaults() -> Self {
                $name { $($field: $default,)* }
            }

            #[allow(unused_variables)]
            fn set(&mut self, name: &str, value: &$crate::serde_json::Value) -> Result<(), String> {
                match name {
                    $(stringify!($field) => {
                        let wrong = || format!(
                            concat!(stringify!($field), " is {}: choose ", stringify!($low), " to ", stringify!($high)),
                            value,
                        );
                        let chosen = <$type as $crate::OptionValue>::of(value).ok_or_else(wrong)?;
                        if !($low..=$high).contains(&chosen) {
                            return Err(wrong());
                        }
                        self.$field = chosen;
                        Ok(())
                    })*
                    _ => Err(<Self as $crate::Options>::unknown(name)),
                }
            }

            fn values(&self) -> Vec<$crate::serde_json::Value> {
                vec![$($crate::OptionValue::to_value(&self.$field),)*]
            }
        }
    };
}

options! {
    /// The options of a game that has none.
    pub struct NoOptions {}
}

#[cfg(test)]
mod tests {
    use super::*;

    options! {
        struct Sample {
            /// How fast.
            speed: u8 = 3, 1..=9;
            /// How warm.
            warmth: f32 = 0.5, 0.0..=1.0;
        }
    }

    #[test]
    fn strangers_choose_within_the_ranges() {
        let parse = Sample::parse;
        assert_eq!(parse("").expect("all defaults").to_json(), r#"{"speed":3,"warmth":0.5}"#);
        assert_eq!(parse(r#"{"speed":9}"#).expect("in range").speed, 9);
        assert_eq!(parse(r#"{"speed":300}"#).unwrap_err(), "speed is 300: choose 1 to 9");
        assert_eq!(parse(r#"{"speed":"x"}"#).unwrap_err(), "speed is \"x\": choose 1 to 9");
        assert_eq!(parse(r#"{"warmth":2}"#).unwrap_err(), "warmth is 2: choose 0.0 to 1.0");
        assert_eq!(
            parse(r#"{"pace":1}"#).unwrap_err(),
            "there is no option `pace`: choose from speed, warmth"
        );
        assert!(parse("[]").unwrap_err().starts_with("the options are not a JSON object"));
        assert_eq!(
            NoOptions::parse(r#"{"a":1}"#).unwrap_err(),
            "there is no option `a`: this game has none"
        );
    }
}
