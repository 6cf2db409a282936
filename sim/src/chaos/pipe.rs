//! One direction of a connection, as TCP is: what is sent arrives in order and once, late, or not at
//! all because the connection is cut.

use std::collections::VecDeque;

use greenroom::Rng;

/// What a message is delayed by, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delay {
    pub(super) least_ms: u32,
    pub(super) jitter_ms: u32,
}

pub(super) struct Pipe<T> {
    waits: VecDeque<(u64, usize, T)>,
    bytes: usize,
    delay: Delay,
    rng: Rng,
    newest_ms: u64,
    /// Nothing arrives before.
    stalled_until: u64,
}

impl<T> Pipe<T> {
    pub(super) fn new(delay: Delay, rng: Rng) -> Self {
        let waits = VecDeque::new();
        Pipe { waits, bytes: 0, delay, rng, newest_ms: 0, stalled_until: 0 }
    }

    pub(super) fn push(&mut self, now: u64, bytes: usize, message: T) {
        let late = self.delay.least_ms + self.rng.below(self.delay.jitter_ms + 1);
        self.newest_ms = self.newest_ms.max(now + u64::from(late));
        self.bytes += bytes;
        self.waits.push_back((self.newest_ms, bytes, message));
    }

    /// When the next message arrives.
    pub(super) fn next(&self) -> Option<u64> {
        self.waits.front().map(|(due, ..)| (*due).max(self.stalled_until))
    }

    pub(super) fn pop(&mut self, now: u64) -> Option<T> {
        self.next().filter(|due| *due <= now)?;
        let (_, bytes, message) = self.waits.pop_front()?;
        self.bytes -= bytes;
        Some(message)
    }

    /// Bytes that are on their way.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn stall(&mut self, until: u64) {
        self.stalled_until = self.stalled_until.max(until);
    }

    /// Nothing holds it up any more.
    pub(super) fn calm(&mut self, delay: Delay) {
        self.stalled_until = 0;
        self.delay = delay;
    }

    /// All that is on its way is lost.
    pub(super) fn cut(&mut self) {
        self.waits.clear();
        self.bytes = 0;
    }
}
