//! Who is kept out of a room, as those know it who stand at its doors.
//!
//! The room itself refuses a banned account its seat, in the step in which it comes: nobody slips
//! through there. What is noted here is as of the last step, so that whoever is banned costs the room
//! nothing, takes no place in a queue, and is led to another room where any will do. Only looking on
//! is refused by this alone: it is no part of the room.

use std::time::Instant;

use greenroom_proto::{Text, ToClient};

use super::clock::Clock;
use super::{RoomRecord, lock};
use crate::account::AccountId;
use crate::room::conduct::{Conduct, Lasting};

/// Who is kept out and quiet, as of the last step that changed it.
pub(super) struct Noted {
    conduct: Conduct,
    /// The room's time, as it passes if the room keeps up with it.
    clock: Clock,
}

impl Default for Noted {
    fn default() -> Self {
        Noted { conduct: Conduct::default(), clock: Clock::new(Instant::now(), 0) }
    }
}

impl RoomRecord {
    /// These are kept out and quiet, as of this time of the room. Whoever of them looks on does so no
    /// more.
    pub fn set_conduct(&self, time_ms: u64, conduct: Conduct) {
        let clock = Clock::new(Instant::now(), time_ms);
        let bans = conduct.bans.clone();
        // Noted first: whoever begins to look on either is found below, or finds this.
        *lock(&self.conduct) = Noted { conduct, clock };
        if !bans.is_empty() {
            self.audience().send_away(|account| {
                let lasting = bans.of(time_ms, account)?.lasting(time_ms);
                Some(self.banned(&lasting))
            });
        }
    }

    /// The room's time, and who is kept out and quiet.
    #[must_use]
    pub fn conduct(&self) -> (u64, Conduct) {
        let Noted { conduct, clock } = &*lock(&self.conduct);
        (clock.time_ms(Instant::now()), conduct.clone())
    }

    /// Whether the account is kept out, and for how long still.
    #[must_use]
    pub fn ban_of(&self, account: &AccountId) -> Option<Lasting> {
        let Noted { conduct, clock } = &*lock(&self.conduct);
        if conduct.bans.is_empty() {
            return None;
        }
        let now_ms = clock.time_ms(Instant::now());
        conduct.bans.of(now_ms, account).map(|ban| ban.lasting(now_ms))
    }

    /// What a client is told whose seat or place ends by a ban.
    pub(super) fn banned(&self, lasting: &Lasting) -> ToClient {
        let text = Text::cut(&lasting.banned());
        ToClient::Banned { room: self.id, for_ms: lasting.for_ms, text }
    }
}
