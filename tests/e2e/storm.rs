//! Actors of all kinds die at random under those who play.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use greenroom::Rng;
use greenroom::proto::RoomId;
use greenroom_client::{Client, Join, Update};

use crate::support::probe::{Input, Request};
use crate::support::tree::{actor, children};
use crate::support::{DEADLINE, TestServer, new_room, next, setting, state_where, within};

const ROOMS: usize = 4;
const PLAYERS: usize = 4;
/// Below one supervisor so many ends in ten seconds are more than it bears, and there is the
/// restart of what hangs right below the root besides.
const SUPERVISORS_MAX: u32 = 8;

/// Plays until it is told to stop; returns what its requests added.
async fn play(mut client: Client, stop: Arc<AtomicBool>) -> (Client, i32) {
    let (mut added, mut open, mut frames) = (0, BTreeMap::new(), 0);
    while !stop.load(Ordering::Relaxed) || !open.is_empty() {
        match next(&mut client).await {
            Update::Frame { .. } => {
                frames += 1;
                client.input(&Input { value: frames }).unwrap();
                if open.len() < 4 && !stop.load(Ordering::Relaxed) {
                    let more = 1 + frames % 5;
                    open.insert(client.start(&Request::Add(more), DEADLINE).unwrap(), more);
                }
            }
            Update::Reply { id, reply } => {
                reply.unwrap();
                added += open.remove(&id).expect("an answer comes once");
            }
            Update::Resumed { events_lost, .. } => assert!(!events_lost),
            Update::Event(_) | Update::Broken { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    (client, added)
}

/// The path to somebody who is to die next.
async fn victim(server: &TestServer, random: &mut Rng, supervisors: &mut u32) -> Vec<String> {
    let server = &server.server;
    let may_be_high = *supervisors < SUPERVISORS_MAX;
    let dice = random.below(20);
    if dice == 0 && may_be_high {
        *supervisors += 1;
        let high = ["lobby", "results", "replays", "listener", "journal", "rooms", "connections"];
        return vec![high[random.below(high.len() as u32) as usize].to_owned()];
    }
    let top = if random.below(2) == 0 { "rooms" } else { "connections" };
    let Ok(parts) = children(server, &[top]).await else { return Vec::new() };
    if parts.is_empty() {
        return Vec::new();
    }
    let part = parts[random.below(parts.len() as u32) as usize].id.to_string();
    if dice == 1 && may_be_high {
        *supervisors += 1;
        return vec![top.to_owned(), part];
    }
    let Ok(all) = children(server, &[top, &part]).await else { return Vec::new() };
    if all.is_empty() {
        return Vec::new();
    }
    let one = all[random.below(all.len() as u32) as usize].id.to_string();
    vec![top.to_owned(), part, one]
}

async fn storm(seed: u64, lasts: Duration) {
    println!("seed {seed}");
    let server = TestServer::start(|config| {
        config.rooms.restarts_max = 1000;
        config.outbox.events_max = 4096;
        config.journal.state_dir = Some(config.rooms.crash_dir.with_file_name("state"));
        config.replays.dir = Some(config.rooms.crash_dir.with_file_name("replays"));
    })
    .await;
    let mut random = Rng::new(seed);
    let stop = Arc::new(AtomicBool::new(false));
    let mut players: Vec<(RoomId, _)> = Vec::new();
    for _ in 0..ROOMS {
        let mut to = new_room(r#"{"hold_ms":60000,"chatty":true,"cells":20}"#);
        for _ in 0..PLAYERS {
            let (client, seat) = server.seated(to).await;
            to = Join::Room(seat.room);
            players.push((seat.room, tokio::spawn(play(client, Arc::clone(&stop)))));
        }
    }
    let (began, mut kills, mut supervisors) = (Instant::now(), 0, 0);
    while began.elapsed() < lasts {
        let path = victim(&server, &mut random, &mut supervisors).await;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if !path.is_empty()
            && let Ok(cell) = actor(&server.server, &path).await
        {
            cell.kill();
            kills += 1;
        }
        tokio::time::sleep(Duration::from_millis(u64::from(random.below(80)))).await;
    }
    stop.store(true, Ordering::Relaxed);
    let (mut sums, mut resumed) = (BTreeMap::<RoomId, i32>::new(), 0);
    let mut clients = Vec::new();
    for (room, player) in players {
        let (client, added) = tokio::time::timeout(2 * DEADLINE, player).await.unwrap().unwrap();
        *sums.entry(room).or_default() += added;
        resumed += client.stats().resumed;
        clients.push((room, client));
    }
    for (room, client) in &mut clients {
        let sum = sums[room];
        // The copy's hash was compared with the room's all the way.
        let state = within("the sum", state_where(client, |state| state.sum == sum)).await;
        assert_eq!((state.here, state.went), (PLAYERS as u32, 0), "seed {seed}, {room}");
        assert_eq!(client.stats().desyncs, 0, "seed {seed}, {room}");
        assert_eq!(server.server.room(*room).unwrap().taken(), PLAYERS as u32);
    }
    let restarts: u64 = sums.keys().map(|room| server.restarts(*room)).sum();
    println!("seed {seed}: {kills} killed, {restarts} restarts of rooms, {resumed} came back");
    assert!(restarts > 0 && resumed > 0, "nothing happened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actors_that_die_at_random_cost_nobody_the_seat_or_the_state() {
    for seed in 0..setting("GREENROOM_SEEDS", 1) {
        storm(seed, Duration::from_secs(6)).await;
    }
}
