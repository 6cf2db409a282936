//! What a studio's backend does over HTTP: makes rooms, looks at them, speaks to games and players,
//! ends matches.

use std::net::SocketAddr;

use greenroom::proto::PlayerId;
use greenroom_client::{Join, Update};
use serde_json::{Value, json};

use crate::ops::on_a_free_port;
use crate::support::http::{Answer, ask, change, get};
use crate::support::probe::Request;
use crate::support::{DEADLINE, TestServer, closed, ended, find, state_where, until, within};

/// A server, and where it answers.
async fn server() -> (TestServer, SocketAddr) {
    let server = TestServer::start(on_a_free_port).await;
    let ops = server.server.ops().unwrap();
    (server, ops)
}

/// A room that a backend has made.
async fn made(ops: SocketAddr, game: &str, options: Value) -> String {
    let made = change(ops, "POST /v1/rooms", &json!({"game": game, "options": options})).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["room"].as_str().unwrap().to_owned()
}

async fn signal(ops: SocketAddr, room: &str, word: Value) -> Answer {
    change(ops, &format!("POST /v1/rooms/{room}/signal"), &json!({"word": word})).await
}

async fn inspect(ops: SocketAddr, room: &str) -> Value {
    get(ops, &format!("/v1/rooms/{room}")).await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_are_made_listed_and_looked_at() {
    let (server, ops) = server().await;
    let room = made(ops, "probe", json!({"seats": 2, "tick_hz": 60, "hold_ms": 60_000})).await;
    let (client, seat) = server.seated(Join::Room(room.parse().unwrap())).await;
    let seen = inspect(ops, &room).await;
    assert_eq!((&seen["game"], &seen["state"]), (&json!("probe"), &json!("open")));
    assert_eq!(
        (&seen["seats"], &seen["taken"], &seen["tick_hz"]),
        (&2.into(), &1.into(), &60.into())
    );
    assert_eq!(seen["options"]["seats"], 2);
    assert_eq!(seen["players"], json!([{"player": seat.player.0, "connected": true}]));
    drop(client);
    until("the connection breaks", || server.server.connections() == 0).await;
    within("the seat to be held", async {
        while inspect(ops, &room).await["players"][0]["connected"] != false {}
    })
    .await;

    for _ in 0..4 {
        made(ops, "connect4", json!({})).await;
    }
    let mut found = Vec::new();
    let mut next = String::new();
    loop {
        let page = get(ops, &format!("/v1/rooms?game=connect4&limit=3{next}")).await.json();
        let rooms = page["rooms"].as_array().unwrap().clone();
        assert!(rooms.iter().all(|room| room["game"] == "connect4" && room["tick_hz"].is_null()));
        found.extend(rooms.iter().map(|room| room["room"].as_str().unwrap().to_owned()));
        let Some(after) = page["next"].as_str() else { break };
        next = format!("&after={after}");
    }
    assert_eq!(found.len(), 4);
    assert!(found.is_sorted() && !found.contains(&room));
    let all = get(ops, "/v1/rooms").await.json();
    assert_eq!((all["rooms"].as_array().unwrap().len(), &all["next"]), (5, &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_says_why() {
    let (_server, ops) = server().await;
    let nowhere = "/v1/rooms/0000000000007";
    for (line, body, status, code) in [
        ("POST /v1/rooms", json!({"game": "chess"}), 404, "unknown_game"),
        ("POST /v1/rooms", json!({"game": "probe", "options": {"seats": -1}}), 422, "bad_options"),
        (
            "POST /v1/rooms",
            json!({"game": "probe", "options": {"x": "y".repeat(2000)}}),
            422,
            "bad_options",
        ),
        ("POST /v1/rooms", json!({"game": "probe", "options": {"fault": 2}}), 500, "game_failed"),
        ("POST /v1/rooms", json!({"game": "probe", "seats": 2}), 400, "bad_request"),
        ("POST /v1/rooms", json!([1]), 400, "bad_request"),
        ("POST /v1/rooms", json!({"game": "x".repeat(40_000)}), 413, "too_large"),
        (&format!("POST {nowhere}/signal"), json!({"word": 1}), 404, "unknown_room"),
        (&format!("POST {nowhere}/kick"), json!({"player": 1}), 404, "unknown_room"),
        ("POST /v1/announce", json!({"text": ""}), 400, "bad_request"),
        ("POST /v1/announce", json!({"text": "x".repeat(1025)}), 400, "bad_request"),
        ("DELETE /v1/rooms", json!({}), 405, "method_not_allowed"),
    ] {
        let answer = change(ops, line, &body).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{line} {body}");
    }
    for (path, status, code) in [
        (nowhere, 404, "unknown_room"),
        ("/v1/rooms/not-a-room", 404, "unknown_room"),
        ("/v1/rooms/%ff", 404, "unknown_room"),
        ("/v1/rooms?game=chess", 404, "unknown_game"),
        ("/v1/rooms?limit=0", 400, "bad_request"),
        ("/v1/rooms?limit=many", 400, "bad_request"),
        ("/v1/rooms?after=1", 400, "bad_request"),
        ("/v1/rooms?colour=red", 400, "bad_request"),
    ] {
        let answer = get(ops, path).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{path}");
    }
    let json = [("content-type", "application/json")];
    let broken = ask(ops, "POST", "/v1/rooms", &json, "{\"game\":").await;
    assert_eq!((broken.status, broken.error().as_str()), (400, "bad_request"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_are_kept_looked_at_taken_and_given_up() {
    let (server, ops) = server().await;
    let room = made(ops, "probe", json!({"seats": 3})).await;
    let reserve = format!("POST /v1/rooms/{room}/reserve");
    for (body, status, code) in [
        (json!({"seats": 0}), 400, "bad_request"),
        (json!({"seats": 17}), 400, "bad_request"),
        (json!({"seats": 1, "expires_ms": 0}), 400, "bad_request"),
        (json!({"seats": 1, "expires_ms": 3_600_001}), 400, "bad_request"),
        (json!({"seats": 4}), 409, "room_full"),
    ] {
        let answer = change(ops, &reserve, &body).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{body}");
    }
    let kept = change(ops, &reserve, &json!({"seats": 2, "expires_ms": 60_000})).await;
    assert_eq!(kept.status, 201, "{kept:?}");
    let kept = kept.json();
    let code = |place: usize| kept["codes"][place].as_str().unwrap().to_owned();
    assert_eq!(inspect(ops, &room).await["free"], 1);
    assert_eq!(change(ops, &reserve, &json!({"seats": 2})).await.error(), "room_full");

    let look = format!("/v1/reservations/{}", code(0));
    let seen = get(ops, &look).await.json();
    assert_eq!(seen["room"], room.as_str());
    assert!((1..=60_000).contains(&seen["expires_ms"].as_u64().unwrap()));
    let (_client, seat) = server.seated(Join::Reserved(&code(0))).await;
    assert_eq!(seat.room.to_string(), room);
    assert_eq!(get(ops, &look).await.error(), "unknown_reservation");

    let cancel = format!("POST /v1/reservations/{}/cancel", code(1));
    assert_eq!(change(ops, &cancel, &json!({})).await.json(), json!({"cancelled": code(1)}));
    assert_eq!(change(ops, &cancel, &json!({})).await.error(), "unknown_reservation");
    let seen = inspect(ops, &room).await;
    assert_eq!((&seen["taken"], &seen["free"]), (&1.into(), &2.into()));
}

/// A matchmaker beside the server sends players out of their lobby, together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn players_are_moved_to_another_room_and_it_is_said_who_stays() {
    let (server, ops) = server().await;
    let lobby = made(ops, "probe", json!({})).await;
    let (mut clients, mut players) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (client, seat) = server.seated(Join::Room(lobby.parse().unwrap())).await;
        clients.push(client);
        players.push(seat.player.0);
    }
    let [one, two, three] = players[..] else { unreachable!() };
    let path = format!("POST /v1/rooms/{lobby}/move");
    let duel = json!({"game": "probe", "options": {"seats": 2}});
    let go = |players: Value, to: Value| {
        let path = path.clone();
        async move { change(ops, &path, &json!({"players": players, "to": to})).await }
    };
    for (players, to, status, code) in [
        (json!([]), duel.clone(), 400, "bad_request"),
        (json!([one]), json!({"room": "?"}), 400, "bad_request"),
        (json!([one]), json!({"game": "probe", "room": lobby}), 400, "bad_request"),
        (json!([one]), json!({"game": "no such game"}), 404, "unknown_game"),
    ] {
        let answer = go(players, to).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{answer:?}");
    }
    // Three find no two seats, so nobody goes.
    let answer = go(json!(players), duel.clone()).await.json();
    assert_eq!(answer["moved"], json!([]));
    assert_eq!(answer["stayed"][2], json!({"player": three, "why": "RoomFull"}));
    let answer = go(json!([three, one]), duel).await.json();
    assert_eq!((answer["moved"].as_array().unwrap().len(), &answer["stayed"]), (2, &json!([])));
    let mut there = Vec::new();
    for place in [0, 2] {
        there.push(
            find(&mut clients[place], |update| match update {
                Update::Moved { seat, .. } => Some(seat.room),
                _ => None,
            })
            .await,
        );
    }
    assert_eq!(there[0], there[1]);
    // Who is not there is named, and who is goes after.
    let answer = go(json!([one, two]), json!({"game": "probe", "options": {}, "new": true})).await;
    let stayed = json!([{"player": one, "why": "NoSeat"}]);
    assert_eq!(answer.json(), json!({"moved": [two], "stayed": stayed}));
    let answer = go(json!([two]), json!({"room": lobby})).await.json();
    assert_eq!(answer["stayed"][0]["why"], "NoSeat");
    until("the lobby is empty", || {
        server.server.room(lobby.parse().unwrap()).is_none_or(|room| room.taken() == 0)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_is_heard_answered_and_remembered() {
    let (server, ops) = server().await;
    for tick_hz in [0, 60] {
        let room = made(ops, "probe", json!({"tick_hz": tick_hz})).await;
        let (mut client, _) = server.seated(Join::Room(room.parse().unwrap())).await;
        assert_eq!(signal(ops, &room, 40.into()).await.json(), json!({"reply": 40}));
        assert_eq!(signal(ops, &room, 2.into()).await.json(), json!({"reply": 42}));
        assert_eq!(signal(ops, &room, json!("silence")).await.json(), json!({"reply": null}));
        assert_eq!(
            signal(ops, &room, json!({"a": [1]})).await.json(),
            json!({"reply": {"a": [1]}})
        );
        state_where(&mut client, |state| state.sum == 42).await;

        // What panics is left out; what was heard before is heard again when the room comes back.
        let failed = signal(ops, &room, json!("panic")).await;
        assert_eq!((failed.status, failed.error().as_str()), (500, "game_failed"));
        let refused =
            within("an answer", client.request::<_, i32>(&Request::Panic, DEADLINE)).await;
        assert!(refused.is_err());
        assert_eq!(signal(ops, &room, 1.into()).await.json(), json!({"reply": 43}));
        assert!(inspect(ops, &room).await["restarts"].as_u64().unwrap() >= 2);
        let much = signal(ops, &room, json!("much")).await;
        assert_eq!((much.status, much.error().as_str()), (500, "failed"));

        assert_eq!(signal(ops, &room, json!("end")).await.json(), json!({"reply": null}));
        assert_eq!(ended(&mut client).await, r#"{"sum":43}"#);
        let over = signal(ops, &room, 1.into()).await;
        assert_eq!((over.status, over.error().as_str()), (409, "room_over"));
        let seen = inspect(ops, &room).await;
        assert_eq!((&seen["state"], &seen["result"]), (&json!("over"), &json!({"sum": 43})));
        client.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn players_are_spoken_to_and_sent_away_and_matches_ended() {
    let (server, ops) = server().await;
    let room = made(ops, "probe", json!({})).await;
    let at = |what: &str| format!("POST /v1/rooms/{room}/{what}");
    let join = || Join::Room(room.parse().unwrap());
    let (mut one, first) = server.seated(join()).await;
    let (mut two, second) = server.seated(join()).await;
    let (mut other, _) = server.seated(Join::Create { game: "probe", options: "" }).await;
    let PlayerId(player) = first.player;
    let told = change(ops, &at("send"), &json!({"players": [player, 99], "text": "you"})).await;
    assert_eq!(told.json(), json!({"told": 1}));
    let told = change(ops, &at("announce"), &json!({"text": "room"})).await;
    assert_eq!(told.json(), json!({"told": 2}));
    let told = change(ops, "POST /v1/announce", &json!({"text": "all"})).await;
    assert_eq!(told.json(), json!({"told": 3}));
    for (client, expected) in [
        (&mut one, &["you", "room", "all"][..]),
        (&mut two, &["room", "all"]),
        (&mut other, &["all"]),
    ] {
        for expected in expected {
            let text = find(client, |update| match update {
                Update::Notice { text } => Some(text),
                _ => None,
            });
            assert_eq!(text.await, *expected);
        }
    }

    let kicked = change(ops, &at("kick"), &json!({"player": player})).await;
    assert_eq!((kicked.status, kicked.json()), (200, json!({"kicked": player})));
    assert_eq!(closed(&mut one).await, 4006);
    let seen = state_where(&mut two, |state| state.went == 1).await;
    assert_eq!(seen.here, 1);
    let again = change(ops, &at("kick"), &json!({"player": player})).await;
    assert_eq!((again.status, again.error().as_str()), (404, "unknown_player"));
    let seen = inspect(ops, &room).await;
    assert_eq!(seen["players"], json!([{"player": second.player.0, "connected": true}]));

    let over = change(ops, &at("end"), &json!({"result": {"winner": "house"}})).await;
    assert_eq!((over.status, &over.json()["result"]["winner"]), (200, &json!("house")));
    assert_eq!(ended(&mut two).await, r#"{"winner":"house"}"#);
    let again = change(ops, &at("end"), &json!({})).await;
    assert_eq!((again.status, again.error().as_str()), (409, "room_over"));
    let dir = server.stopped().await;
    let results = TestServer::results_in(&dir);
    let of_room = results.iter().find(|line| line["room"] == *room).unwrap();
    assert_eq!(of_room["result"], json!({"winner": "house"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_is_asked_for_twice_is_done_once() {
    let (server, ops) = server().await;
    let ask_under = async |key: &str, path: &str, body: Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        ask(ops, "POST", path, &headers, &body.to_string()).await
    };
    let new = json!({"game": "probe"});
    let (first, second) = tokio::join!(
        ask_under("one", "/v1/rooms", new.clone()),
        ask_under("one", "/v1/rooms", new.clone())
    );
    assert_eq!((first.status, second.status, server.server.rooms()), (201, 201, 1));
    assert_eq!(first.json(), second.json());
    let replayed = |answer: &Answer| answer.headers.contains_key("idempotency-replayed");
    assert!(replayed(&first) != replayed(&second));

    let room = first.json()["room"].as_str().unwrap().to_owned();
    let path = format!("/v1/rooms/{room}/signal");
    for _ in 0..3 {
        let heard = ask_under("two", &path, json!({"word": 5})).await;
        assert_eq!(heard.json(), json!({"reply": 5}));
    }
    assert_eq!(signal(ops, &room, 1.into()).await.json(), json!({"reply": 6}));
    let other = ask_under("two", &path, json!({"word": 6})).await;
    assert_eq!((other.status, other.error().as_str()), (422, "key_reused"));
    let long = ask_under(&"k".repeat(129), &path, json!({"word": 6})).await;
    assert_eq!((long.status, long.error().as_str()), (400, "bad_request"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_drained_takes_nobody_new_and_plays_on() {
    let (server, ops) = server().await;
    let room = made(ops, "probe", json!({})).await;
    let (mut client, _) = server.seated(Join::Room(room.parse().unwrap())).await;
    let drained = change(ops, "POST /v1/drain", &json!({})).await;
    assert_eq!(drained.json(), json!({"readiness": "stopping: nobody new is taken", "rooms": 1}));
    assert_eq!(get(ops, "/readyz").await.status, 503);
    let refused = change(ops, "POST /v1/rooms", &json!({"game": "probe"})).await;
    assert_eq!((refused.status, refused.error().as_str()), (503, "stopping"));
    let sum =
        within("an answer", client.request::<_, i32>(&Request::Add(3), DEADLINE)).await.unwrap();
    assert_eq!((sum, signal(ops, &room, 4.into()).await.json()), (3, json!({"reply": 7})));
    client.close().await;
}
