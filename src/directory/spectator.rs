//! Somebody who looks on at a room without a seat.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greenroom_proto::Tick;

use super::{Client, RoomRecord};
use crate::account::AccountId;
use crate::room::conduct::Lasting;

/// A client that looks on, and what it was shown.
pub struct Spectator {
    /// Its connection.
    pub client: Arc<Client>,
    /// Whose it is.
    pub(super) account: AccountId,
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
    pub(super) fn new(
        client: &Arc<Client>,
        account: AccountId,
        number: u64,
        told: u32,
    ) -> Arc<Self> {
        let stand = Mutex::new(Stand { is_there: false, base: None, told });
        Arc::new(Spectator { client: Arc::clone(client), account, number, stand })
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
    /// Has the client told that it looks on, given the number of the last event before those that
    /// follow; what there is to see comes after that. An error: its account has just been banned.
    pub fn begin(&self, tell: impl FnOnce(u32)) -> Result<(), Lasting> {
        let Spectator { client, account, .. } = &*self.spectator;
        // Held until it is told: whoever sends it away waits for that.
        let mut stand = self.spectator.stand();
        if let Some(lasting) = self.room.ban_of(account) {
            drop(stand);
            self.leave();
            return Err(lasting);
        }
        client.watch(self.clone());
        tell(stand.told);
        stand.is_there = true;
        drop(stand);
        self.room.audience().wake();
        // A room that steps on commands makes no frame by itself.
        self.room.wake_in_any_case();
        Ok(())
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
