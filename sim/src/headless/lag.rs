//! The way between a bot and its room: what is said takes its time, in virtual time.

use std::collections::VecDeque;
use std::str::FromStr;

use greenroom::Rng;
use greenroom::bot::Act;
use greenroom::proto::{Rows, Tick};

/// The longest way there and back, in milliseconds: two seconds of frames wait in memory.
const LATENCY_MS_MAX: u32 = 2000;

/// How long it takes there and back: `80ms±20` is 60 to 100 ms, anew for each message, half of it for
/// either way. What is said first arrives first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latency {
    ms: u32,
    spread_ms: u32,
}

impl std::fmt::Display for Latency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}ms±{}", self.ms, self.spread_ms)
    }
}

impl Latency {
    /// One way, in milliseconds.
    fn way(self, rng: &mut Rng) -> u64 {
        let Latency { ms, spread_ms } = self;
        u64::from(ms - spread_ms + rng.below(2 * spread_ms + 1)) / 2
    }
}

impl FromStr for Latency {
    type Err = String;

    /// `80`, `80ms`, `80ms±20`, `80ms±20ms`, `80+-20`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            let text = text.trim();
            text.strip_suffix("ms").unwrap_or(text).trim_end().parse::<u32>().ok()
        };
        let (ms, spread_ms) = text.split_once('±').or(text.split_once("+-")).unwrap_or((text, "0"));
        match (number(ms), number(spread_ms)) {
            (Some(ms), Some(spread_ms)) if ms <= LATENCY_MS_MAX && spread_ms <= ms => {
                Ok(Latency { ms, spread_ms })
            }
            (Some(_), Some(_)) => Err(format!(
                "choose at most {LATENCY_MS_MAX} ms, and a spread of no more than that"
            )),
            _ => Err("write 80ms±20, or 80ms".to_owned()),
        }
    }
}

/// What a bot is told.
pub(super) enum Told {
    Frame { tick: Tick, rows: Rows },
    Event(Vec<u8>),
    Reply(Vec<u8>),
}

/// What is on its way, with the time of its arrival.
pub(super) struct Lag {
    latency: Latency,
    rng: Rng,
    down: VecDeque<(u64, Told)>,
    up: VecDeque<(u64, Act)>,
}

impl Lag {
    pub(super) fn new(latency: Latency, seed: u64) -> Self {
        Lag { latency, rng: Rng::new(seed), down: VecDeque::new(), up: VecDeque::new() }
    }

    /// One way, in milliseconds.
    fn way(&mut self) -> u64 {
        self.latency.way(&mut self.rng)
    }

    /// The room says something at this time.
    pub(super) fn tell(&mut self, now_ms: u64, told: Told) {
        let due = now_ms + self.way();
        // Nothing overtakes.
        let due = self.down.back().map_or(due, |(last, _)| due.max(*last));
        self.down.push_back((due, told));
    }

    /// The next that has come to the bot by this time, and when.
    pub(super) fn told(&mut self, now_ms: u64) -> Option<(u64, Told)> {
        arrived(&mut self.down, now_ms)
    }

    /// The bot does something at this time.
    pub(super) fn act(&mut self, now_ms: u64, act: Act) {
        let due = self.acts_at(now_ms);
        self.way();
        self.up.push_back((due, act));
    }

    /// When what the bot does next, at this time, comes to the room.
    pub(super) fn acts_at(&self, now_ms: u64) -> u64 {
        let due = now_ms + self.latency.way(&mut self.rng.clone());
        self.up.back().map_or(due, |(last, _)| due.max(*last))
    }

    /// The next that has come to the room by this time.
    pub(super) fn acted(&mut self, now_ms: u64) -> Option<Act> {
        arrived(&mut self.up, now_ms).map(|(_, act)| act)
    }

    /// When something arrives next, at either end.
    pub(super) fn next_ms(&self) -> Option<u64> {
        let down = self.down.front().map(|(due, _)| *due);
        let up = self.up.front().map(|(due, _)| *due);
        down.into_iter().chain(up).min()
    }
}

fn arrived<T>(way: &mut VecDeque<(u64, T)>, now_ms: u64) -> Option<(u64, T)> {
    let (due, _) = way.front()?;
    if *due <= now_ms { way.pop_front() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_its_time_and_nothing_overtakes() {
        let mut lag = Lag::new("80ms±40".parse().unwrap(), 5);
        for n in 0..200u8 {
            lag.act(u64::from(n) * 10, Act::Input(vec![n]));
        }
        let (mut n, mut ways) = (0u8, Vec::new());
        for now in 0..3000 {
            while let Some(act) = lag.acted(now) {
                assert_eq!(act, Act::Input(vec![n]));
                ways.push(now - u64::from(n) * 10);
                n += 1;
            }
        }
        assert_eq!(n, 200);
        assert!(ways.iter().all(|way| (20..=60).contains(way)), "{ways:?}");
        assert!(ways.iter().min() < ways.iter().max());
    }

    #[test]
    fn a_latency_reads_as_it_is_written() {
        let of = |ms, spread_ms| Ok(Latency { ms, spread_ms });
        for (text, expected) in
            [("80ms±20", of(80, 20)), ("80", of(80, 0)), ("9 ms +- 9ms", of(9, 9)), ("0", of(0, 0))]
        {
            assert_eq!(text.parse(), expected, "{text}");
        }
        assert_eq!(of(80, 20).unwrap().to_string().parse(), of(80, 20));
        for (wrong, why) in [("", "write"), ("x", "write"), ("2001", "at most"), ("5±6", "spread")]
        {
            let said = wrong.parse::<Latency>().unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}
