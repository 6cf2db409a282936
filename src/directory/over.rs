//! Matches that ended while some of their players were away: they are told the result when they come
//! back, for as long as their seats would have been held. Whoever has a token for a room had a seat
//! in it, so an old one is as good as a new one to learn how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use greenroom_proto::RoomId;

/// Results that are kept at most. With a result of 16 KiB each, the largest there is, they take
/// 64 MiB; a usual one has some hundred bytes. The oldest go first.
const RESULTS_MAX: usize = 4096;

/// Results of matches, for those who were away.
#[derive(Default)]
pub struct Over {
    ended: Mutex<BTreeMap<RoomId, Ended>>,
    lost: Mutex<BTreeSet<RoomId>>,
}

struct Ended {
    result: Arc<str>,
    until: Instant,
}

impl Over {
    /// A match has ended, and somebody who had a seat in it does not know yet.
    pub fn keep(&self, room: RoomId, result: &str, hold: Duration) {
        let now = Instant::now();
        let mut over = self.lock();
        if over.len() >= RESULTS_MAX {
            over.retain(|_, ended| now < ended.until);
        }
        if over.len() >= RESULTS_MAX {
            let oldest = over.iter().min_by_key(|(_, ended)| ended.until).map(|(room, _)| *room);
            oldest.and_then(|room| over.remove(&room));
        }
        over.insert(room, Ended { result: result.into(), until: now + hold });
    }

    /// The result of a match that is over.
    #[must_use]
    pub fn result_of(&self, room: RoomId) -> Option<Arc<str>> {
        let over = self.lock();
        let ended = over.get(&room).filter(|ended| Instant::now() < ended.until)?;
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

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RoomId, Ended>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_kept_for_a_while_and_the_oldest_go_first() {
        let over = Over::default();
        let (short, long) = (Duration::ZERO, Duration::from_secs(60));
        over.keep(RoomId(1), "won", long);
        assert_eq!(over.result_of(RoomId(1)).as_deref(), Some("won"));
        assert_eq!(over.result_of(RoomId(2)), None);
        over.keep(RoomId(1), "won", short);
        assert_eq!(over.result_of(RoomId(1)), None);
        for room in 0..2 * RESULTS_MAX as u64 {
            over.keep(RoomId(room), "won", long + Duration::from_millis(room));
        }
        assert_eq!(over.lock().len(), RESULTS_MAX);
        assert_eq!(over.result_of(RoomId(0)), None);
        assert!(over.result_of(RoomId(2 * RESULTS_MAX as u64 - 1)).is_some());
    }
}
