//! How the last matches ended, for a backend that looks after they are gone.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use greenroom_proto::{RESULT_MAX, RoomId, Text, Tick};

/// Matches that are kept at most, the newest: with a result of 16 KiB each, the largest there is,
/// they take 16 MiB; a usual one has some hundred bytes.
const MATCHES_MAX: usize = 1024;
/// For how long one is kept: a backend looks every few seconds.
const KEPT: Duration = Duration::from_secs(600);

/// How a match ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finished {
    /// Of which game.
    pub game: &'static str,
    /// After which step.
    pub tick: Tick,
    /// Its result as JSON; `None`: it failed, or nobody was left in it.
    pub result: Option<Arc<str>>,
    /// The room failed.
    pub failed: bool,
}

/// The last matches that ended.
#[derive(Default)]
pub struct FinishedMatches(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_room: BTreeMap<RoomId, Finished>,
    order: VecDeque<(Instant, RoomId)>,
}

impl Finished {
    /// With this result, of which what is too long for a client is not kept either.
    #[must_use]
    pub fn with_result(game: &'static str, tick: Tick, result: &str) -> Self {
        let result = Text::<RESULT_MAX>::cut(result).into_string();
        Finished { game, tick, result: Some(result.into()), failed: false }
    }

    /// Without one.
    #[must_use]
    pub fn without(game: &'static str, tick: Tick, failed: bool) -> Self {
        Finished { game, tick, result: None, failed }
    }
}

impl FinishedMatches {
    /// A match has ended. What was said of it first counts.
    pub fn keep(&self, room: RoomId, finished: Finished) {
        let now = Instant::now();
        let mut kept = self.lock();
        if kept.by_room.contains_key(&room) {
            return;
        }
        kept.by_room.insert(room, finished);
        kept.order.push_back((now, room));
        while kept.order.len() > MATCHES_MAX
            || kept.order.front().is_some_and(|(since, _)| now >= *since + KEPT)
        {
            let Some((_, oldest)) = kept.order.pop_front() else { return };
            kept.by_room.remove(&oldest);
        }
    }

    /// How the match in this room ended.
    #[must_use]
    pub fn get(&self, room: RoomId) -> Option<Finished> {
        self.lock().by_room.get(&room).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_matches_are_kept_as_they_first_ended() {
        let finished = FinishedMatches::default();
        for room in 0..2 * MATCHES_MAX as u64 {
            finished.keep(RoomId(room), Finished::with_result("chess", Tick(7), "1"));
        }
        let last = RoomId(2 * MATCHES_MAX as u64 - 1);
        finished.keep(last, Finished::without("chess", Tick(9), true));
        assert_eq!(finished.get(last), Some(Finished::with_result("chess", Tick(7), "1")));
        assert_eq!(finished.get(RoomId(0)), None);
        assert_eq!(finished.lock().by_room.len(), MATCHES_MAX);
    }
}
