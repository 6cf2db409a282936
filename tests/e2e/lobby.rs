//! Seats: found, refused, given back.

use std::collections::{BTreeMap, BTreeSet};

use greenroom::proto::{JoinTarget, PlayerId, Profile, Refusal, RoomId, ToClient, ToServer};
use greenroom_client::{CallError, Client, Join, SeatInfo, Update};

use crate::support::probe::Request;
use crate::support::raw::{Got, Target, create};
use crate::support::{DEADLINE, TestServer, new_room, next, state_where, until, within};

/// Why the join is refused.
async fn refused(client: &mut Client, to: Join<'_>) -> (Refusal, String) {
    match within("an answer", client.join(to)).await {
        Err(CallError::Refused { why, text }) => (why, text),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_room_takes_nobody_until_somebody_leaves() {
    let server = TestServer::start(|_| {}).await;
    let options = r#"{"seats":2}"#;
    let (mut one, seat) = server.seated(new_room(options)).await;
    let by_id = Join::Room(seat.room);
    let (_two, _) = server.seated(by_id).await;
    let mut three = server.connect().await;
    let (why, text) = refused(&mut three, by_id).await;
    assert_eq!((why, text), (Refusal::RoomFull, format!("room {} is full", seat.room)));
    let open = Join::Open { game: "probe", options };
    assert_eq!(refused(&mut three, open).await.0, Refusal::UnknownRoom);
    within("leaving", one.leave()).await.unwrap();
    let third = within("a seat", three.join(by_id)).await.unwrap();
    assert_eq!(third.player, PlayerId(3), "numbers are never given twice");
    // Whoever left can go elsewhere on the same connection.
    let elsewhere = within("another seat", one.join(new_room(""))).await.unwrap();
    assert_ne!(elsewhere.room, seat.room);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_had_is_refused_with_a_sentence() {
    let server = TestServer::start(|config| config.rooms.rooms_max = 1).await;
    let mut client = server.connect().await;
    let (why, text) = refused(&mut client, Join::Create { game: "chess", options: "" }).await;
    assert_eq!(why, Refusal::UnknownGame);
    let known = "arena, cards, connect4, probe, swarm, who";
    assert_eq!(text, format!("there is no game `chess`: choose from {known}"));
    let Err(CallError::Refused { why, .. }) = client.list("chess").await else { panic!() };
    assert_eq!(why, Refusal::UnknownGame);
    let (why, text) = refused(&mut client, new_room(r#"{"tick_hz":500}"#)).await;
    assert_eq!(why, Refusal::BadOptions);
    assert_eq!(text, "tick_hz is 500: choose 0 to 128");
    let (why, _) = refused(&mut client, Join::Room(RoomId(42))).await;
    assert_eq!(why, Refusal::UnknownRoom);
    let (why, text) = refused(&mut client, new_room(r#"{"seats":0}"#)).await;
    assert_eq!((why, text.as_str()), (Refusal::RoomFull, "the game has no seats"));
    assert_eq!(server.server.rooms(), 0, "what could not be used does not stay");
    let (_other, seat) = server.seated(new_room(r#"{"fault":6}"#)).await;
    let (why, text) = refused(&mut client, Join::Room(seat.room)).await;
    assert_eq!((why, text.as_str()), (Refusal::Game, "this room takes one player"));
    assert_eq!(refused(&mut client, new_room("")).await.0, Refusal::ServerFull);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_that_are_longer_than_the_game_takes_are_not_looked_into() {
    let server = crate::channels::server().await;
    let mut client = server.connect().await;
    for (length, said) in [(16, "are not a JSON object"), (17, "take 17 bytes, and party takes 16")]
    {
        let options = "x".repeat(length);
        let (why, text) =
            refused(&mut client, Join::Create { game: "party", options: &options }).await;
        assert_eq!(why, Refusal::BadOptions);
        assert!(text.contains(said), "{text}");
    }
    within("a seat", client.join(Join::Create { game: "party", options: "{}" })).await.unwrap();
    server.stopped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_seat_on_one_connection_is_refused_and_the_first_stays() {
    let server = TestServer::start(|_| {}).await;
    let mut raw = Target::of(&server).greeted().await;
    raw.join(create("")).await;
    raw.say(&ToServer::Join { id: 9, to: create(""), schema: None, profile: Profile::default() })
        .await;
    let refused = loop {
        match raw.next().await {
            Got::State(_) => {}
            other => break other,
        }
    };
    let Got::Control(ToClient::Refused { id: 9, why: Refusal::AlreadySeated, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert!(matches!(raw.next().await, Got::State(_)));
    assert_eq!(server.server.rooms(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_are_listed_with_seats_and_options() {
    let server = TestServer::start(|_| {}).await;
    let (mut one, seat) = server.seated(new_room(r#"{"seats":3}"#)).await;
    let (_two, _) = server.seated(Join::Room(seat.room)).await;
    let rooms = within("a list", one.list("probe")).await.unwrap();
    let [room] = rooms.as_slice() else { panic!("{rooms:?}") };
    assert_eq!((room.room, room.players, room.players_max), (seat.room, 2, 3));
    assert!(room.options.contains(r#""seats":3"#), "{}", &*room.options);
    assert!(within("a list", one.list("arena")).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_the_same_moment_get_a_seat_each_and_no_room_too_many() {
    let server = TestServer::start(|_| {}).await;
    let mut clients = Vec::new();
    for _ in 0..200 {
        clients.push(server.connect().await);
    }
    let joins: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            tokio::spawn(async move {
                let to = Join::OpenOrCreate { game: "probe", options: r#"{"tick_hz":2}"# };
                let seat: SeatInfo = client.join(to).await.unwrap();
                (client, seat)
            })
        })
        .collect();
    let mut rooms: BTreeMap<RoomId, BTreeSet<PlayerId>> = BTreeMap::new();
    let mut here = Vec::new();
    for join in joins {
        let (client, seat) = within("a seat", join).await.unwrap();
        assert!(rooms.entry(seat.room).or_default().insert(seat.player), "a seat given twice");
        here.push(client);
    }
    let mut sizes: Vec<usize> = rooms.values().map(BTreeSet::len).collect();
    sizes.sort();
    assert_eq!(sizes, [8; 25]);
    assert_eq!(server.server.rooms(), 25);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_or_vanishing_while_joining_gives_the_seat_back() {
    let server = TestServer::start(|_| {}).await;
    let target = Target::of(&server);
    let (mut first, seat) = server.seated(new_room(r#"{"seats":3}"#)).await;
    let to = JoinTarget::Room(seat.room);
    let join = ToServer::Join { id: 1, to: to.clone(), schema: None, profile: Profile::default() };
    for _ in 0..10 {
        let mut vanishes = target.greeted().await;
        vanishes.say(&join).await;
        drop(vanishes);
        let mut leaves = target.greeted().await;
        leaves.say(&join).await;
        leaves.say(&ToServer::Leave).await;
        loop {
            match leaves.next().await {
                Got::Control(ToClient::Left) => break,
                // The seat of the one who vanished may still be taken.
                Got::Control(ToClient::Refused { why: Refusal::RoomFull, .. }) => break,
                Got::Control(ToClient::Joined(_)) | Got::State(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    until("they are gone", || server.server.connections() == 1).await;
    state_where(&mut first, |state| state.here == 1).await;
    let rooms = within("a list", first.list("probe")).await.unwrap();
    assert_eq!(rooms[0].players, 1);
    let (_two, _) = server.seated(Join::Room(seat.room)).await;
    let (_three, _) = server.seated(Join::Room(seat.room)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_joiner_gets_the_whole_state() {
    let server = TestServer::start(|_| {}).await;
    let (mut one, seat) = server.seated(new_room(r#"{"cells":50}"#)).await;
    let asked = one.request::<_, i32>(&Request::Add(41), DEADLINE);
    assert_eq!(within("an answer", asked).await, Ok(41));
    let (mut late, _) = server.seated(Join::Room(seat.room)).await;
    let Update::Frame { tick, full: true } = next(&mut late).await else { panic!("no full state") };
    let ours: crate::support::probe::State = late.state().unwrap().unwrap();
    let same = state_where(&mut one, |state| state.step >= tick.0).await;
    assert_eq!((ours.sum, ours.here, ours.step, ours.cells.len()), (41, 2, tick.0, 50));
    if same.step == tick.0 {
        assert_eq!(format!("{same:?}"), format!("{ours:?}"));
    }
}

/// Nobody waits for an answer that will not come because the room ended meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_a_room_that_ends_at_that_moment_is_always_answered() {
    let server = TestServer::start(|_| {}).await;
    let target = Target::of(&server);
    let mut joiners = Vec::new();
    for _ in 0..4 {
        joiners.push(target.greeted().await);
    }
    let (mut seated, mut refused) = (0, 0);
    for _ in 0..25 {
        let (mut host, seat) = server.seated(new_room(r#"{"tick_hz":0}"#)).await;
        host.start(&Request::End, DEADLINE).unwrap();
        let to = JoinTarget::Room(seat.room);
        for joiner in &mut joiners {
            joiner
                .say(&ToServer::Join {
                    id: 5,
                    to: to.clone(),
                    schema: None,
                    profile: Profile::default(),
                })
                .await;
        }
        crate::support::ended(&mut host).await;
        for joiner in &mut joiners {
            loop {
                match joiner.next().await {
                    Got::Control(ToClient::Refused {
                        id: 5, why: Refusal::UnknownRoom, ..
                    }) => {
                        refused += 1;
                        break;
                    }
                    Got::Control(ToClient::Ended { .. }) => {
                        seated += 1;
                        break;
                    }
                    Got::Control(ToClient::Joined(_)) | Got::State(_) | Got::Ping => {}
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    assert_eq!(seated + refused, 100);
    until("all rooms are gone", || server.server.rooms() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_behind_the_end_of_the_match_are_refused_not_forgotten() {
    let server = TestServer::start(|_| {}).await;
    let (mut client, _) = server.seated(new_room(r#"{"tick_hz":10}"#)).await;
    for request in [Request::Add(1), Request::Add(1), Request::End, Request::Add(1)] {
        client.start(&request, DEADLINE).unwrap();
    }
    let mut answers = Vec::new();
    loop {
        match next(&mut client).await {
            Update::Reply { reply, .. } => answers.push(reply.map(|reply| reply.0)),
            Update::Ended { .. } => break,
            _ => {}
        }
    }
    // All four come in time for one step, or the last in time for none.
    let [.., last] = answers.as_slice() else { panic!("no answers") };
    assert_eq!(answers.len(), 4, "{answers:?}");
    assert!(matches!(last, Err(CallError::Refused { why: Refusal::NoSeat, .. })), "{last:?}");
    assert!(within("a seat", client.join(new_room(""))).await.is_ok());
}
