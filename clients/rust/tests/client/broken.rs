//! Servers that send what no server may: an error each time, and never a panic.

use futures_util::SinkExt;
use greenroom_client::proto::{CloseCode, List, ToClient, frame, wire};
use greenroom_client::{Client, Closed, ClosedBy, Update};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use crate::mock::{Frame, Mock, Peer, Said, both, welcome, within, world};

/// What the client makes of it, with the reason; the server gets the code.
async fn closed(client: &mut Client, peer: &mut Peer, code: CloseCode) -> Closed {
    let closed = loop {
        if let Update::Closed(closed) = within(client.next()).await {
            break closed;
        }
    };
    assert_eq!((closed.by, closed.code), (ClosedBy::Client, code.code()), "{closed}");
    assert_eq!(within(peer.heard()).await, Said::Closed(code.code()));
    closed
}

#[tokio::test]
async fn malformed_messages_close_the_connection() {
    let mock = Mock::plain().await;
    let mut trailing = vec![frame::CONTROL];
    wire::encode_into(&ToClient::Left, &mut trailing);
    trailing.push(0);
    let full = Frame { tick: 11, world: world(4), ..Frame::default() }.bytes();
    let mut unknown_flag = full.clone();
    unknown_flag[frame::HEAD_BYTES] |= 0x80;
    for (bytes, part) in [
        (vec![], "empty"),
        (vec![9, 9, 9], "kind 0x09"),
        (vec![frame::CONTROL], "ends early"),
        (vec![frame::CONTROL, 250, 1], "malformed message"),
        (trailing, "too many at the end"),
        (vec![frame::STATE, 0], "ends early"),
        (vec![frame::STATE_EVENTS, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f], "too many events"),
        (full[..full.len() - 1].to_vec(), "full state"),
        (unknown_flag, "unknown flag"),
    ] {
        let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
        peer.send(bytes).await;
        let closed = closed(&mut client, &mut peer, CloseCode::Malformed).await;
        assert!(closed.reason.contains(part), "{closed}");
    }
}

#[tokio::test]
async fn messages_out_of_order_close_the_connection() {
    let mock = Mock::plain().await;
    let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
    peer.say(&welcome("x", List::default())).await;
    closed(&mut client, &mut peer, CloseCode::OutOfOrder).await;
    let (result, ()) = both(Client::connect(mock.connect()), async {
        let mut peer = mock.accept().await;
        peer.say(&ToClient::Left).await;
    })
    .await;
    assert!(result.err().expect("no welcome").to_string().contains("before its Welcome"));
}

#[tokio::test]
async fn what_is_not_greenrooms_websocket_closes_the_connection() {
    let mock = Mock::plain().await;
    let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
    peer.socket.send(Message::text("hello")).await.expect("a client");
    self::closed(&mut client, &mut peer, CloseCode::NotText).await;

    let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
    // The client does not read to the end, so the server may not come to the end either.
    let send = async {
        peer.send(vec![frame::STATE; (1 << 20) + 1]).await;
        std::future::pending().await
    };
    let closed = tokio::select! {
        closed = closed_only(&mut client) => closed,
        () = send => unreachable!("it is pending"),
    };
    assert_eq!(closed.code, CloseCode::TooLarge.code(), "{closed}");

    // A header that claims 2^62 bytes, reserved bits, an unknown opcode, a long ping.
    let mut long_ping = vec![0x89, 126, 0, 200];
    long_ping.resize(4 + 200, 0);
    for (bytes, code) in [
        (&[0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0][..], CloseCode::TooLarge),
        (&[0xf2, 1, 0][..], CloseCode::BadFrame),
        (&[0x8f, 0][..], CloseCode::BadFrame),
        (&long_ping, CloseCode::BadFrame),
    ] {
        let (mut client, mut peer) = mock.welcomed(mock.connect()).await;
        let stream = peer.socket.get_mut();
        stream.write_all(bytes).await.expect("a client");
        stream.flush().await.expect("a client");
        assert_eq!(closed_only(&mut client).await.code, code.code(), "{bytes:?}");
    }
}

async fn closed_only(client: &mut Client) -> Closed {
    match within(client.next()).await {
        Update::Closed(closed) => closed,
        other => panic!("{other:?}"),
    }
}

/// Every cut and many changes of proper messages: the client never panics, and what it still
/// takes leaves it able to take a full state.
#[tokio::test]
async fn damaged_frames_are_survived() {
    let mock = Mock::plain().await;
    let (from, events) = (Some((10, world(1))), vec![(1, 0, 3), (2, 0, 4)]);
    let proper = Frame { from, tick: 11, world: world(77), events, ..Frame::default() }.bytes();
    for place in 0..proper.len() {
        for damage in [0x01, 0x80, 0xff] {
            let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
            let mut bytes = proper.clone();
            bytes[place] ^= damage;
            peer.send(bytes).await;
            peer.full(12, world(5)).await;
            loop {
                match within(client.next()).await {
                    Update::Closed(closed) => break assert_eq!(closed.by, ClosedBy::Client),
                    Update::Frame { full: true, .. } => {
                        break assert_eq!(client.state(), Ok(Some(world(5))));
                    }
                    _ => {}
                }
            }
        }
    }
}
