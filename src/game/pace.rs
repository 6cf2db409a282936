//! How time passes in a room.

use serde::{Deserialize, Serialize};

/// How time passes in a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Pace {
    /// In steps of equal length.
    Fixed {
        /// Steps per second, 1 to 128.
        tick_hz: u16,
        /// Clients get a frame every so many steps, at least 1.
        send_every: u16,
    },
    /// A step for each bunch of commands or timers; nothing happens and nothing is sent between.
    OnCommand,
}

impl Pace {
    /// The nearest pace that a room can have.
    #[must_use]
    pub fn in_range(self) -> Self {
        match self {
            Pace::Fixed { tick_hz, send_every } => {
                Pace::Fixed { tick_hz: tick_hz.clamp(1, 128), send_every: send_every.max(1) }
            }
            Pace::OnCommand => Pace::OnCommand,
        }
    }
}
