//! How old is what a player looks at.
//!
//! A state is new at the moment at which its tick was due on the server. It ages until a newer one
//! arrives. **Staleness** is the age of the newest state that a client holds, over all moments of
//! play of all bots: each moment weighs the same, so a stall weighs as long as it lasted. With a
//! frame every 50 ms that is never late it is 0 to 50 ms: p50 25, p99 49.5.
//!
//! **When a tick was due** nobody tells a client. But no frame comes before its tick, and ticks do
//! not follow each other faster than at their interval: the earliest arrival of any later frame at
//! any bot of the room, less the intervals between, says by when a tick was due at the latest. A
//! server that has no time leaves ticks out, whole intervals; all later ones are due so much later.
//! So a tick is due one interval after the one before, or as many whole ones more as those that
//! came within [`HORIZON_US`] leave room for. What every frame takes at the least (the fastest step,
//! encoding, way) is thus not in the figures; nor is it when all frames of a room come late for
//! longer than that, by whole intervals.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use greenroom_client::SeatInfo;
use greenroom_client::proto::{RoomId, Tick};
use serde::Serialize;
use tokio::time::Instant;

use super::ages::Ages;

/// How long later frames are waited for before it is settled when a tick was due. So long a room
/// remembers who held what: 16 bytes for each frame of a bot.
const HORIZON_US: i64 = 2_000_000;
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
    rooms: Mutex<BTreeMap<RoomId, Arc<Room>>>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Watch { began: Instant::now(), ages: Mutex::new(Ages::new()), rooms: Mutex::default() }
    }

    /// Watches a seat; none in a room that steps on commands, where no tick is ever due.
    pub(super) fn seat(&self, seat: &SeatInfo) -> Option<Held<'_>> {
        let interval_ns = 1_000_000_000 / i64::from((seat.tick_hz > 0).then_some(seat.tick_hz)?);
        let mut rooms = lock(&self.rooms);
        if !rooms.contains_key(&seat.room) {
            rooms.retain(|_, room| {
                let stays = Arc::strong_count(room) > 1;
                if !stays {
                    room.settle(i64::MAX, &self.ages);
                }
                stays
            });
            rooms.insert(seat.room, Arc::new(Room { interval_ns, ticks: Mutex::default() }));
        }
        Some(Held { watch: self, room: Arc::clone(rooms.get(&seat.room)?), newest: None })
    }

    /// Forgets the ages so far.
    pub(super) fn forget(&self) {
        *lock(&self.ages) = Ages::new();
    }

    pub(super) fn staleness(&self) -> Staleness {
        lock(&self.rooms).values().for_each(|room| room.settle(i64::MAX, &self.ages));
        let ages = lock(&self.ages);
        let ms = |us: u64| us as f64 / 1000.0;
        Staleness {
            p50: ms(ages.quantile_us(0.5)),
            p99: ms(ages.quantile_us(0.99)),
            max: ms(ages.max_us()),
        }
    }

    fn us(&self, at: Instant) -> i64 {
        at.saturating_duration_since(self.began).as_micros() as i64
    }
}

/// The newest state that one client holds.
pub(super) struct Held<'a> {
    watch: &'a Watch,
    room: Arc<Room>,
    /// Its tick, and since when it is held.
    newest: Option<(Tick, i64)>,
}

impl Held<'_> {
    /// A newer one arrived.
    pub(super) fn frame(&mut self, tick: Tick, now: Instant) {
        let now = self.watch.us(now);
        self.give_up(now);
        self.room.arrived(tick, now, &self.watch.ages);
        self.newest = Some((tick, now));
    }

    fn give_up(&mut self, now: i64) {
        if let Some((tick, since)) = self.newest.take() {
            self.room.held(tick, (since, now), &self.watch.ages);
        }
    }
}

impl Drop for Held<'_> {
    /// What was held in vain when the seat or the run ended counts too.
    fn drop(&mut self) {
        self.give_up(self.watch.us(Instant::now()));
    }
}

/// A room whose ticks are due at some times, in microseconds since the watch began.
struct Room {
    interval_ns: i64,
    ticks: Mutex<Ticks>,
}

#[derive(Default)]
struct Ticks {
    /// The last tick of which it is settled when it was due.
    settled: Option<(Tick, i64)>,
    /// Those after it that came, in ascending order.
    open: VecDeque<Open>,
}

struct Open {
    tick: Tick,
    /// When it came to the first bot.
    first: i64,
    /// From when until when bots held it as their newest.
    held: Vec<(i64, i64)>,
}

