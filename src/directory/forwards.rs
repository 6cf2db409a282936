//! Which seats lead to others: those that players had before they were moved, until their clients have
//! said that they know. Derived from the [origins](crate::room::origin) of the seats that there are, so
//! that it need not be kept.
//!
//! And which of those have yet to go: their room may find them in the journal again, until their `Leave`
//! is in there too. As long, the seat that took their place is to say so.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

use greenroom_proto::{PlayerId, RoomId};

use super::lock;

/// A seat by its room and player.
pub type SeatId = (RoomId, PlayerId);

/// Seats in a row that are followed at most: more than a player can have been moved in vain.
const HOPS_MAX: usize = 32;

/// Pairs of seats: where a player was, and where they are now. As many for each seat as it has origins.
#[derive(Default)]
pub struct Forwards {
    pairs: Mutex<BTreeSet<(SeatId, SeatId)>>,
    /// At most those that there are.
    going: Mutex<BTreeSet<SeatId>>,
}

impl Forwards {
    /// Whoever had the one seat has the other now.
    pub fn insert(&self, from: SeatId, to: SeatId) {
        self.lock().insert((from, to));
    }

    /// Not any more, or the client knows by now.
    pub fn remove(&self, from: SeatId, to: SeatId) {
        self.lock().remove(&(from, to));
    }

    /// A room is over: nothing leads there, and nobody has yet to go.
    pub fn forget(&self, room: RoomId) {
        self.lock().retain(|(_, to)| to.0 != room);
        lock(&self.going).retain(|seat| seat.0 != room);
    }

    /// Another seat has taken the place of this one, whose `Leave` is not in the log yet.
    pub fn goes(&self, seat: SeatId) {
        lock(&self.going).insert(seat);
    }

    /// Now it is.
    pub fn went(&self, seat: SeatId) {
        lock(&self.going).remove(&seat);
    }

    /// Whether it has yet to go.
    #[must_use]
    pub fn is_going(&self, seat: SeatId) -> bool {
        lock(&self.going).contains(&seat)
    }

    /// Where whoever had this seat is by now; `None`: it leads nowhere else.
    #[must_use]
    pub fn latest(&self, seat: SeatId) -> Option<SeatId> {
        let pairs = self.lock();
        let onward = |seat: SeatId| {
            let from = (seat, (RoomId(0), PlayerId(0)));
            let to = (seat, (RoomId(u64::MAX), PlayerId(u32::MAX)));
            pairs.range(from..=to).map(|(_, to)| *to)
        };
        // Of a seat that was moved on in another process, both may be there for a moment: one of
        // them leads to the other.
        let mut latest = seat;
        for _ in 0..HOPS_MAX {
            let Some(next) = onward(latest).next() else { break };
            latest = next;
        }
        (latest != seat).then_some(latest)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<(SeatId, SeatId)>> {
        lock(&self.pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(room: u64, player: u32) -> SeatId {
        (RoomId(room), PlayerId(player))
    }

    #[test]
    fn a_seat_leads_to_the_last_of_those_that_follow_it() {
        let forwards = Forwards::default();
        assert_eq!(forwards.latest(seat(1, 1)), None);
        forwards.insert(seat(1, 1), seat(2, 1));
        assert_eq!(forwards.latest(seat(1, 1)), Some(seat(2, 1)));
        // And back, before the client has said anything.
        forwards.insert(seat(1, 1), seat(1, 5));
        forwards.insert(seat(2, 1), seat(1, 5));
        assert_eq!(forwards.latest(seat(1, 1)), Some(seat(1, 5)));
        assert_eq!(forwards.latest(seat(2, 1)), Some(seat(1, 5)));
        // The seat between them is gone.
        forwards.remove(seat(1, 1), seat(2, 1));
        assert_eq!(forwards.latest(seat(1, 1)), Some(seat(1, 5)));
        assert_eq!(forwards.latest(seat(1, 2)), None);
        forwards.forget(RoomId(1));
        assert_eq!(forwards.latest(seat(2, 1)), None);
    }

    #[test]
    fn whoever_is_named_twice_is_where_nothing_leads_on() {
        // The order in which a new process finds the rooms is any.
        for (middle, last) in [(seat(2, 1), seat(3, 1)), (seat(3, 1), seat(2, 1))] {
            let forwards = Forwards::default();
            forwards.insert(seat(1, 1), last);
            forwards.insert(seat(1, 1), middle);
            forwards.insert(middle, last);
            assert_eq!(forwards.latest(seat(1, 1)), Some(last));
        }
    }
}
