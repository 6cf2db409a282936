//! Coming back to a seat: after what, how soon, for how long.

use std::time::Duration;

use greenroom_client::proto::{CloseCode, Then, ToClient};
use greenroom_client::{ClosedBy, Connect, Lost, Resume, Update};

use crate::mock::{Mock, Said, both, held, time_flies, token_of, within};
use crate::resume::{LONG, ack, asks, broken, closed, comes_back, resumed, says};

#[tokio::test(start_paused = true)]
async fn every_code_is_obeyed() {
    time_flies();
    let mock = Mock::plain().await;
    for code in CloseCode::ALL {
        let (mut client, mut peer) = mock.held().await;
        peer.close(*code).await;
        let then = CloseCode::then(code.code());
        if then == Then::Stop {
            let closed = closed(&mut client).await;
            assert_eq!((closed.code, closed.lost), (code.code(), None));
            continue;
        }
        let why = broken(&mut client).await;
        assert_eq!((why.by, why.code, why.then), (ClosedBy::Server, code.code(), then));
        let (mut peer, asked) = asks(&mock, &mut client).await;
        assert_eq!(asked.token, token_of(1));
        peer.say(&ToClient::Joined(held(0, 2))).await;
        let after = resumed(&mut client).await;
        // At once, or after at most 250 ms.
        let most = if then == Then::Reconnect { 100 } else { 350 };
        assert!(after < Duration::from_millis(most), "{code:?}: {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_servers_window_is_obeyed_and_spreads() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut earliest, mut latest) = (LONG, Duration::ZERO);
    for seed in 0..40 {
        let connect = Connect { jitter: Some(seed), ..mock.connect() };
        let (mut client, mut peer) = mock.held_by(connect).await;
        let closing = ToClient::Closing { code: CloseCode::GoingAway, retry_after_ms: 5000 };
        peer.say(&closing).await;
        peer.close(CloseCode::GoingAway).await;
        broken(&mut client).await;
        let (mut peer, _) = asks(&mock, &mut client).await;
        peer.say(&ToClient::Joined(held(0, 2))).await;
        let after = resumed(&mut client).await;
        (earliest, latest) = (earliest.min(after), latest.max(after));
    }
    assert!(earliest < Duration::from_millis(900), "{earliest:?}");
    assert!((Duration::from_secs(4)..Duration::from_millis(5300)).contains(&latest), "{latest:?}");
}

#[tokio::test(start_paused = true)]
async fn twenty_breaks_in_a_row_are_survived_and_do_not_hammer() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer) = mock.held().await;
    let began = tokio::time::Instant::now();
    for round in 2..22 {
        peer.close(CloseCode::GoingAway).await;
        broken(&mut client).await;
        let (next, asked) = asks(&mock, &mut client).await;
        assert_eq!(asked.token, token_of(round - 1));
        peer = next;
        peer.say(&ToClient::Joined(held(0, round))).await;
        resumed(&mut client).await;
    }
    assert_eq!(client.stats().resumed, 20);
    assert!(began.elapsed() > Duration::from_secs(4), "{:?}", began.elapsed());
    let (reply, ()) = both(client.request::<_, String>(&1u8, LONG), async {
        assert_eq!(peer.heard().await, ack(0, 1));
        let id = peer.request().await;
        peer.reply(id, "still here").await;
    })
    .await;
    assert_eq!(reply.as_deref(), Ok("still here"));
}

