//! A new build of the server takes the matches of the old one over: nobody loses a match to a deploy,
//! and what a build cannot go on with is set aside and never read as something else.

mod builds;
mod games;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use greenroom::Rng;
use greenroom::proto::{Refusal, RoomId};
use greenroom::room::log::Log;
use greenroom_client::{CallError, Client, Closed, Connect, Join, Lost, Update};

use self::builds::{Build, Deployed};
use self::games::{Event, Input, Look, Request, v1};
use crate::support::{DEADLINE, find, until, within};

/// Where rooms of the game are created.
fn new_room(options: &str) -> Join<'_> {
    Join::Create { game: "relay", options }
}

async fn add(client: &mut Client, more: i32) -> i32 {
    within("an answer", client.request(&Request::Add(more), DEADLINE)).await.unwrap()
}

/// Drives the client until it is back.
async fn resumed(client: &mut Client) {
    find(client, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
}

/// Drives the client until it sees something.
async fn look(client: &mut Client) -> Look {
    within("a state", async {
        loop {
            let update = client.next().await;
            assert!(!matches!(update, Update::Closed(_)), "{update:?}");
            if let (Update::Frame { .. }, Some(look)) = (update, Look::at(client)) {
                return look;
            }
        }
    })
    .await
}

/// Drives the client until its seat is over.
async fn lost(client: &mut Client) -> Closed {
    find(client, |update| match update {
        Update::Closed(closed) => Some(closed),
        _ => None,
    })
    .await
}

/// Why the seat was refused, and with which words.
fn refusal(closed: &Closed) -> (Refusal, &str) {
    match &closed.lost {
        Some(Lost::Refused { why, text }) => (*why, text),
        other => panic!("{closed}: {other:?}"),
    }
}

/// Two players of one new room, whose score is 7 after three additions.
async fn two(server: &Deployed) -> (Client, Client, RoomId) {
    let mut one = server.connect().await;
    let seat = within("a seat", one.join(new_room(""))).await.unwrap();
    let mut two = server.connect().await;
    within("a seat", two.join(Join::Room(seat.room))).await.unwrap();
    assert_eq!((add(&mut one, 1).await, add(&mut two, 2).await, add(&mut one, 4).await), (1, 3, 7));
    (one, two, seat.room)
}

/// What all bots share.
#[derive(Default)]
struct Common {
    stop: AtomicBool,
    resumed: AtomicU32,
    additions: AtomicU32,
}

/// What one bot has seen.
#[derive(Default)]
struct Seen {
    look: Look,
    added: i64,
    events: u32,
}

/// Plays until it is told to stop; whatever it sees must go on from what it saw.
async fn bot(mut client: Client, seed: u64, common: Arc<Common>) -> (Client, Seen) {
    let (mut seen, mut random, mut open) = (Seen::default(), Rng::new(seed), None);
    // Elsewhere each input is a step and each step a frame.
    let paced = client.seat().unwrap().tick_hz > 0;
    while !common.stop.load(Ordering::Relaxed) || open.is_some() {
        // Where nobody does anything any more, nothing is sent.
        let soon = Duration::from_millis(100);
        let Ok(update) = tokio::time::timeout(soon, client.next()).await else { continue };
        match update {
            Update::Frame { .. } => {
                let Some(look) = Look::at(&client) else { continue };
                assert!(look.step >= seen.look.step && look.score >= seen.look.score, "{look:?}");
                assert!(look.additions >= seen.look.additions, "{look:?}");
                seen.look = look;
                if paced {
                    client.input(&Input { value: random.below(100) as i32 }).unwrap();
                }
                if open.is_none() && random.below(4) == 0 && !common.stop.load(Ordering::Relaxed) {
                    let more = 1 + random.below(5) as i32;
                    let id = client.start(&Request::Add(more), 4 * DEADLINE).unwrap();
                    open = Some((id, more));
                }
            }
            Update::Reply { id, reply } => {
                let _: i32 = reply.unwrap().decode().unwrap();
                let (asked, more) = open.take().expect("an answer comes once");
                assert_eq!(asked, id);
                seen.added += i64::from(more);
                common.additions.fetch_add(1, Ordering::Relaxed);
            }
            Update::Event(event) => {
                assert_eq!(event.number, seen.events + 1, "{:?}", event.decode::<Event>());
                seen.events = event.number;
                let away = matches!(event.decode().unwrap(), Event::Broke(_) | Event::Went(_));
                assert!(!away, "the room stood still, so nobody was away");
            }
            Update::Broken { why, .. } => assert_eq!(why.code, 4200, "{why}"),
            Update::Resumed { events_lost, .. } => {
                assert!(!events_lost);
                common.resumed.fetch_add(1, Ordering::Relaxed);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((client.stats().desyncs, client.stats().resumed), (0, 1));
    (client, seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_players_go_on_under_a_new_build_as_if_nothing_had_been() {
    let mut server = Deployed::start(Build::V1, &[]);
    let common = Arc::new(Common::default());
    let mut rooms = Vec::new();
    for number in 0..10_u64 {
        let options = if number % 5 == 4 { r#"{"tick_hz":0}"# } else { "" };
        let (mut bots, mut to) = (Vec::new(), new_room(options));
        for seed in 0..4 {
            let mut client = server.connect().await;
            let seat = within("a seat", client.join(to)).await.unwrap();
            to = Join::Room(seat.room);
            bots.push(tokio::spawn(bot(client, 10 * number + seed, Arc::clone(&common))));
        }
        rooms.push(bots);
    }
    until("they play", || common.additions.load(Ordering::Relaxed) > 100).await;
    let began = Instant::now();
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.errors());
    let stopped = began.elapsed();
    server.becomes(Build::V2);
    let listened = began.elapsed();
    until("all are back", || {
        assert!(rooms.iter().flatten().all(|bot| !bot.is_finished()), "one has given up");
        common.resumed.load(Ordering::Relaxed) == 40
    })
    .await;
    println!(
        "stopped after {stopped:?}, listening after {listened:?}, all back after {:?}",
        began.elapsed()
    );
    let before = common.additions.load(Ordering::Relaxed);
    until("they play on", || common.additions.load(Ordering::Relaxed) > before + 100).await;
    common.stop.store(true, Ordering::Relaxed);
    for bots in rooms {
        let (mut added, mut clients) = (0, Vec::new());
        for bot in bots {
            let (client, seen) = within("the end of a bot", bot).await.unwrap();
            added += seen.added;
            clients.push(client);
        }
        // Each request was done once, and the new field counts those of both builds.
        let client = &mut clients[0];
        within("a frame with all that was answered", async {
            while Look::at(client).is_none_or(|look| look.score < added) {
                client.next().await;
            }
        })
        .await;
        let last = Look::at(client).unwrap();
        assert_eq!(last.score, added, "{last:?}");
        assert!(last.additions.is_some_and(|count| i64::from(count) >= last.score / 5), "{last:?}");
    }
    assert!(server.aside().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_one_schema_only_is_told_to_be_updated() {
    let mut server = Deployed::start(Build::V1, &[]);
    let (mut any, _two, room) = two(&server).await;
    let expects = server.connect_with().expects::<v1::State>();
    let mut only = within("a connection", Client::connect(expects)).await.unwrap();
    within("a seat", only.join(Join::Room(room))).await.unwrap();
    server.deploy(Build::V2).await;
    let closed = lost(&mut only).await;
    let (why, text) = refusal(&closed);
    assert_eq!(why, Refusal::OtherSchema);
    assert!(text.contains("update it"), "{text}");
    resumed(&mut any).await;
    let look = look(&mut any).await;
    assert_eq!((look.score, look.additions), (7, Some(3)));
    // The same for a newcomer.
    let expects = Connect { ..server.connect_with() }.expects::<v1::State>();
    let mut late = within("a connection", Client::connect(expects)).await.unwrap();
    let joined = within("an answer", late.join(Join::Room(room))).await;
    assert!(matches!(joined, Err(CallError::Refused { why: Refusal::OtherSchema, .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_game_in_another_program_goes_on_without_migration() {
    let mut server = Deployed::start(Build::V1, &[]);
    let (mut one, mut other, _) = two(&server).await;
    server.deploy(Build::V1Again).await;
    for client in [&mut one, &mut other] {
        resumed(client).await;
        assert_eq!(look(client).await.score, 7);
        assert!(client.state::<v1::State>().is_ok());
    }
    assert_eq!(add(&mut one, 1).await, 8);
    assert!(server.errors().contains("migrated=false"), "{}", server.errors());
    // And back, by the way.
    server.deploy(Build::V1).await;
    resumed(&mut one).await;
    assert_eq!(add(&mut one, 1).await, 9);
}

/// The match cannot go on: it is set aside, its players are told, and everything else works.
async fn is_refused(from: Build, to: Build, why: &str) {
    let mut server = Deployed::start(from, &[]);
    let (mut one, mut other, _) = two(&server).await;
    server.deploy(to).await;
    for client in [&mut one, &mut other] {
        let closed = lost(client).await;
        let (refusal, text) = refusal(&closed);
        assert_eq!(refusal, Refusal::SeatGone, "{to:?}");
        assert!(text.contains("could not go on"), "{to:?}: {text}");
    }
    assert!(server.errors().contains(why), "{to:?}: no {why:?} in {}", server.errors());
    let aside = server.aside();
    assert_eq!(aside.len(), 1, "{to:?}: {aside:?}");
    let log = Log::of_bytes(&std::fs::read(&aside[0]).unwrap()).unwrap();
    assert_eq!((&*log.header.game, log.keyframes()), ("relay", 1));
    let mut late = server.connect().await;
    within("a seat", late.join(new_room(""))).await.unwrap();
    add(&mut late, 1).await;
    // What was set aside does not come back, and is not lost either.
    server.deploy(from).await;
    assert!(server.aside().contains(&aside[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_game_that_does_not_migrate_ends_the_old_matches_and_says_so() {
    is_refused(Build::V1, Build::Refuses, "no Game::migrate that would read it").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_panics_is_a_refusal() {
    is_refused(Build::V1, Build::Panics, "panicked in migrate: an author's mistake").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_build_does_not_read_what_a_newer_one_has_written() {
    is_refused(Build::V2, Build::V1, "begun by version 2 of the game").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_fields_that_changed_without_a_new_version_are_noticed() {
    is_refused(Build::V1, Build::Careless, "raise Game::VERSION").await;
}

/// Commands are made again by the build that took them, and by no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_build_leaves_is_for_that_build() {
    let mut server = Deployed::start(Build::V1, &[]);
    let (mut one, _two, _) = two(&server).await;
    server.signal("KILL");
    server.ended().await;
    server.becomes(Build::V1Again);
    let closed = lost(&mut one).await;
    assert_eq!(refusal(&closed).0, Refusal::SeatGone);
    assert!(server.errors().contains("only that build can make its steps again"));
    assert_eq!(server.aside().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_while_it_brings_matches_back_loses_none() {
    const ROOMS: usize = 24;
    let mut server = Deployed::start(Build::V1, &[]);
    let mut players = Vec::new();
    for number in 0..ROOMS {
        let mut client = server.connect().await;
        let options = if number % 2 == 0 { "" } else { r#"{"tick_hz":0}"# };
        within("a seat", client.join(new_room(options))).await.unwrap();
        add(&mut client, number as i32).await;
        players.push(client);
    }
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(0));
    // Twice, and each time another part of them has come back by then.
    for after in [600, 900] {
        server.begins(Build::Slow);
        tokio::time::sleep(Duration::from_millis(after)).await;
        let began = Instant::now();
        server.signal("TERM");
        assert_eq!(server.ended().await.code(), Some(0), "{}", server.errors());
        println!(
            "stopped after {:?}: {}",
            began.elapsed(),
            server.errors().matches("was taken over").count()
        );
        assert!(began.elapsed() < Duration::from_secs(4));
    }
    server.becomes(Build::Slow);
    assert!(server.aside().is_empty());
    for (number, client) in players.iter_mut().enumerate() {
        resumed(client).await;
        assert_eq!(add(client, 1).await, number as i32 + 1, "{number}");
    }
}

/// Its last state is in the journal in any case.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_hangs_does_not_hold_up_the_stop_nor_lose_the_room() {
    let args = ["--step-timeout-ms", "60000", "--stop-timeout-ms", "4000"];
    let mut server = Deployed::start(Build::V1, &args);
    let (mut beside, _two, _) = two(&server).await;
    let (mut one, other, _) = two(&server).await;
    drop(other);
    one.start(&Request::Hang, 4 * DEADLINE).unwrap();
    let hangs = tokio::spawn(async move {
        // Until it is back: the request is left out then, and its player told.
        let reply = find(&mut one, |update| match update {
            Update::Reply { reply, .. } => Some(reply),
            _ => None,
        });
        (within("word of the request", reply).await, one)
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(0), "{}", server.errors());
    println!("stopped after {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(4));
    // The same build makes the step again, and leaves it out when that hangs too.
    server.args_become("--step-timeout-ms", "500");
    server.becomes(Build::V1);
    resumed(&mut beside).await;
    assert_eq!(add(&mut beside, 1).await, 8);
    let (reply, mut one) = hangs.await.unwrap();
    assert!(matches!(reply, Err(CallError::Refused { why: Refusal::Failed, .. })), "{reply:?}");
    assert_eq!(add(&mut one, 1).await, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_stops_at_once_and_the_matches_are_kept() {
    let mut server = Deployed::start(Build::V1, &["--step-timeout-ms", "60000"]);
    let (mut beside, _two, _) = two(&server).await;
    let (mut one, _other, _) = two(&server).await;
    one.start(&Request::Hang, DEADLINE).unwrap();
    let _ = tokio::time::timeout(Duration::from_millis(200), one.next()).await;
    let began = Instant::now();
    server.signal("TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(1), "{}", server.errors());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(server.errors().contains("SIGTERM again: stopped at once"));
    server.args_become("--step-timeout-ms", "500");
    server.becomes(Build::V1);
    resumed(&mut beside).await;
    assert_eq!(add(&mut beside, 1).await, 8);
}
