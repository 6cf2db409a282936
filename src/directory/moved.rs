//! Where players are who were moved, for those who ask for the seat that they had before.

use std::sync::Arc;

use greenroom_proto::{PlayerId, Refusal, RoomId};

use super::token::Claim;
use super::{Directory, RoomRecord, Seat};
use crate::room::origin::Origin;

impl Directory {
    /// Where a seat's player was moved to, if the client does not know it yet.
    #[must_use]
    pub fn moved_to(&self, room: RoomId, player: PlayerId) -> Option<Seat> {
        let (room, player) = self.forwards.latest((room, player))?;
        Some(Seat { room: self.get(room)?, player })
    }

    /// The player goes, also if they are being moved to another room just now.
    pub fn leave(&self, seat: &Seat) {
        seat.leave();
        if let Some(moved) = self.moved_to(seat.room.id, seat.player) {
            moved.leave();
        }
    }

    /// Asks for the seat to which a token leads; once more, if its player was moved just then.
    pub fn come_back<T>(
        &self,
        claim: Claim,
        ask: impl Fn(&Seat) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut seat = self.seat_of(claim)?;
        loop {
            match (ask(&seat), self.moved_to(claim.room, claim.player)) {
                (Err(Refusal::SeatGone), Some(moved)) if !moved.is(seat.room.id, seat.player) => {
                    seat = moved;
                }
                (answer, _) => return answer,
            }
        }
    }

    fn seat_of(&self, claim: Claim) -> Result<Seat, Refusal> {
        if let Some(seat) = self.moved_to(claim.room, claim.player) {
            return Ok(seat);
        }
        let room = self.get(claim.room).ok_or(match self.leaving.is_closing() {
            // It is kept, and goes on in the next process.
            true => Refusal::Stopping,
            false => Refusal::SeatGone,
        })?;
        Ok(Seat { room, player: claim.player })
    }
}

/// A room as far as it matters to its seats' [origins](crate::room::origin).
impl RoomRecord {
    /// Whoever comes back to one of these seats comes here.
    pub(super) fn lead_here(&self, player: PlayerId, origins: &[Origin]) {
        if let Some(forwards) = self.forwards.get() {
            for origin in origins {
                forwards.insert((origin.room, origin.player), (self.id, player));
            }
        }
    }

    /// Nobody does so any more.
    pub(super) fn lead_here_no_more(&self, player: PlayerId, origins: &[Origin]) {
        if let Some(forwards) = self.forwards.get() {
            for origin in origins {
                forwards.remove((origin.room, origin.player), (self.id, player));
            }
        }
    }

    /// The seat is nobody's from now on; its `Leave` is still to come.
    pub(super) fn goes(&self, player: PlayerId) {
        if let Some(forwards) = self.forwards.get() {
            forwards.goes((self.id, player));
        }
    }

    /// Its `Leave` is in the log.
    pub(super) fn went(&self, player: PlayerId) {
        if let Some(forwards) = self.forwards.get() {
            forwards.went((self.id, player));
        }
    }

    /// Whether the next process might find this seat in the journal, if it were not told that another
    /// has taken its place.
    pub(super) fn is_going(&self, origin: &Origin) -> bool {
        let forwards = self.forwards.get();
        forwards.is_some_and(|forwards| forwards.is_going((origin.room, origin.player)))
    }

    /// Whoever had this seat in the process before has another by now.
    fn supersede(&self, player: PlayerId) {
        let mut members = self.members();
        if members.move_away(player).is_some() {
            self.goes(player);
            self.give_up(player);
        }
        drop(members);
        self.wake();
    }

    /// The room was brought back in another process, which may have died in the middle of a move: a
    /// player whom another room has let in has no seat here, and the other way round.
    pub fn settle_moves(&self, room: impl Fn(RoomId) -> Option<Arc<RoomRecord>>) {
        let Some(forwards) = self.forwards.get() else { return };
        let seats = self.members().origins();
        for (player, origins) in &seats {
            self.lead_here(*player, origins);
            // All of them: a room may be late by more than one move.
            for origin in origins {
                if let Some(old) = room(origin.room) {
                    old.supersede(origin.player);
                }
            }
        }
        for (player, _) in seats {
            if forwards.latest((self.id, player)).is_some() {
                self.supersede(player);
            }
        }
    }
}
