//! The connection breaks while its player is being moved.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use greenroom::Rng;
use greenroom::proto::List;
use greenroom_client::{Client, Connect, Join, Update};

use super::bot::{Bot, Common, each_has_one_seat, seats_are_taken};
use super::{moved, new, send_on};
use crate::support::probe::{Event, Goal, Request};
use crate::support::proxy::Proxy;
use crate::support::{
    DEADLINE, TestServer, ended, event_where, find, new_room, setting, until, within,
};

const HOLDS: &str = r#"{"hold_ms":60000}"#;

async fn behind(server: &TestServer) -> (Proxy, Client) {
    let proxy = Proxy::to(server.server.wss()).await;
    let url = format!("wss://{}", proxy.address);
    let connect = Connect { url, ..server.connect_with() };
    (proxy, within("a connection", Client::connect(connect)).await.unwrap())
}

async fn add(client: &mut Client, more: i32) -> i32 {
    within("an answer", client.request(&Request::Add(more), DEADLINE)).await.unwrap()
}

/// Somebody whose connection is broken is moved as somebody who is away, and comes back to where they
/// are by now, with the token of where they were: however often they were moved meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_away_is_moved_too_and_comes_back_to_the_last_room() {
    let server = TestServer::start(|_| {}).await;
    for moves in 1..=4 {
        let (mut host, lobby) = server.seated(new_room(HOLDS)).await;
        let (proxy, mut client) = behind(&server).await;
        let seat = within("a seat", client.join(Join::Room(lobby.room))).await.unwrap();
        proxy.goes_to("127.0.0.1:1".parse().unwrap());
        proxy.cut();
        event_where(&mut host, |event| *event == Event::Broke(seat.player)).await;
        // From the lobby to a match and back, and so on, by whoever is there.
        let (mut there, game) = server.seated(new_room(HOLDS)).await;
        let mut player = seat.player;
        for number in 0..moves {
            let (out, into, goal) = match number % 2 {
                0 => (&mut host, &mut there, game.room),
                _ => (&mut there, &mut host, lobby.room),
            };
            send_on(out, &[player], Goal::Room(goal.0)).await;
            let gone = player;
            event_where(out, |event| *event == Event::Went(gone)).await;
            let came = event_where(into, |event| matches!(event, Event::CameFrom(..))).await;
            let Event::CameFrom(new, _) = came else { unreachable!() };
            // It is away there, too.
            event_where(into, |event| *event == Event::Broke(new)).await;
            player = new;
        }
        proxy.goes_to(server.server.wss());
        find(&mut client, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
        let last = if moves % 2 == 1 { game.room } else { lobby.room };
        let (from, seat) = moved(&mut client).await;
        assert_eq!((from, seat.room, seat.player), (lobby.room, last, player));
        assert_eq!(add(&mut client, 1).await, 1);
        let seats = |room| server.server.room(room).unwrap().taken();
        assert_eq!(seats(lobby.room) + seats(game.room), 3);
        // The way back is that of any seat from now on.
        proxy.cut();
        find(&mut client, |update| {
            assert!(!matches!(update, Update::Moved { .. }));
            matches!(update, Update::Resumed { .. }).then_some(())
        })
        .await;
        assert_eq!(add(&mut client, 1).await, 2);
    }
}

/// As whoever was away in the room from the beginning: by the token of the seat that they had before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_away_and_moved_to_a_match_that_ends_is_told_the_result() {
    let server = TestServer::start(|_| {}).await;
    for moves in 1..=3 {
        let (mut host, lobby) = server.seated(new_room(HOLDS)).await;
        let (proxy, mut client) = behind(&server).await;
        let seat = within("a seat", client.join(Join::Room(lobby.room))).await.unwrap();
        proxy.goes_to("127.0.0.1:1".parse().unwrap());
        proxy.cut();
        event_where(&mut host, |event| *event == Event::Broke(seat.player)).await;
        let (mut last, mut player) = (host, seat.player);
        let mut before = Vec::new();
        for _ in 0..moves {
            let (mut there, game) = server.seated(new_room(HOLDS)).await;
            send_on(&mut last, &[player], Goal::Room(game.room.0)).await;
            let came = event_where(&mut there, |event| matches!(event, Event::CameFrom(..))).await;
            let Event::CameFrom(new, _) = came else { unreachable!() };
            event_where(&mut there, |event| *event == Event::Broke(new)).await;
            before.push(std::mem::replace(&mut last, there));
            player = new;
        }
        add(&mut last, 100 + moves).await;
        last.start(&Request::End, DEADLINE).unwrap();
        let result = ended(&mut last).await;
        proxy.goes_to(server.server.wss());
        assert_eq!(ended(&mut client).await, result);
        // The connection is as good as any.
        within("a seat", client.join(Join::Room(lobby.room))).await.unwrap();
        assert_eq!(client.stats().resumed, 0);
    }
}

