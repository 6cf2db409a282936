//! What is the case now: looked at for each row.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::tally::Tally;

/// What is the case now.
#[derive(Default)]
pub(super) struct Live {
    /// Bots with a connection.
    pub(super) connected: Count,
    /// Bots with a seat, or that look on.
    pub(super) seated: Count,
    /// Frames so far.
    pub(super) frames: AtomicU64,
}

impl Live {
    /// A client has counted more frames.
    pub(super) fn frames_until(&self, before: &mut u64, now: u64) {
        self.frames.fetch_add(now - std::mem::replace(before, now), Relaxed);
    }
}

/// How many there are.
#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    /// One more, until this is dropped.
    pub(super) fn one(&self) -> Counted<'_> {
        self.0.fetch_add(1, Relaxed);
        Counted(self)
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

pub(super) struct Counted<'a>(&'a Count);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

/// Whether one bot has a connection, counted among all.
pub(super) struct Connection {
    tally: Arc<Tally>,
    is_up: bool,
}

impl Connection {
    pub(super) fn none(tally: &Arc<Tally>) -> Self {
        Connection { tally: Arc::clone(tally), is_up: false }
    }

    pub(super) fn set_up(&mut self, is_up: bool) {
        let connected = &self.tally.live.connected.0;
        match (std::mem::replace(&mut self.is_up, is_up), is_up) {
            (false, true) => drop(connected.fetch_add(1, Relaxed)),
            (true, false) => drop(connected.fetch_sub(1, Relaxed)),
            _ => {}
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.set_up(false);
    }
}
