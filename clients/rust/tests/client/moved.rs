//! The game moves the player to another room: what the client makes of it.

use std::time::Duration;

use greenroom_client::proto::{Joined, PlayerId, Refusal, RoomId, Tick, ToClient, ToServer};
use greenroom_client::{CallError, Client, SeatInfo, Update};

use crate::mock::{Mock, Said, both, held, time_flies, token_of, within, world};
use crate::resume::{LONG, ack, comes_back, frame, says};

const THERE: RoomId = RoomId(78);

/// A seat in the other room.
fn there(id: u32, token: u8) -> Joined {
    Joined { room: THERE, player: PlayerId(5), tick: Tick(400), schema: None, ..held(id, token) }
}

fn moved(id: u32, token: u8) -> ToClient {
    ToClient::Moved { from: RoomId(77), joined: there(id, token) }
}

fn arrived() -> Said {
    Said::Control(ToServer::Arrived { room: THERE, player: PlayerId(5) })
}

async fn is_moved(client: &mut Client) -> SeatInfo {
    match within(client.next()).await {
        Update::Moved { from: RoomId(77), seat } => seat,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_seat_is_another_from_one_update_to_the_next() {
    time_flies();
    let mock = Mock::tls().await;
    let (mut client, mut peer) = mock.held().await;
    peer.full(10, world(1)).await;
    within(client.next()).await;
    client.input(&1u8).unwrap();
    assert!(matches!(within(peer.heard()).await, Said::Input { .. }));
    peer.say(&moved(0, 9)).await;
    let seat = is_moved(&mut client).await;
    assert_eq!((seat.room, seat.player), (THERE, PlayerId(5)));
    assert_eq!(client.seat(), Some(&seat));
    assert_eq!(client.seat_token(), Some(&token_of(9)));
    assert_eq!(within(peer.heard()).await, arrived());
    // Nothing is left of the state before; inputs and events count anew.
    assert_eq!(client.state::<crate::mock::World>(), Ok(None));
    assert_eq!(client.input(&2u8).unwrap().ordinal, 1);
    peer.full(401, world(401)).await;
    assert_eq!(within(client.next()).await, Update::Frame { tick: Tick(401), full: true });
    assert_eq!(client.state(), Ok(Some(world(401))));
    peer.send(frame(401, 402, &[(1, 0, 7)])).await;
    within(client.next()).await;
    assert!(matches!(within(client.next()).await, Update::Event(event) if event.number == 1));
}

#[tokio::test(start_paused = true)]
async fn what_the_room_before_has_not_answered_is_refused_and_nothing_is_said_to_the_wrong_room() {
    time_flies();
    let mock = Mock::tls().await;
    let (mut client, mut peer) = mock.held().await;
    let started = client.start(&"one", LONG).unwrap();
    let (answer, ()) = both(client.request::<_, String>(&"two", LONG), async {
        let first = peer.request().await;
        assert_eq!(peer.request().await, first + 1);
        peer.say(&moved(0, 9)).await;
    })
    .await;
    let refused =
        |error: &CallError| matches!(error, CallError::Refused { why: Refusal::Moved, .. });
    assert!(answer.is_err_and(|error| refused(&error)));
    // It has yet to take the update: what it says now is meant for the room before.
    assert_eq!(client.input(&1u8).unwrap().ordinal, 0);
    assert!(client.start(&"three", LONG).is_err_and(|error| refused(&error)));
    assert!(matches!(client.state::<crate::mock::World>(), Ok(None)));
    match within(client.next()).await {
        Update::Reply { id, reply: Err(error) } => assert!(id == started && refused(&error)),
        other => panic!("{other:?}"),
    }
    is_moved(&mut client).await;
    assert_eq!(within(peer.heard()).await, arrived());
    client.input(&4u8).unwrap();
    assert!(matches!(within(peer.heard()).await, Said::Input { body, .. } if body == [4]));
}

#[tokio::test(start_paused = true)]
async fn who_was_moved_while_away_comes_back_to_the_other_room() {
    time_flies();
    let mock = Mock::tls().await;
    let (mut client, peer) = mock.held().await;
    let (mut peer, asked) = comes_back(&mock, &mut client, peer).await;
    assert_eq!(asked.token, token_of(1));
    peer.say(&moved(0, 9)).await;
    match within(client.next()).await {
        Update::Resumed { events_lost: true, .. } => {}
        other => panic!("{other:?}"),
    }
    is_moved(&mut client).await;
    assert_eq!(within(peer.heard()).await, arrived());
    assert!(matches!(within(peer.heard()).await, Said::Control(ToServer::Ack { events: 0, .. })));
    // From now on with the new token.
    drop(peer);
    within(client.next()).await;
    let (mut peer, asked) = crate::resume::asks(&mock, &mut client).await;
    assert_eq!((asked.token, asked.events), (token_of(9), Some(0)));
    peer.say(&ToClient::Joined(there(0, 10))).await;
    crate::resume::resumed(&mut client).await;
    assert_eq!(says(&mut client, &mut peer).await, ack(0, 1));
    assert!(client.stats().away > Duration::ZERO);
}
