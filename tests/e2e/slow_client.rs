//! A client whose socket takes nothing for a while, among others that play.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use greenroom::config::Config;
use greenroom::proto::frame::HashCheck;
use greenroom::proto::{JoinTarget, Layout, PlayerId, Replica, RoomId, Rows, Schema, wire};
use greenroom_client::{Client, Join, Update};
use tokio::sync::watch;

use crate::support::probe::{Event, Request};
use crate::support::raw::{Raw, Target};
use crate::support::{DEADLINE, TestServer, find, new_room, until, within};

/// How long the client does not read.
const STALL: Duration = Duration::from_secs(5);
/// So much changes that the kernel's buffers are full at once.
const LIVELY: &str = r#"{"cells":300,"chatty":true,"tick_hz":20}"#;

fn small_buffers(config: &mut Config) {
    config.edge.send_buffer_bytes = 4096;
}

/// What a player saw while the other was stuck.
struct Watched {
    ticks: Vec<u32>,
    rows: BTreeMap<u32, Rows>,
    steps_told: Vec<u32>,
    client: Client,
}

/// Plays until it is told to stop.
async fn watch(mut client: Client, stop: watch::Receiver<bool>) -> Watched {
    let (mut ticks, mut rows, mut steps_told) = (Vec::new(), BTreeMap::new(), Vec::new());
    while !*stop.borrow() {
        match within("a frame", client.next()).await {
            Update::Frame { tick, .. } => {
                ticks.push(tick.0);
                rows.insert(tick.0, client.rows().unwrap().1.clone());
            }
            Update::Event(event) => {
                if let Event::Step(step) = event.decode().unwrap() {
                    steps_told.push(step);
                }
            }
            other => panic!("{other:?}"),
        }
    }
    Watched { ticks, rows, steps_told, client }
}

