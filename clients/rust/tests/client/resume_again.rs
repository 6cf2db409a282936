//! Coming back to a seat: what is said again, what is kept meanwhile, and what has arrived.

use std::time::Duration;

use greenroom_client::proto::{CloseCode, Joined, Refusal, Tick, ToClient, ToServer};
use greenroom_client::{CallError, Client, Connect, Lead, Update};

use crate::mock::{Frame, Mock, Said, both, held, seat_as, time_flies, within, world};
use crate::resume::{LONG, ack, asks, broken, comes_back, frame, refuse, resumed, says};

#[tokio::test(start_paused = true)]
async fn open_requests_are_sent_again_in_order_and_new_ones_after_them() {
    time_flies();
    let mock = Mock::tls().await;
    let (mut client, mut peer) = mock.held().await;
    let started: Vec<_> = (2..=5u8).map(|n| client.start(&n, LONG).expect("a seat")).collect();
    let ids = [within(peer.request()).await, within(peer.request()).await];
    assert_eq!(ids, [2, 3]);
    peer.reply(2, "two").await;
    let Update::Reply { id, .. } = within(client.next()).await else { panic!() };
    assert_eq!(id, started[0]);
    let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
    client.start(&6u8, LONG).expect("a place");
    let (reply, ()) = both(client.request::<_, String>(&7u8, LONG), async {
        peer.say(&ToClient::Joined(Joined { requests: 3, ..held(0, 2) })).await;
        assert_eq!(peer.heard().await, ack(0, 2), "request 2 is answered and no other");
        for expected in 3..=7u32 {
            let ToServer::Request { id, body } = peer.control().await else { panic!() };
            assert_eq!((id, &*body), (expected, &[expected as u8][..]));
        }
        for id in 3..=7 {
            peer.reply(id, "again").await;
        }
    })
    .await;
    assert_eq!(reply.as_deref(), Ok("again"));
    let mut replies = 0;
    resumed(&mut client).await;
    while replies < 4 {
        let Update::Reply { reply: Ok(_), .. } = within(client.next()).await else { panic!() };
        replies += 1;
    }
    assert_eq!(says(&mut client, &mut peer).await, ack(0, 7));

    // Another client has had the seat meanwhile, and asked up to 90.
    let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
    peer.say(&ToClient::Joined(Joined { requests: 90, ..held(0, 3) })).await;
    resumed(&mut client).await;
    assert_eq!(within(peer.heard()).await, ack(0, 90));
    client.start(&8u8, LONG).expect("a place");
    assert_eq!(within(peer.request()).await, 91);
}

#[tokio::test(start_paused = true)]
async fn all_requests_that_can_be_open_are_sent_again() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = mock.held().await;
    for _ in 0..64 {
        client.start_bytes(vec![7; 4096], LONG).expect("a place");
    }
    client.input(&1u8).expect("a seat");
    let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
    assert_eq!(client.start(&1u8, LONG), Err(CallError::Busy));
    peer.say(&ToClient::Joined(held(0, 2))).await;
    resumed(&mut client).await;
    assert_eq!(says(&mut client, &mut peer).await, ack(0, 1));
    for id in 2..66 {
        let Said::Control(ToServer::Request { id: sent, .. }) = says(&mut client, &mut peer).await
        else {
            panic!()
        };
        assert_eq!(sent, id);
    }
    assert!(matches!(says(&mut client, &mut peer).await, Said::Input { .. }));
}

#[tokio::test(start_paused = true)]
async fn deadlines_pass_while_the_connection_is_broken() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = mock.held().await;
    let deadline = Duration::from_secs(3);
    let started = client.start(&1u8, deadline).expect("a seat");
    let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
    let reply = within(client.request::<_, String>(&2u8, deadline)).await;
    assert_eq!(reply, Err(CallError::Deadline(deadline)));
    let reply = Err(CallError::Deadline(deadline));
    assert_eq!(within(client.next()).await, Update::Reply { id: started, reply });
    // Nobody waits for them any more.
    peer.say(&ToClient::Joined(held(0, 2))).await;
    resumed(&mut client).await;
    assert_eq!(within(peer.heard()).await, ack(0, 3));
    client.start(&3u8, deadline).expect("a seat");
    assert_eq!(within(peer.request()).await, 4);
}

