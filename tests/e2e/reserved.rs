//! Seats that are kept for those who have a code, and seats that are waited for.

use std::time::Duration;

use greenroom::proto::{PlayerId, Profile, Refusal, RoomId};
use greenroom_client::{CallError, Client, Join};

use crate::support::{TestServer, new_room, until, within};

const LONG: Duration = Duration::from_secs(60);

/// Why the join is refused.
async fn refused(client: &mut Client, to: Join<'_>) -> Refusal {
    match within("an answer", client.join(to)).await {
        Err(CallError::Refused { why, .. }) => why,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_seat_is_for_its_code_and_free_again_when_it_is_not_needed() {
    let server = TestServer::start(|_| {}).await;
    let (_one, seat) = server.seated(new_room(r#"{"seats":3}"#)).await;
    let directory = server.server.directory();
    let kept = directory.reserve(seat.room, 2, LONG).unwrap();
    assert_eq!((kept.room, kept.codes.len(), kept.expires_in), (seat.room, 2, LONG));
    assert!(directory.reserve(seat.room, 1, LONG).is_err(), "all seats are taken or kept");
    let mut other = server.connect().await;
    assert_eq!(refused(&mut other, Join::Room(seat.room)).await, Refusal::RoomFull);
    assert_eq!(refused(&mut other, Join::Reserved("ABC")).await, Refusal::BadCode);

    let (_two, second) = server.seated(Join::Reserved(&kept.codes[0])).await;
    assert_eq!((second.room, second.player), (seat.room, PlayerId(2)));
    assert_eq!(refused(&mut other, Join::Reserved(&kept.codes[0])).await, Refusal::BadCode);
    assert!(directory.reservation(&kept.codes[1]).unwrap().expires_in <= LONG);
    assert!(directory.cancel_reservation(&kept.codes[1]));
    assert!(!directory.cancel_reservation(&kept.codes[1]));
    assert_eq!(directory.reservation(&kept.codes[1]), None);
    within("the free seat", other.join(Join::Room(seat.room))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_seat_is_free_again_when_its_time_is_over() {
    let server = TestServer::start(|_| {}).await;
    let (_one, seat) = server.seated(new_room(r#"{"seats":2,"tick_hz":0}"#)).await;
    let directory = server.server.directory();
    let kept = directory.reserve(seat.room, 1, Duration::from_millis(50)).unwrap();
    until("it is over", || directory.reservation(&kept.codes[0]).is_none()).await;
    let mut other = server.connect().await;
    assert_eq!(refused(&mut other, Join::Reserved(&kept.codes[0])).await, Refusal::BadCode);
    within("the free seat", other.join(Join::Room(seat.room))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_has_seats_kept_and_comes_in_together() {
    let server = TestServer::start(|_| {}).await;
    let mut leader = server.connect().await;
    let to = Join::OpenOrCreate { game: "probe", options: r#"{"seats":4}"# };
    let first = within("seats", leader.reserve(to, 2)).await.unwrap();
    // Another reservation takes the place of the one before.
    let kept = within("seats", leader.reserve(to, 3)).await.unwrap();
    assert_eq!(server.server.directory().reservation(&first.codes[0]), None);
    let mut party = Vec::new();
    for code in &kept.codes {
        let (client, seat) = server.seated(Join::Reserved(code)).await;
        assert_eq!(seat.room, kept.room);
        party.push(client);
    }
    for seats in [0, 17] {
        let Err(CallError::Refused { why, .. }) = leader.reserve(to, seats).await else { panic!() };
        assert_eq!(why, Refusal::BadQuery);
    }
    let Err(CallError::Refused { why, .. }) = leader.reserve(Join::Room(RoomId(5)), 1).await else {
        panic!()
    };
    assert_eq!(why, Refusal::UnknownRoom);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_seats_survive_the_crash_of_their_room() {
    let server = TestServer::start(|_| {}).await;
    let (mut one, seat) = server.seated(new_room(r#"{"seats":2}"#)).await;
    let kept = server.server.directory().reserve(seat.room, 1, LONG).unwrap();
    one.input(&crate::support::probe::Input { value: crate::support::probe::POISON }).unwrap();
    until("the room came back", || server.restarts(seat.room) > 0).await;
    let (_two, second) = server.seated(Join::Reserved(&kept.codes[0])).await;
    assert_eq!(second.room, seat.room);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_stays_while_a_seat_in_it_is_kept() {
    let server = TestServer::start(|config| config.rooms.room_empty = Duration::ZERO).await;
    let (mut one, seat) = server.seated(new_room(r#"{"seats":2,"tick_hz":0}"#)).await;
    let directory = server.server.directory();
    let kept = directory.reserve(seat.room, 1, LONG).unwrap();
    within("leaving", one.leave()).await.unwrap();
    let (mut two, _) = server.seated(Join::Reserved(&kept.codes[0])).await;
    let kept = directory.reserve(seat.room, 1, LONG).unwrap();
    within("leaving", two.leave()).await.unwrap();
    assert!(server.server.room(seat.room).is_some());
    assert!(directory.cancel_reservation(&kept.codes[0]));
    until("the room is gone", || server.server.room(seat.room).is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_is_told_a_place_and_gets_the_seat_in_turn() {
    let server = TestServer::start(|_| {}).await;
    let (mut one, seat) = server.seated(new_room(r#"{"seats":1,"waiting":2}"#)).await;
    let waits = |place: u32| {
        let connect = server.connect();
        async move {
            let mut client = connect.await;
            let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
            let room = seat.room;
            let task = tokio::spawn(async move {
                let told = |place| assert!(tell.send(place).is_ok());
                let seat = client.wait_for_seat(room, Profile::default(), LONG, told).await;
                (client, seat)
            });
            assert_eq!(within("a place", told.recv()).await, Some(place));
            (task, told)
        }
    };
    let (second, mut told_second) = waits(1).await;
    let (third, mut told_third) = waits(2).await;
    let mut fourth = server.connect().await;
    let answer =
        within("an answer", fourth.wait_for_seat(seat.room, Profile::default(), LONG, |_| ()))
            .await;
    let Err(CallError::Refused { why, .. }) = answer else { panic!("{answer:?}") };
    assert_eq!(why, Refusal::WaitingFull);
    // Who breaks off is out of the list.
    second.abort();
    assert_eq!(within("a place", told_third.recv()).await, Some(1));
    assert_eq!(within("the end", told_second.recv()).await, None);
    within("leaving", one.leave()).await.unwrap();
    let (_client, third) = within("the seat", third).await.unwrap();
    assert_eq!(third.unwrap().room, seat.room);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_takes_too_long_ends_and_the_connection_goes_on() {
    let server = TestServer::start(|_| {}).await;
    let (_one, seat) = server.seated(new_room(r#"{"seats":1,"waiting":1}"#)).await;
    let mut two = server.connect().await;
    let answer =
        two.wait_for_seat(seat.room, Profile::default(), Duration::from_millis(50), |_| ()).await;
    assert!(matches!(answer, Err(CallError::Deadline(_))), "{answer:?}");
    let (mut three, mut places) = (server.connect().await, Vec::new());
    let short = Duration::from_millis(200);
    let waited =
        three.wait_for_seat(seat.room, Profile::default(), short, |place| places.push(place)).await;
    assert!(waited.is_err() && places == [1], "the first is out of the list");
    within("another seat", two.join(new_room(""))).await.unwrap();
}
