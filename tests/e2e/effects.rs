//! What a game asks of the host, and the answers.

use greenroom::Games;
use greenroom::proto::Blob;
use greenroom_client::{Client, Update};

use crate::support::probe::{self, Event, Probe, Request};
use crate::support::witness::Witness;
use crate::support::{DEADLINE, TestServer, find, handler, new_room, within};

/// Answers with the number and the body, not at all to "quiet", never ends with "hang", and panics at
/// "panic".
fn games() -> Games {
    probe::games().effects::<Probe>(handler(|call| async move {
        assert_eq!(call.game, "probe");
        assert_ne!(call.body, b"\x05panic", "as the game asked");
        if call.body == b"\x04hang" {
            std::future::pending::<()>().await;
        }
        let answer = [call.number.to_string().as_bytes(), b":", &call.body[1..]].concat();
        (call.body != b"\x05quiet").then_some(answer)
    }))
}

async fn ask(client: &mut Client, body: &str) -> i32 {
    let request = Request::Effect(Blob::cut(body.as_bytes()));
    within("an answer", client.request(&request, DEADLINE)).await.unwrap()
}

/// The next signal that the game was given.
async fn signal(client: &mut Client) -> (u32, String) {
    find(client, |update| match update {
        Update::Event(event) => match event.decode().unwrap() {
            Event::Signal { effect, body } => {
                Some((effect, String::from_utf8(body.into_vec()).unwrap()))
            }
            _ => None,
        },
        _ => None,
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_come_back_as_signals_with_the_number_of_their_effect() {
    let server = TestServer::hosting(games(), |_| {}).await;
    for options in ["", r#"{"tick_hz":0}"#] {
        let (mut client, _) = server.seated(new_room(options)).await;
        assert_eq!(ask(&mut client, "one").await, 1);
        assert_eq!(signal(&mut client).await, (1, "1:one".to_owned()));
        assert_eq!(ask(&mut client, "quiet").await, 2);
        assert_eq!(ask(&mut client, "three").await, 3);
        // Of the second nothing is heard.
        assert_eq!(signal(&mut client).await, (3, "3:three".to_owned()));
        // Each room counts for itself.
        let (mut other, _) = server.seated(new_room(options)).await;
        assert_eq!(ask(&mut other, "x").await, 1);
        assert_eq!(signal(&mut other).await, (1, "1:x".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_panics_costs_only_its_answer() {
    let server = TestServer::hosting(games(), |_| {}).await;
    let (mut client, _) = server.seated(new_room("")).await;
    // More than run at once: a panic gives its place back.
    for number in 1..=40 {
        assert_eq!(ask(&mut client, "panic").await, number);
    }
    assert_eq!(ask(&mut client, "after").await, 41);
    assert_eq!(signal(&mut client).await, (41, "41:after".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_never_ends_is_cut_off_and_others_get_their_turn() {
    let short = std::time::Duration::from_millis(150);
    let server = TestServer::hosting(games(), |config| config.rooms.effect_timeout = short).await;
    let (mut client, _) = server.seated(new_room("")).await;
    // More than run at once.
    for number in 1..=20 {
        assert_eq!(ask(&mut client, "hang").await, number);
    }
    assert_eq!(ask(&mut client, "after").await, 21);
    assert_eq!(signal(&mut client).await, (21, "21:after".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_handler_the_room_plays_on() {
    let server = TestServer::start(|_| {}).await;
    let (mut client, _) = server.seated(new_room("")).await;
    assert_eq!(ask(&mut client, "anybody?").await, 1);
    Witness::new(client).plays_on().await;
}
