//! Whole matches, from the first join to the line in the result file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use greenroom::Games;
use greenroom::bot::Act;
use greenroom::games::connect4::{self, Dropped, Illegal, Outcome, Phase, Reason};
use greenroom::proto::{
    HashCheck, JoinTarget, Layout, Replica, Rows, Schema, Text, Tick, ToClient, wire,
};
use greenroom_client::{Client, Join, Update};

use crate::support::raw::{Got, Raw, Target};
use crate::support::{DEADLINE, TestServer, ended, find, new_room, next, until, within};

const ARENA: &str = r#"{"max_players":9,"time_limit_secs":5,"score_limit":1000}"#;

/// What each client held after each tick that it saw.
type Seen = Arc<Mutex<BTreeMap<u32, Rows>>>;

/// Everybody who saw a tick saw the same.
fn note(seen: &Seen, tick: Tick, rows: &Rows) {
    let mut seen = seen.lock().unwrap();
    let first = seen.entry(tick.0).or_insert_with(|| rows.clone());
    assert_eq!(first, rows, "two replicas differ at {tick}");
}

/// Plays one match as this bot; returns the result and how many frames were seen.
async fn play(mut client: Client, seed: u64, seen: Seen) -> (String, u32) {
    let games = Games::builtin();
    let mut bot = games.get("arena").unwrap().bot("hunter", seed).unwrap();
    let me = client.seat().unwrap().player;
    let mut frames = 0;
    loop {
        match next(&mut client).await {
            Update::Frame { tick, .. } => {
                let (at, rows) = client.rows().expect("a frame was applied");
                assert_eq!(at, tick);
                note(&seen, tick, rows);
                frames += 1;
                for act in bot.act(me, at, rows, Duration::ZERO) {
                    let Act::Input(input) = act else { panic!("the arena knows no requests") };
                    client.input_bytes(&input).unwrap();
                }
            }
            Update::Event(event) => bot.event(&event.body),
            Update::People(_) => {}
            Update::Ended { result } => {
                assert_eq!(client.stats().desyncs, 0);
                return (result, frames);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Watches one match with a replica of its own; returns the result and how many hashes agreed.
async fn watch(mut raw: Raw, seen: Seen) -> (String, u32) {
    let to = JoinTarget::Open { game: Text::cut("arena"), options: Text::cut(ARENA) };
    let joined = raw.join(to).await;
    let schema: Schema = wire::decode(&joined.schema.unwrap()).unwrap();
    let mut replica = Replica::new(Layout::new(&schema).unwrap());
    let mut agreed = 0;
    loop {
        match raw.next().await {
            Got::State(message) => {
                let frame = replica.apply(&message).unwrap();
                assert_ne!(frame.hash, HashCheck::Differs, "at {}", frame.tick);
                agreed += u32::from(frame.hash == HashCheck::Agrees);
                note(&seen, frame.tick, replica.rows());
            }
            Got::Control(ToClient::Ended { result }) => return (result.into_string(), agreed),
            Got::Control(ToClient::Roster(_)) | Got::Ping => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_bots_finish_a_match_with_equal_replicas_and_one_result() {
    let server = TestServer::start(|_| {}).await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        clients.push(server.connect().await);
    }
    let spectator = Target::of(&server).greeted().await;
    let seen = Seen::default();
    let mut players = Vec::new();
    for (seed, mut client) in clients.into_iter().enumerate() {
        let join = Join::OpenOrCreate { game: "arena", options: ARENA };
        within("a seat", client.join(join)).await.unwrap();
        players.push(tokio::spawn(play(client, seed as u64, Arc::clone(&seen))));
    }
    let (result, agreed) = watch(spectator, Arc::clone(&seen)).await;
    assert!(agreed >= 4, "{agreed} hashes were compared in 150 ticks");
    for player in players {
        let (told, frames) = within("the end of a match", player).await.unwrap();
        assert_eq!(told, result);
        assert!(frames > 50, "{frames} frames in 150 ticks");
    }
    until("the room is gone", || server.server.rooms() == 0).await;
    let dir = server.stopped().await;
    let lines = TestServer::results_in(&dir);
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["game"], &lines[0]["ticks"]), (&"arena".into(), &150.into()));
    assert_eq!(lines[0]["result"], serde_json::from_str::<serde_json::Value>(&result).unwrap());
}

async fn request(client: &mut Client, column: u8) -> Result<Dropped, Illegal> {
    let request = connect4::Request::Drop { column };
    within("an answer", client.request(&request, DEADLINE)).await.unwrap()
}

/// Waits until the other's disc is told and in the state.
async fn sees_drop(client: &mut Client, by: u32, column: u8) {
    let told = find(client, |update| match update {
        Update::Event(event) => match event.decode().unwrap() {
            connect4::Event::Dropped { player, column, .. } => Some((player.0, column)),
            connect4::Event::Started { .. } => None,
        },
        _ => None,
    });
    assert_eq!(told.await, (by, column));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connect4_is_played_to_a_win_and_illegal_moves_are_answered() {
    let server = TestServer::start(|_| {}).await;
    let game = Join::OpenOrCreate { game: "connect4", options: "" };
    let (mut one, seat) = server.seated(game).await;
    assert_eq!(request(&mut one, 0).await, Err(Illegal::NotStarted));
    let (mut two, other) = server.seated(game).await;
    assert_eq!(seat.room, other.room);
    let first = find(&mut two, |update| match update {
        Update::Event(event) => match event.decode().unwrap() {
            connect4::Event::Started { first } => Some(first),
            other @ connect4::Event::Dropped { .. } => panic!("{other:?}"),
        },
        _ => None,
    })
    .await;
    let (mut first, mut second) = if first == seat.player { (one, two) } else { (two, one) };
    let id = |client: &Client| client.seat().unwrap().player.0;
    let (first_id, second_id) = (id(&first), id(&second));
    assert_eq!(request(&mut second, 0).await, Err(Illegal::NotYourTurn));
    assert_eq!(request(&mut first, 7).await, Err(Illegal::NoSuchColumn));
    for row in 0..3 {
        assert_eq!(request(&mut first, 0).await, Ok(Dropped { row, column: 0 }));
        sees_drop(&mut first, first_id, 0).await;
        sees_drop(&mut second, first_id, 0).await;
        assert_eq!(request(&mut second, 1).await, Ok(Dropped { row, column: 1 }));
        sees_drop(&mut first, second_id, 1).await;
        sees_drop(&mut second, second_id, 1).await;
    }
    assert_eq!(request(&mut first, 0).await, Ok(Dropped { row: 3, column: 0 }));
    let winner = first.seat().map(|seat| seat.player);
    for client in [&mut first, &mut second] {
        let result = ended(client).await;
        let outcome: Outcome = serde_json::from_str(&result).unwrap();
        let expected = Outcome { winner, reason: Reason::Four, moves: 7 };
        assert_eq!(outcome, Outcome { winner: outcome.winner, ..expected });
        assert_eq!(outcome.winner.map(|player| player.0), Some(first_id));
        let state: connect4::State = client.state().unwrap().unwrap();
        assert_eq!(state.phase, Phase::Over, "the last frame comes before the word of the end");
        assert!(client.seat().is_none() && client.closed().is_none());
    }
    until("the room is gone", || server.server.rooms() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_rooms_are_disposed_of_and_used_ones_are_not() {
    let server =
        TestServer::start(|config| config.rooms.room_empty = Duration::from_millis(100)).await;
    for options in ["", r#"{"tick_hz":0}"#] {
        let (mut client, seat) = server.seated(new_room(options)).await;
        let (mut stays, _) = server.seated(Join::Room(seat.room)).await;
        client.leave().await.unwrap();
        let asked = stays.request::<_, i32>(&crate::support::probe::Request::Add(5), DEADLINE);
        assert_eq!(within("an answer", asked).await, Ok(5));
        assert_eq!(server.server.rooms(), 1);
        stays.leave().await.unwrap();
        until("the empty room is gone", || server.server.rooms() == 0).await;
        assert!(stays.join(Join::Room(seat.room)).await.is_err());
    }
}
