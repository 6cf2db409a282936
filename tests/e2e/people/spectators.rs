//! Who looks on without a seat.

use std::time::Duration;

use greenroom::account::Role;
use greenroom::games::cards::table::State as Cards;
use greenroom::proto::{RoomId, Rows, Sight};
use greenroom_client::{CallError, Client, Join, Update};

use crate::support::probe::{Event, Outcome, Request, State};
use crate::support::who::{Keyed, NEW_ROOM};
use crate::support::{
    DEADLINE, TestServer, ended, event_where, find, new_room, state_where, until, within,
};

/// A client that looks on.
async fn spectator(server: &TestServer, room: RoomId) -> Client {
    let mut client = server.connect().await;
    within("a place", client.spectate(room)).await.unwrap();
    client
}

async fn ask(client: &mut Client, request: &Request) -> i32 {
    within("an answer", client.request(request, DEADLINE)).await.unwrap()
}

/// Drives the client until it has told of so many steps of a chatty room.
async fn steps(client: &mut Client, count: usize) -> Vec<u32> {
    let mut steps = Vec::new();
    while steps.len() < count {
        let event = event_where(client, |event| matches!(event, Event::Step(_))).await;
        steps.extend(if let Event::Step(step) = event { Some(step) } else { None });
    }
    steps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spectator_sees_what_players_see_and_hears_what_all_hear() {
    let server = TestServer::start(|_| {}).await;
    let (mut player, seat) = server.seated(new_room(r#"{"chatty":true,"seats":1}"#)).await;
    let mut watcher = server.connect().await;
    let spectated = within("a place", watcher.spectate(seat.room)).await.unwrap();
    assert_eq!(
        (spectated.room, &*spectated.game, spectated.delay),
        (seat.room, "probe", Duration::ZERO)
    );
    assert!(watcher.seat().is_none() && watcher.seat_token().is_none());
    assert_eq!(ask(&mut player, &Request::Add(7)).await, 7);
    let seen = state_where(&mut watcher, |state| state.sum == 7).await;
    assert_eq!((seen.came, seen.here), (1, player.state::<State>().unwrap().unwrap().here));
    // All of them, in their order, each once.
    let steps = steps(&mut watcher, 30).await;
    assert!(steps.windows(2).all(|pair| pair[1] == pair[0] + 1), "{steps:?}");
    assert_eq!(watcher.stats().desyncs, 0);
    // It takes no seat: the room has one.
    let rooms = within("a list", player.list("probe")).await.unwrap();
    assert_eq!((rooms[0].players, rooms[0].players_max), (1, 1));
    assert_eq!(server.server.spectators(), 1);
    within("the end", watcher.leave()).await.unwrap();
    assert_eq!(server.server.spectators(), 0);
    // The connection is as good as any.
    within("a seat", watcher.join(new_room("{}"))).await.unwrap();
    state_where(&mut watcher, |state| state.sum == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_back_looks_on_anew() {
    let server = TestServer::start(|_| {}).await;
    let (mut player, seat) = server.seated(new_room("{}")).await;
    let watcher = spectator(&server, seat.room).await;
    // The connection breaks.
    drop(watcher);
    until("the place is free", || server.server.spectators() == 0).await;
    ask(&mut player, &Request::Add(1)).await;
    let mut watcher = spectator(&server, seat.room).await;
    state_where(&mut watcher, |state| state.sum == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_steps_on_commands_is_shown_at_once_and_at_each_move() {
    let server = TestServer::start(|_| {}).await;
    let (mut player, seat) = server.seated(new_room(r#"{"tick_hz":0}"#)).await;
    ask(&mut player, &Request::Add(3)).await;
    let mut watcher = spectator(&server, seat.room).await;
    state_where(&mut watcher, |state| state.sum == 3).await;
    ask(&mut player, &Request::Add(4)).await;
    state_where(&mut watcher, |state| state.sum == 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_is_brought_back_goes_on_for_those_who_look_on() {
    let server = TestServer::start(|_| {}).await;
    let (mut player, seat) = server.seated(new_room(r#"{"chatty":true}"#)).await;
    let mut watcher = spectator(&server, seat.room).await;
    state_where(&mut watcher, |_| true).await;
    for request in [Request::Panic, Request::PanicInTicks] {
        let _ = player.start(&request, DEADLINE).unwrap();
    }
    state_where(&mut watcher, |state| state.recovered == 1).await;
    assert!(server.restarts(seat.room) >= 2);
    ask(&mut player, &Request::Add(9)).await;
    state_where(&mut watcher, |state| state.sum == 9).await;
    assert_eq!(watcher.stats().desyncs, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audience_that_fails_costs_the_players_nothing_and_comes_back() {
    let server = TestServer::start(|_| {}).await;
    let (mut player, seat) = server.seated(new_room(r#"{"chatty":true}"#)).await;
    let mut watcher = spectator(&server, seat.room).await;
    let before = state_where(&mut watcher, |_| true).await.step;
    let record = server.server.room(seat.room).unwrap();
    // No room can publish this: it has no tables. Whoever shows it fails over it.
    let next = watcher.rows().unwrap().0.next();
    record.audience().put(next, &Rows::default(), Sight::public());
    let after = state_where(&mut watcher, |state| state.step > before + 30).await;
    assert!(after.step > before);
    let frames = watcher.stats();
    assert!(frames.frames_full >= 2, "a new one begins with the whole state: {frames:?}");
    assert_eq!(frames.desyncs, 0);
    // The events, too, go on without a gap: the client would have hung up.
    steps(&mut watcher, 10).await;
    ask(&mut player, &Request::Add(1)).await;
    assert_eq!((player.stats().frames_full, server.restarts(seat.room)), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_late_is_shown_to_its_end() {
    let server = TestServer::start(|config| {
        config.spectators.delay = Duration::from_millis(700);
    })
    .await;
    let (mut player, seat) = server.seated(new_room("{}")).await;
    let mut watcher = server.connect().await;
    let spectated = within("a place", watcher.spectate(seat.room)).await.unwrap();
    assert_eq!(spectated.delay, Duration::from_millis(700));
    ask(&mut player, &Request::Add(5)).await;
    let _ = player.start(&Request::End, DEADLINE).unwrap();
    let result = ended(&mut player).await;
    // The room is gone, and they have not seen how it ended.
    assert!(watcher.state::<State>().unwrap().is_none_or(|state| state.sum == 0));
    until("the room is gone", || server.server.room(seat.room).is_none()).await;
    let last = find(&mut watcher, |update| match update {
        Update::Ended { result } => Some(result),
        _ => None,
    })
    .await;
    assert_eq!(last, result);
    assert_eq!(serde_json::from_str::<Outcome>(&last).unwrap(), Outcome { sum: 5 });
    assert_eq!(watcher.state::<State>().unwrap().unwrap().sum, 5);
    assert_eq!(server.server.spectators(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_looks_on_sees_a_hand() {
    let server = TestServer::start(|_| {}).await;
    let create = Join::Create { game: "cards", options: r#"{"players":2}"# };
    let (mut ada, seat) = server.seated(create).await;
    let mut watcher = spectator(&server, seat.room).await;
    let (_bob, _) = server.seated(Join::Room(seat.room)).await;
    let dealt = |state: &Cards| {
        state.players.len() == 2 && state.players.values().all(|seat| seat.cards > 0)
    };
    let state = |client: &Client| client.state::<Cards>().unwrap();
    for client in [&mut ada, &mut watcher] {
        within("cards are dealt", async {
            while !state(client).is_some_and(|state| dealt(&state)) {
                client.next().await;
            }
        })
        .await;
    }
    let own = state(&ada).unwrap();
    let hand = |own: &Cards| {
        own.players.values().find(|one| one.player == seat.player).unwrap().hand.len()
    };
    assert!(hand(&own) > 0);
    assert!(state(&watcher).unwrap().players.values().all(|seat| seat.hand.is_empty()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_of_a_spectator_is_for_this() {
    let keyed = Keyed::start(|_| {}).await;
    let mut ada = keyed.player("ada").await;
    let seat = within("a seat", ada.join(NEW_ROOM)).await.unwrap();
    let connect = keyed.connect_as("eve", Role::Spectator);
    let mut eve = within("a connection", Client::connect(connect)).await.unwrap();
    within("a place", eve.spectate(seat.room)).await.unwrap();
    find(&mut eve, |update| matches!(update, Update::Frame { .. }).then_some(())).await;
    assert!(matches!(eve.join(Join::Room(seat.room)).await, Err(CallError::AlreadySeated)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_tells_those_who_look_on_to_come_back() {
    let server = TestServer::start(|_| {}).await;
    let (_player, seat) = server.seated(new_room("{}")).await;
    let mut watcher = spectator(&server, seat.room).await;
    let code = tokio::spawn(async move { crate::support::closed(&mut watcher).await });
    server.stopped().await;
    assert_eq!(within("the close code", code).await.unwrap(), 4200);
}
