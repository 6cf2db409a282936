//! Somebody who looks on at a room without a seat.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greenroom_proto::Tick;

use super::{Client, RoomRecord};

/// A client that looks on, and what it was shown.
pub struct Spectator {
    /// Its connection.
    pub client: Arc<Client>,
    pub(super) number: u64,
    stand: Mutex<Stand>,
}

/// Where a spectator stands. Whoever sends it a frame holds the lock meanwhile, so that none follows
/// once it has gone.
#[derive(Debug)]
pub struct Stand {
    /// It was told that it looks on, and has not gone.
    pub is_there: bool,
    /// The frame that it was handed last.
    pub base: Option<Tick>,
    /// Number of the event that it was told last.
    pub told: u32,
}

impl Spectator {
    pub(super) fn new(client: &Arc<Client>, number: u64, told: u32) -> Arc<Self> {
        let stand = Mutex::new(Stand { is_there: false, base: None, told });
        Arc::new(Spectator { client: Arc::clone(client), number, stand })
    }

    /// Where it stands.
    pub fn stand(&self) -> MutexGuard<'_, Stand> {
        self.stand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's place among those who look on at a room.
#[derive(Clone)]
pub struct Watch {
    /// Which room.
    pub room: Arc<RoomRecord>,
    /// The client as the room's audience knows it.
    pub spectator: Arc<Spectator>,
}

impl Watch {
    /// The client has been told: what there is to see follows.
    pub fn begin(&self) {
        self.spectator.stand().is_there = true;
        self.room.audience().wake();
        // A room that steps on commands makes no frame by itself.
        self.room.wake_in_any_case();
    }

    /// Number of the last event before those that follow.
    #[must_use]
    pub fn told(&self) -> u32 {
        self.spectator.stand().told
    }

    /// The client cannot trust its state: the next frame is a full one.
    pub fn resync(&self) {
        self.spectator.stand().base = None;
        self.room.audience().wake();
    }

    /// The client goes: nothing follows.
    pub fn leave(&self) {
        self.spectator.stand().is_there = false;
        self.room.audience().remove(&self.spectator);
    }
}
