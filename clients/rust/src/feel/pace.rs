//! The ticks of this client.

use std::collections::VecDeque;
use std::time::Duration;

use greenroom_proto::Tick;

use super::glide::Glide;
use super::ms;
use super::recent::Recent;

/// Ticks go faster or slower by so much at most: below what a player feels.
const RATE: f64 = 0.05;
/// Ticks that are further off than this are left out, or waited for.
const JUMP_MS: f64 = 250.0;
/// So much of a tick inputs arrive before they would be late, and by `slack` ticks more.
const MARGIN: f64 = 0.5;
/// As long as nothing is known, the way to the room and back is taken to be so long.
const RTT: Duration = Duration::from_millis(100);
/// Ticks of which it is known when they were made.
const SENT: usize = 256;
/// Ticks that are made at once at most: a program that was asleep does not play the past.
const DUE_MAX: i64 = 4;

/// The ticks of this client: at the room's rate, ahead of the room by as much as inputs need to get
/// there, and a little. Where that changes the ticks go a few percent faster or slower for a while.
///
/// Each frame says how early the newest input was for its tick, or that the room had to go on
/// without one. With when it was sent that says which tick the room was at, seen from here, way
/// included.
#[derive(Clone, Debug)]
pub struct Pace {
    tick_ms: f64,
    slack: f64,
    sent: VecDeque<(i64, f64)>,
    ahead: Recent,
    first: Option<f64>,
    glide: Glide,
    last: Option<i64>,
    share: f64,
    /// The input that the room has gone on without.
    missing: Option<i64>,
}

impl Pace {
    /// For a room of that many ticks a second, of which inputs are to be early by `slack`, 1 as it is
    /// usual. `None` for a room that steps when somebody acts.
    #[must_use]
    pub fn new(tick_hz: u16, slack: u8) -> Option<Self> {
        (tick_hz > 0).then(|| Pace {
            tick_ms: 1000.0 / f64::from(tick_hz),
            slack: slack.into(),
            sent: VecDeque::with_capacity(SENT),
            ahead: Recent::default(),
            first: None,
            glide: Glide::new(RATE, JUMP_MS),
            last: None,
            share: 0.0,
            missing: None,
        })
    }

    /// A frame of this tick came `now`: with [`Client::input_slack`](crate::Client::input_slack) and
    /// [`Client::applied_tick`](crate::Client::applied_tick). `rtt`: to the room and back, if it is known.
    pub fn frame(
        &mut self,
        tick: Tick,
        slack: i8,
        applied: Option<Tick>,
        now: Duration,
        rtt: Option<Duration>,
    ) {
        let (tick, next) = (i64::from(tick.0), i64::from(tick.0) + 1);
        // What the room was to make next when this input came: its tick, if it came as early as it
        // says; this frame's next, if the room has gone on without it.
        let missing =
            applied.map(|applied| i64::from(applied.0) + 1).filter(|input| *input <= tick);
        let input = missing.unwrap_or(next + i64::from(slack));
        let next_ms = next as f64 * self.tick_ms;
        if let Some((_, at)) = self.sent.iter().rev().find(|(sent, _)| *sent == input) {
            // However long one input is late, it is one.
            match missing.is_some() && missing == self.missing {
                true => self.ahead.raise(next_ms - at),
                false => self.ahead.add(next_ms - at),
            }
            self.missing = missing;
        }
        if self.ahead.is_empty() && self.first.is_none() {
            self.first = Some(next_ms - ms(now) + ms(rtt.unwrap_or(RTT)));
        }
    }

    /// The ticks to make `now`, oldest first: for each read the keys, say the input for this tick,
    /// predict. None before the first frame.
    pub fn due(&mut self, now: Duration) -> Vec<Tick> {
        let now = ms(now);
        let Some(ahead) = self.ahead.level().or(self.first) else { return Vec::new() };
        let goal = now + ahead + (self.slack + MARGIN) * self.tick_ms;
        let time = self.glide.follow(now, goal) / self.tick_ms;
        let newest = time.floor() as i64;
        let last = self.last.unwrap_or(newest - 1);
        let ticks = (last + 1).max(newest - DUE_MAX + 1)..=newest;
        for tick in ticks.clone() {
            if self.sent.len() == SENT {
                self.sent.pop_front();
            }
            self.sent.push_back((tick, now));
        }
        let last = last.max(newest);
        self.last = Some(last);
        self.share = (time - last as f64).clamp(0.0, 1.0);
        // Beyond what 32 bits count no room goes on.
        ticks.filter_map(|tick| u32::try_from(tick).ok().map(Tick)).collect()
    }

    /// How much of the tick after the last has passed, from 0 to 1, when [`Pace::due`] was last asked.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.share
    }

    /// The connection was broken: what is known of it is old news. Ticks go on.
    pub fn restart(&mut self) {
        self.ahead.clear();
        self.first = None;
        self.missing = None;
    }
}
