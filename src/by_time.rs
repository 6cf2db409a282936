//! Names of files that are in the order in which they were made, whatever happens to the clock: the
//! oldest are removed, and that must not be the newest because the clock was set back.

use std::time::Duration;

/// Digits of the time, in µs since 1970: enough until the year 2286.
const DIGITS: usize = 16;
const MAX_US: u128 = 10_u128.pow(DIGITS as u32) - 1;

/// What the name of a new file begins with: the time, or one just behind that of the newest there is.
pub(crate) fn beginning(now: Duration, newest: Option<&str>) -> String {
    let behind = newest.and_then(time_of).map_or(0, |time| time.as_micros() + 1);
    // Should somebody have made up the last time that there is, the clock is right.
    let us = if behind > MAX_US { now.as_micros() } else { now.as_micros().max(behind) };
    format!("{us:0DIGITS$}")
}

/// When the file of this name was made; `None`: it is none of ours.
pub(crate) fn time_of(name: &str) -> Option<Duration> {
    let (time, _) = name.split_once('-')?;
    let digits = time.len() == DIGITS && time.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| time.parse().ok()).flatten().map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_has_the_last_name_also_when_the_clock_was_set_back() {
        let mut names = Vec::new();
        for seconds in [2_000, 3_000, 1_000, 1_001, 4_000] {
            let now = Duration::from_secs(seconds);
            let name = beginning(now, names.last().map(String::as_str)) + "-arena";
            assert!(time_of(&name).unwrap() >= now);
            names.push(name);
        }
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(time_of(&names[4]), Some(Duration::from_secs(4_000)));
        let now = Duration::from_secs(5_000);
        for odd in ["notes.txt", "9999999999999999-arena", "123-arena", "00000000000000-1-arena"] {
            assert_eq!(beginning(now, Some(odd)), "0000005000000000", "{odd}");
        }
    }
}