#[tokio::test(start_paused = true)]
async fn when_the_time_is_over_it_says_so() {
    time_flies();
    for (resume, secs) in [(Resume::default(), 60), (Resume::Within(Duration::from_secs(3)), 3)] {
        let mock = Mock::plain().await;
        let connect = Connect { resume, ..mock.connect() };
        let (mut client, peer) = mock.held_by(connect).await;
        drop(peer);
        let Update::Broken { within: time, .. } = within(client.next()).await else { panic!() };
        assert_eq!(time, Duration::from_secs(secs));
        // Each time somebody is there who hangs up.
        let refuse = async {
            loop {
                drop(mock.accept_tcp().await);
            }
        };
        let began = tokio::time::Instant::now();
        let closed = tokio::select! {
            update = client.next() => match update {
                Update::Closed(closed) => closed,
                other => panic!("{other:?}"),
            },
            () = refuse => unreachable!("it has no end"),
        };
        let took = began.elapsed();
        assert!(took <= time && took > time.mul_f64(0.8), "{took:?}");
        let Some(Lost::TimeOver { within, .. }) = &closed.lost else { panic!("{closed}") };
        assert_eq!((*within, closed.then), (time, Then::BackOff));
        let text = closed.to_string();
        assert!(
            text.contains(&format!("could not be had again within {secs}s: no WebSocket")),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_would_end_the_same_way_is_not_tried_again() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = mock.held().await;
    drop(peer);
    broken(&mut client).await;
    let (closed, ()) = both(closed(&mut client), async {
        let mut peer = mock.accept().await;
        peer.control().await;
        peer.close(CloseCode::WrongProtocol).await;
    })
    .await;
    assert_eq!(closed.then, Then::Stop);
    assert!(matches!(&closed.lost, Some(Lost::Hopeless(why)) if why.contains("update the client")));

    // A server that answers with something else.
    let (mut client, peer) = mock.held().await;
    let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
    peer.say(&ToClient::Left).await;
    let closed = self::closed(&mut client).await;
    assert!(closed.to_string().contains("before it answered Resume"), "{closed}");
    assert_eq!(within(peer.heard()).await, Said::Closed(4001));
}

#[tokio::test(start_paused = true)]
async fn a_step_that_takes_too_long_is_one_attempt() {
    time_flies();
    let mock = Mock::plain().await;
    let connect = Connect { step_deadline: Duration::from_secs(2), ..mock.connect() };
    let (mut client, peer) = mock.held_by(connect).await;
    // Nobody answers: first on TCP, then on the WebSocket, then after Hello, then after Resume.
    let (_held, mut client) = {
        drop(peer);
        broken(&mut client).await;
        let attempts = async {
            let tcp = mock.accept_tcp().await;
            let silent = mock.accept().await;
            let welcomed = mock.accept_welcome().await;
            let asked = mock.accept_resume().await;
            (tcp, silent, welcomed, asked)
        };
        let held = tokio::select! {
            update = client.next() => panic!("{update:?}"),
            held = within(attempts) => held,
        };
        (held, client)
    };
    let (mut peer, asked) = asks(&mock, &mut client).await;
    assert_eq!(asked.token, token_of(1));
    peer.say(&ToClient::Joined(held(0, 2))).await;
    assert!(resumed(&mut client).await > Duration::from_secs(8));
}

#[tokio::test(start_paused = true)]
async fn without_a_held_seat_a_break_is_the_end() {
    time_flies();
    let mock = Mock::plain().await;
    let off = Connect { resume: Resume::Off, ..mock.connect() };
    let (mut client, peer) = mock.held_by(off).await;
    drop(peer);
    assert_eq!(closed(&mut client).await.lost, None);
    // The server does not hold seats; there is no seat; it is over.
    let (mut client, peer, seat) = mock.seated(mock.connect()).await;
    assert_eq!((seat.hold, client.seat_token()), (Duration::ZERO, None));
    drop(peer);
    assert_eq!(closed(&mut client).await.lost, None);
    let (mut client, peer) = mock.welcomed(mock.connect()).await;
    drop(peer);
    closed(&mut client).await;
    let (mut client, mut peer) = mock.held().await;
    peer.say(&ToClient::Left).await;
    assert_eq!(within(client.next()).await, Update::Left);
    drop(peer);
    closed(&mut client).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_closed_or_dropped_while_it_is_broken_stops_trying() {
    time_flies();
    let mock = Mock::plain().await;
    for close in [false, true] {
        let (mut client, peer) = mock.held().await;
        let (mut peer, _) = comes_back(&mock, &mut client, peer).await;
        if close {
            within(client.close()).await;
        } else {
            drop(client);
        }
        assert_eq!(within(peer.heard()).await, Said::Gone);
        let again = tokio::time::timeout(Duration::from_secs(20), mock.accept_tcp()).await;
        assert!(again.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_is_left_for_a_new_connection() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, peer) = mock.held().await;
    let why = tokio::time::timeout(Duration::from_secs(60), client.next()).await;
    let Ok(Update::Broken { why, .. }) = why else { panic!("{why:?}") };
    assert!(why.reason.contains("nothing came"), "{why}");
    let (mut new, _) = asks(&mock, &mut client).await;
    new.say(&ToClient::Joined(held(0, 2))).await;
    resumed(&mut client).await;
    drop(peer);
    let quiet = tokio::time::timeout(Duration::from_secs(5), client.next()).await;
    assert!(quiet.is_err(), "the old connection is nobody's: {quiet:?}");
    // Silence of the new one is noticed as well.
    assert_eq!(says(&mut client, &mut new).await, ack(0, 1));
    assert_eq!(says(&mut client, &mut new).await, Said::Ping);
}

#[tokio::test(start_paused = true)]
async fn what_was_said_about_one_end_does_not_count_for_the_next() {
    time_flies();
    let mock = Mock::plain().await;
    let (mut client, mut peer) = mock.held().await;
    let closing = ToClient::Closing { code: CloseCode::GoingAway, retry_after_ms: 100 };
    peer.say(&closing).await;
    drop(peer);
    let why = broken(&mut client).await;
    assert_eq!((why.code, why.retry_after_ms), (4200, Some(100)));
    let (mut peer, _) = asks(&mock, &mut client).await;
    peer.say(&ToClient::Joined(held(0, 2))).await;
    resumed(&mut client).await;
    drop(peer);
    let why = broken(&mut client).await;
    assert_eq!((why.by, why.code, why.retry_after_ms), (ClosedBy::Network, 1006, None));
}
