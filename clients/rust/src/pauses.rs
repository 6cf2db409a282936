//! How long a client waits before it tries to come back.
//!
//! At random each time (full jitter), so that the clients of a server that failed do not all come
//! at once, and longer the longer it takes, so that they do not keep it from getting up.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use greenroom_proto::Then;
use tokio::time::Instant;

/// Bound of the first pause. It doubles with each attempt.
const FIRST: Duration = Duration::from_millis(250);
/// The bound grows up to this while the connection is not gone for long: whoever plays waits.
const SHORT: Duration = Duration::from_secs(1);
/// And up to this after it.
const LONG: Duration = Duration::from_secs(10);
/// How long that is.
const SOON: Duration = Duration::from_secs(30);
/// A connection that lasted so long starts the pauses anew. Otherwise a server that seats and
/// closes would be called on without a pause.
const STEADY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Pauses {
    random: u64,
    attempts: u32,
    /// When the first of the connections that did not last broke.
    began: Option<Instant>,
    /// Number of the last attempt.
    numbered: u64,
}

impl Pauses {
    /// From a seed, or from what differs between clients.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        let random = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        Pauses { random, attempts: 0, began: None, numbered: 0 }
    }

    /// Number of a new attempt: higher than all before, also of a program that was started anew.
    #[allow(clippy::disallowed_methods)] // A client may know the time of day.
    pub(crate) fn attempt(&mut self) -> u64 {
        #[allow(clippy::disallowed_methods)] // no other clock goes on from program to program
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.numbered = (since.as_millis() as u64).max(self.numbered + 1);
        self.numbered
    }

    /// A connection broke that had lasted so long.
    pub(crate) fn broke(&mut self, now: Instant, lasted: Duration) {
        if lasted >= STEADY {
            self.attempts = 0;
            self.began = None;
        }
        self.began.get_or_insert(now);
    }

    /// The pause before the next attempt. `then` and `window` are what the server said at the end
    /// of the connection or attempt before; never longer than what is `left`.
    pub(crate) fn next(
        &mut self,
        now: Instant,
        then: Then,
        window: Option<Duration>,
        left: Duration,
    ) -> Duration {
        let gone = self.began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
        let most = if gone < SOON { SHORT } else { LONG };
        let back_off = FIRST.saturating_mul(1 << self.attempts.min(16)).min(most);
        let window = window.unwrap_or_default();
        let bound = match then {
            // Once: a server that sends its clients away again and again is not up yet.
            Then::Reconnect if self.attempts == 0 => window,
            _ => back_off.max(window),
        };
        self.attempts = self.attempts.saturating_add(1);
        bound.min(left).mul_f64(self.share())
    }

    /// At random from 0 to 1: splitmix64.
    fn share(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ bits >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGES: Duration = Duration::from_secs(1 << 20);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// The longest of many pauses that clients make in the same place.
    fn longest(next: impl Fn(&mut Pauses) -> Duration) -> Duration {
        (0..2000).map(|seed| next(&mut Pauses::new(Some(seed)))).max().expect("many")
    }

    /// Whether it is hardly less than the bound, and not more.
    fn up_to(pause: Duration, bound: Duration) -> bool {
        pause <= bound && pause > bound.mul_f64(0.98)
    }

    #[test]
    fn the_bound_doubles_up_to_a_second_and_to_ten_later() {
        let now = Instant::now();
        let pause = |attempt: u32, at: Instant| {
            longest(move |pauses| {
                pauses.broke(now, secs(60));
                for _ in 0..attempt {
                    pauses.next(now, Then::BackOff, None, AGES);
                }
                pauses.next(at, Then::BackOff, None, AGES)
            })
        };
        for (attempt, ms) in [(0, 250), (1, 500), (2, 1000), (3, 1000), (40, 1000)] {
            let pause = pause(attempt, now + secs(29));
            assert!(up_to(pause, Duration::from_millis(ms)), "{attempt}: {pause:?}");
        }
        assert!(up_to(pause(40, now + secs(30)), secs(10)));
    }

    #[test]
    fn pauses_are_spread_evenly_from_nothing_to_the_bound() {
        let now = Instant::now();
        let mut tenths = [0; 10];
        for seed in 0..10_000 {
            let mut pauses = Pauses::new(Some(seed));
            pauses.broke(now, secs(60));
            let pause = pauses.next(now, Then::BackOff, None, AGES);
            tenths[pause.as_millis() as usize / 25] += 1;
        }
        assert!(tenths.iter().all(|count| (900..1100).contains(count)), "{tenths:?}");
        let (mut one, mut other) = (Pauses::new(None), Pauses::new(None));
        let pause = |pauses: &mut Pauses| pauses.next(now, Then::BackOff, None, AGES);
        assert_ne!(pause(&mut one), pause(&mut other), "two clients");
    }

    #[test]
    fn the_servers_window_spreads_those_that_come_back_at_once() {
        let now = Instant::now();
        let first = |then, window| {
            longest(move |pauses| {
                pauses.broke(now, secs(60));
                pauses.next(now, then, window, AGES)
            })
        };
        assert_eq!(first(Then::Reconnect, None), Duration::ZERO);
        assert!(up_to(first(Then::Reconnect, Some(secs(5))), secs(5)));
        assert!(up_to(first(Then::BackOff, Some(secs(5))), secs(5)));
        let narrow = Some(Duration::from_millis(1));
        assert!(up_to(first(Then::BackOff, narrow), FIRST));
        // Not past the time for which the seat is held.
        let left = longest(|pauses| {
            pauses.next(now, Then::Reconnect, Some(secs(1 << 32)), Duration::from_millis(700))
        });
        assert!(up_to(left, Duration::from_millis(700)));
    }

    #[test]
    fn a_server_that_sends_away_again_and_again_is_not_called_on_without_pause() {
        let (mut now, mut pauses) = (Instant::now(), Pauses::new(Some(1)));
        let mut waited = Duration::ZERO;
        for _ in 0..20 {
            pauses.broke(now, Duration::from_millis(1));
            let pause = pauses.next(now, Then::Reconnect, Some(Duration::ZERO), AGES);
            (now, waited) = (now + pause, waited + pause);
        }
        assert!(waited > secs(5), "{waited:?}");
        pauses.broke(now, STEADY);
        assert_eq!(pauses.next(now, Then::Reconnect, None, AGES), Duration::ZERO);
    }
}
