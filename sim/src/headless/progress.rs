//! How far it is, for a person who waits: one line at the bottom of a terminal, and nothing where
//! standard error is no terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::costs::now;

/// Between two pictures: fast enough for the eye.
const EVERY: Duration = Duration::from_millis(100);
/// Characters of the bar.
const WIDTH: usize = 24;

pub(crate) struct Progress {
    /// `None`: nobody looks.
    shown: Option<Shown>,
}

struct Shown {
    began: Instant,
    /// When it was drawn last, and whether it is there.
    last: Option<Instant>,
    is_there: bool,
    /// Whether lines of matches are printed to the same terminal.
    between_lines: bool,
    done: u64,
    of: u64,
}

impl Progress {
    /// Of so many matches; `lines`: something is printed for each.
    pub(crate) fn of(matches: u64, lines: bool) -> Self {
        let looks = std::io::stderr().is_terminal() && matches > 1;
        let shown = looks.then(|| Shown {
            began: now(),
            last: None,
            is_there: false,
            between_lines: lines && std::io::stdout().is_terminal(),
            done: 0,
            of: matches,
        });
        Progress { shown }
    }

    pub(crate) fn one_more(&mut self) {
        let Some(shown) = &mut self.shown else { return };
        shown.done += 1;
        let now = now();
        if shown.last.is_none_or(|last| now - last >= EVERY) {
            (shown.last, shown.is_there) = (Some(now), true);
            say(&format!("\r\x1b[K{}", picture(shown.done, shown.of, now - shown.began)));
        }
    }

    /// Makes room for the line of a match.
    pub(crate) fn before_line(&mut self) {
        if self.shown.as_ref().is_some_and(|shown| shown.between_lines) {
            self.hide();
        }
    }

    /// Takes the bar away, until the next match is done.
    pub(crate) fn hide(&mut self) {
        if let Some(shown) = &mut self.shown
            && std::mem::take(&mut shown.is_there)
        {
            say("\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.hide();
    }
}

fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

fn picture(done: u64, of: u64, took: Duration) -> String {
    let share = done as f64 / of.max(1) as f64;
    let full = ((share * WIDTH as f64) as usize).min(WIDTH);
    let left = took.as_secs_f64() * (of.saturating_sub(done)) as f64 / done.max(1) as f64;
    format!(
        "[{}{}] {done} of {of} matches, {left:.0} s left",
        "#".repeat(full),
        " ".repeat(WIDTH - full)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills() {
        let half = picture(50, 100, Duration::from_secs(10));
        assert_eq!(half, "[############            ] 50 of 100 matches, 10 s left");
        assert!(picture(0, 0, Duration::ZERO).starts_with("[ "));
        assert!(picture(9, 3, Duration::ZERO).contains(&"#".repeat(WIDTH)));
    }
}
