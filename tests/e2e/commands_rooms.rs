//! Rooms that step on commands: still between moves, quick at a move.

use std::time::{Duration, Instant};

use greenroom_client::{Client, Join, Update};
use tokio::time::timeout;

use crate::support::probe::{Event, Request, State};
use crate::support::{DEADLINE, TestServer, find, new_room, next, state_where, within};

const OPTIONS: &str = r#"{"tick_hz":0}"#;

/// Takes what is under way; then nothing comes.
async fn falls_silent(client: &mut Client) {
    while let Ok(update) = timeout(Duration::from_millis(300), client.next()).await {
        assert!(!matches!(update, Update::Closed(_)), "{update:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_between_moves_and_a_move_is_seen_at_once() {
    let server = TestServer::start(|_| {}).await;
    let (mut one, seat) = server.seated(new_room(OPTIONS)).await;
    assert_eq!((seat.tick_hz, seat.send_every), (0, 1));
    let (mut two, _) = server.seated(Join::Room(seat.room)).await;
    falls_silent(&mut one).await;
    falls_silent(&mut two).await;
    let (before, frames) = (one.state::<State>().unwrap().unwrap(), one.stats().frames);
    let began = Instant::now();
    let answer: i32 = within("an answer", one.request(&Request::Add(5), DEADLINE)).await.unwrap();
    assert_eq!(answer, 5);
    let seen = state_where(&mut two, |state| state.sum == 5).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(seen.step, before.step + 1, "a step for the move and none besides");
    let mine = state_where(&mut one, |state| state.sum == 5).await;
    assert_eq!(mine.step, seen.step);
    falls_silent(&mut one).await;
    assert_eq!(one.stats().frames, frames + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_fire_by_themselves_in_their_order() {
    let server = TestServer::start(|_| {}).await;
    let (mut client, _) = server.seated(new_room(OPTIONS)).await;
    let began = Instant::now();
    for (after_ms, id) in [(300, 3), (100, 1), (200, 2)] {
        let timer = Request::Timer { after_ms, id };
        let _: i32 = within("an answer", client.request(&timer, DEADLINE)).await.unwrap();
    }
    for wanted in 1..=3 {
        let id = find(&mut client, |update| match update {
            Update::Event(event) => match event.decode().unwrap() {
                Event::Timer(id) => Some(id),
                _ => None,
            },
            _ => None,
        })
        .await;
        assert_eq!(id, wanted);
        assert!(began.elapsed() >= Duration::from_millis(100 * u64::from(id)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_beyond_the_bound_are_refused_and_the_others_answered() {
    let server = TestServer::start(|config| config.rooms.requests_per_player_max = 2).await;
    let (mut client, _) = server.seated(new_room(r#"{"tick_hz":2}"#)).await;
    let mut waiting = 5;
    for _ in 0..waiting {
        client.start(&Request::Add(1), DEADLINE).unwrap();
    }
    let (mut answered, mut busy) = (0, 0);
    while waiting > 0 {
        if let Update::Reply { reply, .. } = next(&mut client).await {
            waiting -= 1;
            match reply {
                Ok(_) => answered += 1,
                Err(_) => busy += 1,
            }
        }
    }
    // A step in the middle of them makes room for more.
    assert!(answered >= 2 && answered + busy == 5, "{answered} answered, {busy} refused");
    assert!(busy >= 1);
}
