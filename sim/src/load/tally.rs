//! What the bots met with, added up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use greenroom_client::Stats;
use greenroom_client::proto::RoomId;
use hdrhistogram::Histogram;

use super::live::Live;
use super::report::{Latency, Summary};
use super::staleness::Watch;

/// Times are kept in microseconds up to a minute; what took longer counts as a minute.
const LONGEST_US: u64 = 60_000_000;
/// Parts that bots share: enough that two threads seldom meet, few enough that histograms (some
/// 150 KiB each) do not add up.
const SHARDS: usize = 8;
/// Times of coming back that are kept, the first ones: 8 MiB.
const BACK_MAX: usize = 1 << 20;
/// Distinct errors that are kept with their text.
const ERRORS_SHOWN: usize = 10;

/// Everything that is counted, shared by all bots.
pub(super) struct Tally {
    shards: Vec<Mutex<Shard>>,
    rare: Mutex<Rare>,
    pub(super) live: Live,
    /// How old the states are that the bots hold.
    pub(super) watch: Watch,
}

/// What happens often.
struct Shard {
    inputs: Histogram<u64>,
    requests: Histogram<u64>,
    late: Histogram<u64>,
    /// Since the last row: see [`Tally::recent`].
    recent: Recent,
}

/// The same of a stretch of time.
pub(super) struct Recent {
    pub(super) inputs: Histogram<u64>,
    pub(super) late: Histogram<u64>,
}

impl Recent {
    fn new() -> Self {
        Recent { inputs: histogram(), late: histogram() }
    }
}

impl Shard {
    fn new() -> Self {
        Shard {
            inputs: histogram(),
            requests: histogram(),
            late: histogram(),
            recent: Recent::new(),
        }
    }
}

/// What happens seldom.
#[derive(Default)]
struct Rare {
    /// Times from a break to the seat, in microseconds.
    back_us: Vec<u64>,
    joined: u64,
    reconnects: u64,
    resumed: u64,
    disconnects: u64,
    errors: u64,
    matches: BTreeSet<RoomId>,
    /// Rooms in which bots play, and how many.
    rooms: BTreeMap<RoomId, u32>,
    unanswered: u64,
    requests: u64,
    texts: BTreeMap<String, u64>,
    frames: u64,
    bytes: u64,
    full_frames: u64,
    merged_frames: u64,
    inputs: u64,
    desyncs: u64,
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("one to a minute in 3 digits is valid")
}

/// A bot that panicked leaves whole numbers behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn record(histogram: &mut Histogram<u64>, time: Duration) {
    histogram.saturating_record((time.as_micros() as u64).clamp(1, LONGEST_US));
}

impl Tally {
    pub(super) fn new() -> Self {
        let shards = std::iter::repeat_with(|| Mutex::new(Shard::new())).take(SHARDS).collect();
        Tally { shards, rare: Mutex::default(), live: Live::default(), watch: Watch::new() }
    }

    /// Forgets all times that were measured: those of the warm-up. What was counted stays.
    pub(super) fn warmed_up(&self) {
        self.shards.iter().for_each(|shard| *lock(shard) = Shard::new());
        self.watch.forget();
    }

    /// What came since the last time that somebody asked.
    pub(super) fn recent(&self) -> Recent {
        let mut all = Recent::new();
        for shard in &self.shards {
            let mut shard = lock(shard);
            // Equal bounds always add.
            let _ = all.inputs.add(&shard.recent.inputs);
            let _ = all.late.add(&shard.recent.late);
            shard.recent.inputs.reset();
            shard.recent.late.reset();
        }
        all
    }

