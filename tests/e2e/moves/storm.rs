//! Everybody has everybody moved, all the time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use greenroom::Rng;
use greenroom::proto::RoomId;
use greenroom_client::Join;

use super::bot::{Bot, Common, each_has_one_seat, seats_are_taken};
use crate::support::{DEADLINE, TestServer, new_room, setting, within};

const SEATS: u32 = 12;

/// Rooms that stay, also without players.
pub async fn rooms(server: &TestServer) -> Vec<RoomId> {
    let mut rooms = Vec::new();
    for tick_hz in [60, 30, 0] {
        let options =
            format!(r#"{{"hold_ms":60000,"tick_hz":{tick_hz},"cells":5,"seats":{SEATS}}}"#);
        let (client, seat) = server.seated(new_room(&options)).await;
        rooms.push(seat.room);
        within("the close", client.close()).await;
    }
    rooms
}

/// There are more seats than players, but not in each room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_storm_of_moves_no_seat_is_lost_or_doubled() {
    let seed = setting("GREENROOM_SEED", 5);
    let (players, wanted) = (20, setting("GREENROOM_MOVES", 2_000) as u32);
    println!("GREENROOM_SEED={seed}");
    let server = TestServer::start(|config| {
        config.rooms.room_empty = Duration::from_secs(600);
        config.edge.messages_per_sec = 10_000;
    })
    .await;
    let (rooms, common) = (rooms(&server).await, Arc::new(Common::default()));
    let mut rng = Rng::new(seed);
    let mut clients = Vec::new();
    for number in 0..players {
        clients.push(server.seated(Join::Room(rooms[number % rooms.len()])).await.0);
    }
    let mut play = |client| {
        let (rooms, common) = (rooms.clone(), Arc::clone(&common));
        let bot = Bot { client, rooms, common, rng: Rng::new(rng.next_u64()) };
        tokio::spawn(bot.play())
    };
    let bots: Vec<_> = clients.drain(..).map(&mut play).collect();
    let many = async {
        while common.moved.load(Ordering::Relaxed) < wanted {
            assert!(bots.iter().all(|bot| !bot.is_finished()));
            for room in server.server.directory().all() {
                let found = room.as_found();
                assert!(found.players + found.free <= SEATS, "{found:?}");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    // They take some ten seconds where nothing else runs.
    tokio::time::timeout(6 * DEADLINE, many).await.expect("many moves");
    common.stop.store(true, Ordering::Relaxed);
    for bot in bots {
        clients.push(within("a bot", bot).await.unwrap());
    }
    each_has_one_seat(&mut clients, &rooms).await;
    seats_are_taken(&server, &rooms, players as u32).await;
    assert_eq!(clients.iter().map(|client| client.stats().desyncs).sum::<u64>(), 0);
    for client in clients {
        within("leaving", client.close()).await;
    }
    seats_are_taken(&server, &rooms, 0).await;
}
