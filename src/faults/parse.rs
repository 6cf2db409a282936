//! A list of faults as text, such as `panic-room=every:200,kill-process=after:30s`.

use std::fmt;
use std::str::FromStr;

use super::Faults;
use super::when::When;

/// What is no list of faults.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FaultsError {
    /// No fault has this name.
    #[error("there is no fault `{name}`: choose from {}", names())]
    Unknown {
        /// The name.
        name: String,
    },
    /// A fault without a word of when.
    #[error("`{name}` says nothing of when: write {name}={form}{hint}")]
    NoWhen {
        /// The fault.
        name: String,
        /// What to write.
        form: &'static str,
        /// What is to be said about that.
        hint: &'static str,
    },
    /// Not of the form that this fault has, or out of its range.
    #[error("`{name}={when}` is not understood: write {name}={form}{hint}")]
    When {
        /// The fault.
        name: String,
        /// What was written.
        when: String,
        /// What to write.
        form: &'static str,
        /// What is to be said about that.
        hint: &'static str,
    },
    /// The same fault twice.
    #[error("`{name}` stands there twice: once is enough")]
    Twice {
        /// The fault.
        name: String,
    },
}

fn names() -> String {
    Faults::ALL.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
}

/// Sets one fault.
pub(super) fn put<T: When>(
    place: &mut Option<T>,
    name: &str,
    when: &str,
) -> Result<(), FaultsError> {
    if place.is_some() {
        return Err(FaultsError::Twice { name: name.to_owned() });
    }
    *place = T::parse(when);
    let (name, when, form, hint) = (name.to_owned(), when.to_owned(), T::FORM, T::HINT);
    match place {
        Some(_) => Ok(()),
        None if when.is_empty() => Err(FaultsError::NoWhen { name, form, hint }),
        None => Err(FaultsError::When { name, when, form, hint }),
    }
}

impl FromStr for Faults {
    type Err = FaultsError;

    /// `off`, or faults with commas between them.
    fn from_str(text: &str) -> Result<Self, FaultsError> {
        let mut faults = Faults::default();
        if text.trim() == "off" {
            return Ok(faults);
        }
        for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            let (name, when) = one.split_once('=').unwrap_or((one, ""));
            if !faults.set(name.trim(), when.trim())? {
                return Err(FaultsError::Unknown { name: name.trim().to_owned() });
            }
        }
        Ok(faults)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked: Vec<_> =
            self.asked().into_iter().map(|(name, when)| format!("{name}={when}")).collect();
        f.write_str(if asked.is_empty() { "off".to_owned() } else { asked.join(",") }.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::faults::{Every, Hang, Timed};

    #[test]
    fn a_list_reads_and_reads_back_to_the_same() {
        let text = "panic-room=every:200, hang-room=every:1_000:50ms,kill-journal=every:1500ms,\
                    kill-process=after:30s";
        let faults: Faults = text.parse().unwrap();
        let expected = Faults {
            panic_room: Some(Every(200)),
            hang_room: Some(Hang { every: Every(1000), lasts: Duration::from_millis(50) }),
            kill_journal: Some(Timed::Every(Duration::from_millis(1500))),
            kill_process: Some(Timed::After(Duration::from_secs(30))),
            ..Faults::default()
        };
        assert_eq!(faults, expected);
        assert_eq!(faults.to_string().parse(), Ok(faults));
        for none in ["off", "", " "] {
            assert!(none.parse::<Faults>().unwrap().is_none());
        }
        assert_eq!(Faults::default().to_string(), "off");
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_right() {
        for (text, said) in [
            ("panic=every:3", "there is no fault `panic`: choose from panic-room, panic-tick, "),
            ("panic-room", "`panic-room` says nothing of when: write panic-room=every:N"),
            ("panic-room=200", "`panic-room=200` is not understood: write panic-room=every:N"),
            ("panic-room=every:0", "`panic-room=every:0` is not understood"),
            ("hang-room=every:5", "write hang-room=every:N:TIME (TIME such as 50ms or 6s, "),
            ("hang-room=every:5:2h", "write hang-room=every:N:TIME"),
            ("hang-room=every:5:61s", "write hang-room=every:N:TIME"),
            ("kill-rooms=every:5", "write kill-rooms=every:TIME or after:TIME"),
            ("kill-rooms=every:5ms", "write kill-rooms=every:TIME or after:TIME"),
            ("kill-lobby=every:5,kill-lobby=every:6", "`kill-lobby` stands there twice"),
        ] {
            let error = text.parse::<Faults>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