    fn shard(&self, bot: u32) -> MutexGuard<'_, Shard> {
        lock(&self.shards[bot as usize % SHARDS])
    }

    /// Inputs were acknowledged after these times.
    pub(super) fn acknowledged(&self, bot: u32, times: impl Iterator<Item = Duration>) {
        let mut shard = self.shard(bot);
        for time in times {
            record(&mut shard.inputs, time);
            record(&mut shard.recent.inputs, time);
        }
    }

    /// A request was answered.
    pub(super) fn answered(&self, bot: u32, time: Duration) {
        record(&mut self.shard(bot).requests, time);
    }

    /// A bot acted so much later than its timetable says.
    pub(super) fn late(&self, bot: u32, time: Duration) {
        let mut shard = self.shard(bot);
        record(&mut shard.late, time);
        record(&mut shard.recent.late, time);
    }

    /// A bot got its first seat.
    pub(super) fn joined(&self) {
        lock(&self.rare).joined += 1;
    }

    /// A bot without a seat is connected again.
    pub(super) fn reconnected(&self) {
        lock(&self.rare).reconnects += 1;
    }

    /// A bot came back to its seat so long after the break; whether for the first time.
    pub(super) fn resumed(&self, first: bool, after: Duration) {
        let mut rare = lock(&self.rare);
        // A bot that does nothing but come back does not fill the memory.
        if rare.back_us.len() < BACK_MAX {
            rare.back_us.push(after.as_micros() as u64);
        }
        rare.reconnects += 1;
        rare.resumed += u64::from(first);
    }

    /// A bot plays in this room, until what it gets is dropped.
    pub(super) fn plays(&self, room: RoomId) -> Plays<'_> {
        *lock(&self.rare).rooms.entry(room).or_default() += 1;
        Plays { tally: self, room }
    }

    /// One of the rooms in which bots play: any, by a number from 0 to 1.
    pub(super) fn room(&self, chance: f64) -> Option<RoomId> {
        let rare = lock(&self.rare);
        rare.rooms.keys().nth((rare.rooms.len() as f64 * chance) as usize).copied()
    }

    /// The match in this room is over, as each of its bots says.
    pub(super) fn finished(&self, room: RoomId) {
        lock(&self.rare).matches.insert(room);
    }

    /// Inputs or requests that nobody answered any more.
    pub(super) fn unanswered(&self, count: usize) {
        lock(&self.rare).unanswered += count as u64;
    }

    /// A request was sent.
    pub(super) fn requested(&self) {
        lock(&self.rare).requests += 1;
    }

    /// A connection broke or was closed.
    pub(super) fn disconnected(&self, why: String) {
        let mut rare = lock(&self.rare);
        rare.disconnects += 1;
        rare.note(why);
    }

    /// Something else failed.
    pub(super) fn failed(&self, why: String) {
        let mut rare = lock(&self.rare);
        rare.errors += 1;
        rare.note(why);
    }

    /// What a connection counted in its life.
    pub(super) fn connection(&self, stats: Stats) {
        let mut rare = lock(&self.rare);
        rare.frames += stats.frames;
        rare.bytes += stats.frame_bytes;
        rare.full_frames += stats.frames_full;
        rare.merged_frames += stats.frames_merged;
        rare.inputs += stats.inputs + stats.inputs_replaced;
        rare.desyncs += stats.desyncs;
    }

    /// All of it, and the distinct errors with how often they came, the first ones only.
    pub(super) fn summary(&self, bots: u32, seconds: f64) -> (Summary, Vec<(String, u64)>) {
        let (mut inputs, mut requests, mut late) = (histogram(), histogram(), histogram());
        for shard in &self.shards {
            let shard = lock(shard);
            // Equal bounds always add.
            let _ = inputs.add(&shard.inputs);
            let _ = requests.add(&shard.requests);
            let _ = late.add(&shard.late);
        }
        let rare = lock(&self.rare);
        let mut back = histogram();
        rare.back_us.iter().for_each(|us| back.saturating_record((*us).clamp(1, LONGEST_US)));
        let summary = Summary {
            bots,
            joined: rare.joined,
            matches_finished: rare.matches.len() as u64,
            frames: rare.frames,
            bytes: rare.bytes,
            full_frames: rare.full_frames,
            merged_frames: rare.merged_frames,
            inputs: rare.inputs,
            requests: rare.requests,
            unanswered: rare.unanswered,
            desyncs: rare.desyncs,
            disconnects: rare.disconnects,
            reconnects: rare.reconnects,
            resumed: rare.resumed,
            errors: rare.errors,
            seconds: (seconds * 1000.0).round() / 1000.0,
            latency_ms: Latency::of(&inputs),
            request_latency_ms: Latency::of(&requests),
            back_ms: Latency::of(&back),
            staleness_ms: self.watch.staleness(),
            generator_late_ms: Latency::of(&late).p99,
            ..Summary::default()
        };
        (summary, rare.texts.iter().map(|(text, times)| (text.clone(), *times)).collect())
    }
}

/// A seat in a room.
pub(super) struct Plays<'a> {
    tally: &'a Tally,
    room: RoomId,
}

impl Drop for Plays<'_> {
    fn drop(&mut self) {
        let mut rare = lock(&self.tally.rare);
        if let Some(players) = rare.rooms.get_mut(&self.room) {
            *players -= 1;
            if *players == 0 {
                rare.rooms.remove(&self.room);
            }
        }
    }
}

impl Rare {
    fn note(&mut self, why: String) {
        if self.texts.len() < ERRORS_SHOWN || self.texts.contains_key(&why) {
            *self.texts.entry(why).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_add_up_and_a_match_counts_once() {
        let tally = Tally::new();
        for bot in 0..100 {
            tally.acknowledged(bot, [Duration::from_millis(u64::from(bot) + 1)].into_iter());
            tally.finished(RoomId(u64::from(bot / 50)));
            tally.disconnected("same".into());
        }
        let (summary, errors) = tally.summary(100, 1.0);
        assert_eq!(summary.matches_finished, 2);
        assert!((49.0..=52.0).contains(&summary.latency_ms.p50), "{:?}", summary.latency_ms);
        assert!((99.9..=100.2).contains(&summary.latency_ms.max), "{:?}", summary.latency_ms);
        assert_eq!(errors, [("same".to_owned(), 100)]);
    }

    #[test]
    fn only_the_first_distinct_errors_are_kept() {
        let tally = Tally::new();
        (0..1000).for_each(|n| tally.failed(format!("error {n}")));
        let (summary, errors) = tally.summary(1, 1.0);
        assert_eq!((summary.errors, errors.len()), (1000, ERRORS_SHOWN));
    }
}
