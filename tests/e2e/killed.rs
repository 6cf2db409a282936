//! The process dies, and its matches stay: what a client has seen is never undone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use greenroom::Rng;
use greenroom::proto::{Refusal, RoomId};
use greenroom::room::saved::Restored;
use greenroom_client::{CallError, Client, Connect, Join, Update};

use crate::support::hosting::Hosted;
use crate::support::probe::{Event, Input, Request, State};
use crate::support::state_dir::{copy_of, found_in};
use crate::support::{
    DEADLINE, event_where, find, new_room, next, setting, state_where, until, within,
};

/// Drives the client until it is back.
async fn resumed(client: &mut Client) {
    find(client, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
}

async fn add(client: &mut Client, more: i32) -> i32 {
    within("an answer", client.request(&Request::Add(more), DEADLINE)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_goes_on_in_the_next_process() {
    let mut server = Hosted::start();
    for tick_hz in [30, 0] {
        let options = format!(r#"{{"hold_ms":30000,"tick_hz":{tick_hz},"cells":10}}"#);
        let mut one = server.connect().await;
        let seat = within("a seat", one.join(new_room(&options))).await.unwrap();
        let mut two = server.connect().await;
        within("a seat", two.join(Join::Room(seat.room))).await.unwrap();
        for sum in 1..=20 {
            assert_eq!(add(&mut one, 1).await, sum);
        }
        let before = state_where(&mut two, |state| state.sum == 20).await;
        server.kill();
        server.start_again();
        for client in [&mut one, &mut two] {
            resumed(client).await;
            let state = state_where(client, |_| true).await;
            assert!(state.sum == 20 && state.step >= before.step, "{state:?}");
        }
        assert_eq!(add(&mut one, 1).await, 21);
        let state = state_where(&mut two, |state| state.sum == 21).await;
        assert_eq!((state.came, state.went, state.here), (2, 0, 2));
        assert_eq!(one.stats().desyncs + two.stats().desyncs, 0);
        // Nobody was away for the game: it stood still.
        one.leave().await.unwrap();
        let went = event_where(&mut two, |event| !matches!(event, Event::Came(_))).await;
        assert_eq!(went, Event::Went(seat.player));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_come_back_is_away_after_three_seconds_and_the_match_goes_on() {
    let mut server = Hosted::start();
    let mut one = server.connect().await;
    let options = r#"{"hold_ms":30000}"#;
    let seat = within("a seat", one.join(new_room(options))).await.unwrap();
    let mut two = server.connect().await;
    within("a seat", two.join(Join::Room(seat.room))).await.unwrap();
    let before = state_where(&mut two, |state| state.here == 2).await;
    drop(one);
    server.kill();
    server.start_again();
    resumed(&mut two).await;
    let back = Instant::now();
    assert!(state_where(&mut two, |_| true).await.step >= before.step);
    event_where(&mut two, |event| *event == Event::Broke(seat.player)).await;
    assert!(back.elapsed() > Duration::from_secs(1), "it stood still for {:?}", back.elapsed());
    assert_eq!(add(&mut two, 1).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn effects_are_never_begun_again_and_the_game_is_told() {
    let mut server = Hosted::start();
    let mut one = server.connect().await;
    within("a seat", one.join(new_room(r#"{"hold_ms":30000}"#))).await.unwrap();
    // Nobody handles effects there, so the game has been told already that the first is lost.
    let _: i32 = within("an answer", one.request(&Request::Effect(Default::default()), DEADLINE))
        .await
        .unwrap();
    event_where(&mut one, |event| *event == Event::Lost(1)).await;
    server.kill();
    server.start_again();
    resumed(&mut one).await;
    let second: i32 =
        within("an answer", one.request(&Request::Effect(Default::default()), DEADLINE))
            .await
            .unwrap();
    assert_eq!(second, 2);
    let lost = event_where(&mut one, |event| matches!(event, Event::Lost(_))).await;
    assert_eq!(lost, Event::Lost(2));
}

/// What ends a process in spite of everything: its rooms come back, but for the step that did it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_kills_the_process_is_left_out_after_two_more_tries() {
    for request in [Request::Overflow, Request::Abort, Request::Exhaust] {
        let mut server = Hosted::start();
        let mut one = server.connect().await;
        within("a seat", one.join(new_room(r#"{"hold_ms":60000}"#))).await.unwrap();
        let mut beside = server.connect().await;
        within("a seat", beside.join(new_room(r#"{"hold_ms":60000}"#))).await.unwrap();
        assert_eq!(add(&mut one, 7).await, 7);
        assert_eq!(add(&mut beside, 8).await, 8);
        let bad = one.start(&request, 2 * DEADLINE).unwrap();
        let driving = tokio::spawn(async move {
            let reply = crate::support::reply_to(&mut one, bad).await;
            assert!(
                matches!(reply, Err(CallError::Refused { why: Refusal::Failed, .. })),
                "{reply:?}"
            );
            one
        });
        let died = server.ended().await;
        assert!(!died.success(), "{request:?}: {died}");
        // Twice it dies of the same step again, before it listens.
        let mut deaths = 0;
        while !server.try_again() {
            deaths += 1;
        }
        assert_eq!(deaths, 2, "{request:?}: {}", server.errors());
        let mut one = tokio::time::timeout(2 * DEADLINE, driving).await.unwrap().unwrap();
        assert_eq!(add(&mut one, 1).await, 8, "{request:?}");
        resumed(&mut beside).await;
        assert_eq!(add(&mut beside, 1).await, 9, "{request:?}");
    }
}

/// The last step of a room that steps on commands stays the last for as long as nobody says anything.
/// That it was told is noted, so that it is not taken for what kills processes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_told_in_a_silent_room_is_known_to_have_happened() {
    let mut server = Hosted::start();
    let state = server.dir.path().join("state");
    let mut client = server.connect().await;
    let on_commands = new_room(r#"{"tick_hz":0,"hold_ms":60000}"#);
    let room = within("a seat", client.join(on_commands)).await.unwrap().room;
    let proven = || {
        let copy = copy_of(&state);
        let found = found_in(copy.path()).into_iter().find(|found| found.room == room)?;
        let log = Restored::read(&found.start, &found.more).unwrap().log;
        // Nor is one that a keyframe follows.
        log.last_step().unwrap().is_none_or(|step| step.hash.is_some()).then(|| log.end())
    };
    let mut before = None;
    for sum in 1..=3 {
        assert_eq!(add(&mut client, 1).await, sum);
        until("the step is known to have come to its end", || proven() > before).await;
        before = proven();
    }
    server.kill();
    server.start_again();
    resumed(&mut client).await;
    assert_eq!(add(&mut client, 1).await, 4);
}

/// What one bot has seen, over all lives of the server.
#[derive(Default)]
struct Seen {
    tick: u32,
    sum: i32,
    added: i32,
    event: u32,
    step: u32,
    resumed: u32,
    longest: Duration,
}

/// What all bots share.
#[derive(Default)]
struct Common {
    stop: AtomicBool,
    resumed: AtomicU32,
}

/// Plays until it is told to stop; whatever it sees must go on from what it saw.
async fn bot(mut client: Client, seed: u64, room: RoomId, common: Arc<Common>) -> (RoomId, Seen) {
    let (mut seen, mut open, mut random) = (Seen::default(), BTreeMap::new(), Rng::new(seed));
    while !common.stop.load(Ordering::Relaxed) || !open.is_empty() || !client.is_connected() {
        match next(&mut client).await {
            Update::Frame { tick, .. } => {
                assert!(tick.0 >= seen.tick, "{room}: {tick} after {}", seen.tick);
                seen.tick = tick.0;
                let Some(state) = client.state::<State>().unwrap() else { continue };
                assert!(state.sum >= seen.sum, "{room}: {} after {}", state.sum, seen.sum);
                seen.sum = state.sum;
                client.input(&Input { value: random.below(100) as i32 }).unwrap();
                if random.below(8) == 0 && open.len() < 4 && !common.stop.load(Ordering::Relaxed) {
                    let more = 1 + random.below(5) as i32;
                    open.insert(client.start(&Request::Add(more), 4 * DEADLINE).unwrap(), more);
                }
            }
            Update::Reply { id, reply } => {
                let sum: i32 = reply.unwrap().decode().unwrap();
                seen.added += open.remove(&id).expect("an answer comes once");
                assert!(sum > 0);
            }
            Update::Event(event) => {
                assert_eq!(event.number, seen.event + 1, "{room}");
                seen.event = event.number;
                if let Event::Step(step) = event.decode().unwrap() {
                    // Not always the next one: while the room stands still there are steps without.
                    assert!(step > seen.step, "{room}: {step} after {}", seen.step);
                    seen.step = step;
                }
            }
            Update::Broken { .. } => {}
            Update::Resumed { events_lost, after } => {
                assert!(!events_lost, "{room}");
                seen.resumed += 1;
                seen.longest = seen.longest.max(after);
                common.resumed.fetch_add(1, Ordering::Relaxed);
            }
            other => panic!("{room}: {other:?}"),
        }
    }
    assert_eq!(client.stats().desyncs, 0);
    (room, seen)
}

/// Short matches that end by themselves, one after the other; returns those that were seen to end.
async fn short_matches(connect: Connect, common: Arc<Common>) -> Vec<RoomId> {
    let mut over = Vec::new();
    while !common.stop.load(Ordering::Relaxed) {
        // A connection without a seat does not come back by itself.
        let Ok(mut client) = Client::connect(connect.clone()).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        while let Ok(seat) = client.join(new_room(r#"{"hold_ms":30000,"tick_hz":60}"#)).await {
            client.start(&Request::End, 4 * DEADLINE).unwrap();
            find(&mut client, |update| matches!(update, Update::Ended { .. }).then_some(())).await;
            over.push(seat.room);
            if common.stop.load(Ordering::Relaxed) {
                return over;
            }
        }
    }
    over
}

/// The server is killed under all of them, again and again, each time at another moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_its_players_nothing_is_undone_and_everybody_is_back() {
    let (bots, kills) = (setting("GREENROOM_BOTS", 24), setting("GREENROOM_KILLS", 3));
    let mut random = Rng::new(setting("GREENROOM_SEED", 1));
    let mut server = Hosted::start();
    let common = Arc::new(Common::default());
    let (mut players, mut room) = (Vec::new(), None);
    for number in 0..bots {
        let mut client = server.connect().await;
        let options = r#"{"hold_ms":30000,"tick_hz":20,"chatty":true,"cells":10}"#;
        let to = room.filter(|_| number % 8 != 0).map_or(new_room(options), Join::Room);
        let seat = within("a seat", client.join(to)).await.unwrap();
        room = Some(seat.room);
        players.push(tokio::spawn(bot(client, random.next_u64(), seat.room, Arc::clone(&common))));
    }
    let short: Vec<_> = (0..2)
        .map(|_| tokio::spawn(short_matches(server.connect_with(), Arc::clone(&common))))
        .collect();
    for kill in 1..=kills {
        // Longer than a connection must last for its client not to become more patient each time.
        let after = 5_100 + u64::from(random.below(1_000));
        tokio::time::sleep(Duration::from_millis(after)).await;
        server.kill();
        server.start_again();
        let listens = Instant::now();
        let wanted = (kill * bots) as u32;
        crate::support::until("all bots are back", || {
            players.iter().all(|player| !player.is_finished())
                && common.resumed.load(Ordering::Relaxed) >= wanted
        })
        .await;
        println!(
            "kill {kill} after {after} ms: {bots} bots back {:?} after the port",
            listens.elapsed()
        );
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    common.stop.store(true, Ordering::Relaxed);
    let mut sums: BTreeMap<RoomId, (i32, i32)> = BTreeMap::new();
    for player in players {
        let (room, seen) = tokio::time::timeout(4 * DEADLINE, player).await.unwrap().unwrap();
        assert_eq!(u64::from(seen.resumed), kills, "{room}");
        let (added, sum) = sums.entry(room).or_default();
        *added += seen.added;
        *sum = seen.sum.max(*sum);
    }
    for (room, (added, sum)) in sums {
        assert_eq!(added, sum, "{room}: each request that was answered was done once");
    }
    let mut results = BTreeMap::<String, u32>::new();
    let mut over = Vec::new();
    for matches in short {
        over.extend(tokio::time::timeout(4 * DEADLINE, matches).await.unwrap().unwrap());
    }
    server.terminate();
    assert!(server.ended().await.success(), "{}", server.errors());
    for result in server.results() {
        *results.entry(result["room"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(results.values().all(|count| *count == 1), "a result came twice: {results:?}");
    for room in &over {
        assert!(results.contains_key(&room.to_string()), "the result of {room} is missing");
    }
    println!("{} short matches ended, {} results", over.len(), results.len());
}
