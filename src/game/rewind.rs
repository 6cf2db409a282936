//! Where things were a moment ago.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use greenroom_proto::Tick;
use serde::{Deserialize, Serialize};

/// How far back a game looks, if it does not say. A player whose picture is older than that, or who
/// says so, aims at where others were then: this is how long after having got away somebody can be
/// hit, so it is what players on bad networks take from those on good ones, at most.
pub const REWIND: Duration = Duration::from_millis(250);

/// Ticks that are kept of a thing at most: half a second at 128 a second.
const TICKS_MAX: usize = 64;

/// Where things were in the last ticks, for hit tests against what the player who shot has seen:
/// others are drawn as they were a moment ago, by how long the network takes and how smooth the
/// picture is to be.
///
/// It is part of the game, as a field of its type: so keyframes hold it, and a match that is replayed
/// or restored makes the same of a shot. The client says how old its picture is, in the game's
/// input; nothing else knows it. Whatever it says counts as the greatest age at most.
///
/// ```
/// # use std::time::Duration;
/// # use greenroom::{Rewind, proto::Tick};
/// let mut past = Rewind::new(20, Duration::from_millis(250));
/// for tick in 1..=10 {
///     past.record(Tick(tick), "Anna", tick as f32);
/// }
/// // At tick 10 somebody shoots who sees everything 75 ms late: one and a half ticks.
/// let seen = past.at(&"Anna", Tick(10), Duration::from_millis(75)).unwrap();
/// assert_eq!((*seen.from, *seen.to, seen.share), (8.0, 9.0, 0.5));
/// // Who says 10 s gets 250 ms.
/// let seen = past.at(&"Anna", Tick(10), Duration::from_secs(10)).unwrap();
/// assert_eq!(*seen.from, 5.0);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rewind<K: Ord, V> {
    tick_hz: u16,
    /// In thousandths of a tick: what is older counts as that old.
    ago_max: u32,
    tracks: BTreeMap<K, Track<V>>,
}

/// What was in the ticks up to the newest, one after the other, the newest last.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Track<V> {
    newest: Tick,
    values: VecDeque<V>,
}

/// What was between two ticks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Past<'a, V> {
    /// After the tick before.
    pub from: &'a V,
    /// After the tick after it.
    pub to: &'a V,
    /// How much of the way from the one to the other, from 0 to 1.
    pub share: f32,
}

impl<K: Ord, V> Rewind<K, V> {
    /// Nothing, for a room of so many ticks per second. Back to `max`, of which at most 64 ticks are kept.
    #[must_use]
    pub fn new(tick_hz: u16, max: Duration) -> Self {
        let ago_max = thousandths(max, tick_hz).min((TICKS_MAX as u32 - 3) * 1000);
        Rewind { tick_hz, ago_max, tracks: BTreeMap::new() }
    }

    /// Where something is after this tick. To be said after each step, before hits are looked for.
    /// What was left out for a tick is as new: what went on before has nothing to do with it.
    pub fn record(&mut self, now: Tick, key: K, value: V) {
        let keep = self.kept();
        let track = self
            .tracks
            .entry(key)
            .or_insert_with(|| Track { newest: now, values: VecDeque::with_capacity(keep) });
        if now != track.newest.next() {
            track.values.clear();
        }
        while track.values.len() >= keep {
            track.values.pop_front();
        }
        track.newest = now;
        track.values.push_back(value);
    }

    /// It has jumped, or is no more: where it was has nothing to do with where it will be.
    pub fn forget(&mut self, key: &K) {
        self.tracks.remove(key);
    }

