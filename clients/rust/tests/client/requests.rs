//! Requests: one answer each, in time, or an error that says what became of them.

use std::time::Duration;

use greenroom_client::proto::{Refusal, Text, Tick, ToClient, ToServer};
use greenroom_client::{CallError, Client, Update};

use crate::mock::{Mock, Said, both, within, world};

const LONG: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_reply_is_the_type_that_was_asked_for() {
    let mock = Mock::tls().await;
    let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
    let (reply, ()) = both(client.request::<_, String>(&7u8, LONG), async {
        let ToServer::Request { id, body } = peer.control().await else { panic!() };
        assert_eq!(&*body, [7]);
        peer.reply(id, "seven").await;
    })
    .await;
    assert_eq!(reply.as_deref(), Ok("seven"));
    let (reply, ()) = both(client.request::<_, [u64; 4]>(&7u8, LONG), async {
        let id = peer.request().await;
        peer.reply(id, "x").await;
    })
    .await;
    assert!(matches!(reply, Err(CallError::Malformed(_))), "{reply:?}");
}

#[tokio::test]
async fn a_refused_request_says_why() {
    let mock = Mock::tls().await;
    let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
    let (reply, ()) = both(client.request::<_, String>(&7u8, LONG), async {
        let id = peer.request().await;
        let (why, text) = (Refusal::Busy, Text::cut("too many requests wait already"));
        peer.say(&ToClient::Refused { id, why, text }).await;
    })
    .await;
    let error = reply.unwrap_err();
    assert!(matches!(error, CallError::Refused { why: Refusal::Busy, .. }), "{error}");
}

#[tokio::test]
async fn updates_that_come_meanwhile_are_kept_and_frames_merge() {
    let mock = Mock::tls().await;
    let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
    let (reply, ()) = both(client.request::<_, String>(&7u8, LONG), async {
        let id = peer.request().await;
        peer.delta((10, world(1)), 11, world(2)).await;
        peer.full(12, world(3)).await;
        peer.delta((12, world(3)), 13, world(4)).await;
        peer.reply(id, "ok").await;
    })
    .await;
    assert_eq!(reply.as_deref(), Ok("ok"));
    assert_eq!(within(client.next()).await, Update::Frame { tick: Tick(13), full: true });
    assert_eq!(client.state(), Ok(Some(world(4))));
    assert_eq!(client.try_next(), None);
}

#[tokio::test]
async fn a_deadline_ends_the_wait_and_a_late_answer_is_nobodys() {
    let mock = Mock::tls().await;
    let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
    let deadline = Duration::from_millis(40);
    let reply = within(client.request::<_, String>(&1u8, deadline)).await;
    assert_eq!(reply, Err(CallError::Deadline(deadline)));
    let (reply, ()) = both(client.request::<_, String>(&2u8, LONG), async {
        let (late, id) = (peer.request().await, peer.request().await);
        peer.reply(late, "late").await;
        peer.reply(id, "second").await;
    })
    .await;
    assert_eq!(reply.as_deref(), Ok("second"));
}

#[tokio::test]
async fn a_deadline_is_kept_while_frames_pour_in() {
    let mock = Mock::tls().await;
    let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
    let deadline = Duration::from_millis(60);
    let mut tick = 10;
    let pour = async {
        loop {
            peer.delta((tick, world(1)), tick + 1, world(1)).await;
            tick += 1;
        }
    };
    tokio::select! {
        reply = client.request::<_, String>(&1u8, deadline) => {
            assert_eq!(reply, Err(CallError::Deadline(deadline)));
        }
        () = within(pour) => {}
    }
}

#[tokio::test]
async fn a_request_that_was_dropped_does_not_answer_the_next() {
    let mock = Mock::tls().await;
    let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
    let dropped =
        tokio::time::timeout(Duration::from_millis(1), client.request::<_, String>(&1u8, LONG));
    assert!(dropped.await.is_err());
    let first = within(peer.request()).await;
    peer.reply(first, "first").await;
    let (reply, ()) = both(client.request::<_, String>(&2u8, LONG), async {
        let id = peer.request().await;
        peer.reply(id, "second").await;
    })
    .await;
    assert_eq!(reply.as_deref(), Ok("second"));
}

#[tokio::test]
async fn started_requests_are_answered_by_updates() {
    let mock = Mock::tls().await;
    let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
    let first = client.start(&1u8, LONG).expect("a seat");
    let second = client.start(&2u8, Duration::from_millis(30)).expect("a seat");
    let third = client.start(&3u8, LONG).expect("a seat");
    let id = within(peer.request()).await;
    peer.reply(id, "one").await;
    let mut replies = Vec::new();
    while replies.len() < 2 {
        match within(client.next()).await {
            Update::Reply { id, reply } => {
                replies.push((id, reply.and_then(|reply| reply.decode::<String>())));
            }
            other => panic!("{other:?}"),
        }
    }
    let late = Err(CallError::Deadline(Duration::from_millis(30)));
    assert_eq!(replies, [(first, Ok("one".to_owned())), (second, late)]);
    drop(peer);
    let Update::Reply { id, reply: Err(CallError::Closed(_)) } = within(client.next()).await else {
        panic!("the third has an end too")
    };
    assert_eq!(id, third);
    assert!(matches!(within(client.next()).await, Update::Closed(_)));
}

#[tokio::test]
async fn too_many_requests_are_refused_here() {
    let mock = Mock::tls().await;
    let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
    let started = |client: &mut Client| client.start(&1u8, LONG);
    for _ in 0..64 {
        started(&mut client).expect("a place");
    }
    assert_eq!(started(&mut client), Err(CallError::Busy));
    let id = within(peer.request()).await;
    peer.reply(id, "one").await;
    within(client.next()).await;
    started(&mut client).expect("a place");
    assert!(matches!(within(peer.heard()).await, Said::Control(ToServer::Request { .. })));
    let long = client.start_bytes(vec![0; 5000], LONG);
    assert!(matches!(long, Err(CallError::TooLong { .. })), "{long:?}");
}
