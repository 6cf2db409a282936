//! A move that does not come about: the player stays, and has noticed nothing.

use greenroom::proto::PlayerId;
use greenroom_client::{Client, Join, SeatInfo, Update};

use super::{moved, new, send_on};
use crate::support::probe::{Event, Fault, Goal, Request};
use crate::support::{DEADLINE, TestServer, event_where, new_room, next, until, within};

/// Asks for the move of a player, and waits until the game is told why not.
async fn why_not(host: &mut Client, player: PlayerId, to: Goal) -> String {
    let effect = send_on(host, &[player], to).await as u32;
    let event = event_where(host, |event| {
        matches!(event, Event::NotMoved { effect: of, player: who, .. }
            if (*of, *who) == (effect, player))
    })
    .await;
    let Event::NotMoved { why, .. } = event else { unreachable!() };
    why.into_string()
}

async fn stays(client: &mut Client, seat: &SeatInfo) {
    let answer: i32 =
        within("an answer", client.request(&Request::Add(0), DEADLINE)).await.unwrap();
    assert_eq!((answer, client.seat()), (0, Some(seat)));
    assert_eq!((client.stats().desyncs, client.stats().frames_full), (0, 1));
    loop {
        match next(client).await {
            Update::Frame { .. } => return,
            Update::Event(event) => {
                let event = event.decode().unwrap();
                assert!(!matches!(event, Event::Went(_) | Event::Broke(_)), "{event:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_cannot_take_them_leaves_them_where_they_are() {
    let server = TestServer::start(|_| {}).await;
    let (mut host, lobby) = server.seated(new_room("")).await;
    let (mut guest, seat) = server.seated(Join::Room(lobby.room)).await;
    let (mut other, full) = server.seated(new_room(r#"{"seats":1}"#)).await;
    let (mut locked_host, locked) = server.seated(new_room("")).await;
    let _: i32 =
        within("a lock", locked_host.request(&Request::Lock(true), DEADLINE)).await.unwrap();
    let faulty = |fault: Fault| new(&format!(r#"{{"fault":{}}}"#, fault as u8));
    for (to, expected) in [
        (Goal::Room(full.room.0), "RoomFull"),
        (Goal::Room(locked.room.0), "Locked"),
        (Goal::Room(77), "UnknownRoom"),
        (Goal::Room(lobby.room.0), "AlreadySeated"),
        (Goal::Home, "UnknownRoom"),
        (new(r#"{"seats":9999}"#), "BadOptions"),
        (new("no JSON"), "BadOptions"),
        (faulty(Fault::Seats), "Failed"),
        (faulty(Fault::New), "Failed"),
    ] {
        let rooms = server.server.rooms();
        assert_eq!(why_not(&mut host, seat.player, to).await, expected);
        until("no room is left over", || server.server.rooms() <= rooms).await;
    }
    stays(&mut guest, &seat).await;
    stays(&mut host, &lobby).await;
    within("a seat that was never lost", other.request::<_, i32>(&Request::Add(1), DEADLINE))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_game_that_refuses_or_panics_at_the_door_leaves_them_where_they_are() {
    let server = TestServer::start(|_| {}).await;
    let (mut host, lobby) = server.seated(new_room("")).await;
    let (mut guest, seat) = server.seated(Join::Room(lobby.room)).await;
    for (fault, expected) in [(Fault::Refuse, "Game"), (Fault::Join, "Failed")] {
        let (_first, there) =
            server.seated(new_room(&format!(r#"{{"fault":{}}}"#, fault as u8))).await;
        assert_eq!(why_not(&mut host, seat.player, Goal::Room(there.room.0)).await, expected);
        let room = server.server.room(there.room).unwrap();
        until("the seat is free again", || room.taken() == 1).await;
        stays(&mut guest, &seat).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_is_not_torn_apart_by_a_room_with_too_few_seats() {
    let server = TestServer::start(|_| {}).await;
    let (mut host, lobby) = server.seated(new_room("")).await;
    let (mut guest, seat) = server.seated(Join::Room(lobby.room)).await;
    let (_one, there) = server.seated(new_room(r#"{"seats":2}"#)).await;
    let effect = send_on(&mut host, &[], Goal::Room(there.room.0)).await as u32;
    for player in [lobby.player, seat.player] {
        let why = greenroom::proto::Text::cut("RoomFull");
        let expected = Event::NotMoved { effect, player, why };
        event_where(&mut host, |event| *event == expected).await;
    }
    assert_eq!(server.server.room(there.room).unwrap().taken(), 1);
    stays(&mut guest, &seat).await;
    // With seats for both, both go.
    send_on(&mut host, &[], new(r#"{"seats":2}"#)).await;
    let room = moved(&mut host).await.1.room;
    assert_eq!(moved(&mut guest).await.1.room, room);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_reads_one_state_only_is_not_moved_to_another() {
    let server = TestServer::start(|_| {}).await;
    let (mut host, lobby) = server.seated(new_room("")).await;
    let connect = server.connect_with().expects::<crate::support::probe::State>();
    let mut picky = within("a connection", Client::connect(connect)).await.unwrap();
    let seat = within("a seat", picky.join(Join::Room(lobby.room))).await.unwrap();
    let (_arena, arena) = server.seated(Join::Create { game: "connect4", options: "" }).await;
    let goal = Goal::Room(arena.room.0);
    assert_eq!(why_not(&mut host, seat.player, goal.clone()).await, "OtherSchema");
    stays(&mut picky, &seat).await;
    // Who takes any is.
    send_on(&mut host, &[lobby.player], goal).await;
    let (_, there) = moved(&mut host).await;
    assert_eq!(there.game, "connect4");
    assert!(!there.shows::<crate::support::probe::State>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_or_whose_match_ends_on_the_way_takes_no_seat_in_the_other_room() {
    let server = TestServer::start(|_| {}).await;
    let (mut slow, there) = server.seated(new_room("")).await;
    let taken = || server.server.room(there.room).unwrap().taken();
    for ends in [false, true] {
        let (mut host, lobby) = server.seated(new_room("")).await;
        let (mut guest, seat) = server.seated(Join::Room(lobby.room)).await;
        // The other room is busy with a step for a while: nobody is let in meanwhile.
        let busy = slow.start(&Request::Hang { ms: 700 }, DEADLINE).unwrap();
        let before = std::time::Instant::now();
        until("it hangs", || before.elapsed().as_millis() > 100).await;
        send_on(&mut host, &[seat.player], Goal::Room(there.room.0)).await;
        if ends {
            let _ = host.start(&Request::End, DEADLINE).unwrap();
            crate::support::ended(&mut guest).await;
        } else {
            within("leaving", guest.leave()).await.unwrap();
            let gone = Event::NotMoved {
                effect: 1,
                player: seat.player,
                why: greenroom::proto::Text::cut("NoSeat"),
            };
            event_where(&mut host, |event| *event == gone).await;
        }
        crate::support::reply_to(&mut slow, busy).await.unwrap();
        until("the seat is free again", || taken() == 1).await;
        // The connection is as good as any.
        within("another seat", guest.join(new_room(""))).await.unwrap();
    }
}
