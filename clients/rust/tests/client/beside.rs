//! Several seats on one connection: each gets what is its own.

use greenroom_client::proto::{
    CloseCode, Joined, List, PlayerId, Refusal, RoomId, Text, Tick, ToClient, ToServer, wire,
};
use greenroom_client::{CallError, Client, Join, Lost, SeatInfo, Update};

use crate::mock::{Frame, Mock, Peer, Said, both, held, time_flies, within, world};
use crate::resume::LONG;

/// A seat in the room of this channel; its token is that of the channel, too.
pub fn held_on(channel: u8, id: u32) -> Joined {
    let (room, player) = (RoomId(77 + u64::from(channel)), PlayerId(3 + u32::from(channel)));
    Joined { room, player, ..held(id, channel + 1) }
}

/// Gets the client a seat on a channel.
pub async fn seat_on(client: &mut Client, peer: &mut Peer, channel: u8) -> SeatInfo {
    let mut beside = client.beside(channel).expect("a channel");
    let join = Join::OpenOrCreate { game: "test", options: "" };
    let (seat, ()) = both(beside.join(join), async {
        let ToServer::Join { id, .. } = peer.control_on(channel).await else { panic!("no join") };
        peer.say_on(channel, &ToClient::Joined(held_on(channel, id))).await;
    })
    .await;
    let seat = seat.expect("a seat");
    assert_eq!(seat.room, held_on(channel, 0).room);
    seat
}

/// A client with a seat on the first channel and on others.
pub async fn seated(mock: &Mock, others: &[u8]) -> (Client, Peer) {
    let (mut client, mut peer) = mock.held().await;
    for channel in others {
        seat_on(&mut client, &mut peer, *channel).await;
    }
    (client, peer)
}

/// A whole state on a channel.
pub async fn full(peer: &mut Peer, channel: u8, tick: u32) {
    let frame = Frame { tick, world: world(tick), ..Frame::default() };
    peer.send_on(channel, frame.bytes()).await;
}

pub fn of_frame(tick: u32) -> Update {
    Update::Frame { tick: Tick(tick), full: true }
}

#[tokio::test(start_paused = true)]
async fn each_channel_has_a_seat_a_state_and_answers_of_its_own() {
    time_flies();
    let mock = Mock::tls().await;
    let (mut client, mut peer) = seated(&mock, &[1, 3]).await;
    assert_eq!(client.seat().unwrap().room, RoomId(77));
    assert_eq!(client.beside(0).unwrap().seat().unwrap().room, RoomId(77));
    let rooms = [1, 2, 3].map(|channel| client.beside(channel).unwrap().seat().map(|s| s.room));
    assert_eq!(rooms, [Some(RoomId(78)), None, Some(RoomId(80))]);
    // Who waits for one channel finds the others' updates later, each in order.
    full(&mut peer, 3, 30).await;
    full(&mut peer, 1, 20).await;
    full(&mut peer, 0, 11).await;
    assert_eq!(within(client.next()).await, of_frame(11));
    assert_eq!(client.try_next(), None);
    assert_eq!(within(client.beside(3).unwrap().next()).await, of_frame(30));
    full(&mut peer, 0, 12).await;
    assert_eq!(within(client.next_any()).await, (1, of_frame(20)));
    assert_eq!(within(client.next_any()).await, (0, of_frame(12)));
    for (channel, tick) in [(0, 12), (1, 20), (3, 30)] {
        assert_eq!(client.beside(channel).unwrap().state(), Ok(Some(world(tick))));
    }
    // Inputs and requests go to the channel's room, and are counted by it.
    for channel in [3, 0, 3] {
        client.beside(channel).unwrap().input(&channel).unwrap();
        let said = within(peer.heard_on()).await;
        assert!(
            matches!(&said, (on, Said::Input { body, .. }) if (*on, &body[..]) == (channel, &[channel]))
        );
    }
    assert_eq!(client.beside(3).unwrap().input(&3u8).unwrap().ordinal, 3);
    within(peer.heard_on()).await;
    let mut asked = Vec::new();
    for channel in [0, 1] {
        asked.push(client.beside(channel).unwrap().start(&channel, LONG).unwrap());
        let ToServer::Request { id, .. } = peer.control_on(channel).await else { panic!() };
        let body = wire::encode(&channel).try_into().unwrap();
        peer.say_on(channel, &ToClient::Reply { id, body }).await;
    }
    for (channel, asked) in asked.into_iter().enumerate() {
        let (on, update) = within(client.next_any()).await;
        let Update::Reply { id, reply } = update else { panic!("{update:?}") };
        let reply: u8 = reply.unwrap().decode().unwrap();
        assert_eq!((usize::from(on), id, usize::from(reply)), (channel, asked, channel));
    }
}

