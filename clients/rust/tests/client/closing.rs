//! How connections end, and what the client is told to do then.

use std::time::Duration;

use greenroom_client::proto::{CloseCode, Then, ToClient};
use greenroom_client::{CallError, Client, Closed, ClosedBy, Connect, Join, Update};
use tokio::io::AsyncWriteExt;

use crate::mock::{Mock, Said, both, within};

async fn closed(client: &mut Client) -> Closed {
    loop {
        if let Update::Closed(closed) = within(client.next()).await {
            return closed;
        }
    }
}

#[tokio::test]
async fn every_close_code_arrives_with_its_reason_and_class() {
    let mock = Mock::plain().await;
    for code in CloseCode::ALL {
        let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
        peer.close(*code).await;
        let closed = closed(&mut client).await;
        assert_eq!((closed.by, closed.code), (ClosedBy::Server, code.code()));
        assert_eq!((closed.reason.as_str(), closed.retry_after_ms), (code.reason(), None));
        assert_eq!(closed.then, CloseCode::then(code.code()));
        // From now on everything says so.
        assert_eq!(within(client.next()).await, Update::Closed(closed.clone()));
        let join = within(client.join(Join::Room(greenroom_client::proto::RoomId(1)))).await;
        assert_eq!(join, Err(CallError::Closed(closed.clone())));
        assert_eq!(client.closed(), Some(&closed));
        client.close().await;
    }
}

#[tokio::test]
async fn the_window_to_come_back_in_is_told_even_without_a_close_frame() {
    let mock = Mock::tls().await;
    let closing = ToClient::Closing { code: CloseCode::GoingAway, retry_after_ms: 5000 };
    for with_frame in [true, false] {
        let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
        peer.say(&closing).await;
        if with_frame {
            peer.close(CloseCode::GoingAway).await;
        }
        drop(peer);
        let closed = closed(&mut client).await;
        assert_eq!((closed.code, closed.retry_after_ms), (4200, Some(5000)));
        assert_eq!(closed.then, Then::Reconnect);
    }
}

#[tokio::test]
async fn a_server_that_vanishes_in_the_middle_of_a_frame_is_a_broken_connection() {
    let mock = Mock::plain().await;
    let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
    // A binary frame of 100 bytes, of which 3 come.
    let stream = peer.socket.get_mut();
    stream.write_all(&[0x82, 100, 2, 0, 0]).await.expect("a client");
    stream.flush().await.expect("a client");
    drop(peer);
    let closed = closed(&mut client).await;
    assert_eq!((closed.by, closed.code, closed.then), (ClosedBy::Network, 1006, Then::BackOff));
}

#[tokio::test]
async fn a_server_that_falls_silent_is_pinged_and_then_given_up() {
    let mock = Mock::tls().await;
    let connect = Connect { silence_max: Duration::from_millis(80), ..mock.connect() };
    let (mut client, mut peer) = mock.welcomed(connect).await;
    // As long as it answers pings, it lives. Reading the second ping answers the first.
    let pinged = async {
        assert_eq!(peer.heard().await, Said::Ping);
        assert_eq!(peer.heard().await, Said::Ping);
    };
    tokio::select! {
        update = client.next() => panic!("{update:?}"),
        () = within(pinged) => {}
    }
    // Now nobody reads.
    let closed = closed(&mut client).await;
    assert_eq!((closed.by, closed.then), (ClosedBy::Network, Then::BackOff));
    assert!(closed.reason.contains("nothing came"), "{closed}");
}

#[tokio::test]
async fn a_polite_close_says_so_and_waits_for_the_answer() {
    let mock = Mock::tls().await;
    let (client, mut peer, _) = mock.seated(mock.connect()).await;
    let ((), said) = both(client.close(), async {
        let said = peer.heard().await;
        assert_eq!(peer.heard().await, Said::Gone);
        said
    })
    .await;
    assert_eq!(said, Said::Closed(1000));
}
