//! Faults in a room that are asked for: commands like any other, so that a log has them and what was
//! decided about them. See [`crate::faults`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::recovery::{At, Decision, Progress};
use super::{Command, Step};

/// What is to fail in a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RoomFault {
    /// The command's own hook panics.
    Panic,
    /// The tick panics, unless its random numbers are others.
    Tick,
    /// The tick panics.
    TickForGood,
    /// The state cannot be looked at, unless the random numbers are others.
    State,
    /// The command's own hook takes this long.
    Hang {
        /// For how long, in milliseconds.
        ms: u32,
    },
}

impl RoomFault {
    /// The command's own hook.
    pub(super) fn apply(self) {
        match self {
            RoomFault::Panic => panic!("a fault that was asked for: panic-room"),
            // No clock is read, so nothing depends on how long it takes.
            RoomFault::Hang { ms } => std::thread::sleep(Duration::from_millis(ms.into())),
            RoomFault::Tick | RoomFault::TickForGood | RoomFault::State => {}
        }
    }

    /// Where the step's tick is.
    pub(super) fn at_tick(step: Step<'_>, progress: &Progress) {
        for fault in faults(step) {
            let text = match fault {
                RoomFault::Tick if !is_reseeded(step) => "panic-tick",
                RoomFault::TickForGood => "fail-tick",
                _ => continue,
            };
            // A room that steps on commands has no tick that would have noted it.
            progress.note(At::Tick);
            panic!("a fault that was asked for: {text}");
        }
    }

    /// Whether the state after this step cannot be looked at.
    pub(super) fn hides_state(step: Step<'_>) -> bool {
        !is_reseeded(step) && faults(step).any(|fault| fault == RoomFault::State)
    }
}

fn faults(step: Step<'_>) -> impl Iterator<Item = RoomFault> {
    step.commands.iter().filter_map(|command| match command {
        Command::Fault(fault) => Some(*fault),
        _ => None,
    })
}

fn is_reseeded(step: Step<'_>) -> bool {
    step.decisions.iter().any(|decision| matches!(decision, Decision::Reseed(_)))
}
