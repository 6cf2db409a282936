//! A lobby and its matches.

use greenroom::proto::{Refusal, Text};
use greenroom_client::{CallError, Client, Join, Update};

use super::{moved, new, send_on, start_move};
use crate::support::probe::{Event, Goal, Input, Request};
use crate::support::{
    DEADLINE, TestServer, event_where, find, new_room, reply_to, state_where, until, within,
};

async fn add(client: &mut Client, more: i32) -> i32 {
    within("an answer", client.request(&Request::Add(more), DEADLINE)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_goes_from_its_lobby_to_a_match_and_back() {
    let server = TestServer::start(|_| {}).await;
    for (lobby_hz, match_hz) in [(30, 30), (0, 30), (30, 0), (0, 0)] {
        let lobby_options = format!(r#"{{"tick_hz":{lobby_hz}}}"#);
        let match_options = format!(r#"{{"tick_hz":{match_hz},"send_every":2}}"#);
        let (first, lobby) = server.seated(new_room(&lobby_options)).await;
        let mut party = vec![first];
        for _ in 0..3 {
            party.push(server.seated(Join::Room(lobby.room)).await.0);
        }
        assert_eq!(send_on(&mut party[0], &[], new(&match_options)).await, 1);
        let mut room = None;
        for client in &mut party {
            let (from, seat) = moved(client).await;
            assert_eq!(from, lobby.room);
            assert_eq!(*room.get_or_insert(seat.room), seat.room);
            assert_eq!(client.seat(), Some(&seat));
            // The first frame is whole, and inputs are those of the new seat.
            let update = within("a frame", client.next()).await;
            assert!(matches!(update, Update::Frame { full: true, .. }), "{update:?}");
            assert_eq!(client.input(&Input { value: 1 }).unwrap().ordinal, 1);
        }
        let room = room.unwrap();
        assert_ne!(room, lobby.room);
        let state = state_where(&mut party[3], |state| state.came == 4).await;
        assert_eq!((state.here, state.went), (4, 0));
        assert_eq!(add(&mut party[1], 5).await, 5);
        until("the lobby is empty", || server.server.room(lobby.room).unwrap().taken() == 0).await;

        // Back, each knows where it came from; the lobby goes on where it was.
        assert_eq!(send_on(&mut party[2], &[], Goal::Home).await, 1);
        for client in &mut party {
            let (from, seat) = moved(client).await;
            assert_eq!((from, seat.room), (room, lobby.room));
            let state = state_where(client, |state| state.came >= 5).await;
            assert_eq!(state.went, 4);
        }
        assert_eq!(add(&mut party[0], 1).await, 1);
        for client in party {
            assert_eq!(client.stats().desyncs, 0);
            within("the close", client.close()).await;
        }
    }
}

/// Also in a room that sends only every few steps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_room_says_as_it_moves_players_comes_before_they_go() {
    let server = TestServer::start(|_| {}).await;
    for options in [r#"{"tick_hz":0}"#, r#"{"send_every":8}"#, r#"{"send_every":8}"#] {
        let (mut client, lobby) = server.seated(new_room(options)).await;
        let effect = send_on(&mut client, &[], new("")).await as u32;
        let mut told = Vec::new();
        let from = find(&mut client, |update| match update {
            Update::Event(event) => {
                told.push(event.decode::<Event>().unwrap());
                None
            }
            Update::Moved { from, .. } => Some(from),
            _ => None,
        })
        .await;
        assert_eq!(from, lobby.room);
        assert!(told.contains(&Event::Moves(effect)), "{options}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stays_sees_the_others_go_and_who_comes_is_seen() {
    let server = TestServer::start(|_| {}).await;
    let (mut host, lobby) = server.seated(new_room("")).await;
    let (mut guest, seat) = server.seated(Join::Room(lobby.room)).await;
    let (mut far, other) = server.seated(new_room(r#"{"cells":50}"#)).await;
    send_on(&mut host, &[seat.player], Goal::Room(other.room.0)).await;
    let (_, there) = moved(&mut guest).await;
    assert_eq!(there.room, other.room);
    event_where(&mut host, |event| *event == Event::Went(seat.player)).await;
    let came = Event::CameFrom(there.player, lobby.room.0);
    event_where(&mut far, |event| *event == came).await;
    assert_eq!(host.seat().unwrap().room, lobby.room);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_room_is_filled_before_a_new_one_is_made() {
    let server = TestServer::start(|_| {}).await;
    let options = r#"{"seats":2}"#;
    let open = || Goal::Open(Text::cut(options));
    let mut rooms = Vec::new();
    for _ in 0..4 {
        let (mut client, _) = server.seated(new_room(r#"{"seats":3}"#)).await;
        send_on(&mut client, &[], open()).await;
        rooms.push(moved(&mut client).await.1.room);
        // It stays there.
        tokio::spawn(async move { while !matches!(client.next().await, Update::Closed(_)) {} });
    }
    assert!(rooms[0] == rooms[1] && rooms[2] == rooms[3] && rooms[1] != rooms[2], "{rooms:?}");
    // A lobby that is such a room itself is not meant.
    let (mut client, lobby) = server.seated(new_room(options)).await;
    send_on(&mut client, &[], open()).await;
    assert_ne!(moved(&mut client).await.1.room, lobby.room);
}

/// What a client says before it knows that it was moved is for the room before, which is not its room
/// any more: a request is refused, an input is nothing, and neither closes the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_crosses_the_move_is_refused_and_never_reaches_the_new_room() {
    let server = TestServer::start(|config| {
        config.edge.messages_per_sec = 10_000;
        config.edge.messages_burst = 10_000;
    })
    .await;
    let (mut host, lobby) = server.seated(new_room("")).await;
    let mut all = Vec::new();
    for _ in 0..20 {
        let (mut client, seat) = server.seated(Join::Room(lobby.room)).await;
        start_move(&mut host, &[seat.player], new(r#"{"tick_hz":60}"#));
        let mut open = Vec::new();
        let from = loop {
            client.input(&Input { value: 7 }).unwrap();
            // Refused at once, if the client has heard of it and the test has not.
            open.extend(client.start(&Request::Add(1), DEADLINE));
            tokio::select! {
                update = client.next() => if let Update::Moved { from, .. } = update { break from },
                _ = host.next() => {}
                () = tokio::time::sleep(std::time::Duration::from_millis(1)) => {}
            }
        };
        assert_eq!(from, lobby.room);
        // Each was answered, one way or the other, and nothing came through to the new room.
        let state = state_where(&mut client, |state| state.came == 1).await;
        assert_eq!((state.sum, state.inputs), (0, 0));
        assert_eq!(add(&mut client, 2).await, 2);
        let last = client.start(&Request::Add(1), DEADLINE).unwrap();
        assert!(reply_to(&mut client, last).await.is_ok());
        assert_eq!(client.stats().desyncs, 0);
        all.push(client);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waits_when_its_player_is_moved_is_refused() {
    let server = TestServer::start(|_| {}).await;
    let (mut host, lobby) = server.seated(new_room(r#"{"tick_hz":1}"#)).await;
    let (mut guest, seat) = server.seated(Join::Room(lobby.room)).await;
    // The lobby steps once a second: what comes after the move's step waits in its inbox.
    start_move(&mut host, &[seat.player], new(r#"{"tick_hz":60}"#));
    find(&mut host, |update| matches!(update, Update::Reply { .. }).then_some(())).await;
    let answer = guest.request::<_, i32>(&Request::Add(1), DEADLINE).await;
    assert!(
        matches!(answer, Err(CallError::Refused { why: Refusal::Moved, .. }) | Ok(1)),
        "{answer:?}"
    );
    moved(&mut guest).await;
    assert_eq!(add(&mut guest, 3).await, 3);
    assert_eq!(add(&mut host, 0).await, 0, "what was refused was not done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seat_that_was_left_is_free_and_who_waits_for_it_gets_it() {
    let server = TestServer::start(|_| {}).await;
    let (mut host, lobby) = server.seated(new_room(r#"{"seats":1,"waiting":1}"#)).await;
    let mut other = server.connect().await;
    let waits = tokio::spawn(async move {
        let place = |_| {};
        other.wait_for_seat(lobby.room, Default::default(), DEADLINE, place).await.unwrap().room
    });
    let free = || server.server.directory().get(lobby.room).unwrap().taken();
    assert_eq!(free(), 1);
    start_move(&mut host, &[], new(""));
    moved(&mut host).await;
    assert_eq!(within("the seat", waits).await.unwrap(), lobby.room);
}