#[tokio::test(start_paused = true)]
async fn a_seat_that_is_left_or_taken_away_ends_nothing_elsewhere() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer) = seated(&mock, &[1, 2]).await;
    let (left, ()) = both(async { client.beside(1).unwrap().leave().await }, async {
        assert_eq!(peer.control_on(1).await, ToServer::Leave);
        peer.say_on(1, &ToClient::Left).await;
    })
    .await;
    assert_eq!(left, Ok(()));
    let waits = client.beside(2).unwrap().start(&1u8, LONG).unwrap();
    peer.control_on(2).await;
    peer.say_on(2, &ToClient::Dismissed { code: CloseCode::Kicked }).await;
    let reply = Err(CallError::NoSeat);
    assert_eq!(within(client.next_any()).await, (2, Update::Reply { id: waits, reply }));
    let lost = Lost::Dismissed(CloseCode::Kicked);
    assert_eq!(lost.to_string(), "the server took it away (4006): removed from the server");
    assert_eq!(within(client.next_any()).await, (2, Update::Dismissed(lost)));
    assert_eq!(client.beside(2).unwrap().input(&1u8), Err(CallError::NoSeat));
    full(&mut peer, 0, 11).await;
    assert_eq!(within(client.next_any()).await, (0, of_frame(11)));
    // What was on its way to a seat that is over counts for nothing, and another may be taken.
    full(&mut peer, 2, 40).await;
    seat_on(&mut client, &mut peer, 2).await;
    full(&mut peer, 2, 41).await;
    assert_eq!(within(client.next_any()).await, (2, of_frame(41)));
    assert_eq!(client.stats().frames_ignored, 1);
    // Also on the first, where what is asked of the server is answered all the same.
    let (rooms, ()) = both(client.list("test"), async {
        let ToServer::List { id, .. } = peer.control_on(0).await else { panic!() };
        peer.say(&ToClient::Dismissed { code: CloseCode::RoomFailed }).await;
        peer.say(&ToClient::Rooms { id, rooms: List::default() }).await;
    })
    .await;
    assert_eq!(rooms, Ok(vec![]));
    let lost = Lost::Dismissed(CloseCode::RoomFailed);
    assert_eq!(within(client.next()).await, Update::Dismissed(lost));
    assert!(client.is_connected() && client.seat().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_use_says_what_is_wrong() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer) = seated(&mock, &[1]).await;
    let error = client.beside(4).err().unwrap();
    assert_eq!(error, CallError::NoChannel(4));
    assert!(error.to_string().contains("there are 3 beside it"), "{error}");
    let join = Join::OpenOrCreate { game: "test", options: "" };
    assert_eq!(client.beside(1).unwrap().join(join).await, Err(CallError::AlreadySeated));
    let (refused, ()) = both(async { client.beside(2).unwrap().join(join).await }, async {
        let ToServer::Join { id, .. } = peer.control_on(2).await else { panic!() };
        let text = Text::cut("not beside another");
        peer.say_on(2, &ToClient::Refused { id, why: Refusal::NotBeside, text }).await;
    })
    .await;
    assert!(matches!(refused, Err(CallError::Refused { why: Refusal::NotBeside, .. })));
    // A server that uses a channel that there is not breaks its promise.
    peer.send(vec![4, 9, 0]).await;
    let Update::Closed(closed) = within(client.next()).await else { panic!() };
    assert_eq!(closed.code, CloseCode::Malformed.code());
}

/// Events of which the caller takes none.
async fn flood(peer: &mut Peer, channel: u8) {
    for number in (1..=9_000).step_by(100) {
        let events = (number..number + 100).map(|number| (number, 0, 7)).collect();
        let frame = Frame { tick: 20 + number, world: world(1), events, ..Frame::default() };
        peer.send_on(channel, frame.bytes()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_taken_on_one_channel_costs_its_seat_and_nothing_else() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer) = seated(&mock, &[1]).await;
    let server = async {
        flood(&mut peer, 1).await;
        full(&mut peer, 0, 50).await;
        loop {
            match peer.heard_on().await {
                (1, Said::Control(ToServer::Ack { .. })) => {}
                said => return assert_eq!(said, (1, Said::Control(ToServer::Leave))),
            }
        }
    };
    let (update, ()) = both(client.next(), server).await;
    assert_eq!(update, of_frame(50));
    peer.say_on(1, &ToClient::Left).await;
    let (on, Update::Dismissed(lost)) = within(client.next_any()).await else { panic!() };
    assert_eq!(
        (on, lost.to_string()),
        (1, "8192 updates waited for this program to take them".into())
    );
    assert_eq!(client.try_next_any(), None);
    seat_on(&mut client, &mut peer, 1).await;
    full(&mut peer, 1, 60).await;
    assert_eq!(within(client.next_any()).await, (1, of_frame(60)));
}
