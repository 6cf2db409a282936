//! A room whose game panics comes back with its players still connected. Nobody else notices.

use std::time::Duration;

use greenroom::proto::{Blob, Refusal};
use greenroom::server::Readiness;
use greenroom_client::{CallError, Client, Join, SeatInfo};

use crate::support::probe::{self, Event, Fault, Input, POISON, Request};
use crate::support::witness::Witness;
use crate::support::{
    DEADLINE, TestServer, closed, event_where, handler, new_room, state_where, until, within,
};

/// A server with somebody who plays in another room.
struct Beside {
    server: TestServer,
    witness: Witness,
}

impl Beside {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut greenroom::config::Config)) -> Self {
        let games = probe::games()
            .effects::<probe::Probe>(handler(|call| async move { Some(call.body[1..].to_vec()) }));
        let server = TestServer::hosting(games, |config| {
            config.rooms.room_empty = Duration::ZERO;
            change(config);
        })
        .await;
        let (client, _) = server.seated(new_room("")).await;
        Beside { server, witness: Witness::new(client) }
    }

    /// Two players of one new room.
    async fn two(&self, options: &str) -> (Client, Client, SeatInfo) {
        let (one, seat) = self.server.seated(new_room(options)).await;
        let (two, _) = self.server.seated(Join::Room(seat.room)).await;
        (one, two, seat)
    }

    /// Nothing else was hurt: the witness plays on and new rooms work.
    async fn is_unhurt(&self) {
        self.witness.plays_on().await;
        let (mut client, _) = self.server.seated(new_room("")).await;
        state_where(&mut client, |state| state.step > 3).await;
        client.leave().await.unwrap();
        client.close().await;
    }
}

