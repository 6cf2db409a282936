//! Who is banned from a room stays out, by whatever door they come, until their time is over.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use greenroom::account::Role;
use greenroom::auth::keys::Keys;
use greenroom::config::Config;
use greenroom::proto::{NewRoom, PlayerId, Profile, Refusal, RoomId, Text, Visibility};
use greenroom_client::{CallError, Client, Connect, Join, Resume, SeatInfo, Update};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::ops::on_a_free_port;
use crate::support::hosting::Hosted;
use crate::support::http::{Answer, change, get};
use crate::support::probe::{Request, State};
use crate::support::who::{Keyed, new_keys, token};
use crate::support::{DEADLINE, find, new_room, state_where, within};

const LONG_MS: u32 = 3_600_000;

/// An account may have several connections.
fn several(config: &mut Config) {
    config.auth.per_account_max = 4;
}

async fn ask(client: &mut Client, request: &Request) -> i32 {
    within("an answer", client.request(request, DEADLINE)).await.unwrap()
}

/// Drives the client until it is told that it is banned; returns from where, and the words for it.
async fn banned(client: &mut Client) -> (RoomId, String) {
    find(client, |update| match update {
        Update::Banned { room, text, .. } => Some((room, text)),
        _ => None,
    })
    .await
}

/// Drives the client until its seat is gone.
async fn left(client: &mut Client) {
    find(client, |update| matches!(update, Update::Left).then_some(())).await;
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, CallError>) -> Refusal {
    match outcome {
        Err(CallError::Refused { why, text }) => {
            assert!(why != Refusal::Banned || text.contains("banned"), "{text}");
            why
        }
        other => panic!("not refused: {other:?}"),
    }
}

async fn join(client: &mut Client, to: Join<'_>) -> Refusal {
    refusal(within("an answer", client.join(to)).await)
}

/// A client that waits for a seat in a full room, and what comes of that.
async fn queued(
    mut client: Client,
    room: RoomId,
) -> JoinHandle<(Client, Result<SeatInfo, CallError>)> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let waiting = tokio::spawn(async move {
        let mut tell = Some(tell);
        let told = |_| tell.take().into_iter().for_each(|tell| tell.send(()).unwrap_or_default());
        let seat = client.wait_for_seat(room, Profile::default(), DEADLINE, told).await;
        (client, seat)
    });
    within("a place in the queue", told).await.unwrap();
    waiting
}

