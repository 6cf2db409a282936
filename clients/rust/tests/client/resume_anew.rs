//! Coming back to a seat as another program: started anew, or in the stead of one that still runs.

use std::time::Duration;

use greenroom_client::proto::{CloseCode, Joined, Refusal, Then, ToClient, ToServer, schema_of};
use greenroom_client::{CallError, Connect, Join, Update};

use crate::mock::{
    Asked, Mock, Said, World, both, held, seat_as, time_flies, token_of, within, world,
};
use crate::resume::{LONG, ack, closed, comes_back, frame, refuse};

#[tokio::test(start_paused = true)]
async fn a_program_that_was_started_anew_has_its_seat_again() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut old, mut old_peer) = mock.held().await;
    let token = old.seat_token().expect("it is held").clone();
    let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
    let (seat, ()) = both(client.resume(&token), async {
        let ToServer::Resume { id, token, tick, events, schema, .. } = peer.control().await else {
            panic!()
        };
        assert_eq!((token, tick, events, schema), (token_of(1), None, None, None));
        let joined = Joined { inputs: 40, events: 7, requests: 30, ..held(id, 2) };
        peer.say(&ToClient::Joined(joined)).await;
        assert_eq!(peer.heard().await, ack(7, 30));
        peer.full(10, world(10)).await;
        peer.send(frame(10, 11, &[(8, 0, 1)])).await;
    })
    .await;
    assert_eq!(seat.expect("the seat").hold, Duration::from_secs(60));
    assert_eq!(client.seat_token(), Some(&token_of(2)));
    assert_eq!(client.input(&1u8).expect("a seat").ordinal, 41);
    within(peer.heard()).await;
    client.start(&1u8, LONG).expect("a seat");
    assert_eq!(within(peer.request()).await, 31);
    let first = within(client.next()).await;
    assert!(matches!(first, Update::Frame { full: true, .. }), "{first:?}");
    // The one that had it is told, and does not take it back.
    old_peer.close(CloseCode::Replaced).await;
    let closed = closed(&mut old).await;
    assert_eq!((closed.code, closed.then), (4008, Then::Stop));
    // What the new one comes back with.
    while !matches!(within(client.next()).await, Update::Event(_)) {}
    let (_peer, asked) = comes_back(&mock, &mut client, peer).await;
    assert_eq!(
        asked,
        Asked { id: 0, token: token_of(2), tick: Some(11), events: Some(8), schema: None }
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_is_refused_and_the_connection_stays() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
    let (error, ()) = both(client.resume(&token_of(9)), async {
        let ToServer::Resume { id, .. } = peer.control().await else { panic!() };
        refuse(&mut peer, id, Refusal::BadToken, "it is none of this server's").await;
    })
    .await;
    assert!(matches!(error, Err(CallError::Refused { why: Refusal::BadToken, .. })), "{error:?}");
    seat_as(&mut client, &mut peer, |id| held(id, 1)).await;
    assert_eq!(within(client.resume(&token_of(9))).await, Err(CallError::AlreadySeated));
}

#[tokio::test(start_paused = true)]
async fn giving_up_on_an_old_seat_leaves_its_token_good() {
    time_flies();
    let mock = Mock::plain().await;
    let connect = Connect { call_deadline: Duration::from_secs(1), ..mock.connect() };
    // By its deadline, and by dropping the future.
    for dropped in [false, true] {
        let (mut client, mut peer) = mock.welcomed(connect.clone()).await;
        let (error, ()) = both(
            tokio::time::timeout(
                Duration::from_millis(if dropped { 500 } else { 5000 }),
                client.resume(&token_of(1)),
            ),
            async { assert!(matches!(peer.control().await, ToServer::Resume { .. })) },
        )
        .await;
        assert_eq!(error.is_err(), dropped);
        // Neither a message nor a close frame, which would give up what the server has given back.
        let closed = closed(&mut client).await;
        assert!(closed.reason.contains("nobody waited any more"), "{closed}");
        assert_eq!(within(peer.heard()).await, Said::Gone);
    }
}

#[tokio::test]
async fn a_client_says_which_schema_it_reads() {
    let mock = Mock::plain().await;
    let hash = schema_of::<World>().hash();
    let connect = mock.connect().expects::<World>().expects::<World>();
    assert_eq!((connect.only_schema, connect.schemas.len()), (Some(hash), 1));
    let (mut client, mut peer) = mock.welcomed(connect).await;
    let Some(ToServer::Hello { schemas, .. }) = &peer.hello else { panic!() };
    assert_eq!(**schemas, [hash]);
    let (error, ()) = both(client.join(Join::Create { game: "test", options: "" }), async {
        let ToServer::Join { id, schema, .. } = peer.control().await else { panic!() };
        assert_eq!(schema, Some(hash));
        refuse(&mut peer, id, Refusal::OtherSchema, "test has another version").await;
    })
    .await;
    let text = error.unwrap_err().to_string();
    assert!(text.contains("test has another version: update the client"), "{text}");
    let (error, ()) = both(client.resume(&token_of(1)), async {
        let ToServer::Resume { id, schema, .. } = peer.control().await else { panic!() };
        assert_eq!(schema, Some(hash));
        refuse(&mut peer, id, Refusal::OtherSchema, "x").await;
    })
    .await;
    assert!(error.is_err());
}