fn with_fault(tick_hz: u16, fault: Fault) -> String {
    format!(r#"{{"tick_hz":{tick_hz},"fault":{}}}"#, fault as u8)
}

/// Both play on in one room and hold the same state, whose sum is as said.
async fn play_on(one: &mut Client, two: &mut Client, sum: i32) {
    let added: i32 = within("an answer", one.request(&Request::Add(1), DEADLINE)).await.unwrap();
    assert_eq!(added, sum + 1);
    for client in [&mut *one, &mut *two] {
        state_where(client, |state| state.sum == sum + 1 && state.here == 2).await;
        assert_eq!(client.stats().desyncs, 0);
    }
    let back: i32 = within("an answer", two.request(&Request::Add(-1), DEADLINE)).await.unwrap();
    assert_eq!(back, sum);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_input_that_decodes_and_kills_the_tick_is_dropped_and_everybody_stays() {
    let beside = Beside::new().await;
    let (mut one, mut two, _) = beside.two("").await;
    one.input(&Input { value: 5 }).unwrap();
    state_where(&mut two, |state| state.inputs == 5).await;
    let full = two.stats().frames_full;
    one.input(&Input { value: POISON }).unwrap();
    let state = state_where(&mut two, |state| state.recovered == 1).await;
    // What it had said before still holds.
    let after = state_where(&mut two, |now| now.step > state.step + 5).await;
    assert_eq!((after.inputs, after.recovered), (5, 1));
    assert_eq!(two.stats().frames_full, full + 1, "the room's return is one whole state");
    play_on(&mut one, &mut two, 0).await;
    beside.is_unhurt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_request_that_panics_is_dropped_and_its_player_is_told() {
    let beside = Beside::new().await;
    for tick_hz in [30, 0] {
        let (mut one, mut two, _) = beside.two(&with_fault(tick_hz, Fault::Nowhere)).await;
        // They arrive together, so they are in one step.
        let before = two.start(&Request::Add(2), DEADLINE).unwrap();
        let bad = one.start(&Request::Panic, DEADLINE).unwrap();
        let after = one.start(&Request::Add(3), DEADLINE).unwrap();
        assert_ne!(bad, after);
        let refused = crate::support::reply_to(&mut one, bad).await;
        assert!(matches!(refused, Err(CallError::Refused { why: Refusal::Failed, .. })));
        assert!(crate::support::reply_to(&mut one, after).await.is_ok());
        assert!(crate::support::reply_to(&mut two, before).await.is_ok());
        play_on(&mut one, &mut two, 5).await;
    }
    beside.is_unhurt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_signals_and_states_that_panic_are_left_out() {
    let beside = Beside::new().await;
    for tick_hz in [30, 0] {
        let timer = Request::Timer { after_ms: 5, id: POISON as u32 };
        let signal = Request::Effect(Blob::cut(b"poison"));
        for request in [timer, signal, Request::PanicInState] {
            let (mut one, mut two, seat) = beside.two(&with_fault(tick_hz, Fault::Nowhere)).await;
            one.start(&request, DEADLINE).unwrap();
            until("the room was brought back", || beside.server.restarts(seat.room) > 0).await;
            play_on(&mut one, &mut two, 0).await;
        }
    }
    beside.is_unhurt().await;
}

/// As if the game had panicked over it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_whose_state_clients_would_refuse_is_left_out() {
    let beside = Beside::new().await;
    for tick_hz in [30, 0] {
        let (mut one, mut two, seat) = beside.two(&with_fault(tick_hz, Fault::Nowhere)).await;
        // 3 × 244 bytes × 22,900 are just below 16 MiB.
        one.start(&Request::Grow(22_900), DEADLINE).unwrap();
        state_where(&mut two, |state| state.things.len() == 22_900).await;
        assert_eq!(beside.server.restarts(seat.room), 0);
        one.start(&Request::Grow(100), DEADLINE).unwrap();
        let state = state_where(&mut two, |state| state.recovered > 0).await;
        assert_eq!(state.things.len(), 22_900);
        play_on(&mut one, &mut two, 0).await;
    }
    beside.is_unhurt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_that_panics_by_chance_is_made_with_other_random_numbers() {
    let beside = Beside::new().await;
    let (mut one, mut two, seat) = beside.two("").await;
    let _: i32 = within("an answer", one.request(&Request::PanicByChance, DEADLINE)).await.unwrap();
    until("the room was brought back", || beside.server.restarts(seat.room) > 0).await;
    let state = state_where(&mut two, |_| true).await;
    let after = state_where(&mut two, |now| now.step > state.step + 5).await;
    assert_eq!(after.recovered, 0, "no step was left out");
    assert_eq!(beside.server.restarts(seat.room), 1);
    play_on(&mut one, &mut two, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_cannot_be_made_is_left_out_and_the_game_is_told() {
    let beside = Beside::new().await;
    let (mut one, mut two, seat) = beside.two("").await;
    one.start(&Request::PanicInTicks, DEADLINE).unwrap();
    for client in [&mut one, &mut two] {
        event_where(client, |event| matches!(event, Event::Recovered)).await;
    }
    assert_eq!(beside.server.restarts(seat.room), 2);
    play_on(&mut one, &mut two, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_that_panics_is_refused_and_those_inside_stay() {
    let beside = Beside::new().await;
    for tick_hz in [30, 0] {
        let (mut one, seat) =
            beside.server.seated(new_room(&with_fault(tick_hz, Fault::Join))).await;
        let mut two = beside.server.connect().await;
        for _ in 0..2 {
            let joined = within("an answer", two.join(Join::Room(seat.room))).await;
            let Err(CallError::Refused { why: Refusal::Failed, .. }) = joined else {
                panic!("{joined:?}")
            };
        }
        // The seat is free again and the client may go elsewhere.
        within("a seat", two.join(new_room(""))).await.unwrap();
        let sum: i32 = within("an answer", one.request(&Request::Add(1), DEADLINE)).await.unwrap();
        assert_eq!(sum, 1);
        state_where(&mut one, |state| state.here == 1).await;
    }
    beside.is_unhurt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_is_gone_even_if_the_hook_panics() {
    let beside = Beside::new().await;
    for (tick_hz, fault) in [(30, Fault::Leave), (0, Fault::Leave), (30, Fault::Dropped)] {
        let (mut one, mut two, _) = beside.two(&with_fault(tick_hz, fault)).await;
        match fault {
            Fault::Leave => within("an answer", one.leave()).await.unwrap(),
            _ => drop(one),
        }
        let _: i32 = within("an answer", two.request(&Request::Add(1), DEADLINE)).await.unwrap();
        let timer = Request::Timer { after_ms: 20, id: 1 };
        let _: i32 = within("an answer", two.request(&timer, DEADLINE)).await.unwrap();
        state_where(&mut two, |state| state.here == 1).await;
        assert_eq!(two.stats().desyncs, 0);
    }
    beside.is_unhurt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_cannot_be_made_refuses_its_creator() {
    let beside = Beside::new().await;
    let mut client = beside.server.connect().await;
    for _ in 0..3 {
        let joined = within("an answer", client.join(new_room(&with_fault(30, Fault::New)))).await;
        let Err(CallError::Refused { why: Refusal::Failed, .. }) = joined else {
            panic!("{joined:?}")
        };
    }
    within("a seat", client.join(new_room(""))).await.unwrap();
    until("the rooms are gone", || beside.server.server.rooms() == 2).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_fails_whatever_is_done_ends_with_a_typed_code() {
    let beside = Beside::new().await;
    let (mut one, mut two, _) = beside.two("").await;
    one.start(&Request::Doom, DEADLINE).unwrap();
    assert_eq!(closed(&mut one).await, 4007);
    assert_eq!(closed(&mut two).await, 4007);
    until("the room is gone", || beside.server.server.rooms() == 1).await;
    beside.is_unhurt().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_restarts_than_its_budget_end_a_room() {
    let beside = Beside::with(|config| config.rooms.restarts_max = 2).await;
    let (mut one, mut two, seat) = beside.two("").await;
    for crash in 1..=2 {
        let refused = within("an answer", one.request::<_, i32>(&Request::Panic, DEADLINE)).await;
        assert!(matches!(refused, Err(CallError::Refused { why: Refusal::Failed, .. })));
        assert_eq!(beside.server.restarts(seat.room), crash);
        play_on(&mut one, &mut two, 0).await;
    }
    one.start(&Request::Panic, DEADLINE).unwrap();
    assert_eq!(closed(&mut one).await, 4007);
    assert_eq!(closed(&mut two).await, 4007);
    beside.is_unhurt().await;
}

/// An endless loop cannot be ended; its thread is given up, and the room goes on without.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_never_ends_costs_a_thread_and_not_the_room() {
    let beside = Beside::with(|config| {
        config.rooms.step_timeout = Duration::from_secs(1);
        config.process.lost_threads_max = 1;
    })
    .await;
    let (mut one, mut two, seat) = beside.two("").await;
    let refused =
        within("an answer", one.request::<_, i32>(&Request::Hang { ms: 1500 }, DEADLINE)).await;
    assert!(matches!(refused, Err(CallError::Refused { why: Refusal::Failed, .. })));
    assert_eq!(beside.server.restarts(seat.room), 1);
    play_on(&mut one, &mut two, 0).await;
    // It did end after all, and did nothing any more.
    until("the thread is back", || beside.server.server.load().lost == 0).await;
    play_on(&mut one, &mut two, 0).await;
    beside.is_unhurt().await;
    let forever = Request::Hang { ms: u32::MAX };
    one.start(&forever, DEADLINE).unwrap();
    until("a thread is lost", || beside.server.server.load().lost == 1).await;
    play_on(&mut one, &mut two, 0).await;
    beside.is_unhurt().await;
    // One more is too many: the server says that it is beyond repair.
    one.start(&forever, DEADLINE).unwrap();
    let why = within("word of it", beside.server.server.failed()).await;
    assert!(why.contains("never returned"), "{why}");
    assert_eq!(beside.server.server.readiness(), Readiness::ThreadsExhausted);
    play_on(&mut one, &mut two, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_crash_leaves_a_file_that_plays_up_to_the_panic() {
    let beside = Beside::new().await;
    let (mut one, _two, _) = beside.two("").await;
    let _ = within("an answer", one.request::<_, i32>(&Request::Panic, DEADLINE)).await;
    let file = || beside.server.crash_files().pop();
    until("a crash file", || file().is_some()).await;
    let log =
        greenroom::room::log::Log::of_bytes(&std::fs::read(file().unwrap()).unwrap()).unwrap();
    let crash = log.crash.clone().unwrap();
    assert_eq!(crash.text, "as a request asked");
    assert!(crash.place.contains("probe.rs:"), "{crash}");
    let games = probe::games();
    let entry = games.get("probe").unwrap();
    let mut replay = log.replay(0, |keyframe| entry.game.restore(keyframe)).unwrap();
    let again =
        greenroom::actors::actor::catch(
            || {
                while replay.step(&mut Vec::new()).unwrap().is_some() {}
            },
        );
    let again = again.unwrap_err();
    assert_eq!((again.text(), again.place()), (&*crash.text, &*crash.place));
    assert_eq!(replay.room().tick(), crash.tick);
}
