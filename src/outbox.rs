//! What one seat is still to be sent, and on which state its client stands.
//!
//! A client is either in step or behind. While its socket takes no more it is *behind*: frames are
//! skipped for it, nothing is queued, and once the socket is free it gets one change from the
//! frame it was handed last to now.
//!
//! Events are never skipped. They wait here and go out with the next frame, and are kept until the
//! client has said that they arrived: what was on its way when a connection broke is sent again on
//! the next. All of it has bounds. A client that lets too many wait is too slow to play and is
//! closed. What was sent and is not confirmed, and what happens while a client is away, pushes the
//! oldest out: a client that missed one of those can come back, but not as if nothing had been.

use std::collections::VecDeque;
use std::sync::Arc;

use greenroom_proto::Tick;
use greenroom_proto::frame::{EventKind, FRAME_EVENTS_MAX, write_event_of, write_varint};
use serde::{Deserialize, Serialize};

use crate::planted::{self, Bug};
use crate::room::views::ViewKey;

/// Bounds of the events of one seat: of those that wait to be sent, and as many again of those that
/// were sent and are kept.
#[derive(Clone, Copy, Debug)]
pub struct OutboxLimits {
    /// Events.
    pub events_max: usize,
    /// Their bytes.
    pub event_bytes_max: usize,
}

/// How many times `event_bytes_max` the events of one tick may take: the bounds are for what waits
/// from earlier ticks, so that a busy tick does not close clients that keep up.
const BUSY_TICK: usize = 8;

/// More events wait than may: the client is to be closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overflow;

/// Events that the client does not have are not kept any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forgotten;

/// One seat's share of a room's output.
#[derive(Clone, Debug)]
pub struct Outbox {
    limits: OutboxLimits,
    base: Option<Tick>,
    view: Option<ViewKey>,
    /// The first frame that was handed over in this view: what the client holds of older ones has
    /// the names of another.
    view_since: Option<Tick>,
    mail: Mail,
    /// How many of the first events were sent. All of them, while the client is away: which of
    /// them it has, it says when it comes back.
    sent: usize,
    sent_bytes: usize,
    away: bool,
    /// Events that wait from before the tick of the newest, and their bytes.
    earlier: (usize, usize),
}

/// The events of a seat that are kept: what outlives the process.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Mail {
    /// Number of the last event before those kept.
    before: u32,
    events: VecDeque<Kept>,
    bytes: usize,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Kept {
    tick: Tick,
    kind: EventKind,
    body: Arc<[u8]>,
}

impl Mail {
    fn newest(&self) -> u32 {
        self.before.wrapping_add(self.events.len() as u32)
    }

    fn forget_first(&mut self) -> usize {
        let bytes = self.events.pop_front().map_or(0, |event| event.body.len());
        self.before = self.before.wrapping_add(1);
        self.bytes -= bytes;
        bytes
    }
}

impl Outbox {
    /// A client that was handed nothing yet.
    #[must_use]
    pub fn new(limits: OutboxLimits) -> Self {
        Outbox {
            limits,
            base: None,
            view: None,
            view_since: None,
            mail: Mail::default(),
            sent: 0,
            sent_bytes: 0,
            away: false,
            earlier: (0, 0),
        }
    }

    /// One whose client is away, with the mail that is kept for it.
    #[must_use]
    pub fn restore(limits: OutboxLimits, mail: Mail) -> Self {
        let mut outbox = Outbox { mail, ..Outbox::new(limits) };
        outbox.leave();
        outbox
    }

    /// What is kept for the client.
    #[must_use]
    pub fn mail(&self) -> &Mail {
        &self.mail
    }

    /// The frame last handed to the client's socket. `None`: it needs the whole state.
    #[must_use]
    pub fn base(&self) -> Option<Tick> {
        self.base
    }

    /// The view in which the next frame is.
    pub fn look(&mut self, view: ViewKey) {
        if self.view != Some(view) && !planted::makes(Bug::StaleView) {
            // What it holds has the names of another view.
            self.base = None;
            self.view_since = None;
        }
        self.view = Some(view);
    }

    /// The view in which the base is.
    #[must_use]
    pub fn view(&self) -> Option<ViewKey> {
        self.view
    }

    /// The client cannot trust its state, or nobody knows any more what it holds: the next frame
    /// is a full one.
    pub fn forget_base(&mut self) {
        self.base = None;
    }

    /// The client is gone, perhaps to come back.
    pub fn leave(&mut self) {
        self.away = true;
        self.sent = self.mail.events.len();
        self.sent_bytes = self.mail.bytes;
        self.earlier = (0, 0);
        self.forget_sent();
    }

