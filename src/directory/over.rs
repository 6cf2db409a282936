//! How matches ended, for those who had a seat in them and did not hear it: they were away, or their
//! connection broke before the result had arrived, which nobody here can know. They are told when they
//! come back. Whoever has a token for a room had a seat in it, so an old one is as good as a new one to
//! learn how it ended. Whoever was moved there without knowing has a token for the room before only, and
//! is found by the seat there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use greenroom_proto::RoomId;

use super::forwards::SeatId;

/// Results that are kept at most. With a result of 16 KiB each, the largest there is, they take
/// 64 MiB; a usual one has some hundred bytes. The oldest go first.
const RESULTS_MAX: usize = 4096;

/// Seats that led to a match that is over, kept at most: a few for each result. With more, those who
/// are moved and away at the end are told that the seat is gone, and no result.
const SEATS_MAX: usize = 4 * RESULTS_MAX;

/// For how long after its end a match is told at least: longer than it takes a client to notice that
/// its connection is dead, and to come back.
pub const TOLD_FOR: Duration = Duration::from_secs(60);

/// Those who had a seat in a match at its end.
#[derive(Default)]
pub struct LastSeats {
    /// Whether there is somebody.
    pub any: bool,
    /// The seats that they had before they were moved to the match, if they do not know of that.
    pub before: Vec<SeatId>,
}

/// Results of matches, for those who did not hear them.
#[derive(Default)]
pub struct Over {
    ended: Mutex<Results>,
    lost: Mutex<BTreeSet<RoomId>>,
}

#[derive(Default)]
struct Results {
    of_rooms: BTreeMap<RoomId, Ended>,
    /// In which match whoever had such a seat was at its end.
    seats: BTreeMap<SeatId, RoomId>,
}

struct Ended {
    result: Arc<str>,
    /// Those of [`Results::seats`] that led here.
    seats: Vec<SeatId>,
    until: Instant,
}

impl Over {
    /// A match has ended. It is told for [`TOLD_FOR`], or for as long as its seats would be held.
    pub fn keep(&self, room: RoomId, last: &LastSeats, result: &str, hold: Duration) {
        if !last.any {
            return;
        }
        let now = Instant::now();
        let mut over = self.lock();
        if over.of_rooms.len() >= RESULTS_MAX || over.seats.len() + last.before.len() > SEATS_MAX {
            over.forget_where(|ended| ended.until <= now);
        }
        if over.of_rooms.len() >= RESULTS_MAX
            && let Some(oldest) = over.of_rooms.values().map(|ended| ended.until).min()
        {
            over.forget_where(|ended| ended.until == oldest);
        }
        let space = SEATS_MAX.saturating_sub(over.seats.len());
        let mut seats: Vec<_> = last.before.iter().take(space).copied().collect();
        over.seats.extend(seats.iter().map(|seat| (*seat, room)));
        // Told once more after a crash, they are still of this room.
        seats.extend(over.of_rooms.remove(&room).into_iter().flat_map(|ended| ended.seats));
        let until = now + hold.max(TOLD_FOR);
        over.of_rooms.insert(room, Ended { result: result.into(), seats, until });
    }

    /// The result of the match in which whoever had this seat was at its end.
    #[must_use]
    pub fn result_of(&self, seat: SeatId) -> Option<Arc<str>> {
        self.result_at(Instant::now(), seat)
    }

    fn result_at(&self, now: Instant, seat: SeatId) -> Option<Arc<str>> {
        let over = self.lock();
        let room = over.seats.get(&seat).copied().unwrap_or(seat.0);
        let ended = over.of_rooms.get(&room).filter(|ended| now < ended.until)?;
        Some(Arc::clone(&ended.result))
    }

    /// A match cannot go on, and never will here.
    pub fn lose(&self, room: RoomId) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if lost.len() < RESULTS_MAX {
            lost.insert(room);
        }
    }

    /// Whether the match could not go on.
    #[must_use]
    pub fn is_lost(&self, room: RoomId) -> bool {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).contains(&room)
    }

    fn lock(&self) -> MutexGuard<'_, Results> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Results {
    fn forget_where(&mut self, is_over: impl Fn(&Ended) -> bool) {
        let Results { of_rooms, seats } = self;
        for (_, ended) in of_rooms.extract_if(.., |_, ended| is_over(ended)) {
            for seat in ended.seats {
                seats.remove(&seat);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use greenroom_proto::PlayerId;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    fn seat(room: u64, player: u32) -> SeatId {
        (RoomId(room), PlayerId(player))
    }

    fn somebody(before: &[SeatId]) -> LastSeats {
        LastSeats { any: true, before: before.to_vec() }
    }

    #[test]
    fn a_result_is_kept_for_a_while_and_the_oldest_go_first() {
        let over = Over::default();
        over.keep(RoomId(1), &LastSeats::default(), "won", LONG);
        assert_eq!(over.result_of(seat(1, 1)), None);
        over.keep(RoomId(1), &somebody(&[]), "won", LONG);
        assert_eq!(over.result_of(seat(1, 1)).as_deref(), Some("won"));
        assert_eq!(over.result_of(seat(2, 1)), None);
        let in_a_while = |secs| Instant::now() + Duration::from_secs(secs);
        assert!(over.result_at(in_a_while(599), seat(1, 1)).is_some());
        assert_eq!(over.result_at(in_a_while(600), seat(1, 1)), None);
        // Also where no seat is held.
        over.keep(RoomId(1), &somebody(&[]), "won", Duration::ZERO);
        assert!(over.result_at(in_a_while(59), seat(1, 1)).is_some());
        assert_eq!(over.result_at(in_a_while(60), seat(1, 1)), None);
        for room in 0..2 * RESULTS_MAX as u64 {
            let hold = LONG + Duration::from_millis(room);
            over.keep(RoomId(room), &somebody(&[]), "won", hold);
        }
        assert_eq!(over.lock().of_rooms.len(), RESULTS_MAX);
        assert_eq!(over.result_of(seat(0, 1)), None);
        assert!(over.result_of(seat(2 * RESULTS_MAX as u64 - 1, 1)).is_some());
    }

    #[test]
    fn whoever_was_moved_there_finds_it_by_the_seat_before() {
        let over = Over::default();
        over.keep(RoomId(5), &somebody(&[seat(1, 2), seat(3, 9)]), "won", LONG);
        for known in [seat(1, 2), seat(3, 9), seat(5, 1)] {
            assert_eq!(over.result_of(known).as_deref(), Some("won"), "{known:?}");
        }
        assert_eq!(over.result_of(seat(1, 3)), None, "who stayed there is told nothing");
        // However many there are, and those of forgotten results make way.
        for room in 0..RESULTS_MAX as u64 + 100 {
            let seats: Vec<_> = (0..4).map(|player| seat(1_000_000 + room, player)).collect();
            over.keep(RoomId(10 + room), &somebody(&seats), "lost", LONG * 2);
            assert!(over.lock().seats.len() <= SEATS_MAX);
        }
        let last = 1_000_000 + RESULTS_MAX as u64 + 99;
        assert_eq!(over.result_of(seat(last, 3)).as_deref(), Some("lost"));
        assert_eq!(over.result_of(seat(1, 2)), None);
    }
}