impl Room {
    fn arrived(&self, tick: Tick, at: i64, ages: &Mutex<Ages>) {
        let mut ticks = lock(&self.ticks);
        let settled = ticks.settled;
        let place = ticks.open.partition_point(|open| open.tick < tick);
        match ticks.open.get_mut(place) {
            Some(open) if open.tick == tick => open.first = open.first.min(at),
            _ if settled.is_none_or(|(last, _)| tick > last) => {
                ticks.open.insert(place, Open { tick, first: at, held: Vec::new() });
            }
            _ => {}
        }
        drop(ticks);
        self.settle(at - HORIZON_US, ages);
    }

    /// A bot held the state of this tick as its newest.
    fn held(&self, tick: Tick, time: (i64, i64), ages: &Mutex<Ages>) {
        let mut ticks = lock(&self.ticks);
        let settled = ticks.settled;
        let place = ticks.open.partition_point(|open| open.tick < tick);
        match (ticks.open.get_mut(place), settled) {
            (Some(open), _) if open.tick == tick => open.held.push(time),
            // For longer than the horizon.
            (_, Some((last, due))) => lock(ages).held(time, due - self.between(tick, last)),
            _ => {}
        }
    }

    /// Settles the ticks that came before `until`.
    fn settle(&self, until: i64, ages: &Mutex<Ages>) {
        let mut ticks = lock(&self.ticks);
        while ticks.open.front().is_some_and(|open| open.first < until) {
            let Some(due) = self.due(&ticks) else { return };
            let Some(Open { tick, held, .. }) = ticks.open.pop_front() else { return };
            ticks.settled = Some((tick, due));
            let mut ages = lock(ages);
            held.into_iter().for_each(|time| ages.held(time, due));
        }
    }

    /// When the first open tick was due.
    fn due(&self, ticks: &Ticks) -> Option<i64> {
        let tick = ticks.open.front()?.tick;
        let at_latest = |open: &Open| open.first - self.between(tick, open.tick);
        let latest = ticks.open.iter().map(at_latest).min()?;
        let Some((last, due)) = ticks.settled else { return Some(latest) };
        let expected = due + self.between(last, tick);
        let left_out = (latest - expected).max(0) * 1000 / self.interval_ns;
        Some(latest.min(expected + left_out * self.interval_ns / 1000))
    }

    fn between(&self, one: Tick, other: Tick) -> i64 {
        (i64::from(other.0) - i64::from(one.0)) * self.interval_ns / 1000
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
            hold: Duration::ZERO,
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
        // One bot gets nothing for 2 of 100 seconds; its next frame is on time.
        play(&watch, |tick| [Some(0.0), (!(1000..1040).contains(&tick)).then_some(0.0)]);
        let Staleness { p50, p99, max } = watch.staleness();
        assert!(near(p50, 25.4) && near(max, 2050.0), "{p50} {max}");
        // The last hundredth of 199.9 s is all spent at ages over 51 ms.
        assert!(near(p99, 51.0), "{p99}");
    }

    #[test]
    fn a_stall_of_all_is_told_from_ticks_that_were_left_out() {
        // 40 frames come all at once, and then on time.
        let stalled = Watch::new();
        let late = |tick: u32| f64::from(1040u32.saturating_sub(tick)) * 50.0;
        play(&stalled, |tick| [Some(if tick < 1000 { 0.0 } else { late(tick) }); 2]);
        let Staleness { p99, max, .. } = stalled.staleness();
        assert!(near(max, 2050.0) && p99 > 1000.0, "{p99} {max}");
        // 3 ticks are left out; what came before is old once, and that is all.
        let skipped = Watch::new();
        play(&skipped, |tick| [Some(if tick < 1000 { 0.0 } else { 150.0 }); 2]);
        let Staleness { p50, p99, max } = skipped.staleness();
        assert!(near(max, 200.0) && near(p99, 49.5) && near(p50, 25.0), "{p50} {p99} {max}");
        // A delay that stays is none of whole ticks.
        let delayed = Watch::new();
        play(&delayed, |tick| [Some(if tick < 1000 { 0.0 } else { 20.0 }); 2]);
        let Staleness { p99, max, .. } = delayed.staleness();
        assert!(near(max, 70.0) && near(p99, 69.0), "{p99} {max}");
    }

    #[test]
    fn a_server_that_leaves_out_every_other_tick_sends_states_for_two() {
        let watch = Watch::new();
        play(&watch, |tick| [Some(f64::from(tick) * 50.0); 2]);
        let Staleness { p50, p99, max } = watch.staleness();
        assert!(near(p50, 50.0) && near(p99, 99.0) && near(max, 100.0), "{p50} {p99} {max}");
    }

    #[test]
    fn rooms_that_are_over_are_forgotten_and_rooms_without_ticks_are_not_watched() {
        let watch = Watch::new();
        for room in 0..1000 {
            drop(watch.seat(&seat(room, 20)));
        }
        assert!(lock(&watch.rooms).len() <= 1);
        assert!(watch.seat(&seat(1, 0)).is_none());
    }
}
