//! How old is what a player looks at.
//!
//! A state is new at the moment at which its tick was due on the server. It ages until a newer one
//! arrives. **Staleness** is the age of the newest state that a client holds, over all moments of
//! play of all bots: each moment weighs the same, so a stall weighs as long as it lasted. With a
//! frame every 50 ms that is never late it is 0 to 50 ms: p50 25, p99 49.5.
//!
//! **When a tick was due** nobody tells a client. But no frame comes before its tick: in each room
//! the earliest arrival less ticks × interval, over all its bots, is when tick 0 was due and what
//! every frame takes at the least (the fastest step, encoding, way), which is thus not in the
//! figures. It is the earliest of the last seconds only ([`WINDOW_US`]): clocks drift, and a server
//! that leaves out ticks has them later for good, which counts as stale for that long.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use greenroom_client::SeatInfo;
use greenroom_client::proto::{RoomId, Tick};
use serde::Serialize;
use tokio::time::Instant;

/// The earliest arrival counts through the window in which it was and the next.
const WINDOW_US: i64 = 5_000_000;
/// How long a room is watched before its ticks are taken to be known.
const WARM_UP_US: i64 = 1_000_000;
/// Ages are told apart by so much, up to [`LONGEST_US`]; what is older counts as that old.
const GRAIN_US: u64 = 100;
const LONGEST_US: u64 = 20_000_000;

/// Figures in milliseconds; all 0 if nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Staleness {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

/// The ages that all bots met with, and what they know together of the ticks of their rooms.
pub(super) struct Watch {
    began: Instant,
    ages: Mutex<Ages>,
    /// Of rooms in which a bot is, or was when another room was entered last.
    clocks: Mutex<BTreeMap<RoomId, Weak<Clock>>>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Watch { began: Instant::now(), ages: Mutex::new(Ages::new()), clocks: Mutex::default() }
    }

    /// Watches a seat; none in a room that steps on commands, where no tick is ever due.
    pub(super) fn seat(&self, seat: &SeatInfo) -> Option<Held<'_>> {
        let interval_ns = 1_000_000_000 / i64::from((seat.tick_hz > 0).then_some(seat.tick_hz)?);
        let mut clocks = lock(&self.clocks);
        let clock = clocks.get(&seat.room).and_then(Weak::upgrade).unwrap_or_else(|| {
            let clock = Arc::new(Clock { interval_ns, earliest: Mutex::default() });
            clocks.retain(|_, clock| clock.strong_count() > 0);
            clocks.insert(seat.room, Arc::downgrade(&clock));
            clock
        });
        Some(Held { watch: self, clock, newest: None })
    }

    pub(super) fn staleness(&self) -> Staleness {
        let ages = lock(&self.ages);
        let ms = |us: u64| us as f64 / 1000.0;
        Staleness {
            p50: ms(ages.quantile_us(0.5)),
            p99: ms(ages.quantile_us(0.99)),
            max: ms(ages.max_us),
        }
    }

    fn us(&self, at: Instant) -> i64 {
        at.saturating_duration_since(self.began).as_micros() as i64
    }
}

/// The newest state that one client holds.
pub(super) struct Held<'a> {
    watch: &'a Watch,
    clock: Arc<Clock>,
    /// Its tick, and since when its age was not counted yet.
    newest: Option<(Tick, i64)>,
}

impl Held<'_> {
    /// A newer one arrived.
    pub(super) fn frame(&mut self, tick: Tick, now: Instant) {
        let now = self.watch.us(now);
        self.clock.arrived(tick, now);
        self.count(now);
        self.newest = Some((tick, now));
    }

    fn count(&self, now: i64) {
        if let Some((tick, since)) = self.newest
            && let Some(due) = self.clock.due(tick, since)
        {
            let age = |at: i64| u64::try_from(at - due).unwrap_or(0);
            lock(&self.watch.ages).add(age(since), age(now));
        }
    }
}

impl Drop for Held<'_> {
    /// What was held in vain when the seat or the run ended counts too.
    fn drop(&mut self) {
        self.count(self.watch.us(Instant::now()));
    }
}

/// When the ticks of a room are due. Times are in microseconds since the watch began.
struct Clock {
    interval_ns: i64,
    earliest: Mutex<Earliest>,
}

#[derive(Clone, Copy, Default)]
struct Earliest {
    /// When the first frame came.
    first: Option<i64>,
    /// Since when this window lasts, the earliest tick 0 in it, and that of the window before.
    since: i64,
    this: Option<i64>,
    last: Option<i64>,
}

impl Clock {
    fn arrived(&self, tick: Tick, at: i64) {
        let start = at - self.after_start(tick);
        let mut known = lock(&self.earliest);
        known.first.get_or_insert(at);
        if at >= known.since + WINDOW_US {
            *known = Earliest { since: at, last: known.this.take(), ..*known };
        }
        known.this = Some(known.this.map_or(start, |this| this.min(start)));
    }

    /// When a tick was due; `None` if what arrived up to `at` does not tell yet.
    fn due(&self, tick: Tick, at: i64) -> Option<i64> {
        let known = *lock(&self.earliest);
        if at < known.first? + WARM_UP_US {
            return None;
        }
        Some(known.this.into_iter().chain(known.last).min()? + self.after_start(tick))
    }

    fn after_start(&self, tick: Tick) -> i64 {
        i64::from(tick.0) * self.interval_ns / 1000
    }
}

/// How long states of each age were held. Time passes at one rate for all, so each stretch of it
/// covers a range of ages evenly, and two marks at the ends of the range say so.
struct Ages {
    /// By age: how many more ranges cover this age than the one before.
    marks: Vec<i64>,
    /// Time spent at higher ages.
    older_us: u64,
    max_us: u64,
}