    /// The client is back: it holds the state of `tick`, and all events up to `events`, or knows
    /// nothing of those before. Returns the number of the last event before those that follow.
    pub fn come_back(&mut self, tick: Option<Tick>, events: Option<u32>) -> Result<u32, Forgotten> {
        let events = events.unwrap_or(self.mail.newest());
        self.has(events)?;
        self.acknowledge(events + u32::from(planted::makes(Bug::EventTakenForHeard)));
        // It may have left before the frame in which its view became another.
        self.base = tick.filter(|tick| self.view_since.is_some_and(|since| *tick >= since));
        self.away = false;
        (self.sent, self.sent_bytes) = (0, 0);
        // What waited for it is no fault of its own.
        self.earlier = (0, 0);
        Ok(events)
    }

    /// Whether all events after that of this number are kept.
    pub fn has(&self, events: u32) -> Result<(), Forgotten> {
        let missing = events.wrapping_sub(self.mail.before);
        if missing as usize <= self.mail.events.len() { Ok(()) } else { Err(Forgotten) }
    }

    /// All events up to this number have arrived.
    pub fn acknowledge(&mut self, events: u32) {
        let arrived = events.wrapping_sub(self.mail.before) as usize;
        if arrived <= self.sent {
            (0..arrived).for_each(|_| self.forget_first());
        }
    }

    /// Queues an event of the game.
    pub fn event(&mut self, tick: Tick, body: &Arc<[u8]>) -> Result<(), Overflow> {
        self.event_of(EventKind::Game, tick, body)
    }

    /// Queues an event.
    pub fn event_of(
        &mut self,
        kind: EventKind,
        tick: Tick,
        body: &Arc<[u8]>,
    ) -> Result<(), Overflow> {
        let waiting = self.waiting();
        if self.mail.events.back().is_some_and(|newest| newest.tick != tick) {
            self.earlier = waiting;
        }
        let bytes = waiting.1 + body.len();
        let overflows = !self.away
            && (self.earlier.0 >= self.limits.events_max
                || self.earlier.1 > self.limits.event_bytes_max
                || waiting.0 >= FRAME_EVENTS_MAX as usize
                || bytes > BUSY_TICK * self.limits.event_bytes_max);
        if overflows {
            // It is closed. What it does not get now it may get when it comes back, and else it learns
            // that it missed something.
            self.leave();
        }
        self.mail.bytes += body.len();
        self.mail.events.push_back(Kept { tick, kind, body: Arc::clone(body) });
        if self.away {
            self.sent += 1;
            self.sent_bytes += body.len();
            self.forget_sent();
        }
        if overflows { Err(Overflow) } else { Ok(()) }
    }

    /// Events that are kept, whether they were sent or wait, and their bytes.
    #[must_use]
    pub fn kept(&self) -> (usize, usize) {
        (self.mail.events.len(), self.mail.bytes)
    }

    /// Whether events wait.
    #[must_use]
    pub fn has_events(&self) -> bool {
        self.waiting().0 > 0
    }

    /// The frame of `tick` is on its way: appends the waiting events to `out`, as the frame
    /// carries them, and takes the frame as the new base.
    pub fn hand_over(&mut self, tick: Tick, out: &mut Vec<u8>) {
        self.base = Some(tick);
        self.view_since.get_or_insert(tick);
        let (waiting, bytes) = self.waiting();
        if waiting == 0 {
            return;
        }
        write_varint(waiting as u32, out);
        let first = self.mail.before.wrapping_add(self.sent as u32 + 1);
        for (place, event) in self.mail.events.range(self.sent..).enumerate() {
            let number = first.wrapping_add(place as u32);
            let age = tick.0.wrapping_sub(event.tick.0);
            write_event_of(event.kind, number, age, &event.body, out);
        }
        if planted::makes(Bug::EventsSentAgain) {
            return;
        }
        self.sent += waiting;
        self.sent_bytes += bytes;
        self.earlier = (0, 0);
        self.forget_sent();
    }

    /// Events that wait to be sent, and their bytes.
    fn waiting(&self) -> (usize, usize) {
        (self.mail.events.len() - self.sent, self.mail.bytes - self.sent_bytes)
    }

    /// Keeps of what was sent only as much as may be kept.
    fn forget_sent(&mut self) {
        while self.sent > self.limits.events_max || self.sent_bytes > self.limits.event_bytes_max {
            self.forget_first();
        }
        // A burst must not stay as memory.
        if self.mail.events.capacity() > 4 * self.mail.events.len().max(8) {
            self.mail.events.shrink_to(2 * self.mail.events.len());
        }
    }

    fn forget_first(&mut self) {
        let bytes = self.mail.forget_first();
        self.sent -= 1;
        self.sent_bytes -= bytes;
    }
}

#[cfg(test)]
mod tests;
