//! How a room shows itself to people without a seat.

use std::time::Duration;

/// How people without a seat look on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spectators {
    /// How much later than the players they see everything.
    pub delay: Duration,
}

impl Spectators {
    /// So much later than the players: where a spectator could tell a player something that this
    /// player must not know yet. A server shows nothing earlier, and may show it later still.
    #[must_use]
    pub const fn after(delay: Duration) -> Self {
        Spectators { delay }
    }
}
