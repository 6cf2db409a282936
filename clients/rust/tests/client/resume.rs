//! Coming back to a seat: what the client asks with, and what it makes of each answer.

use std::time::Duration;

use greenroom_client::proto::{
    Joined, Refusal, Text, Then, Tick, ToClient, ToServer, schema_of, wire,
};
use greenroom_client::{CallError, Client, Closed, ClosedBy, Connect, Lead, Lost, Update};

use crate::mock::{
    Asked, Frame, Mock, Peer, Said, World, held, seat_as, time_flies, token_of, within, world,
};

pub const LONG: Duration = Duration::from_secs(15);

pub async fn broken(client: &mut Client) -> Closed {
    match within(client.next()).await {
        Update::Broken { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

/// The seat is back; for how long there was no connection.
pub async fn resumed(client: &mut Client) -> Duration {
    match within(client.next()).await {
        Update::Resumed { after, events_lost: false } => after,
        other => panic!("{other:?}"),
    }
}

pub async fn closed(client: &mut Client) -> Closed {
    match within(client.next()).await {
        Update::Closed(closed) => closed,
        other => panic!("{other:?}"),
    }
}

/// Breaks the connection and has the client come back, up to what it asks with.
pub async fn comes_back(mock: &Mock, client: &mut Client, peer: Peer) -> (Peer, Asked) {
    drop(peer);
    broken(client).await;
    asks(mock, client).await
}

/// What a client asks with that is coming back.
pub async fn asks(mock: &Mock, client: &mut Client) -> (Peer, Asked) {
    tokio::select! {
        update = client.next() => panic!("{update:?}"),
        asks = within(mock.accept_resume()) => asks,
    }
}

/// What the client says next.
pub async fn says(client: &mut Client, peer: &mut Peer) -> Said {
    tokio::select! {
        update = client.next() => panic!("{update:?}"),
        said = within(peer.heard()) => said,
    }
}

pub fn ack(events: u32, replies: u32) -> Said {
    Said::Control(ToServer::Ack { events, replies })
}

pub async fn refuse(peer: &mut Peer, id: u32, why: Refusal, text: &str) {
    peer.say(&ToClient::Refused { id, why, text: Text::cut(text) }).await;
}

/// A frame with events.
pub fn frame(from: u32, tick: u32, events: &[(u32, u32, u8)]) -> Vec<u8> {
    let from = Some((from, world(from)));
    Frame { from, tick, world: world(tick), events: events.to_vec(), ..Frame::default() }.bytes()
}

#[tokio::test(start_paused = true)]
async fn a_client_comes_back_to_its_state_and_its_events() {
    time_flies();
    let mock = Mock::tls().await;
    let (mut client, mut peer) = mock.held().await;
    peer.full(10, world(10)).await;
    within(client.next()).await;
    peer.send(frame(10, 12, &[(1, 0, 7), (2, 0, 8)])).await;
    for _ in 0..3 {
        within(client.next()).await;
    }
    let (mut peer, asked) = comes_back(&mock, &mut client, peer).await;
    assert_eq!(
        asked,
        Asked { id: 0, token: token_of(1), tick: Some(12), events: Some(2), schema: None }
    );
    // Its schema need not be sent again.
    let Some(ToServer::Hello { schemas, .. }) = &peer.hello else { panic!() };
    assert_eq!(**schemas, [schema_of::<World>().hash()]);
    assert_eq!(client.state(), Ok(Some(world(12))));
    assert!(client.seat().is_some() && !client.is_connected() && client.closed().is_none());
    assert_eq!(client.seat_token(), Some(&token_of(1)));

    peer.say(&ToClient::Joined(Joined { events: 2, schema: None, ..held(0, 2) })).await;
    resumed(&mut client).await;
    assert_eq!(within(peer.heard()).await, ack(2, 1));
    assert_eq!((client.seat_token(), client.is_connected()), (Some(&token_of(2)), true));
    peer.send(frame(12, 90, &[(3, 70, 9)])).await;
    assert_eq!(within(client.next()).await, Update::Frame { tick: Tick(90), full: false });
    let Update::Event(event) = within(client.next()).await else { panic!() };
    assert_eq!((event.number, event.tick), (3, Tick(20)));
    assert_eq!(client.state(), Ok(Some(world(90))));
    let stats = client.stats();
    assert_eq!((stats.resumed, stats.desyncs, stats.frames_full), (1, 0, 2));
    assert!(stats.away > Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_state_that_is_wrong_is_not_asked_to_be_changed() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer) = mock.held().await;
    peer.delta((10, world(5)), 11, world(9)).await;
    assert_eq!(says(&mut client, &mut peer).await, Said::Control(ToServer::Resync));
    let (mut peer, asked) = comes_back(&mock, &mut client, peer).await;
    assert_eq!(asked.tick, None);
    peer.say(&ToClient::Joined(held(0, 2))).await;
    resumed(&mut client).await;
    assert_eq!(within(peer.heard()).await, ack(0, 1));
    // A server that sends a change all the same is asked once more.
    peer.delta((10, world(1)), 19, world(19)).await;
    assert_eq!(says(&mut client, &mut peer).await, Said::Control(ToServer::Resync));
    peer.full(20, world(20)).await;
    assert_eq!(within(client.next()).await, Update::Frame { tick: Tick(20), full: true });
}

#[tokio::test(start_paused = true)]
async fn refusals_that_pass_are_tried_again_and_others_are_the_end() {
    time_flies();
    let mock = Mock::plain().await;
    for why in [Refusal::Failed, Refusal::Busy, Refusal::Stopping] {
        let (mut client, peer) = mock.held().await;
        let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
        refuse(&mut peer, 0, why, "not now").await;
        let (mut peer, asked) = asks(&mock, &mut client).await;
        assert_eq!(asked.token, token_of(1), "it costs neither token nor seat");
        peer.say(&ToClient::Joined(held(0, 2))).await;
        resumed(&mut client).await;
    }
    for why in [Refusal::BadToken, Refusal::SeatGone, Refusal::OtherSchema, Refusal::NoSeat] {
        let (mut client, peer) = mock.held().await;
        let waits = client.start(&1u8, LONG).expect("a seat");
        let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
        refuse(&mut peer, 0, why, "it is gone").await;
        let Update::Reply { id, reply: Err(CallError::Closed(_)) } = within(client.next()).await
        else {
            panic!("a request has an end, too")
        };
        assert_eq!(id, waits);
        let closed = closed(&mut client).await;
        let text = "it is gone".into();
        assert_eq!(closed.lost, Some(Lost::Refused { why, text }));
        let text = closed.to_string();
        assert!(text.contains("the seat is lost: the server refused it: it is gone"), "{text}");
        let update = why == Refusal::OtherSchema;
        assert_eq!(text.contains("update the client"), update, "{text}");
        assert_eq!(closed.then, if update { Then::Stop } else { Then::BackOff });
        assert_eq!(within(peer.heard()).await, Said::Closed(1000));
        assert_eq!(client.input(&1u8), Err(CallError::Closed(closed)));
        assert_eq!(client.seat_token(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn events_that_are_lost_are_said_to_be() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = mock.held().await;
    let (mut peer, asked) = comes_back(&mock, &mut client, peer).await;
    assert_eq!(asked.events, Some(0));
    refuse(&mut peer, 0, Refusal::TooFarBehind, "5000 events").await;
    let asked = tokio::select! {
        update = client.next() => panic!("{update:?}"),
        asked = peer.resume() => asked,
    };
    assert_eq!((asked.events, asked.tick), (None, Some(10)));
    peer.say(&ToClient::Joined(Joined { events: 5000, ..held(0, 2) })).await;
    let update = within(client.next()).await;
    assert!(matches!(update, Update::Resumed { events_lost: true, .. }), "{update:?}");
    assert_eq!(within(peer.heard()).await, ack(5000, 1));
    let from = Some((10, world(1)));
    let events = vec![(5001, 0, 1)];
    peer.send(Frame { from, tick: 900, world: world(2), events, ..Frame::default() }.bytes()).await;
    within(client.next()).await;
    let Update::Event(event) = within(client.next()).await else { panic!() };
    assert_eq!(event.number, 5001);
}

#[tokio::test(start_paused = true)]
async fn a_gap_a_repeat_and_another_seat_are_broken_promises() {
    time_flies();
    let mock = Mock::plain().await;
    type Change = fn(&mut Joined);
    let wrong: [(&str, Change, u32); 6] = [
        ("after 2, and go on after 1", |joined| joined.events = 1, 0),
        ("after 2, and go on after 3", |joined| joined.events = 3, 0),
        ("another seat", |joined| joined.room.0 += 1, 0),
        ("another seat", |joined| joined.player.0 += 1, 0),
        ("event 2 came where event 3 was due", |_| {}, 2),
        ("event 4 came where event 3 was due", |_| {}, 4),
    ];
    for (part, change, next) in wrong {
        let (mut client, mut peer) = mock.held().await;
        peer.full(11, world(11)).await;
        peer.send(frame(11, 12, &[(1, 0, 7), (2, 0, 8)])).await;
        while !matches!(within(client.next()).await, Update::Event(event) if event.number == 2) {}
        let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
        let mut joined = Joined { events: 2, ..held(0, 2) };
        change(&mut joined);
        peer.say(&ToClient::Joined(joined)).await;
        if next > 0 {
            resumed(&mut client).await;
            peer.send(frame(12, 13, &[(next, 0, 9)])).await;
        }
        let closed = closed(&mut client).await;
        assert_eq!((closed.by, closed.code), (ClosedBy::Client, 4000));
        assert!(closed.reason.contains(part), "{closed}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_token_that_came_is_the_one_that_is_used() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = mock.held().await;
    // The server has given token 2 away, and the client did not get it.
    let (peer, asked) = comes_back(&mock, &mut client, peer).await;
    assert_eq!(asked.token, token_of(1));
    drop(peer);
    let (mut peer, asked) = asks(&mock, &mut client).await;
    assert_eq!(asked.token, token_of(1));
    // Now it gets one. It says at once that it has it.
    peer.say(&ToClient::Joined(held(0, 3))).await;
    resumed(&mut client).await;
    assert_eq!(within(peer.heard()).await, ack(0, 1));
    let (_peer, asked) = comes_back(&mock, &mut client, peer).await;
    assert_eq!(asked.token, token_of(3));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_between_resume_and_its_answer() {
    time_flies();
    let mock = Mock::plain().await;
    let connect = Connect { lead: Lead::Fixed(0), ..mock.connect() };
    let (mut client, peer) = mock.held_by(connect).await;
    let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
    client.input(&1u8).expect("a seat");
    client.start(&1u8, LONG).expect("a seat");
    let quiet = tokio::time::timeout(Duration::from_secs(5), says(&mut client, &mut peer)).await;
    assert!(quiet.is_err(), "{quiet:?}");
    peer.say(&ToClient::Joined(held(0, 2))).await;
    resumed(&mut client).await;
    assert_eq!(within(peer.heard()).await, ack(0, 1));
    assert_eq!(within(peer.request()).await, 2);
    assert!(matches!(within(peer.heard()).await, Said::Input { .. }));
}

#[test]
fn a_client_can_be_sent_to_another_thread_and_looked_at_from_there() {
    fn fits<T: Send + Sync>() {}
    fits::<Client>();
}

/// Whatever comes in the stead of an answer: an end or the seat, and never a panic.
#[tokio::test(start_paused = true)]
async fn damaged_answers_are_survived() {
    time_flies();
    let mock = Mock::plain().await;
    let mut proper = vec![greenroom_client::proto::frame::CONTROL];
    wire::encode_into(&ToClient::Joined(Joined { schema: None, ..held(0, 2) }), &mut proper);
    for place in 0..proper.len() {
        for damage in [0x01, 0x80, 0xff] {
            let (mut client, peer) = mock.held().await;
            let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
            let mut bytes = proper.clone();
            bytes[place] ^= damage;
            peer.send(bytes).await;
            peer.full(12, world(5)).await;
            match within(client.next()).await {
                Update::Closed(closed) => assert!(!closed.to_string().is_empty()),
                Update::Resumed { .. } => {
                    let frame = within(client.next()).await;
                    assert_eq!(frame, Update::Frame { tick: Tick(12), full: true });
                }
                other => panic!("{place}, {damage:#x}: {other:?}"),
            }
        }
    }
}

/// Requests of a seat that is over are nobody's in the next.
#[tokio::test(start_paused = true)]
async fn nothing_of_an_earlier_seat_is_sent_again() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer) = mock.held().await;
    client.start(&1u8, LONG).expect("a seat");
    assert_eq!(within(peer.request()).await, 2);
    peer.say(&ToClient::Left).await;
    assert_eq!(within(client.next()).await, Update::Left);
    seat_as(&mut client, &mut peer, |id| held(id, 2)).await;
    client.start(&2u8, LONG).expect("a seat");
    assert_eq!(within(peer.request()).await, 4);
    let (mut peer, asked) = comes_back(&mock, &mut client, peer).await;
    assert_eq!(asked.token, token_of(2));
    peer.say(&ToClient::Joined(held(0, 3))).await;
    resumed(&mut client).await;
    assert_eq!(within(peer.heard()).await, ack(0, 3));
    assert_eq!(within(peer.request()).await, 4);
}

#[tokio::test]
async fn a_client_without_a_state_comes_back_to_the_change_as_one_with_a_state() {
    let mock = Mock::tls().await;
    let connect = Connect { keep_state: false, ..mock.connect() };
    let (mut client, mut peer) = mock.held_by(connect).await;
    peer.send(frame(4, 11, &[])).await;
    assert!(matches!(within(client.next()).await, Update::Frame { tick: Tick(11), .. }));
    // The program breaks it by itself, as a network would.
    client.break_connection();
    let why = broken(&mut client).await;
    assert_eq!((why.by, why.reason.as_str()), (ClosedBy::Network, "this program broke it"));
    let (_peer, asked) = asks(&mock, &mut client).await;
    assert_eq!(asked.tick, Some(11));
}