/// After so many bytes from the moment in which the move is asked for: somewhere in the middle of what
/// tells the client of it, or of what it says to that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_at_any_point_of_a_move_costs_no_seat() {
    let server = TestServer::start(|_| {}).await;
    let mut elsewhere = 0;
    for cut in 0..setting("GREENROOM_CUTS", 60) {
        let (mut host, lobby) = server.seated(new_room(HOLDS)).await;
        let (proxy, mut client) = behind(&server).await;
        let seat = within("a seat", client.join(Join::Room(lobby.room))).await.unwrap();
        within("a frame", client.next()).await;
        let (mut other, there) = server.seated(new_room(HOLDS)).await;
        send_on(&mut host, &[seat.player], Goal::Room(there.room.0)).await;
        let cutter = async {
            tokio::time::sleep(Duration::from_micros(cut * 1_000)).await;
            proxy.cut();
        };
        let mut back = false;
        let driven = async {
            let mut rooms = 0;
            while !back || rooms == 0 {
                match client.next().await {
                    Update::Moved { from, seat } => {
                        assert_eq!((from, seat.room), (lobby.room, there.room));
                        rooms += 1;
                        elsewhere += u32::from(back);
                    }
                    Update::Resumed { .. } => back = true,
                    Update::Closed(closed) => panic!("{closed}"),
                    _ => {}
                }
            }
            assert_eq!(rooms, 1);
        };
        within("the move and the comeback", async { tokio::join!(driven, cutter) }).await;
        assert_eq!(add(&mut client, 1).await, 1);
        let taken = |room| server.server.room(room).unwrap().taken();
        until("the seats are two and one", || (taken(there.room), taken(lobby.room)) == (2, 1))
            .await;
        assert_eq!(add(&mut other, 0).await, 1);
        client.close().await;
    }
    println!("{elsewhere} came back to another room than they had left");
}

/// In the middle of whatever passes, again and again, while everybody moves everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_without_end_while_they_are_moved_each_ends_with_one_seat() {
    let seed = setting("GREENROOM_SEED", 3);
    let wanted = setting("GREENROOM_COMEBACKS", 120) as u32;
    println!("GREENROOM_SEED={seed}");
    let server = TestServer::start(|config| {
        config.rooms.room_empty = Duration::from_secs(600);
        config.edge.messages_per_sec = 10_000;
    })
    .await;
    let (rooms, common) = (super::storm::rooms(&server).await, Arc::new(Common::default()));
    let mut rng = Rng::new(seed);
    let (mut clients, mut proxies) = (Vec::new(), Vec::new());
    let players = 8;
    for number in 0..players {
        let proxy = Proxy::to(server.server.wss()).await;
        let url = format!("wss://{}", proxy.address);
        let connect = Connect { url, jitter: Some(rng.next_u64()), ..server.connect_with() };
        let mut client = within("a connection", Client::connect(connect)).await.unwrap();
        within("a seat", client.join(Join::Room(rooms[number % rooms.len()]))).await.unwrap();
        clients.push(client);
        proxies.push(proxy);
    }
    let play = |client| {
        let (rooms, common) = (rooms.clone(), Arc::clone(&common));
        let bot = Bot { client, rooms, common, rng: Rng::new(rng.next_u64()) };
        tokio::spawn(bot.play())
    };
    let bots: Vec<_> = clients.drain(..).map(play).collect();
    within("many cuts", async {
        while common.resumed.load(Ordering::Relaxed) < wanted {
            let bad = bots.iter().position(|bot| bot.is_finished());
            assert_eq!(bad, None, "a bot has ended");
            let proxy = &proxies[rng.below(players as u32) as usize];
            proxy.cut_after(if rng.below(3) == 0 {
                0
            } else {
                2_000 + u64::from(rng.below(9_000))
            });
            if rng.below(3) == 0 {
                proxy.cut();
            }
            tokio::time::sleep(Duration::from_millis(rng.below(12).into())).await;
        }
    })
    .await;
    proxies.iter().for_each(|proxy| proxy.cut_after(0));
    tokio::time::sleep(Duration::from_millis(50)).await;
    proxies.iter().for_each(Proxy::cut);
    common.stop.store(true, Ordering::Relaxed);
    for bot in bots {
        clients.push(within("a bot", bot).await.unwrap());
    }
    each_has_one_seat(&mut clients, &rooms).await;
    seats_are_taken(&server, &rooms, players as u32).await;
    let count = |of: &std::sync::atomic::AtomicU32| of.load(Ordering::Relaxed);
    println!(
        "{} moves, {} comebacks, {} of them to another room",
        count(&common.moved),
        count(&common.resumed),
        count(&common.resumed_elsewhere)
    );
    assert!(count(&common.moved) > 20);
}

/// A game that is in the middle of a move panics, the old room's or the new one's: each is brought back,
/// and what was under way goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_panics_while_it_lets_players_go_or_in_loses_none() {
    let server = TestServer::start(|_| {}).await;
    for old in [true, false] {
        let (mut host, lobby) = server.seated(new_room(HOLDS)).await;
        let (mut client, seat) = server.seated(Join::Room(lobby.room)).await;
        let (mut there, game) = server.seated(new_room(HOLDS)).await;
        let failing = if old { &mut host } else { &mut there };
        failing.start(&Request::PanicInTicks, DEADLINE).unwrap();
        for number in 0..6 {
            let (goal, by) = match number % 2 {
                0 => (game.room, &mut host),
                _ => (lobby.room, &mut there),
            };
            let player = List::first([client.seat().unwrap().player]);
            let request = Request::Move(player, Goal::Room(goal.0));
            // It may be left out with the step that panicked.
            while within("an answer", by.request::<_, i32>(&request, DEADLINE)).await.is_err() {}
            assert_eq!(moved(&mut client).await.1.room, goal);
        }
        assert_eq!(add(&mut client, 1).await, 1);
        assert_ne!(client.seat().unwrap().player, seat.player);
        let restarts = server.restarts(if old { lobby.room } else { game.room });
        assert!(restarts > 0);
    }
    // Into a room that is made for them, too.
    let (mut host, _) = server.seated(new_room(HOLDS)).await;
    send_on(&mut host, &[], new(HOLDS)).await;
    moved(&mut host).await;
}
