//! What one client is still to be sent, and on which state it stands.
//!
//! A client is either in step or behind. While its socket takes no more it is *behind*: frames are
//! skipped for it, nothing is queued, and once the socket is free it gets one change from the
//! frame it was handed last to now. Events are never skipped: they wait here, within bounds, and
//! go out with the next frame; when the bounds are hit the client is too slow to play and is
//! closed.

use std::collections::VecDeque;

use greenroom_proto::Tick;
use greenroom_proto::frame::{FRAME_EVENTS_MAX, write_event, write_varint};

/// Bounds of the events that wait for one client.
#[derive(Clone, Copy, Debug)]
pub struct OutboxLimits {
    /// Events.
    pub events_max: usize,
    /// Their bytes.
    pub event_bytes_max: usize,
}

/// More events wait than may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overflow;

/// One client's share of a room's output.
#[derive(Debug)]
pub struct Outbox {
    limits: OutboxLimits,
    base: Option<Tick>,
    events: VecDeque<Waiting>,
    bytes: usize,
    numbered: u32,
}

#[derive(Debug)]
struct Waiting {
    tick: Tick,
    body: std::sync::Arc<[u8]>,
}

impl Outbox {
    /// A client that was handed nothing yet.
    #[must_use]
    pub fn new(limits: OutboxLimits) -> Self {
        Outbox { limits, base: None, events: VecDeque::new(), bytes: 0, numbered: 0 }
    }

    /// The frame last handed to the client's socket. `None`: it needs the whole state.
    #[must_use]
    pub fn base(&self) -> Option<Tick> {
        self.base
    }

    /// The client cannot trust its state: the next frame is a full one.
    pub fn forget_base(&mut self) {
        self.base = None;
    }

    /// Queues an event.
    pub fn event(&mut self, tick: Tick, body: &std::sync::Arc<[u8]>) -> Result<(), Overflow> {
        let bytes = self.bytes + body.len();
        if self.events.len() >= self.limits.events_max.min(FRAME_EVENTS_MAX as usize)
            || bytes > self.limits.event_bytes_max
        {
            return Err(Overflow);
        }
        self.bytes = bytes;
        self.events.push_back(Waiting { tick, body: std::sync::Arc::clone(body) });
        Ok(())
    }

    /// Whether events wait.
    #[must_use]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The frame of `tick` is on its way: appends the waiting events to `out`, as the frame
    /// carries them, and takes the frame as the new base.
    pub fn hand_over(&mut self, tick: Tick, out: &mut Vec<u8>) {
        self.base = Some(tick);
        if self.events.is_empty() {
            return;
        }
        write_varint(self.events.len() as u32, out);
        for event in self.events.drain(..) {
            self.numbered = self.numbered.wrapping_add(1);
            write_event(self.numbered, tick.0.wrapping_sub(event.tick.0), &event.body, out);
        }
        self.bytes = 0;
        // A burst must not stay as memory.
        self.events.shrink_to(8);
    }
}
