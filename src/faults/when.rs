//! When a fault comes: its text and back.

use std::fmt;
use std::time::Duration;

/// Every so many of what the fault counts, 1 to 1,000,000,000.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Every(pub u32);

/// A step that takes longer, every so many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hang {
    /// Every so many steps.
    pub every: Every,
    /// For so long; a minute at most.
    pub lasts: Duration,
}

/// By the clock, from 100 ms to a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timed {
    /// Again and again.
    Every(Duration),
    /// Once.
    After(Duration),
}

const COUNT_MAX: u32 = 1_000_000_000;
const HANG_MAX: Duration = Duration::from_secs(60);
const TIMED_MIN: Duration = Duration::from_millis(100);
const TIMED_MAX: Duration = Duration::from_secs(86_400);

/// What stands behind a fault's name.
pub(super) trait When: Sized + Copy + fmt::Display {
    /// What it looks like.
    const FORM: &'static str;
    /// What is to be said about that.
    const HINT: &'static str = "";

    fn parse(text: &str) -> Option<Self>;
}

impl When for Every {
    const FORM: &'static str = "every:N";

    fn parse(text: &str) -> Option<Self> {
        let count = text.strip_prefix("every:")?.replace('_', "").parse().ok()?;
        (1..=COUNT_MAX).contains(&count).then_some(Every(count))
    }
}

impl When for Hang {
    const FORM: &'static str = "every:N:TIME";
    const HINT: &'static str = " (TIME such as 50ms or 6s, a minute at most)";

    fn parse(text: &str) -> Option<Self> {
        let (every, lasts) = text.rsplit_once(':')?;
        let (every, lasts) = (Every::parse(every)?, time(lasts)?);
        (!lasts.is_zero() && lasts <= HANG_MAX).then_some(Hang { every, lasts })
    }
}

impl When for Timed {
    const FORM: &'static str = "every:TIME or after:TIME";
    const HINT: &'static str = " (TIME such as 500ms or 30s, 100 ms to a day)";

    fn parse(text: &str) -> Option<Self> {
        let (kind, text) = text.split_once(':')?;
        let time = time(text).filter(|time| (TIMED_MIN..=TIMED_MAX).contains(time))?;
        match kind {
            "every" => Some(Timed::Every(time)),
            "after" => Some(Timed::After(time)),
            _ => None,
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every:{}", self.0)
    }
}

impl fmt::Display for Hang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.every, shown(self.lasts))
    }
}

impl fmt::Display for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Timed::Every(time) => write!(f, "every:{}", shown(*time)),
            Timed::After(time) => write!(f, "after:{}", shown(*time)),
        }
    }
}

/// `50ms` or `6s`.
fn time(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
    let number: u32 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number.into())),
        "s" => Some(Duration::from_secs(number.into())),
        _ => None,
    }
}

fn shown(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_millis()),
    }
}