fn contiguous(numbers: &[u32]) -> bool {
    numbers.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// A peer with a seat that will not read for a while.
async fn stalled(mut raw: Raw, room: RoomId) -> (Raw, Replica, PlayerId) {
    let joined = raw.join(JoinTarget::Room(room)).await;
    let schema: Schema = wire::decode(&joined.schema.unwrap()).unwrap();
    (raw, Replica::new(Layout::new(&schema).unwrap()), joined.player)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_client_converges_and_room_keeps_its_pace() {
    let server = TestServer::start(small_buffers).await;
    let (first, seat) = server.seated(new_room(LIVELY)).await;
    let mut others = vec![first];
    for _ in 0..6 {
        others.push(server.seated(Join::Room(seat.room)).await.0);
    }
    let (mut raw, mut replica, _) =
        stalled(Target::of(&server).open_narrow().await, seat.room).await;
    let (stop, stopped) = watch::channel(false);
    let began = Instant::now();
    let watching: Vec<_> =
        others.into_iter().map(|client| tokio::spawn(watch(client, stopped.clone()))).collect();
    tokio::time::sleep(STALL).await;
    raw.widen();

    let (mut events, mut frames, mut skipped) = (Vec::new(), Vec::new(), 0);
    let (mut last, mut in_step) = (None, 0);
    within("the stalled client is in step again", async {
        while skipped == 0 || in_step < 20 {
            let message = raw.state().await;
            let frame = replica.apply(&message).unwrap();
            assert_ne!(frame.hash, HashCheck::Differs, "at {}", frame.tick);
            in_step += 1;
            if let Some(last) = last.replace(frame.tick.0)
                && frame.tick.0 > last + 1
            {
                assert_eq!(frame.hash, HashCheck::Agrees, "a merged frame says its hash");
                skipped += frame.tick.0 - last - 1;
                in_step = 0;
            }
            frames.push((frame.tick.0, replica.rows().clone()));
            events.extend(frame.events);
        }
    })
    .await;
    stop.send(true).unwrap();
    let watched_for = began.elapsed();
    assert!(skipped > 40, "it was never behind: {skipped} frames skipped, {} got", frames.len());
    // Events: none lost, none twice, in order, through the whole stall.
    let numbers: Vec<u32> = events.iter().map(|event| event.number).collect();
    assert!(numbers[0] == 1 && contiguous(&numbers), "{numbers:?}");
    let steps: Vec<u32> = events
        .iter()
        .filter_map(|event| match wire::decode(&event.body).unwrap() {
            Event::Step(step) => Some((step, event.tick.0)),
            _ => None,
        })
        .map(|(step, tick)| {
            assert_eq!(step, tick, "an event bears the tick at which it happened");
            step
        })
        .collect();
    assert!(contiguous(&steps) && steps.len() > 100, "{} steps told", steps.len());

    let mut compared = 0;
    for watched in watching {
        let watched = within("the others", watched).await.unwrap();
        assert!(contiguous(&watched.ticks), "somebody in step was skipped");
        assert!(contiguous(&watched.steps_told));
        let per_sec = watched.ticks.len() as f64 / watched_for.as_secs_f64();
        assert!(per_sec > 10.0, "{per_sec} frames a second of 20");
        assert_eq!(watched.client.stats().desyncs, 0);
        for (tick, rows) in &frames {
            if let Some(theirs) = watched.rows.get(tick) {
                assert_eq!(theirs, rows, "the replicas differ at tick {tick}");
                compared += 1;
            }
        }
    }
    assert!(compared > 50, "{compared} states were compared");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_events_than_may_wait_end_the_stalled_client_and_only_it() {
    let server = TestServer::start(|config| {
        small_buffers(config);
        config.outbox.events_max = 256;
    })
    .await;
    // So much that a socket of the usual size is stuck soon, and is soon empty again.
    let options = r#"{"cells":2000,"tick_hz":20}"#;
    let (mut client, seat) = server.seated(new_room(options)).await;
    let (mut raw, _, player) = stalled(Target::of(&server).greeted().await, seat.room).await;
    let from = client.rows().map_or(0, |(tick, _)| tick.0);
    find(&mut client, |update| match update {
        Update::Frame { tick, .. } => (tick.0 > from + 80).then_some(()),
        _ => None,
    })
    .await;
    // No more than may wait at once for those in step, too many for the other.
    for _ in 0..4 {
        let flood = Request::Events { count: 100, bytes: 8 };
        let _: i32 = within("an answer", client.request(&flood, DEADLINE)).await.unwrap();
    }
    assert_eq!(raw.close_code().await.0, 4101);
    let mut fillers = 0;
    find(&mut client, |update| {
        if let Update::Event(event) = update {
            match event.decode().unwrap() {
                Event::Filler { .. } => fillers += 1,
                Event::Went(who) => return (who == player).then_some(()),
                _ => {}
            }
        }
        None
    })
    .await;
    assert_eq!(fillers, 400);
    assert!(client.closed().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_takes_nothing_for_too_long_is_given_up() {
    let server = TestServer::start(|config| {
        small_buffers(config);
        config.deadlines.write_timeout = Duration::from_millis(500);
    })
    .await;
    let (mut client, seat) = server.seated(new_room(r#"{"cells":300}"#)).await;
    let (raw, _, player) = stalled(Target::of(&server).open_narrow().await, seat.room).await;
    let since = Instant::now();
    find(&mut client, |update| match update {
        Update::Event(event) => {
            (event.decode::<Event>().unwrap() == Event::Went(player)).then_some(())
        }
        _ => None,
    })
    .await;
    // Ping deadlines would have taken 20 s.
    assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
    until("its place is free", || server.server.connections() == 1).await;
    drop(raw);
}

/// The last move is not followed by anything that would bring the state later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_room_that_steps_on_commands_the_stalled_client_gets_the_last_state_too() {
    let server = TestServer::start(small_buffers).await;
    let (mut client, seat) = server.seated(new_room(r#"{"cells":300,"tick_hz":0}"#)).await;
    let (mut raw, mut replica, _) =
        stalled(Target::of(&server).open_narrow().await, seat.room).await;
    let mut sum = 0;
    for _ in 0..100 {
        sum = within("an answer", client.request(&Request::Add(1), DEADLINE)).await.unwrap();
    }
    assert_eq!(sum, 100);
    let state = crate::support::state_where(&mut client, |state| state.sum == 100).await;
    within("the last state", async {
        let mut frames = 0;
        loop {
            let message = raw.state().await;
            frames += 1;
            let frame = replica.apply(&message).unwrap();
            assert_ne!(frame.hash, HashCheck::Differs);
            if frame.tick.0 == state.step {
                break assert!(frames < 80, "it was never behind: {frames} frames");
            }
        }
    })
    .await;
    assert_eq!(replica.rows(), client.rows().unwrap().1);
}