/// Ada's room, in which Eve has a seat, too.
async fn with_eve(keyed: &Keyed, options: &str) -> (Client, RoomId, Client, PlayerId) {
    let mut ada = keyed.player("ada").await;
    let room = within("a seat", ada.join(new_room(options))).await.unwrap().room;
    let mut eve = keyed.player("eve").await;
    let seat = within("a seat", eve.join(Join::Room(room))).await.unwrap();
    (ada, room, eve, seat.player)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_banned_account_is_refused_at_every_door_and_nobody_else_is() {
    let keyed = Keyed::start(several).await;
    let options = r#"{"seats":3,"waiting":8,"hold_ms":60000}"#;
    let (mut ada, room, mut eve, player) = with_eve(&keyed, options).await;
    let token = eve.seat_token().unwrap().clone();
    ask(&mut ada, &Request::Ban(player, LONG_MS)).await;
    let (from, text) = banned(&mut eve).await;
    assert_eq!((from, &*text), (room, "you are banned from this room for 60 min still"));
    left(&mut eve).await;
    let seen = state_where(&mut ada, |state| state.went == 1).await;
    assert_eq!(seen.here, 1);

    assert_eq!(join(&mut eve, Join::Room(room)).await, Refusal::Banned);
    let kept = within("seats", ada.reserve(Join::Room(room), 1)).await.unwrap();
    assert_eq!(join(&mut eve, Join::Reserved(&kept.codes[0])).await, Refusal::Banned);
    let waited = eve.wait_for_seat(room, Profile::default(), DEADLINE, |_| ()).await;
    assert_eq!(refusal(waited), Refusal::Banned);
    assert_eq!(refusal(eve.reserve(Join::Room(room), 1).await), Refusal::Banned);
    assert_eq!(refusal(eve.spectate(room).await), Refusal::Banned);
    let back = within("an answer", eve.resume(&token)).await;
    assert!(matches!(refusal(back), Refusal::SeatGone | Refusal::BadToken));
    // It is the only such room: she is led to another, or to none.
    let open = Join::Open { game: "probe", options };
    assert_eq!(join(&mut eve, open).await, Refusal::UnknownRoom);
    let any = Join::OpenOrCreate { game: "probe", options };
    let other = within("a seat", eve.join(any)).await.unwrap();
    assert_ne!(other.room, room);
    // On another connection, too.
    let mut again = keyed.player("eve").await;
    assert_eq!(join(&mut again, Join::Room(room)).await, Refusal::Banned);

    // The seat is still kept for whoever has the code and may come.
    let mut bob = keyed.player("bob").await;
    within("a seat", bob.join(Join::Reserved(&kept.codes[0]))).await.unwrap();
    ask(&mut ada, &Request::Unban(Text::cut("eve"))).await;
    within("a seat", again.join(Join::Room(room))).await.unwrap();
    state_where(&mut ada, |state| state.here == 3 && state.came == 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_and_a_place_in_a_queue_open_no_door_either() {
    let keyed = Keyed::start(several).await;
    let new = NewRoom {
        visibility: Visibility::Private,
        options: Text::cut(r#"{"seats":2,"waiting":8}"#),
        ..NewRoom::default()
    };
    let mut ada = keyed.player("ada").await;
    let create = Join::New { game: "probe", room: &new };
    within("a seat", ada.join(create)).await.unwrap();
    find(&mut ada, |update| matches!(update, Update::Frame { .. }).then_some(())).await;
    let code = ada.room_code().unwrap().to_owned();
    let mut eve = keyed.player("eve").await;
    let seat = within("a seat", eve.join(Join::Code(&code))).await.unwrap();
    ask(&mut ada, &Request::Ban(seat.player, LONG_MS)).await;
    left(&mut eve).await;
    assert_eq!(join(&mut eve, Join::Code(&code)).await, Refusal::Banned);

    // Who waits already is refused when it is their turn, and whoever is behind them gets the seat.
    let options = r#"{"seats":2,"waiting":8}"#;
    let (mut bob, room, mut eve, player) = with_eve(&keyed, options).await;
    let she = queued(keyed.player("eve").await, room).await;
    let behind = queued(keyed.player("carol").await, room).await;
    ask(&mut bob, &Request::Ban(player, LONG_MS)).await;
    left(&mut eve).await;
    let (_she, seat) = within("an answer", she).await.unwrap();
    assert_eq!(refusal(seat), Refusal::Banned);
    let (_carol, seat) = within("a seat", behind).await.unwrap();
    assert_eq!(seat.unwrap().room, room);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_is_over_after_so_much_of_the_rooms_time() {
    let keyed = Keyed::start(several).await;
    for tick_hz in [30, 0] {
        let (mut ada, room, mut eve, player) =
            with_eve(&keyed, &format!(r#"{{"tick_hz":{tick_hz}}}"#)).await;
        let began = Instant::now();
        ask(&mut ada, &Request::Ban(player, 700)).await;
        left(&mut eve).await;
        within("a seat", async {
            while let Err(error) = eve.join(Join::Room(room)).await {
                assert_eq!(refusal(Err::<(), _>(error)), Refusal::Banned);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        assert!(began.elapsed() >= Duration::from_millis(600), "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_looks_on_and_is_banned_sees_no_more() {
    let keyed = Keyed::start(on_a_free_port).await;
    let ops = keyed.server.server.ops().unwrap();
    let mut ada = keyed.player("ada").await;
    let room = within("a seat", ada.join(new_room("{}"))).await.unwrap().room;
    let mut eve = keyed.player("eve").await;
    let mut bob = keyed.player("bob").await;
    for client in [&mut eve, &mut bob] {
        within("a place", client.spectate(room)).await.unwrap();
        state_where(client, |_| true).await;
    }
    rule(ops, room, "ban", json!({"account": "eve", "seconds": 60, "reason": "leaks"})).await;
    let (_, text) = banned(&mut eve).await;
    assert_eq!(text, "you are banned from this room for 60 s still: leaks");
    left(&mut eve).await;
    assert!(eve.spectated().is_none());
    assert_eq!(refusal(eve.spectate(room).await), Refusal::Banned);
    let step = ada.state::<State>().unwrap().map_or(0, |state| state.step);
    state_where(&mut bob, |state| state.step > step + 10).await;
    assert_eq!(keyed.server.server.spectators(), 1);
}

async fn rule(ops: SocketAddr, room: RoomId, what: &str, body: Value) -> Answer {
    change(ops, &format!("POST /v1/rooms/{room}/{what}"), &body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_bans_lifts_bans_and_sees_who_is_banned() {
    let keyed = Keyed::start(on_a_free_port).await;
    let ops = keyed.server.server.ops().unwrap();
    let (mut ada, room, mut eve, player) = with_eve(&keyed, "{}").await;
    let PlayerId(number) = player;
    for (what, body, status, code) in [
        ("ban", json!({"player": number}), 400, "bad_request"),
        ("ban", json!({"seconds": 9}), 400, "bad_request"),
        ("ban", json!({"player": number, "seconds": 0}), 400, "bad_request"),
        ("ban", json!({"player": number, "account": "eve", "seconds": 9}), 400, "bad_request"),
        ("ban", json!({"account": "", "seconds": 9}), 400, "bad_request"),
        ("mute", json!({"account": "x".repeat(65), "seconds": 9}), 400, "bad_request"),
        (
            "mute",
            json!({"player": number, "seconds": 9, "reason": "x".repeat(129)}),
            400,
            "bad_request",
        ),
        ("mute", json!({"player": 99, "seconds": 9}), 404, "unknown_player"),
        ("unban", json!({}), 400, "bad_request"),
        ("unmute", json!({"player": 99}), 404, "unknown_player"),
    ] {
        let answer = rule(ops, room, what, body.clone()).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{what} {body}");
    }
    let body = json!({"player": number, "seconds": 4000, "reason": "aimbot"});
    let done = rule(ops, room, "ban", body).await;
    assert_eq!((done.status, done.json()), (200, json!({"banned": "eve"})));
    let (_, text) = banned(&mut eve).await;
    assert_eq!(text, "you are banned from this room for 67 min still: aimbot");
    left(&mut eve).await;
    let refused = within("an answer", eve.join(Join::Room(room))).await;
    let Err(CallError::Refused { why: Refusal::Banned, text }) = refused else {
        panic!("{refused:?}");
    };
    assert!(text.ends_with("min still: aimbot"), "{text}");
    let done = rule(ops, room, "mute", json!({"account": "ada", "seconds": 30})).await;
    assert_eq!(done.json(), json!({"muted": "ada"}));
    let path = format!("/v1/rooms/{room}/conduct");
    let seen = within("the mute", async {
        loop {
            let seen = get(ops, &path).await.json();
            if seen["mutes"] != json!([]) {
                return seen;
            }
        }
    })
    .await;
    assert_eq!(
        (&seen["bans"][0]["account"], &seen["bans"][0]["reason"]),
        (&json!("eve"), &json!("aimbot"))
    );
    assert_eq!(seen["mutes"][0]["account"], "ada");
    assert!((1..=4000).contains(&seen["bans"][0]["seconds"].as_u64().unwrap()));
    // Somebody who was never here.
    let done = rule(ops, room, "ban", json!({"account": "mallory", "seconds": 60})).await;
    assert_eq!(done.json(), json!({"banned": "mallory"}));
    let mut mallory = keyed.player("mallory").await;
    assert_eq!(join(&mut mallory, Join::Room(room)).await, Refusal::Banned);
    for account in ["eve", "mallory"] {
        rule(ops, room, "unban", json!({"account": account})).await;
    }
    within("the bans are lifted", async {
        while get(ops, &path).await.json()["bans"] != json!([]) {}
    })
    .await;
    within("a seat", eve.join(Join::Room(room))).await.unwrap();
    assert_eq!(ask(&mut ada, &Request::Add(1)).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_seats_of_a_banned_account_end_and_a_kick_is_no_ban() {
    let keyed = Keyed::start(several).await;
    let (mut ada, room, mut eve, player) = with_eve(&keyed, "{}").await;
    let mut twice = keyed.player("eve").await;
    within("a seat", twice.join(Join::Room(room))).await.unwrap();
    ask(&mut ada, &Request::Kick(player)).await;
    left(&mut eve).await;
    let player = within("a seat", eve.join(Join::Room(room))).await.unwrap().player;
    ask(&mut ada, &Request::Ban(player, LONG_MS)).await;
    for client in [&mut eve, &mut twice] {
        banned(client).await;
        left(client).await;
    }
    state_where(&mut ada, |state| state.here == 1 && state.went == 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_survives_a_panic_a_killed_process_and_a_deploy() {
    let mut server = Hosted::start_in(|dir| drop(new_keys(&dir.join("auth.key"))));
    let keys = Keys::read(&server.dir.path().join("auth.key")).unwrap();
    let connect = |server: &Hosted, id: &str| Connect {
        token: Some(token(&keys, id, Role::Player)),
        ..server.connect_with()
    };
    let client = async |connect| within("a connection", Client::connect(connect)).await.unwrap();
    let mut ada = client(connect(&server, "ada")).await;
    let options = r#"{"hold_ms":60000}"#;
    let room = within("a seat", ada.join(new_room(options))).await.unwrap().room;
    let mut eve = client(Connect { resume: Resume::Off, ..connect(&server, "eve") }).await;
    let player = within("a seat", eve.join(Join::Room(room))).await.unwrap().player;
    let seat = eve.seat_token().unwrap().clone();
    ask(&mut ada, &Request::Ban(player, LONG_MS)).await;
    left(&mut eve).await;
    let panicked: Result<i32, _> = ada.request(&Request::Panic, DEADLINE).await;
    assert_eq!(refusal(panicked), Refusal::Failed);
    assert_eq!(join(&mut eve, Join::Room(room)).await, Refusal::Banned);
    for kills in [true, false, true] {
        match kills {
            true => server.kill(),
            false => {
                server.terminate();
                assert!(server.ended().await.success());
            }
        }
        server.start_again();
        find(&mut ada, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
        let mut eve = client(Connect { resume: Resume::Off, ..connect(&server, "eve") }).await;
        assert_eq!(join(&mut eve, Join::Room(room)).await, Refusal::Banned);
        let back = within("an answer", eve.resume(&seat)).await;
        assert!(matches!(refusal(back), Refusal::SeatGone | Refusal::BadToken));
        assert_eq!(refusal(eve.spectate(room).await), Refusal::Banned);
        let state = state_where(&mut ada, |_| true).await;
        assert_eq!((state.here, state.went), (1, 1));
    }
}
