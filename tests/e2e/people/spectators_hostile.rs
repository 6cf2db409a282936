//! Who looks on and does what they must not, or does not read what they are shown.

use greenroom::proto::frame::{HashCheck, INPUT};
use greenroom::proto::{
    JoinTarget, Layout, NewRoom, Profile, Refusal, Replica, RoomId, Schema, Spectating, ToClient,
    ToServer, Visibility, wire,
};
use greenroom_client::{CallError, Join};

use crate::support::probe::Request;
use crate::support::raw::{Got, Raw, Target};
use crate::support::{DEADLINE, TestServer, new_room, state_where, until, within};

/// Has the peer look on.
async fn spectate(raw: &mut Raw, room: RoomId) -> Spectating {
    raw.say(&ToServer::Spectate { id: 1, room, schema: None }).await;
    loop {
        match raw.next().await {
            Got::Control(ToClient::Spectating(spectating)) => return spectating,
            Got::State(_) | Got::Ping | Got::Pong => {}
            other => panic!("not a place: {other:?}"),
        }
    }
}

/// The next refusal.
async fn refusal(raw: &mut Raw) -> (u32, Refusal) {
    loop {
        match raw.next().await {
            Got::Control(ToClient::Refused { id, why, .. }) => return (id, why),
            Got::State(_) | Got::Ping | Got::Pong => {}
            other => panic!("not refused: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_looks_on_has_no_say() {
    let server = TestServer::start(|_| {}).await;
    let (mut player, seat) = server.seated(new_room("{}")).await;
    let mut raw = Target::of(&server).greeted().await;
    spectate(&mut raw, seat.room).await;
    let body = wire::encode(&Request::Add(100)).try_into().unwrap();
    raw.say(&ToServer::Request { id: 2, body }).await;
    assert_eq!(refusal(&mut raw).await, (2, Refusal::Spectator));
    raw.message(&[INPUT, 0, 0, 200, 1]).await;
    assert_eq!(refusal(&mut raw).await, (0, Refusal::Spectator));
    let to = JoinTarget::Room(seat.room);
    raw.say(&ToServer::Join { id: 3, to, schema: None, profile: Profile::default() }).await;
    assert_eq!(refusal(&mut raw).await, (3, Refusal::AlreadySeated));
    raw.say(&ToServer::Spectate { id: 4, room: seat.room, schema: None }).await;
    assert_eq!(refusal(&mut raw).await, (4, Refusal::AlreadySeated));
    let sum: i32 = player.request(&Request::Add(1), DEADLINE).await.unwrap();
    let seen = state_where(&mut player, |state| state.sum == sum).await;
    assert_eq!((seen.sum, seen.inputs, seen.came), (1, 0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_are_bounded_in_a_room_and_in_all() {
    let server = TestServer::start(|config| {
        (config.spectators.per_room_max, config.spectators.all_max) = (2, 3);
    })
    .await;
    let (_one, first) = server.seated(new_room("{}")).await;
    let (_two, second) = server.seated(new_room("{}")).await;
    let mut watchers = Vec::new();
    for (room, takes) in [(first.room, 2), (second.room, 1)] {
        for place in 0..3 {
            let mut client = server.connect().await;
            match within("an answer", client.spectate(room)).await {
                Ok(_) if place < takes => watchers.push(client),
                Err(CallError::Refused { why: Refusal::AudienceFull, .. }) if place >= takes => {}
                other => panic!("{place}: {other:?}"),
            }
        }
    }
    within("the end", watchers[0].leave()).await.unwrap();
    within("a place", watchers[0].spectate(first.room)).await.unwrap();
    let unknown = within("an answer", server.connect().await.spectate(RoomId(1))).await;
    assert!(matches!(unknown, Err(CallError::Refused { why: Refusal::UnknownRoom, .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_id_of_a_private_room_shows_nobody_what_is_in_it() {
    let server = TestServer::start(|_| {}).await;
    let private = NewRoom { visibility: Visibility::Private, ..NewRoom::default() };
    let (_player, seat) = server.seated(Join::New { game: "probe", room: &private }).await;
    let answer = within("an answer", server.connect().await.spectate(seat.room)).await;
    assert!(matches!(answer, Err(CallError::Refused { why: Refusal::UnknownRoom, .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coming_and_going_in_a_flood_leaves_nothing_behind() {
    let server = TestServer::start(|_| {}).await;
    let (mut player, seat) = server.seated(new_room(r#"{"cells":50}"#)).await;
    let mut peers = Vec::new();
    for _ in 0..4 {
        let mut raw = Target::of(&server).greeted().await;
        for id in 0..60 {
            raw.say(&ToServer::Spectate { id, room: seat.room, schema: None }).await;
            raw.say(&ToServer::Leave).await;
        }
        peers.push(raw);
    }
    for raw in &mut peers {
        // No frame follows a `Left`, until the next `Spectating`.
        let (mut left, mut looks_on) = (0, false);
        while left < 60 {
            match raw.next().await {
                Got::Control(ToClient::Left) => (left, looks_on) = (left + 1, false),
                Got::Control(ToClient::Spectating(_)) => looks_on = true,
                Got::State(_) => assert!(looks_on, "a frame behind a `Left`"),
                Got::Ping | Got::Pong => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(server.server.spectators(), 0);
    until("nobody is shown anything", || server.load_is(1)).await;
    let step = state_where(&mut player, |_| true).await.step;
    state_where(&mut player, |state| state.step > step).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_does_not_read_is_skipped_and_holds_nobody_up() {
    let server = TestServer::start(|config| config.edge.send_buffer_bytes = 4096).await;
    let (mut player, seat) = server.seated(new_room(r#"{"cells":300,"tick_hz":20}"#)).await;
    let mut stuck = Target::of(&server).open_narrow().await;
    let spectating = spectate(&mut stuck, seat.room).await;
    let schema: Schema = wire::decode(&spectating.schema.unwrap()).unwrap();
    let mut replica = Replica::new(Layout::new(&schema).unwrap());
    let mut watcher = server.connect().await;
    within("a place", watcher.spectate(seat.room)).await.unwrap();
    for client in [&mut player, &mut watcher] {
        let step = state_where(client, |_| true).await.step;
        state_where(client, |state| state.step > step + 40).await;
    }
    stuck.widen();
    let (mut last, mut in_step, mut skipped) = (None::<u32>, 0, 0);
    within("it is in step again", async {
        while skipped == 0 || in_step < 10 {
            let frame = replica.apply(&stuck.state().await).unwrap();
            assert_ne!(frame.hash, HashCheck::Differs, "at {}", frame.tick);
            let gap = last.replace(frame.tick.0).is_some_and(|last| frame.tick.0 > last + 1);
            in_step = if gap { 0 } else { in_step + 1 };
            skipped += u32::from(gap);
        }
    })
    .await;
}
