//! How many connections there may be, in all and from one address.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::config::Listen;
use crate::session::TokenBucket;

/// Connections beyond the bounds that are told why, at the same time: a client learns from the
/// close code what to do, which a refused TCP connection could not tell it. Past this they are
/// dropped at once.
const REFUSALS_MAX: usize = 64;

/// Wrong codes from one address a second, in the long run.
const GUESSES_PER_SEC: u32 = 1;
/// Wrong codes from one address at once: a class in which everybody mistypes.
const GUESSES_BURST: u32 = 30;
/// Addresses that have guessed lately and are remembered. Past it nobody's codes are looked at until
/// some of them may be forgotten.
const GUESSERS_MAX: usize = 4096;

/// Counts connections, and wrong guesses.
pub struct Admission {
    limits: Listen,
    counts: Mutex<Counts>,
    guesses: Mutex<BTreeMap<IpAddr, TokenBucket>>,
    since: Instant,
}

#[derive(Default)]
struct Counts {
    admitted: usize,
    /// Those of them that have said a proper request for a WebSocket.
    connected: usize,
    refused: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

/// A place for one connection, given back when dropped.
pub struct Place {
    admission: Arc<Admission>,
    held: Held,
    connected: bool,
}

enum Held {
    Admitted(Option<IpAddr>),
    Refused,
}

impl Admission {
    /// Nobody is here yet.
    #[must_use]
    pub fn new(limits: Listen) -> Arc<Self> {
        Arc::new(Admission {
            limits,
            counts: Mutex::default(),
            guesses: Mutex::default(),
            since: Instant::now(),
        })
    }

    /// A place for a connection from `address`. `None`: drop it without a word.
    #[must_use]
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut counts = self.lock();
        let exempt = address.to_canonical().is_loopback() && !self.limits.limit_loopback;
        let key = (!exempt).then(|| subnet(address));
        let from_there = key.and_then(|key| counts.by_address.get(&key)).copied().unwrap_or(0);
        let held = if counts.admitted < self.limits.connections_max
            && from_there < self.limits.connections_per_address_max
        {
            counts.admitted += 1;
            if let Some(key) = key {
                *counts.by_address.entry(key).or_default() += 1;
            }
            Held::Admitted(key)
        } else if counts.refused < REFUSALS_MAX {
            counts.refused += 1;
            Held::Refused
        } else {
            return None;
        };
        Some(Place { admission: Arc::clone(self), held, connected: false })
    }

    /// Connections admitted at the moment.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.lock().admitted
    }

    /// Those of them that are connections by now, and no more on their way through TLS and HTTP.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.lock().connected
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// It is a connection now.
    pub fn connect(&mut self) {
        if !self.is_refusal() && !std::mem::replace(&mut self.connected, true) {
            self.admission.lock().connected += 1;
        }
    }

    /// Whether the connection's address may try a code. A right one is to be given back.
    #[must_use]
    pub fn guess(&self) -> bool {
        let Held::Admitted(Some(address)) = self.held else { return true };
        let now_ms = self.admission.since.elapsed().as_millis() as u64;
        let mut guesses = self.admission.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if !guesses.contains_key(&address) && guesses.len() >= GUESSERS_MAX {
            guesses.retain(|_, bucket| !bucket.is_full(now_ms));
            if guesses.len() >= GUESSERS_MAX {
                return false;
            }
        }
        let fresh = || TokenBucket::new(GUESSES_PER_SEC, GUESSES_BURST);
        guesses.entry(address).or_insert_with(fresh).take(now_ms)
    }

    /// The code was right.
    pub fn guessed_right(&self) {
        if let Held::Admitted(Some(address)) = self.held {
            let mut guesses = self.admission.guesses.lock().unwrap_or_else(PoisonError::into_inner);
            guesses.entry(address).and_modify(TokenBucket::give_back);
        }
    }

    /// Whether the connection may only be told that it cannot stay.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self.held, Held::Refused)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.admission.lock();
        counts.connected -= usize::from(self.connected);
        match self.held {
            Held::Refused => counts.refused -= 1,
            Held::Admitted(key) => {
                counts.admitted -= 1;
                if let Some(key) = key
                    && let Some(count) = counts.by_address.get_mut(&key)
                {
                    *count -= 1;
                    if *count == 0 {
                        counts.by_address.remove(&key);
                    }
                }
            }
        }
    }
}

/// One household or host: an IPv4 address, or the /64 of an IPv6 address.
fn subnet(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn limits() -> Listen {
        Listen { connections_max: 4, connections_per_address_max: 2, ..Config::default().listen }
    }

    fn admit(admission: &Arc<Admission>, address: &str) -> Option<Place> {
        admission.admit(address.parse().unwrap())
    }

    #[test]
    fn one_address_does_not_take_all_places_and_gives_them_back() {
        let admission = Admission::new(limits());
        let mut first = admit(&admission, "192.0.2.1").unwrap();
        first.connect();
        first.connect();
        assert_eq!(admission.connected(), 1);
        let _second = admit(&admission, "::ffff:192.0.2.1").unwrap();
        assert!(admit(&admission, "192.0.2.1").unwrap().is_refusal());
        assert!(!admit(&admission, "192.0.2.2").unwrap().is_refusal());
        drop(first);
        assert!(!admit(&admission, "192.0.2.1").unwrap().is_refusal());
        assert_eq!((admission.connections(), admission.connected()), (1, 0));
    }

    #[test]
    fn ipv6_counts_by_the_64() {
        let admission = Admission::new(limits());
        let _first = admit(&admission, "2001:db8::1").unwrap();
        let _second = admit(&admission, "2001:db8::2").unwrap();
        assert!(admit(&admission, "2001:db8::3").unwrap().is_refusal());
        assert!(!admit(&admission, "2001:db8:0:1::1").unwrap().is_refusal());
    }

    #[test]
    fn the_bound_in_all_holds_for_loopback_and_refusals_are_bounded_too() {
        let admission = Admission::new(limits());
        let mut places: Vec<_> = (0..4).map(|_| admit(&admission, "127.0.0.1").unwrap()).collect();
        assert!(places.iter().all(|place| !place.is_refusal()));
        places.extend((0..REFUSALS_MAX).map(|_| admit(&admission, "127.0.0.1").unwrap()));
        assert!(places.last().unwrap().is_refusal());
        assert!(admit(&admission, "127.0.0.1").is_none());
        drop(places);
        assert_eq!(admission.connections(), 0);
        assert!(admission.counts.lock().unwrap().by_address.is_empty());
    }
}
