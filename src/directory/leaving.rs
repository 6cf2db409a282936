//! Whether the server still takes newcomers, and when those who have to go may come back.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// What it has come to. Each follows from the one before.
#[derive(Default)]
pub struct Leaving {
    phase: AtomicU8,
    window_ms: AtomicU32,
}

/// It goes on with the matches that it has, and begins none.
const DRAINING: u8 = 1;
/// Everybody has to go.
const CLOSING: u8 = 2;

/// For clients of a server of which somebody stops a part.
const WINDOW_MS: u32 = 1_000;

impl Leaving {
    /// No new rooms from now on, and nobody new in those there are.
    pub fn drain(&self) {
        self.phase.fetch_max(DRAINING, Ordering::AcqRel);
    }

    /// Everybody has to go now, and comes back spread over this time.
    pub fn close(&self, window_ms: u32) {
        self.window_ms.store(window_ms, Ordering::Release);
        self.phase.fetch_max(CLOSING, Ordering::AcqRel);
    }

    /// Whether nobody new is taken.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.phase.load(Ordering::Acquire) >= DRAINING
    }

    /// Whether everybody has to go. A room that is missing then is not over.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.phase.load(Ordering::Acquire) >= CLOSING
    }

    /// The time over which clients that have to go come back, in milliseconds.
    #[must_use]
    pub fn window_ms(&self) -> u32 {
        match self.is_closing() {
            true => self.window_ms.load(Ordering::Acquire),
            false => WINDOW_MS,
        }
    }
}
