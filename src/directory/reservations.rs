//! Seats that are kept for those who have a code: for players whom a matchmaker has put together,
//! for a party that wants to stay together.
//!
//! A seat is kept in its room's record, so that it survives the crash of the room. It does not
//! survive the process, not with a state directory either: whoever has a code then is refused
//! (`BadCode`), and asks anew.

use std::time::Duration;

use greenroom_proto::{RoomId, SeatCode};

use super::booking::{read_seat_code, seat_code};
use super::{Booked, Directory, RoomRecord};
use crate::seating::NoSeat;

/// For how long a seat may be kept at most: the time in which a download, or a choice of characters,
/// is over.
pub const EXPIRY_MAX: Duration = Duration::from_secs(3600);

/// Seats that are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// Where.
    pub room: RoomId,
    /// One for each seat. Whoever has it has the seat.
    pub codes: Vec<SeatCode>,
    /// For so long.
    pub expires_in: Duration,
}

/// A seat that is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Where.
    pub room: RoomId,
    /// For so long.
    pub expires_in: Duration,
}

/// Why seats are not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReserved {
    /// No room of this id is there, or it is over.
    #[error("there is no open room {0}")]
    UnknownRoom(RoomId),
    /// The game takes nobody now.
    #[error("room {0} is locked by its game: it takes nobody now")]
    Locked(RoomId),
    /// Not enough seats are free.
    #[error("room {room} has not {seats} free seats: ask for fewer, or for another room")]
    Full {
        /// Which room.
        room: RoomId,
        /// So many were asked for.
        seats: u32,
    },
    /// At least one seat is to be kept.
    #[error("no seats were asked for: ask for 1 or more")]
    NoSeats,
    /// The system has no random numbers.
    #[error("the system has no random numbers: {0}")]
    NoRandom(getrandom::Error),
}

impl Directory {
    /// Keeps seats in a room, all or none, for `expiry` ([`EXPIRY_MAX`] at most). Bounded by the
    /// room's seats.
    pub fn reserve(
        &self,
        room: RoomId,
        seats: u32,
        expiry: Duration,
    ) -> Result<Reservation, NotReserved> {
        let record = self.get(room).ok_or(NotReserved::UnknownRoom(room))?;
        record.reserve_for(seats, expiry)
    }

    /// Gives a kept seat up; `false` if it is not kept, or not any more.
    pub fn cancel_reservation(&self, code: &str) -> bool {
        self.with_kept(code, |room, secret| room.cancel(secret)).unwrap_or(false)
    }

    /// A kept seat, while it is.
    #[must_use]
    pub fn reservation(&self, code: &str) -> Option<Kept> {
        self.with_kept(code, |room, secret| {
            Some(Kept { room: room.id, expires_in: room.kept_for(secret)? })
        })?
    }

    /// Takes a kept seat.
    #[must_use]
    pub fn redeem(&self, code: &str) -> Option<Booked> {
        self.with_kept(code, |room, secret| room.redeem(secret).ok())?
    }

    fn with_kept<T>(
        &self,
        code: &str,
        act: impl FnOnce(&std::sync::Arc<RoomRecord>, u64) -> T,
    ) -> Option<T> {
        let (room, secret) = read_seat_code(code)?;
        Some(act(&self.get(room)?, secret))
    }
}

impl RoomRecord {
    /// Keeps seats, all or none.
    pub fn reserve_for(&self, seats: u32, expiry: Duration) -> Result<Reservation, NotReserved> {
        let room = self.id;
        if seats == 0 {
            return Err(NotReserved::NoSeats);
        }
        // Before anything is made for them.
        if seats > self.plan.seats {
            return Err(NotReserved::Full { room, seats });
        }
        let expires_in = expiry.min(EXPIRY_MAX);
        let secrets: Vec<u64> = (0..seats)
            .map(|_| getrandom::u64().map_err(NotReserved::NoRandom))
            .collect::<Result<_, _>>()?;
        RoomRecord::reserve(self, &secrets, expires_in).map_err(|why| match why {
            NoSeat::Shut | NoSeat::NotReserved => NotReserved::UnknownRoom(room),
            NoSeat::Locked => NotReserved::Locked(room),
            NoSeat::Full | NoSeat::WaitingFull => NotReserved::Full { room, seats },
        })?;
        let codes = secrets.into_iter().map(|secret| seat_code(room, secret)).collect();
        Ok(Reservation { room, codes, expires_in })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_its_room_and_nothing_else_is_one() {
        let (room, secret) = (RoomId(u64::MAX), 0x0123_4567_89ab_cdef);
        let code = seat_code(room, secret);
        assert_eq!(code.len(), 26);
        assert_eq!(read_seat_code(&code), Some((room, secret)));
        for wrong in ["", "A", &code[1..], "ÄÄÄÄÄÄÄÄÄÄÄÄÄ", "IIIIIIIIIIIIIIIIIIIIIIIIII"]
        {
            assert_eq!(read_seat_code(wrong), None, "{wrong}");
        }
    }
}