impl Ages {
    fn new() -> Self {
        Ages { marks: vec![0; (LONGEST_US / GRAIN_US) as usize + 1], older_us: 0, max_us: 0 }
    }

    /// A state was held from this age to that.
    fn add(&mut self, from_us: u64, to_us: u64) {
        let mark = |age: u64| (age.min(LONGEST_US) / GRAIN_US) as usize;
        self.marks[mark(from_us)] += 1;
        self.marks[mark(to_us)] -= 1;
        self.older_us += to_us.saturating_sub(from_us.max(LONGEST_US));
        self.max_us = self.max_us.max(to_us);
    }

    /// The age that was not reached in this share of the time.
    fn quantile_us(&self, share: f64) -> u64 {
        let times = || {
            self.marks.iter().scan(0, |cover, mark| {
                *cover += mark;
                Some(*cover as u64 * GRAIN_US)
            })
        };
        let mut left = (times().sum::<u64>() + self.older_us) as f64 * share;
        let place = times().position(|time| {
            left -= time as f64;
            left <= 0.0
        });
        match place {
            Some(0) if self.max_us == 0 => 0,
            Some(place) => (place as u64 + 1) * GRAIN_US,
            None => LONGEST_US,
        }
    }
}

/// A bot that panicked leaves whole numbers behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use greenroom_client::proto::PlayerId;
    use greenroom_client::proto::Schema;

    use super::*;

    fn seat(room: u64, tick_hz: u16) -> SeatInfo {
        SeatInfo {
            room: RoomId(room),
            game: "swarm".into(),
            player: PlayerId(1),
            tick_hz,
            send_every: 1,
            schema: Arc::new(Schema { tables: Default::default() }),
            schema_hash: 0,
        }
    }

    /// Frames of a room at 20 Hz, whose tick 0 was due at 7 ms, each so many ms late at two bots.
    fn play(watch: &Watch, late_ms: impl Fn(u32) -> [Option<f64>; 2]) {
        let seat = seat(1, 20);
        let mut bots = [0, 1].map(|_| watch.seat(&seat).unwrap());
        for tick in 0..2000 {
            for (bot, late) in bots.iter_mut().zip(late_ms(tick)) {
                let Some(late) = late else { continue };
                let at = 7.0 + f64::from(tick) * 50.0 + late;
                bot.frame(Tick(tick), watch.began + Duration::from_secs_f64(at / 1000.0));
            }
        }
        // What is dropped now would count up to the real now.
        bots.iter_mut().for_each(|bot| bot.newest = None);
    }

    fn near(value: f64, wanted: f64) -> bool {
        (value - wanted).abs() < 0.5
    }

    #[test]
    fn a_frame_that_is_never_late_ages_for_one_interval() {
        let watch = Watch::new();
        play(&watch, |_| [Some(3.0), Some(3.0)]);
        let Staleness { p50, p99, max } = watch.staleness();
        // What all frames take cannot be told from a later start.
        assert!(near(p50, 25.0) && near(p99, 49.5) && near(max, 50.0), "{p50} {p99} {max}");
    }

    #[test]
    fn who_is_served_last_is_measured_by_who_is_served_first() {
        let watch = Watch::new();
        play(&watch, |_| [Some(0.0), Some(20.0)]);
        let Staleness { p50, p99, max } = watch.staleness();
        // Half of the moments from 0 to 50, the others from 20 to 70.
        assert!(near(p50, 35.0) && near(p99, 69.0) && near(max, 70.0), "{p50} {p99} {max}");
    }

    #[test]
    fn a_stall_weighs_as_long_as_it_lasts() {
        let watch = Watch::new();
        // One bot gets nothing for 2 of 99 seconds; its next frame is on time.
        play(&watch, |tick| [Some(0.0), (!(1000..1040).contains(&tick)).then_some(0.0)]);
        let Staleness { p50, p99, max } = watch.staleness();
        assert!(near(p50, 25.4) && near(max, 2050.0), "{p50} {max}");
        // 2.05 of 198 s: the last 1.98 of them are past the age of 70 ms.
        assert!((60.0..130.0).contains(&p99), "{p99}");
    }

    #[test]
    fn ticks_that_were_left_out_are_forgiven_after_two_windows() {
        let watch = Watch::new();
        play(&watch, |tick| [Some(if tick < 1000 { 0.0 } else { 150.0 }); 2]);
        let Staleness { p50, p99, max } = watch.staleness();
        // 5 to 10 of 99 s are 150 ms old and more.
        assert!(
            near(max, 200.0) && p99 > 150.0 && (25.0..29.0).contains(&p50),
            "{p50} {p99} {max}"
        );
    }

    #[test]
    fn ages_beyond_the_longest_keep_their_weight_and_nothing_is_nothing() {
        let mut ages = Ages::new();
        assert_eq!((ages.quantile_us(0.5), ages.quantile_us(0.99)), (0, 0));
        ages.add(0, 3 * LONGEST_US);
        assert_eq!(
            (ages.quantile_us(0.25), ages.quantile_us(0.5)),
            (LONGEST_US / 4 * 3, LONGEST_US)
        );
        assert_eq!(ages.max_us, 3 * LONGEST_US);
    }

    #[test]
    fn rooms_that_are_over_are_forgotten_and_rooms_without_ticks_are_not_watched() {
        let watch = Watch::new();
        for room in 0..1000 {
            drop(watch.seat(&seat(room, 20)));
        }
        assert!(lock(&watch.clocks).len() <= 1);
        assert!(watch.seat(&seat(1, 0)).is_none());
    }
}
