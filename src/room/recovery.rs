//! What a room does about a step in which its game panicked.
//!
//! The step is made again from the last keyframe, without what did not work: only the command
//! that was being applied, or the timer that was running, is left out. Where the step itself
//! failed, it is first made with other random numbers, then left out, then the room ends. Each
//! [`Decision`] is in the log behind its step, so that a replay decides nothing and comes to the
//! same room.
//!
//! Who comes and who goes is never poison: without the game's hook a player still leaves, is
//! dropped, is back; only a join that panics is refused.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use greenroom_proto::Tick;
use serde::{Deserialize, Serialize};

use super::Command;

/// Which of the game's functions is running.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum At {
    /// None that belongs to a step.
    Rest,
    /// The timer that is the step's first, second, … (from 0).
    Timer(u32),
    /// The hook of the step's first, second, … command (from 0).
    Command(u32),
    /// [`crate::Game::tick`].
    Tick,
    /// [`crate::Game::recovered`].
    Recovered,
    /// [`crate::Game::state`], [`crate::Game::sight`]: what the step came to is looked at.
    Show,
    /// The game is written down, for a keyframe or a hash.
    Keep,
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            At::Rest => f.write_str("outside of a step"),
            At::Timer(place) => write!(f, "in timer {}", place + 1),
            At::Command(place) => write!(f, "in the hook of command {}", place + 1),
            At::Tick => f.write_str("in the tick"),
            At::Recovered => f.write_str("in the hook `recovered`"),
            At::Show => f.write_str("in the state or the sight of a player"),
            At::Keep => f.write_str("while the game was written down"),
        }
    }
}

/// Where a room is in its work. Whoever watches may look at any time, from any thread: a game that
/// never returns can tell nobody.
#[derive(Debug, Default)]
pub struct Progress(AtomicU64);

/// Timers and commands of a step beyond this place are not told apart.
const PLACE_MAX: u32 = (1 << 24) - 1;

impl Progress {
    /// A step begins.
    pub fn begin(&self, tick: Tick) {
        self.0.store(u64::from(tick.0), Relaxed);
    }

    /// The room is here from now on.
    pub fn note(&self, at: At) {
        let (kind, place) = match at {
            At::Rest => (0, 0),
            At::Timer(place) => (1, place),
            At::Command(place) => (2, place),
            At::Tick => (3, 0),
            At::Recovered => (4, 0),
            At::Show => (5, 0),
            At::Keep => (6, 0),
        };
        let tick = self.0.load(Relaxed) & u64::from(u32::MAX);
        let place = u64::from(place.min(PLACE_MAX));
        self.0.store(kind << 56 | place << 32 | tick, Relaxed);
    }

    /// The step that is being made, and what in it runs.
    #[must_use]
    pub fn at(&self) -> (Tick, At) {
        let noted = self.0.load(Relaxed);
        (Tick(noted as u32), Self::kind(noted))
    }

    fn kind(noted: u64) -> At {
        let place = (noted >> 32) as u32 & PLACE_MAX;
        match noted >> 56 {
            1 => At::Timer(place),
            2 => At::Command(place),
            3 => At::Tick,
            4 => At::Recovered,
            5 => At::Show,
            6 => At::Keep,
            _ => At::Rest,
        }
    }
}

/// What is done about a step that failed, besides making it again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Decision {
    /// The step's command of this place is left out; who comes and goes, without a hook.
    DropCommand(u32),
    /// The timer of this place is left out.
    DropTimer(u32),
    /// The random numbers go on from this seed.
    Reseed(u64),
    /// All is left out but who comes and goes, and [`crate::Game::recovered`] is called.
    Skip,
    /// Nothing failed: the room stands still until its players are back after the process was
    /// started anew. Only who comes and goes is looked at.
    Still,
    /// The room ends: nothing helped.
    End,
}

/// A panic in a game, or a step that never ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Crash {
    /// The step that was being made.
    pub tick: Tick,
    /// What was running.
    pub at: At,
    /// What the panic said.
    pub text: String,
    /// Where in the source: `file:line:column`.
    pub place: String,
}

