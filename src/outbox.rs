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
use greenroom_proto::frame::{FRAME_EVENTS_MAX, write_event, write_varint};
use serde::{Deserialize, Serialize};

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

/// More events wait than may.
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
        if self.view != Some(view) {
            // What it holds has the names of another view.
            self.base = None;
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
        self.acknowledge(events);
        self.base = tick;
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

    /// Queues an event.
    pub fn event(&mut self, tick: Tick, body: &Arc<[u8]>) -> Result<(), Overflow> {
        let waiting = self.waiting();
        if self.mail.events.back().is_some_and(|newest| newest.tick != tick) {
            self.earlier = waiting;
        }
        let bytes = waiting.1 + body.len();
        if !self.away
            && (self.earlier.0 >= self.limits.events_max
                || self.earlier.1 > self.limits.event_bytes_max
                || waiting.0 >= FRAME_EVENTS_MAX as usize
                || bytes > BUSY_TICK * self.limits.event_bytes_max)
        {
            return Err(Overflow);
        }
        self.mail.bytes += body.len();
        self.mail.events.push_back(Kept { tick, body: Arc::clone(body) });
        if self.away {
            self.sent += 1;
            self.sent_bytes += body.len();
            self.forget_sent();
        }
        Ok(())
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
        let (waiting, bytes) = self.waiting();
        if waiting == 0 {
            return;
        }
        write_varint(waiting as u32, out);
        let first = self.mail.before.wrapping_add(self.sent as u32 + 1);
        for (place, event) in self.mail.events.range(self.sent..).enumerate() {
            let number = first.wrapping_add(place as u32);
            write_event(number, tick.0.wrapping_sub(event.tick.0), &event.body, out);
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
mod tests {
    use greenroom_proto::frame::Head;
    use greenroom_proto::{Replica, Replicate, Rows, Sight, Table, Teams, layout_of, publish};
    use proptest::prelude::*;

    use super::*;
    use crate::room::history::{History, HistoryLimits};

    #[derive(Replicate, Clone, Default)]
    struct World {
        round: u32,
        things: Table<Thing>,
    }

    #[derive(Replicate, Clone, Default)]
    struct Thing {
        x: i32,
        y: i32,
    }

    const LIMITS: OutboxLimits = OutboxLimits { events_max: 8, event_bytes_max: 64 };

    #[test]
    fn events_wait_within_bounds() {
        let mut outbox = Outbox::new(LIMITS);
        let (small, large): (Arc<[u8]>, Arc<[u8]>) = ([0; 4].into(), [0; 65].into());
        // By bytes.
        assert_eq!(outbox.event(Tick(1), &large), Ok(()));
        assert_eq!(outbox.event(Tick(1), &small), Ok(()));
        assert_eq!(outbox.event(Tick(2), &small), Err(Overflow));
        // By number.
        outbox.hand_over(Tick(2), &mut Vec::new());
        assert!((0..8).all(|tick| outbox.event(Tick(3 + tick), &small).is_ok()));
        assert_eq!(outbox.event(Tick(11), &small), Err(Overflow));
        assert!(outbox.has_events());
    }

    #[test]
    fn a_busy_tick_does_not_close_a_client_that_keeps_up() {
        let mut outbox = Outbox::new(LIMITS);
        let small: Arc<[u8]> = [0; 4].into();
        for tick in 1..20 {
            assert!((0..100).all(|_| outbox.event(Tick(tick), &small).is_ok()));
            outbox.hand_over(Tick(tick), &mut Vec::new());
        }
        // Without bound it is not either.
        assert!((0..=8 * 64 / 4).any(|_| outbox.event(Tick(20), &small).is_err()));
    }

    /// The numbers of the events that a frame of this tick brings.
    fn sent(outbox: &mut Outbox, tick: u32) -> Vec<u32> {
        let waiting = outbox.has_events();
        let mut message = Head::default().to_bytes(waiting).to_vec();
        outbox.hand_over(Tick(tick), &mut message);
        let layout = layout_of::<World>();
        let mut history =
            History::new(layout.clone(), HistoryLimits { frames_max: 1, bytes_max: 4_000 });
        let pushed = history.push(Tick(tick), |rows| {
            publish(&World::default(), &layout, rows);
        });
        pushed.unwrap();
        let view = ViewKey::Teams(Teams::NONE);
        let (body, _) = history.body(None, view, &Sight::public()).unwrap();
        message.extend_from_slice(body);
        let frame = Replica::new(layout).apply(&message).unwrap();
        frame.events.iter().map(|event| event.number).collect()
    }

    #[test]
    fn what_has_not_arrived_is_sent_again_and_nothing_else() {
        let mut outbox = Outbox::new(LIMITS);
        let small: Arc<[u8]> = [0; 4].into();
        (1..=3).for_each(|tick| outbox.event(Tick(tick), &small).unwrap());
        assert_eq!(sent(&mut outbox, 3), [1, 2, 3]);
        outbox.acknowledge(1);
        // More than were sent cannot have arrived.
        outbox.acknowledge(9);
        outbox.leave();
        outbox.event(Tick(5), &small).unwrap();
        assert_eq!(outbox.has(0), Err(Forgotten));
        assert_eq!(outbox.come_back(Some(Tick(3)), Some(2)), Ok(2));
        assert_eq!(outbox.base(), Some(Tick(3)));
        assert_eq!(sent(&mut outbox, 6), [3, 4]);
        // Somebody who knows nothing of the time before is told what happens from now on.
        outbox.leave();
        assert_eq!(outbox.come_back(None, None), Ok(4));
        assert!(!outbox.has_events());
        outbox.event(Tick(7), &small).unwrap();
        assert_eq!(sent(&mut outbox, 7), [5]);
    }

    #[test]
    fn what_is_kept_for_somebody_who_is_away_has_a_bound() {
        let mut outbox = Outbox::new(LIMITS);
        let small: Arc<[u8]> = [0; 4].into();
        outbox.leave();
        (1..=20).for_each(|tick| outbox.event(Tick(tick), &small).unwrap());
        assert_eq!(outbox.clone().come_back(None, Some(11)), Err(Forgotten));
        let mut restored = Outbox::restore(LIMITS, outbox.mail().clone());
        assert_eq!(restored.come_back(None, Some(12)), Ok(12));
        assert_eq!(sent(&mut restored, 20), [13, 14, 15, 16, 17, 18, 19, 20]);
    }

    /// One step of a room with three viewers: how the world changes, and who can be sent to.
    #[derive(Clone, Debug)]
    struct Step {
        spawn: bool,
        remove: Option<usize>,
        push: (usize, i32),
        event: bool,
        free: [bool; 3],
        resync: Option<usize>,
    }

    fn step() -> impl Strategy<Value = Step> {
        (
            any::<bool>(),
            prop::option::weighted(0.2, 0..8usize),
            (0..8usize, any::<i32>()),
            any::<bool>(),
            prop::array::uniform3(prop::bool::weighted(0.6)),
            prop::option::weighted(0.05, 0..3usize),
        )
            .prop_map(|(spawn, remove, push, event, free, resync)| Step {
                spawn,
                remove,
                push,
                event,
                free,
                resync,
            })
    }

    fn change(world: &mut World, step: &Step) {
        world.round += 1;
        if step.spawn {
            world.things.insert(Thing::default());
        }
        let ids: Vec<_> = world.things.iter().map(|(id, _)| id).collect();
        if let Some(id) = step.remove.and_then(|place| ids.get(place)) {
            world.things.remove(*id);
        }
        if let Some(thing) = ids.get(step.push.0).and_then(|id| world.things.get_mut(*id)) {
            thing.x = thing.x.wrapping_add(step.push.1);
            thing.y ^= 1;
        }
    }

    struct Viewer {
        outbox: Outbox,
        replica: Replica,
        heard: Vec<(u32, Tick)>,
    }

    proptest! {
        /// The promise to slow clients: however often and long each is stuck, what it is sent
        /// brings it to exactly the room's state, with every event once, in order.
        #[test]
        fn every_viewer_converges_whatever_it_misses(
            steps in prop::collection::vec(step(), 1..80), frames_max in 1..12usize
        ) {
            let layout = layout_of::<World>();
            let mut history = History::new(layout.clone(), HistoryLimits { frames_max, bytes_max: 4_000 });
            let limits = OutboxLimits { events_max: 1000, event_bytes_max: 1 << 20 };
            let mut viewers: Vec<_> = (0..3).map(|_| Viewer {
                outbox: Outbox::new(limits),
                replica: Replica::new(layout.clone()),
                heard: Vec::new(),
            }).collect();
            let mut world = World::default();
            let mut happened = Vec::new();
            let last = Step { free: [true; 3], ..steps[0].clone() };
            for (number, step) in steps.iter().chain([&last]).enumerate() {
                let tick = Tick(number as u32 + 1);
                change(&mut world, step);
                history.push(tick, |rows| { publish(&world, &layout, rows); }).unwrap();
                if step.event {
                    happened.push(tick);
                    let body: Arc<[u8]> = tick.0.to_le_bytes().into();
                    for viewer in &mut viewers {
                        prop_assert_eq!(viewer.outbox.event(tick, &body), Ok(()));
                    }
                }
                if let Some(place) = step.resync {
                    viewers[place].outbox.forget_base();
                }
                for (viewer, _) in viewers.iter_mut().zip(step.free).filter(|(_, free)| *free) {
                    let base = viewer.outbox.base();
                    let view = ViewKey::Teams(Teams::NONE);
                    viewer.outbox.look(view);
                    let (body, _) = history.body(base, view, &Sight::public()).expect("there is a new frame");
                    let mut message = Head::default().to_bytes(viewer.outbox.has_events()).to_vec();
                    viewer.outbox.hand_over(tick, &mut message);
                    message.extend_from_slice(body);
                    let frame = viewer.replica.apply(&message).expect("it fits the replica");
                    prop_assert_ne!(frame.hash, greenroom_proto::HashCheck::Differs);
                    let mut rows = Rows::default();
                    publish(&world, &layout, &mut rows);
                    prop_assert_eq!(viewer.replica.rows(), &rows);
                    viewer.heard.extend(frame.events.iter().map(|event| (event.number, event.tick)));
                }
                let bases = viewers.iter().filter_map(|v| Some((v.outbox.view()?, v.outbox.base()?)));
                history.keep_bases(bases);
                prop_assert!(history.frames() <= frames_max.max(4), "{}", history.frames());
            }
            let expected: Vec<_> = (1..).zip(happened).collect();
            for viewer in &viewers {
                prop_assert_eq!(&viewer.heard, &expected);
            }
        }
    }
}