    /// Where something was so long before this tick: at most as long as the greatest age, and as it has
    /// been here without a jump. `None` for what was not recorded in this tick.
    #[must_use]
    pub fn at(&self, key: &K, now: Tick, ago: Duration) -> Option<Past<'_, V>> {
        Some(self.track(key, now)?.at(self.thousandths(ago)))
    }

    /// Its way during the step that ended so long before this tick: from where, to where.
    #[must_use]
    pub fn way(&self, key: &K, now: Tick, ago: Duration) -> Option<[Past<'_, V>; 2]> {
        let (track, ago) = (self.track(key, now)?, self.thousandths(ago));
        Some([track.at(ago + 1000), track.at(ago)])
    }

    fn track(&self, key: &K, now: Tick) -> Option<&Track<V>> {
        self.tracks.get(key).filter(|track| track.newest == now)
    }

    fn thousandths(&self, ago: Duration) -> u32 {
        thousandths(ago, self.tick_hz).min(self.ago_max)
    }

    /// Ticks that are kept: the step that ended at the greatest age began between two of them.
    fn kept(&self) -> usize {
        self.ago_max.div_ceil(1000) as usize + 2
    }
}

impl<V> Track<V> {
    /// Where it was so many thousandths of a tick before the newest; the oldest that is known, if it
    /// has not been here for so long.
    fn at(&self, ago: u32) -> Past<'_, V> {
        let last = self.values.len() - 1;
        let value = |ticks: u32| &self.values[last.saturating_sub(ticks as usize)];
        let to = value(ago / 1000);
        match ago % 1000 {
            0 => Past { from: to, to, share: 1.0 },
            part => Past { from: value(ago / 1000 + 1), to, share: 1.0 - part as f32 / 1000.0 },
        }
    }
}

/// So many ticks, in thousandths, rounded down: whole numbers, the same everywhere.
fn thousandths(time: Duration, tick_hz: u16) -> u32 {
    let ticks = time.as_millis().min(60_000) as u64 * u64::from(tick_hz);
    u32::try_from(ticks).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn recorded(ticks: std::ops::RangeInclusive<u32>) -> Rewind<u8, u32> {
        let mut past = Rewind::new(30, REWIND);
        for tick in ticks {
            past.record(Tick(tick), 1, tick);
        }
        past
    }

    #[test]
    fn an_age_lies_between_two_ticks_and_has_an_end() {
        let past = recorded(1..=100);
        let at = |ms| past.at(&1, Tick(100), MS(ms)).map(|past| (*past.from, *past.to, past.share));
        assert_eq!(at(0), Some((100, 100, 1.0)));
        assert_eq!(at(100), Some((97, 97, 1.0)));
        assert_eq!(at(50), Some((98, 99, 0.5)));
        assert_eq!(at(250), Some((92, 93, 0.5)));
        assert_eq!(at(u64::MAX), at(250), "a liar gets no more than that");
        assert_eq!(past.at(&1, Tick(101), MS(0)), None, "it was not recorded in this tick");
        assert_eq!(past.at(&2, Tick(100), MS(0)), None);
        let [from, to] = past.way(&1, Tick(100), MS(250)).unwrap();
        assert_eq!((*from.from, *from.to, *to.from, *to.to), (91, 92, 92, 93));
    }

    #[test]
    fn what_was_away_has_no_past() {
        let mut past = recorded(1..=10);
        past.record(Tick(12), 1, 12);
        assert_eq!(past.at(&1, Tick(12), MS(200)).map(|past| *past.from), Some(12));
        past.record(Tick(13), 1, 13);
        past.forget(&1);
        past.record(Tick(14), 1, 14);
        assert_eq!(past.at(&1, Tick(14), MS(200)).map(|past| *past.from), Some(14));
    }

    #[test]
    fn what_is_kept_has_an_end_at_each_rate() {
        for hz in [0, 1, 30, 128, u16::MAX] {
            let mut past = Rewind::new(hz, Duration::MAX);
            for tick in 1..=1000 {
                past.record(Tick(tick), 1, tick);
            }
            assert!(past.tracks[&1].values.len() <= TICKS_MAX);
            assert!(past.at(&1, Tick(1000), Duration::MAX).is_some());
        }
    }
}
