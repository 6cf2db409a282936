//! Who talks to spoil it: each is answered with a reason, and nobody else notices.

use greenroom::proto::{
    CloseCode, JoinTarget, Profile, Refusal, RoomId, Text, ToClient, ToServer, frame, wire,
};
use greenroom_client::Join;

use super::{line, say, texts, unsaid};
use crate::support::raw::{Got, Raw, Target};
use crate::support::witness::Witness;
use crate::support::{TestServer, new_room};

const TALK: &str = r#"{"chat":true,"chat_burst":1000}"#;

fn chat(id: u32, text: &str) -> ToServer {
    ToServer::Chat { id, scope: 0, text: Text::cut(text) }
}

async fn seated(raw: &mut Raw, room: RoomId) {
    let to = JoinTarget::Room(room);
    raw.say(&ToServer::Join { id: 1, to, schema: None, profile: Profile::default() }).await;
    while !matches!(raw.next().await, Got::Control(ToClient::Joined(_))) {}
}

/// The next answer: the number, and why not.
async fn answer(raw: &mut Raw) -> (u32, Option<Refusal>) {
    loop {
        match raw.next().await {
            Got::Control(ToClient::Refused { id, why, .. }) => return (id, Some(why)),
            Got::Control(ToClient::Reply { id, body }) => {
                assert!(body.is_empty());
                return (id, None);
            }
            Got::State(_) | Got::Ping | Got::Pong => {}
            other => panic!("no answer: {other:?}"),
        }
    }
}

async fn close_code(raw: &mut Raw) -> u16 {
    loop {
        if let Got::Close(code, _) = raw.next().await {
            return code;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_seen_or_turns_lines_around_is_cleaned_and_the_rest_refused() {
    let server = TestServer::start(|_| {}).await;
    let (mut ada, seat) = server.seated(new_room(TALK)).await;
    let (mut bob, _) = server.seated(Join::Room(seat.room)).await;
    for (said, heard) in [
        ("\u{202e}drawkcab", "drawkcab"),
        ("a\u{0}b\u{7}c\u{1b}[31m", "abc[31m"),
        ("two\r\nlines\u{2028}three", "two lines three"),
        ("\u{2066}x\u{2069}\u{200b}y\u{feff}", "xy"),
        ("𝕳𝖎 🦀 漢字", "Hi 🦀 漢字"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ] {
        say(&mut ada, said).await;
        assert_eq!(&*line(&mut bob).await.text, heard, "{said:?}");
    }
    let crabs = "🦀".repeat(128);
    say(&mut ada, &crabs).await;
    assert_eq!(texts(&mut bob, 1).await, [crabs]);
    for bad in ["", " \t\n", "\u{200b}\u{202e}", &"x".repeat(201), &"\u{fdfa}".repeat(40)] {
        let (why, text) = unsaid(&mut ada, 0, bad).await;
        assert_eq!(why, Refusal::BadText, "{bad:?}");
        assert!(text.contains("line"), "{text}");
    }
    say(&mut ada, "still here").await;
    assert_eq!(texts(&mut bob, 1).await, ["still here"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_wrong_numbers_and_nonsense_are_answered_and_others_play_on() {
    let server = TestServer::start(|_| {}).await;
    let target = Target::of(&server);
    let (ada, seat) = server.seated(new_room(TALK)).await;
    let witness = Witness::new(ada);

    // Without a seat, and before one is given.
    let mut raw = target.greeted().await;
    raw.say(&chat(1, "hello")).await;
    assert_eq!(answer(&mut raw).await, (1, Some(Refusal::NoSeat)));
    seated(&mut raw, seat.room).await;
    // A number that was used is done once.
    for _ in 0..3 {
        raw.say(&chat(5, "once")).await;
        assert_eq!(answer(&mut raw).await, (5, None));
    }
    raw.say(&chat(4, "too late")).await;
    assert_eq!(answer(&mut raw).await, (4, Some(Refusal::Failed)));
    // The longest, in a scope that the game does not have.
    let text = Text::cut(&"y".repeat(512));
    raw.say(&ToServer::Chat { id: 6, scope: 255, text }).await;
    assert_eq!(answer(&mut raw).await, (6, Some(Refusal::BadText)));

    // More than a line can be.
    let mut bytes = vec![frame::CONTROL];
    wire::encode_into(&chat(7, &"z".repeat(512)), &mut bytes);
    let length = bytes.iter().position(|byte| *byte == 251).unwrap();
    bytes[length + 1] = 1;
    bytes.push(b'z');
    raw.message(&bytes).await;
    assert_eq!(close_code(&mut raw).await, CloseCode::Malformed.code());

    // As fast as it goes: refused, and then closed.
    let mut raw = target.greeted().await;
    seated(&mut raw, seat.room).await;
    for id in 10..2_000 {
        raw.say(&chat(id, "spam")).await;
    }
    assert_eq!(close_code(&mut raw).await, CloseCode::Flooding.code());
    witness.plays_on().await;
    let (mut late, _) = server.seated(Join::Room(seat.room)).await;
    let heard = texts(&mut late, 3).await;
    assert!(heard.iter().all(|text| text == "spam" || text == "once"), "{heard:?}");
    assert_eq!(server.restarts(seat.room), 0);
}
