//! What people say about themselves.

use greenroom::proto::{Profile, Refusal, Text};
use greenroom_client::{CallError, Join};

use crate::support::who::{NEW_ROOM, known};
use crate::support::{TestServer, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_cleaned_and_then_the_games_own_matter() {
    let server = TestServer::start(|_| {}).await;
    let mut host = server.connect().await;
    let data = r#"{"hat":"red"}"#;
    let profile =
        Profile { name: Text::cut("  \u{202e}Ａda\u{200b}\t L. "), data: Text::cut(data) };
    let seat = within("a seat", host.join_as(NEW_ROOM, profile)).await.unwrap();
    let first = known(&mut host, seat.player).await;
    assert_eq!((&*first.name, &*first.data), ("Ada L.", data));

    // The game changes a name that is taken, and one that is missing, and refuses another.
    let to = Join::Room(seat.room);
    let mut double = server.connect().await;
    let twin = Profile::named("Ada L.").unwrap();
    let second = within("a seat", double.join_as(to, twin)).await.unwrap();
    assert_eq!(&*known(&mut host, second.player).await.name, "Ada L. 2");
    let mut nobody = server.connect().await;
    let third = within("a seat", nobody.join(to)).await.unwrap();
    assert!(known(&mut host, third.player).await.name.starts_with("guest-"));
    let mut troll = server.connect().await;
    let hidden = Profile::named("tr\u{200d}oll").unwrap();
    let error = within("an answer", troll.join_as(to, hidden)).await.unwrap_err();
    let CallError::Refused { why: Refusal::Game, text } = &error else { panic!("{error}") };
    assert_eq!(text, "choose another name");
    // The seat is free again, and the connection may try once more.
    within("a seat", troll.join_as(to, Profile::named("Tom").unwrap())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_that_is_no_object_is_refused_before_a_seat_is_taken() {
    let server = TestServer::start(|_| {}).await;
    let mut client = server.connect().await;
    for bad in ["7", "[]", "{", r#"{"a":}"#] {
        let profile = Profile { name: Text::cut("Ada"), data: Text::cut(bad) };
        let error = within("an answer", client.join_as(NEW_ROOM, profile)).await.unwrap_err();
        assert!(matches!(error, CallError::Refused { why: Refusal::BadProfile, .. }), "{error}");
    }
    assert_eq!(server.server.rooms(), 0);
    within("a seat", client.join(NEW_ROOM)).await.unwrap();
    assert!(Profile::named(&"x".repeat(33)).is_err());
}
