//! What waits, what is kept, and what a viewer that misses frames comes to.

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
    let mut outbox = Outbox::new(LIMITS);
    assert!((0..8).all(|tick| outbox.event(Tick(3 + tick), &small).is_ok()));
    assert_eq!(outbox.event(Tick(11), &small), Err(Overflow));
}

/// Found by `chaos`: the event that was one too many had no number, so nobody missed it.
#[test]
fn whoever_was_closed_as_too_slow_misses_nothing_unnoticed() {
    let small: Arc<[u8]> = [0; 4].into();
    let mut outbox = Outbox::new(LIMITS);
    assert!((1..9).all(|tick| outbox.event(Tick(tick), &small).is_ok()));
    assert_eq!(outbox.event(Tick(9), &small), Err(Overflow));
    assert_eq!(outbox.mail().newest(), 9);
    assert_eq!(outbox.clone().come_back(None, Some(0)), Err(Forgotten), "the first is gone");
    assert_eq!(outbox.come_back(None, Some(1)), Ok(1));
    assert_eq!(outbox.waiting().0, 8);
}

/// Found by `chaos`: a client left, its view became another one in which somebody else stood on the
/// very frame that it held, and it got the change from there.
#[test]
fn whoever_left_before_the_view_became_another_gets_the_whole_state() {
    let (own, other) = (ViewKey::Teams(Teams::of(0)), ViewKey::Teams(Teams::NONE));
    let mut outbox = Outbox::new(LIMITS);
    outbox.look(own);
    (1..=5).for_each(|tick| outbox.hand_over(Tick(tick), &mut Vec::new()));
    let base = |outbox: &Outbox, tick| {
        let mut outbox = outbox.clone();
        outbox.leave();
        outbox.come_back(Some(Tick(tick)), None).unwrap();
        outbox.base()
    };
    assert_eq!(base(&outbox, 3), Some(Tick(3)));
    outbox.look(other);
    assert_eq!(base(&outbox, 5), None);
    outbox.hand_over(Tick(6), &mut Vec::new());
    assert_eq!(base(&outbox, 5), None);
    assert_eq!(base(&outbox, 6), Some(Tick(6)));
    // Back to the first one: its names may be others by now.
    outbox.look(own);
    outbox.hand_over(Tick(7), &mut Vec::new());
    assert_eq!((base(&outbox, 3), base(&outbox, 7)), (None, Some(Tick(7))));
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
