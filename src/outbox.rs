//! What one client is still to be sent, and on which state it stands.
//!
//! A client is either in step or behind. While its socket takes no more it is *behind*: frames are
//! skipped for it, nothing is queued, and once the socket is free it gets one change from the
//! frame it was handed last to now. Events are never skipped: they wait here, within bounds, and
//! go out with the next frame; when the bounds are hit the client is too slow to play and is
//! closed. The bounds are for what waits from earlier ticks, so that a busy tick does not close
//! clients that keep up.

use std::collections::VecDeque;

use greenroom_proto::Tick;
use greenroom_proto::frame::{FRAME_EVENTS_MAX, write_event, write_varint};

use crate::room::views::ViewKey;

/// Bounds of the events that wait for one client.
#[derive(Clone, Copy, Debug)]
pub struct OutboxLimits {
    /// Events.
    pub events_max: usize,
    /// Their bytes.
    pub event_bytes_max: usize,
}

/// How many times `event_bytes_max` the events of one tick may take.
const BUSY_TICK: usize = 8;

/// More events wait than may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overflow;

/// One client's share of a room's output.
#[derive(Debug)]
pub struct Outbox {
    limits: OutboxLimits,
    base: Option<Tick>,
    view: Option<ViewKey>,
    events: VecDeque<Waiting>,
    bytes: usize,
    /// Events that wait from before the tick of the newest, and their bytes.
    earlier: (usize, usize),
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
        Outbox {
            limits,
            base: None,
            view: None,
            events: VecDeque::new(),
            bytes: 0,
            earlier: (0, 0),
            numbered: 0,
        }
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

    /// The client cannot trust its state: the next frame is a full one.
    pub fn forget_base(&mut self) {
        self.base = None;
    }

    /// Queues an event.
    pub fn event(&mut self, tick: Tick, body: &std::sync::Arc<[u8]>) -> Result<(), Overflow> {
        if self.events.back().is_some_and(|newest| newest.tick != tick) {
            self.earlier = (self.events.len(), self.bytes);
        }
        let bytes = self.bytes + body.len();
        if self.earlier.0 >= self.limits.events_max
            || self.earlier.1 > self.limits.event_bytes_max
            || self.events.len() >= FRAME_EVENTS_MAX as usize
            || bytes > BUSY_TICK * self.limits.event_bytes_max
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
        self.earlier = (0, 0);
        // A burst must not stay as memory.
        self.events.shrink_to(8);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
