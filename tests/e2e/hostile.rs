//! Peers that break the rules of WebSocket or of the protocol: each is told the proper close code
//! before the connection ends, and those who play notice nothing.

use std::time::Duration;

use greenroom::Rng;
use greenroom::proto::{
    GameName, JoinTarget, PROTOCOL_VERSION, Profile, Refusal, RoomId, Text, ToClient, ToServer,
    frame, wire,
};
use tokio::io::AsyncWriteExt;

use crate::support::raw::{
    BINARY, CLOSE, FIN, Got, PING, Raw, TEXT, Target, create, hello, masked, upgrade_headers,
};
use crate::support::witness::Witness;
use crate::support::{TestServer, new_room, until};

/// A server with somebody who plays in `room`.
struct Played {
    server: TestServer,
    target: Target,
    witness: Witness,
    room: RoomId,
}

impl Played {
    async fn new() -> Self {
        let server = TestServer::start(|_| {}).await;
        let (client, seat) = server.seated(new_room(r#"{"seats":100}"#)).await;
        let target = Target::of(&server);
        Played { target, server, witness: Witness::new(client), room: seat.room }
    }

    /// A peer in the same room as the witness.
    async fn seated(&self) -> Raw {
        let mut raw = self.target.greeted().await;
        raw.join(JoinTarget::Room(self.room)).await;
        raw
    }

    /// Nobody but the witness is left, and it plays on.
    async fn is_undisturbed(&self) {
        until("the others are gone", || self.server.server.connections() == 1).await;
        self.witness.plays_on().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_do_not_decode_are_malformed() {
    let played = Played::new().await;
    let mut long_name = vec![frame::CONTROL, 3, 1];
    long_name.extend(wire::encode(&"x".repeat(200)));
    let mut trailing = vec![frame::CONTROL];
    wire::encode_into(&ToServer::Leave, &mut trailing);
    trailing.push(0);
    let cases: [&[u8]; 9] = [
        &[],
        &[0x77],
        &[frame::STATE, 0, 0, 0, 0],
        &[frame::CONTROL],
        &[frame::CONTROL, 200],
        &long_name,
        &trailing,
        &[frame::INPUT, 0],
        // Not an input of this game: a varint that never ends.
        &[frame::INPUT, 0, 0, 0xff, 0xff, 0xff],
    ];
    for case in cases {
        let mut raw = played.seated().await;
        raw.message(case).await;
        assert_eq!(raw.close_code().await.0, 4000, "{case:02x?}");
    }
    let mut raw = played.seated().await;
    let body = vec![99, 99].try_into().unwrap();
    raw.say(&ToServer::Request { id: 1, body }).await;
    assert_eq!(raw.close_code().await.0, 4000, "a request that is none of the game's");
    played.is_undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_against_the_rules_of_websocket_get_its_codes() {
    let played = Played::new().await;
    let mut unmasked = vec![FIN | BINARY, 3];
    unmasked.extend([frame::CONTROL, 2, 0]);
    let mut huge = vec![FIN | BINARY, 0x80 | 127];
    huge.extend([0x7f; 8]);
    huge.extend([0; 4]);
    let mut half = masked(BINARY, &[frame::CONTROL]);
    half.extend(masked(FIN | TEXT, b"x"));
    let cases: [(&str, u16, Vec<u8>); 14] = [
        ("a text message", 1003, masked(FIN | TEXT, b"hello")),
        ("text that is not UTF-8", 1007, masked(FIN | TEXT, &[0xff, 0xfe])),
        ("a reason that is not UTF-8", 1007, masked(FIN | CLOSE, &[3, 232, 0xff, 0xfe])),
        ("an oversized message", 1009, masked(FIN | BINARY, &[0; 70_000])),
        ("a huge length", 1009, huge),
        ("a reserved bit", 1002, masked(0x40 | FIN | BINARY, &[0])),
        ("an unmasked frame", 1002, unmasked),
        ("an unknown opcode", 1002, masked(FIN | 5, &[0])),
        ("an unknown control opcode", 1002, masked(FIN | 12, &[])),
        ("a control frame of 126 bytes", 1002, masked(FIN | PING, &[0; 126])),
        ("a fragmented ping", 1002, masked(PING, &[])),
        ("a continuation of nothing", 1002, masked(FIN, &[0])),
        ("a message inside of another", 1002, half),
        ("a close frame of one byte", 1002, masked(FIN | CLOSE, &[3])),
    ];
    for (what, code, bytes) in cases {
        let mut raw = played.seated().await;
        raw.send(&bytes).await;
        assert_eq!(raw.close_code().await.0, code, "{what}");
    }
    played.is_undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversized_message_in_fragments_is_refused_too() {
    let played = Played::new().await;
    let mut raw = played.seated().await;
    raw.frame(BINARY, &[0; 3000]).await;
    raw.frame(0, &[0; 3000]).await;
    assert_eq!(raw.close_code().await.0, 1009);
    played.is_undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_byte_a_fragment_is_a_message_all_the_same() {
    let played = Played::new().await;
    let mut raw = played.target.open().await;
    let mut bytes = vec![frame::CONTROL];
    wire::encode_into(&hello(PROTOCOL_VERSION), &mut bytes);
    let mut opcode = BINARY;
    for byte in &bytes {
        raw.frame(opcode, &[*byte]).await;
        opcode = 0;
    }
    raw.frame(FIN, &[]).await;
    assert!(matches!(raw.next().await, Got::Control(ToClient::Welcome { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_empty_fragments_are_a_flood() {
    let played = Played::new().await;
    let mut raw = played.seated().await;
    raw.frame(BINARY, &[frame::CONTROL]).await;
    let many = masked(0, &[]).repeat(20_000);
    raw.send(&many).await;
    assert_eq!(raw.close_code().await.0, 4005);
    played.is_undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_messages_pings_and_pongs_are_ended() {
    let played = Played::new().await;
    let mut input = vec![frame::INPUT, 0, 0];
    wire::encode_into(&crate::support::probe::Input { value: 1 }, &mut input);
    let floods = [masked(FIN | BINARY, &input), masked(FIN | PING, &[]), masked(FIN | 10, &[])];
    for flood in floods {
        let mut raw = played.seated().await;
        raw.send(&flood.repeat(5000)).await;
        assert_eq!(raw.close_code().await.0, 4005);
    }
    played.is_undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hello_comes_first_once_and_in_this_version() {
    let played = Played::new().await;
    let mut raw = played.target.greeted().await;
    raw.say(&hello(PROTOCOL_VERSION)).await;
    assert_eq!(raw.close_code().await.0, 4001, "a second Hello");

    let mut raw = played.target.open().await;
    raw.say(&ToServer::Join { id: 1, to: create(""), schema: None, profile: Profile::default() })
        .await;
    assert_eq!(raw.close_code().await.0, 4001, "a join before Hello");

    let mut raw = played.target.open().await;
    raw.message(&[frame::INPUT, 0, 0, 0]).await;
    assert_eq!(raw.close_code().await.0, 4001, "an input before Hello");

    let mut raw = played.target.open().await;
    raw.say(&hello(PROTOCOL_VERSION + 1)).await;
    assert_eq!(raw.close_code().await.0, 4002, "another version");
    played.is_undisturbed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_instead_of_hello_is_ended() {
    let server = TestServer::start(|config| {
        config.deadlines.hello_timeout = Duration::from_millis(200);
    })
    .await;
    let mut raw = Target::of(&server).open().await;
    assert_eq!(raw.close_code().await.0, 4100);
    // Whoever does not answer the close frame is cut off all the same.
    let mut raw = Target::of(&server).open().await;
    raw.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_seat_inputs_mean_nothing_and_requests_are_refused() {
    let played = Played::new().await;
    let mut raw = played.target.greeted().await;
    raw.message(&[frame::INPUT, 0, 0, 99, 99]).await;
    raw.say(&ToServer::Request { id: 7, body: vec![1].try_into().unwrap() }).await;
    let refused = raw.next().await;
    let Got::Control(ToClient::Refused { id: 7, why: Refusal::NoSeat, text }) = refused else {
        panic!("{refused:?}")
    };
    assert!(text.contains("join a room"), "{text}");
    raw.say(&ToServer::Leave).await;
    assert_eq!(raw.next().await, Got::Control(ToClient::Left));
    raw.say(&ToServer::Resync).await;
    let game: GameName = Text::cut("probe");
    raw.say(&ToServer::List { id: 8, game }).await;
    assert!(matches!(raw.next().await, Got::Control(ToClient::Rooms { id: 8, .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_of_the_peer_is_answered_with_its_code() {
    let played = Played::new().await;
    let mut raw = played.seated().await;
    raw.frame(FIN | CLOSE, &[3, 232]).await;
    loop {
        match raw.next().await {
            Got::Close(code, _) => break assert_eq!(code, 1000),
            Got::State(_) | Got::Ping => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(raw.next().await, Got::End { proper: true });
    played.is_undisturbed().await;
}

/// Of the codes only 1000 says that somebody is done. Those that nobody may send are no better than a
/// broken connection: the seat is held.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_codes_that_nobody_may_send_are_answered_and_cost_no_seat() {
    let server = TestServer::start(|_| {}).await;
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
        let mut raw = Target::of(&server).greeted().await;
        let room = raw.join(create(r#"{"hold_ms":60000}"#)).await.room;
        raw.frame(FIN | CLOSE, &code.to_be_bytes()).await;
        let answer = loop {
            match raw.next().await {
                Got::Close(code, _) => break code,
                Got::End { .. } => panic!("{code} was not answered"),
                _ => {}
            }
        };
        assert_eq!(answer, 1002, "to {code}");
        until("its connection is gone", || server.server.connections() == 0).await;
        assert_eq!(server.server.room(room).unwrap().taken(), 1, "{code}");
    }
}

/// Bytes that mean nothing, at every layer. The seed is shown when it fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_at_every_layer_do_no_harm() {
    let played = Played::new().await;
    let mut seed = 0u64;
    if let Ok(given) = std::env::var("E2E_SEED") {
        seed = given.parse().unwrap();
    }
    for round in seed..seed + 12 {
        println!("E2E_SEED={round}");
        let mut rng = Rng::new(round);
        let mut random = |most: u32| -> Vec<u8> {
            let length = 1 + rng.below(most);
            (0..length).map(|_| rng.below(256) as u8).collect()
        };
        // In the stead of TLS.
        let mut tcp = played.target.tcp().await;
        let _ = tcp.write_all(&random(600)).await;
        // In the stead of HTTP.
        let mut raw = played.target.tls(tcp_of(&played).await).await.unwrap();
        raw.send(&random(600)).await;
        // In a header.
        let mut raw_head = played.target.tls(tcp_of(&played).await).await.unwrap();
        let mut head = format!("GET /ws HTTP/1.1\r\n{}X: ", upgrade_headers()).into_bytes();
        head.extend(random(200));
        head.extend(b"\r\n\r\n");
        raw_head.send(&head).await;
        // In the stead of WebSocket frames.
        let mut raw_frames = played.seated().await;
        raw_frames.send(&random(2000)).await;
        // In proper messages of every kind, and of none.
        for kind in [frame::CONTROL, frame::INPUT, 9] {
            let mut raw = played.seated().await;
            for _ in 0..20 {
                let mut message = vec![kind];
                message.extend(random(60));
                raw.message(&message).await;
            }
        }
    }
    played.is_undisturbed().await;
}

async fn tcp_of(played: &Played) -> tokio::net::TcpStream {
    played.target.tcp().await
}
