//! The process dies while players are being moved.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use greenroom::Rng;
use greenroom_client::{Client, Connect, Join, Update};

use super::bot::{Bot, Common, each_has_one_seat};
use super::{moved, new, send_on};
use crate::support::hosting::Hosted;
use crate::support::proxy::Proxy;
use crate::support::{DEADLINE, find, new_room, setting, until, within};

const HOLDS: &str = r#"{"hold_ms":60000,"tick_hz":30}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_in_the_room_that_they_were_moved_to_is_there_in_the_next_process() {
    let mut server = Hosted::start();
    for stops in [false, true] {
        let mut host = server.connect().await;
        let lobby = within("a seat", host.join(new_room(HOLDS))).await.unwrap();
        let mut guest = server.connect().await;
        within("a seat", guest.join(Join::Room(lobby.room))).await.unwrap();
        send_on(&mut host, &[guest.seat().unwrap().player], new(HOLDS)).await;
        let (_, there) = moved(&mut guest).await;
        match stops {
            true => {
                server.terminate();
                server.ended().await;
            }
            false => server.kill(),
        }
        server.start_again();
        for client in [&mut host, &mut guest] {
            find(client, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
        }
        assert_eq!(guest.seat().unwrap().room, there.room);
        let mut clients = [host, guest];
        each_has_one_seat(&mut clients, &[lobby.room, there.room]).await;
        // And back, in the new process.
        send_on(&mut clients[1], &[], super::Goal::Home).await;
        assert_eq!(moved(&mut clients[1]).await.1.room, lobby.room);
        each_has_one_seat(&mut clients, &[lobby.room]).await;
    }
}

/// Again and again, each time at another moment, and while some of them are away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_a_storm_of_moves_no_seat_is_lost_or_doubled() {
    let (players, kills) = (setting("GREENROOM_BOTS", 10), setting("GREENROOM_KILLS", 4));
    let seed = setting("GREENROOM_SEED", 2);
    println!("GREENROOM_SEED={seed}");
    let mut rng = Rng::new(seed);
    let mut server = Hosted::start();
    let mut rooms = Vec::new();
    let (mut clients, mut proxies) = (Vec::new(), Vec::new());
    for number in 0..players as usize {
        let proxy = Proxy::to(server.address).await;
        let url = format!("wss://{}", proxy.address);
        let connect = Connect { url, ..server.connect_with() };
        let mut client = within("a connection", Client::connect(connect)).await.unwrap();
        proxies.push(proxy);
        let options = r#"{"hold_ms":60000,"tick_hz":40,"seats":64,"cells":5}"#;
        let to = match rooms.get(number % 3) {
            Some(room) if number >= 3 => Join::Room(*room),
            _ => new_room(options),
        };
        let seat = within("a seat", client.join(to)).await.unwrap();
        if number < 3 {
            rooms.push(seat.room);
        }
        clients.push(client);
    }
    let mut elsewhere = 0;
    for kill in 1..=kills {
        let common = Arc::new(Common::default());
        let bots: Vec<_> = clients
            .drain(..)
            .map(|client| {
                let (rooms, common) = (rooms.clone(), Arc::clone(&common));
                tokio::spawn(Bot { client, rooms, common, rng: Rng::new(rng.next_u64()) }.play())
            })
            .collect();
        until("they move", || common.moved.load(Ordering::Relaxed) > players as u32).await;
        // Every third has no way to the server from now on, and is moved by the others all the same.
        let nowhere = "127.0.0.1:1".parse().unwrap();
        for proxy in proxies.iter().step_by(3) {
            proxy.goes_to(nowhere);
            proxy.cut();
        }
        tokio::time::sleep(Duration::from_millis(u64::from(rng.below(600)))).await;
        // Every second time it is asked to stop: its rooms then write themselves down one after the
        // other, while players are on the way between them.
        if kill % 2 == 0 {
            server.terminate();
            let stopped = server.ended().await;
            assert!(stopped.success(), "{stopped}: {}", server.errors());
        } else {
            server.kill();
        }
        proxies.iter().for_each(|proxy| proxy.goes_to(server.address));
        server.start_again();
        until("all bots are back", || {
            assert!(bots.iter().all(|bot| !bot.is_finished()), "{}", server.errors());
            u64::from(common.resumed.load(Ordering::Relaxed)) >= players
        })
        .await;
        common.stop.store(true, Ordering::Relaxed);
        for bot in bots {
            let client = tokio::time::timeout(2 * DEADLINE, bot).await.unwrap().unwrap();
            clients.push(client);
        }
        each_has_one_seat(&mut clients, &rooms).await;
        println!(
            "kill {kill}: {} moves, {} came back to another room",
            common.moved.load(Ordering::Relaxed),
            common.resumed_elsewhere.load(Ordering::Relaxed)
        );
        elsewhere += common.resumed_elsewhere.load(Ordering::Relaxed);
    }
    assert!(elsewhere > 0, "nobody was moved while they were away");
}