#[tokio::test(start_paused = true)]
async fn the_newest_input_is_kept_and_goes_out_again() {
    time_flies();
    let mock = Mock::plain().await;
    let connect = Connect { lead: Lead::Fixed(2), ..mock.connect() };
    let (mut client, mut peer) = mock.held_by(connect).await;
    for body in [1u8, 2, 3] {
        client.input(&body).expect("a seat");
        within(peer.heard()).await;
    }
    // Two arrived before the server lost its memory of this connection.
    let resume =
        |inputs, token| ToClient::Joined(Joined { inputs, tick: Tick(500), ..held(0, token) });
    let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
    peer.say(&resume(2, 2)).await;
    resumed(&mut client).await;
    within(peer.heard()).await;
    let Said::Input { tick, body } = within(peer.heard()).await else { panic!() };
    assert_eq!((tick, body), (502, vec![3]), "for a tick of now");

    let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
    let sent = [4u8, 5, 6].map(|body| client.input(&body).expect("a seat"));
    assert_eq!(sent.map(|sent| (sent.ordinal, sent.kept)), [(5, true); 3]);
    assert_eq!(sent.map(|sent| sent.replaced), [false, true, true]);
    peer.say(&resume(3, 3)).await;
    resumed(&mut client).await;
    within(peer.heard()).await;
    let Said::Input { body, .. } = within(peer.heard()).await else { panic!() };
    assert_eq!(body, [6]);
    let sent = client.input(&7u8).expect("a seat");
    assert_eq!((sent.ordinal, sent.kept, sent.replaced), (6, false, false));
    for (theirs, ours) in [(3, 3), (4, 5), (5, 6)] {
        let head = greenroom_client::proto::Head { applied: theirs, slack: 0 };
        peer.send(Frame { tick: 600, head, ..Frame::default() }.bytes()).await;
        within(client.next()).await;
        assert_eq!(client.applied(), ours);
    }
    let stats = client.stats();
    assert_eq!((stats.inputs, stats.inputs_replaced), (6, 2));
}

#[tokio::test(start_paused = true)]
async fn a_seat_is_left_as_soon_as_it_is_back_or_gone() {
    time_flies();
    let mock = Mock::plain().await;
    for gone in [false, true] {
        let (mut client, peer) = mock.held().await;
        drop(peer);
        broken(&mut client).await;
        let (left, mut peer) = both(client.leave(), async {
            let (mut peer, _) = mock.accept_resume().await;
            if gone {
                refuse(&mut peer, 0, Refusal::SeatGone, "it was left").await;
                return peer;
            }
            peer.say(&ToClient::Joined(held(0, 2))).await;
            assert_eq!(peer.heard().await, ack(0, 1));
            assert_eq!(peer.control().await, ToServer::Leave);
            peer.say(&ToClient::Left).await;
            peer
        })
        .await;
        assert_eq!((left, client.seat()), (Ok(()), None));
        if !gone {
            resumed(&mut client).await;
        }
        // The connection is as good as any.
        seat_as(&mut client, &mut peer, |id| held(id, 9)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_leave_that_got_lost_or_took_too_long_is_said_again() {
    time_flies();
    let mock = Mock::plain().await;
    let connect = Connect { call_deadline: Duration::from_secs(2), ..mock.connect() };
    let (mut client, mut peer) = mock.held_by(connect).await;
    // The server hears it and breaks down; then nobody is there for a while.
    let (left, peer) = both(client.leave(), async {
        assert_eq!(peer.control().await, ToServer::Leave);
        drop(peer);
        mock.accept_resume().await.0
    })
    .await;
    assert_eq!(left, Err(CallError::Deadline(Duration::from_secs(2))));
    broken(&mut client).await;
    drop(peer);
    let (mut peer, _) = asks(&mock, &mut client).await;
    peer.say(&ToClient::Joined(held(0, 2))).await;
    resumed(&mut client).await;
    assert_eq!(within(peer.heard()).await, ack(0, 1));
    assert_eq!(within(peer.control()).await, ToServer::Leave);
    peer.say(&ToClient::Left).await;
    assert_eq!(within(client.next()).await, Update::Left);
}

#[tokio::test(start_paused = true)]
async fn what_arrived_is_acknowledged_now_and_then() {
    time_flies();
    let mock = Mock::plain().await;
    let (client, mut peer) = mock.held().await;
    peer.full(10, world(10)).await;
    peer.send(frame(10, 11, &[(1, 0, 7)])).await;
    let began = tokio::time::Instant::now();
    let drive = |client: Client| async {
        let mut client = client;
        while !matches!(client.next().await, Update::Closed(_)) {}
    };
    let driver = tokio::spawn(drive(client));
    assert_eq!(within(peer.heard()).await, ack(1, 1));
    let after = began.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_millis(1300)).contains(&after), "{after:?}");
    // Sixty-four at once.
    let events: Vec<_> = (2..66).map(|number| (number, 0, 7)).collect();
    let began = tokio::time::Instant::now();
    peer.send(frame(11, 12, &events)).await;
    assert_eq!(within(peer.heard()).await, ack(65, 1));
    assert!(began.elapsed() < Duration::from_millis(300));
    // A quiet game is quiet.
    let quiet = tokio::time::timeout(Duration::from_secs(5), peer.heard()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    peer.close(CloseCode::Kicked).await;
    within(driver).await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_holds_no_seats_hears_no_acks() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer, _) = mock.seated(mock.connect()).await;
    peer.full(10, world(10)).await;
    peer.send(frame(10, 11, &[(1, 0, 7)])).await;
    while !matches!(within(client.next()).await, Update::Event(_)) {}
    let quiet = tokio::time::timeout(Duration::from_secs(3), says(&mut client, &mut peer)).await;
    assert!(quiet.is_err(), "{quiet:?}");
}