/// Where a step is that never ended.
const NOWHERE: &str = "a place that only a debugger knows";

impl Crash {
    /// A step that had not ended after so many milliseconds, when its thread was given up.
    #[must_use]
    pub fn stalled((tick, at): (Tick, At), after_ms: u128) -> Self {
        let text = format!("no end after {after_ms} ms");
        Crash { tick, at, text, place: NOWHERE.to_owned() }
    }

    /// After how long such a step was given up.
    #[must_use]
    pub fn stalled_after(&self) -> Option<Duration> {
        let ms = self.text.strip_prefix("no end after ")?.strip_suffix(" ms")?;
        ms.parse().ok().map(Duration::from_millis)
    }

    /// Whether it is a step that never ended, and not a panic.
    #[must_use]
    pub fn is_stall(&self) -> bool {
        self.place == NOWHERE
    }
}

impl std::fmt::Display for Crash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Crash { tick, at, text, place } = self;
        write!(f, "in {tick}, {at}, at {place}: {text}")
    }
}

/// What to do about a crash, after what was decided about this step before. `None`: the step is
/// made again as it is, and whoever counts the restarts ends that.
#[must_use]
pub fn decide(before: &[Decision], crash: &Crash, seed: u64) -> Option<Decision> {
    let has = |wanted: fn(&Decision) -> bool| before.iter().any(wanted);
    match crash.at {
        At::Rest | At::Keep => None,
        At::Command(place) => Some(Decision::DropCommand(place)),
        At::Timer(place) => Some(Decision::DropTimer(place)),
        At::Recovered => Some(Decision::End),
        At::Tick | At::Show if has(|decision| *decision == Decision::Skip) => Some(Decision::End),
        At::Tick | At::Show if has(|decision| matches!(decision, Decision::Reseed(_))) => {
            Some(Decision::Skip)
        }
        At::Tick | At::Show => Some(Decision::Reseed(reseed(seed, crash.tick))),
    }
}

/// Another seed, which follows from the room's own and the step: no decision is by chance.
fn reseed(seed: u64, tick: Tick) -> u64 {
    (seed ^ u64::from(tick.0).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(29)
}

/// Commands that no decision leaves out: who comes and who goes.
#[must_use]
pub fn is_membership(command: &Command) -> bool {
    matches!(
        command,
        Command::Join { .. }
            | Command::Leave { .. }
            | Command::Drop { .. }
            | Command::Resume { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crash(at: At) -> Crash {
        Crash { tick: Tick(7), at, text: String::new(), place: String::new() }
    }

    #[test]
    fn a_step_that_fails_again_and_again_is_reseeded_then_skipped_then_the_room_ends() {
        let mut decisions = Vec::new();
        for _ in 0..3 {
            decisions.push(decide(&decisions, &crash(At::Tick), 5).unwrap());
        }
        assert!(matches!(decisions[..], [Decision::Reseed(_), Decision::Skip, Decision::End]));
    }

    #[test]
    fn only_what_was_running_is_left_out() {
        assert_eq!(decide(&[], &crash(At::Command(3)), 5), Some(Decision::DropCommand(3)));
        assert_eq!(decide(&[], &crash(At::Timer(1)), 5), Some(Decision::DropTimer(1)));
        assert_eq!(decide(&[], &crash(At::Keep), 5), None);
    }

    #[test]
    fn progress_tells_what_was_noted() {
        let progress = Progress::default();
        let all = [At::Rest, At::Timer(7), At::Command(9), At::Tick, At::Recovered, At::Show];
        for (tick, at) in (1_000_000..).map(Tick).zip(all.into_iter().chain([At::Keep])) {
            progress.begin(tick);
            assert_eq!(progress.at(), (tick, At::Rest));
            progress.note(at);
            assert_eq!(progress.at(), (tick, at));
        }
        progress.note(At::Command(u32::MAX));
        assert_eq!(progress.at().1, At::Command(PLACE_MAX));
    }
}
