//! A room that panics takes nobody along but its own players, and tells those why.

use std::time::Duration;

use greenroom::proto::{Blob, Refusal};
use greenroom_client::{CallError, Join};

use crate::support::probe::{Fault, Input, POISON, Request};
use crate::support::witness::Witness;
use crate::support::{
    DEADLINE, TestServer, closed, handler, new_room, probe, state_where, until, within,
};

/// A server with somebody who plays in another room.
struct Beside {
    server: TestServer,
    witness: Witness,
}

impl Beside {
    async fn new() -> Self {
        let games = probe::games()
            .effects::<probe::Probe>(handler(|call| async move { Some(call.body[1..].to_vec()) }));
        let server =
            TestServer::hosting(games, |config| config.rooms.room_empty = Duration::ZERO).await;
        let (client, _) = server.seated(new_room("")).await;
        Beside { server, witness: Witness::new(client) }
    }

    /// Nothing else was hurt: the witness plays on and new rooms work.
    async fn is_unhurt(&self) {
        self.witness.plays_on().await;
        until("the room is gone", || self.server.server.rooms() == 1).await;
        let (mut client, _) = self.server.seated(new_room("")).await;
        state_where(&mut client, |state| state.step > 3).await;
        client.leave().await.unwrap();
        client.close().await;
    }
}

fn with_fault(tick_hz: u16, fault: Fault) -> String {
    format!(r#"{{"tick_hz":{tick_hz},"fault":{}}}"#, fault as u8)
}

/// Both players of a room, after one of them made a request, are sent away with 4007.
async fn request_ends_room(beside: &Beside, options: &str, request: &Request) {
    let (mut one, seat) = beside.server.seated(new_room(options)).await;
    let (mut two, _) = beside.server.seated(Join::Room(seat.room)).await;
    one.start(request, DEADLINE).unwrap();
    assert_eq!(closed(&mut one).await, 4007, "{request:?}");
    assert_eq!(closed(&mut two).await, 4007, "{request:?}");
    beside.is_unhurt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_that_decodes_and_kills_the_tick_ends_only_its_room() {
    let beside = Beside::new().await;
    let (mut one, seat) = beside.server.seated(new_room("")).await;
    let (mut two, _) = beside.server.seated(Join::Room(seat.room)).await;
    one.input(&Input { value: POISON }).unwrap();
    assert_eq!(closed(&mut one).await, 4007);
    assert_eq!(closed(&mut two).await, 4007);
    beside.is_unhurt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panics_in_request_timer_signal_and_state_end_only_their_rooms() {
    let beside = Beside::new().await;
    for tick_hz in [30, 0] {
        let options = with_fault(tick_hz, Fault::Nowhere);
        let timer = Request::Timer { after_ms: 5, id: POISON as u32 };
        let signal = Request::Effect(Blob::cut(b"poison"));
        for request in [Request::Panic, timer, signal, Request::PanicInState] {
            request_ends_room(&beside, &options, &request).await;
        }
    }
}

/// Clients would refuse it: the room ends as if its game had panicked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_is_larger_than_clients_take_ends_only_its_room() {
    let beside = Beside::new().await;
    for tick_hz in [30, 0] {
        let options = with_fault(tick_hz, Fault::Nowhere);
        // 3 × 244 bytes × 22,900 are just below 16 MiB.
        let (mut one, _) = beside.server.seated(new_room(&options)).await;
        one.start(&Request::Grow(22_900), DEADLINE).unwrap();
        let grown = state_where(&mut one, |state| state.things.len() == 22_900).await;
        assert_eq!(grown.things.len(), 22_900);
        one.start(&Request::Grow(100), DEADLINE).unwrap();
        assert_eq!(closed(&mut one).await, 4007);
        request_ends_room(&beside, &options, &Request::Grow(30_000)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_in_join_ends_the_room_for_those_inside_and_the_newcomer() {
    let beside = Beside::new().await;
    for tick_hz in [30, 0] {
        let (mut one, seat) =
            beside.server.seated(new_room(&with_fault(tick_hz, Fault::Join))).await;
        let mut two = beside.server.connect().await;
        let joined = within("an answer", two.join(Join::Room(seat.room))).await;
        let Err(CallError::Closed(end)) = joined else { panic!("{joined:?}") };
        assert_eq!(end.code, 4007);
        assert_eq!(closed(&mut one).await, 4007);
        beside.is_unhurt().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_in_leave_or_dropped_ends_the_room_for_those_who_stay() {
    let beside = Beside::new().await;
    for (tick_hz, fault) in [(30, Fault::Leave), (0, Fault::Leave), (30, Fault::Dropped)] {
        let (mut one, seat) = beside.server.seated(new_room(&with_fault(tick_hz, fault))).await;
        let (mut two, _) = beside.server.seated(Join::Room(seat.room)).await;
        match fault {
            Fault::Leave => {
                let left = within("an answer", one.leave()).await;
                assert!(matches!(left, Err(CallError::Closed(end)) if end.code == 4007));
            }
            _ => drop(one),
        }
        assert_eq!(closed(&mut two).await, 4007, "{fault:?}");
        beside.is_unhurt().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_in_new_sends_the_creator_away() {
    let beside = Beside::new().await;
    let mut client = beside.server.connect().await;
    let joined = within("an answer", client.join(new_room(&with_fault(30, Fault::New)))).await;
    let Err(CallError::Closed(end)) = joined else { panic!("{joined:?}") };
    assert_eq!(end.code, 4007);
    beside.is_unhurt().await;
}

/// This one runs in the lobby, which all rooms share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic_over_the_options_refuses_the_room_however_often_it_is_asked_for() {
    let beside = Beside::new().await;
    let mut client = beside.server.connect().await;
    for _ in 0..20 {
        let joined =
            within("an answer", client.join(new_room(&with_fault(30, Fault::Seats)))).await;
        let Err(CallError::Refused { why: Refusal::Failed, .. }) = joined else {
            panic!("{joined:?}")
        };
    }
    beside.is_unhurt().await;
}
