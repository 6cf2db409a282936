//! Matches that ended while some of their players were away: they are told the result when they come
//! back, for as long as their seats would have been held.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use greenroom_proto::{PlayerId, RoomId};

use super::token::Claim;

/// Results that are kept at most. With a result of 16 KiB each, the largest there is, they take
/// 64 MiB; a usual one has some hundred bytes. The oldest go first.
const RESULTS_MAX: usize = 4096;

/// Results of matches, for those who were away.
#[derive(Default)]
pub struct Over(Mutex<BTreeMap<RoomId, Ended>>);

struct Ended {
    result: Arc<str>,
    away: Vec<Away>,
    until: Instant,
}

/// Somebody who was away, and the tokens with which they may come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Away {
    pub(super) player: PlayerId,
    pub(super) confirmed: u32,
    pub(super) generation: u32,
}

impl Over {
    /// A match has ended; these players do not know yet.
    pub fn keep(&self, room: RoomId, result: &str, away: Vec<Away>, hold: Duration) {
        if away.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut over = self.lock();
        over.retain(|_, ended| now < ended.until);
        if over.len() >= RESULTS_MAX {
            let oldest = over.iter().min_by_key(|(_, ended)| ended.until).map(|(room, _)| *room);
            oldest.and_then(|room| over.remove(&room));
        }
        over.insert(room, Ended { result: result.into(), away, until: now + hold });
    }

    /// The result of the match in which whoever has this token had a seat.
    #[must_use]
    pub fn result_for(&self, claim: Claim) -> Option<Arc<str>> {
        let over = self.lock();
        let ended = over.get(&claim.room).filter(|ended| Instant::now() < ended.until)?;
        let tokens = |away: &Away| away.confirmed..=away.generation;
        let known = ended.away.iter().find(|away| away.player == claim.player)?;
        tokens(known).contains(&claim.generation).then(|| Arc::clone(&ended.result))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RoomId, Ended>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(room: u64, player: u32, generation: u32) -> Claim {
        Claim { room: RoomId(room), player: PlayerId(player), generation }
    }

    #[test]
    fn the_result_is_for_those_who_were_away_and_for_a_while() {
        let over = Over::default();
        let away = vec![Away { player: PlayerId(2), confirmed: 3, generation: 4 }];
        over.keep(RoomId(1), "won", away.clone(), Duration::from_secs(60));
        assert_eq!(over.result_for(claim(1, 2, 3)).as_deref(), Some("won"));
        assert_eq!(over.result_for(claim(1, 2, 4)).as_deref(), Some("won"));
        for other in [claim(1, 2, 2), claim(1, 2, 5), claim(1, 1, 3), claim(2, 2, 3)] {
            assert_eq!(over.result_for(other), None);
        }
        over.keep(RoomId(1), "won", away.clone(), Duration::ZERO);
        assert_eq!(over.result_for(claim(1, 2, 3)), None);
        for room in 0..2 * RESULTS_MAX as u64 {
            over.keep(RoomId(room), "won", away.clone(), Duration::from_secs(60));
        }
        assert_eq!(over.lock().len(), RESULTS_MAX);
    }
}
