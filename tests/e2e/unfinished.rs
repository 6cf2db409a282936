//! The process dies in a step that is in the journal and was not made: the next one makes it, for the
//! first time perhaps, and it may fail there. Or it dies while its disk takes nothing: what was last is
//! undone.

use std::path::Path;
use std::time::{Duration, Instant};

use greenroom::journal::{Journal, Kind, Limits};
use greenroom::proto::{PlayerId, RoomId, wire};
use greenroom::room::Command;
use greenroom::room::fault::RoomFault;
use greenroom::room::saved::Restored;
use greenroom_client::{Client, Join, Update};

use crate::support::hosting::Hosted;
use crate::support::probe::{Event, Request};
use crate::support::state_dir::copy_of;
use crate::support::{DEADLINE, find, new_room, next, state_where, within};

/// As if the process had died in one more step, in which this happened.
fn note_step(dir: &Path, room: RoomId, commands: &[Command]) {
    let (journal, found) = Journal::open(dir, Limits::default()).unwrap();
    let found = found.into_iter().find(|found| found.room == room).unwrap();
    let mut log = Restored::read(&found.start, &found.more).unwrap().log;
    let tick = log.end().next();
    let record = log.step(tick, 0, commands);
    let records = journal.room(room, || ());
    records.append(Kind::Start, &[&found.start]).unwrap();
    for more in &found.more {
        records.append(Kind::More, &[more]).unwrap();
    }
    records.append(Kind::More, &[&tick.0.to_le_bytes(), record]).unwrap();
    drop(records);
    journal.close(DEADLINE).unwrap();
}

/// Somebody who will see what comes of it, whose requests have come to 5, and what another one asked
/// for in the step in which the process died.
async fn died_in(step: impl FnOnce(PlayerId) -> Vec<Command>) -> (Hosted, Client) {
    let mut server = Hosted::start();
    let mut one = server.connect().await;
    let seat = within("a seat", one.join(new_room(r#"{"hold_ms":60000}"#))).await.unwrap();
    let mut two = server.connect().await;
    let of_two = within("a seat", two.join(Join::Room(seat.room))).await.unwrap();
    assert_eq!(add(&mut one, 5).await, 5);
    server.kill();
    drop(two);
    note_step(&server.dir.path().join("state"), seat.room, &step(of_two.player));
    (server, one)
}

fn request(player: PlayerId, id: u32, request: &Request) -> Command {
    Command::Request { player, id, body: wire::encode(request) }
}

const BURST: Request = Request::Events { count: 3, bytes: 10 };

async fn add(client: &mut Client, more: i32) -> i32 {
    within("an answer", client.request(&Request::Add(more), DEADLINE)).await.unwrap()
}

async fn resumed(client: &mut Client) {
    find(client, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
}

/// The numbers of the events of [`BURST`] up to now.
async fn fillers(client: &mut Client, mark: u32) -> Vec<u32> {
    client.start(&Request::Timer { after_ms: 1, id: mark }, DEADLINE).unwrap();
    let mut fillers = Vec::new();
    loop {
        if let Update::Event(event) = next(client).await {
            match event.decode().unwrap() {
                Event::Filler { number, .. } => fillers.push(number),
                Event::Timer(id) if id == mark => return fillers,
                _ => {}
            }
        }
    }
}

/// As many restarts as a room has by default. They are none of the process, which would have the whole
/// step left out; and what the step says before it panics is said once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panics_in_that_step_cost_what_panics_and_nothing_is_said_twice() {
    let step = |two| {
        let asked = [
            Request::Add(2),
            BURST,
            Request::Panic,
            Request::Panic,
            Request::Panic,
            Request::Add(3),
        ];
        (1..).zip(&asked).map(|(id, asked)| request(two, id, asked)).collect()
    };
    let (mut server, mut one) = died_in(step).await;
    server.start_again();
    resumed(&mut one).await;
    assert_eq!(fillers(&mut one, 1).await, [0, 1, 2]);
    let state = state_where(&mut one, |state| state.sum != 5).await;
    assert_eq!((state.sum, state.recovered, state.went), (10, 0, 0));
    assert_eq!(one.stats().desyncs, 0);
}

/// The step hangs while it is made again, its thread is given up and the room brought back by another.
/// When the thread is back after all, it has no say any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_that_hung_in_that_step_says_nothing_when_it_is_back() {
    let hang = Duration::from_millis(2500);
    let fault = RoomFault::Hang { ms: hang.as_millis() as u32 };
    let step = |two| vec![request(two, 1, &BURST), Command::Fault(fault)];
    let (mut server, mut one) = died_in(step).await;
    server.step_timeout_ms = Some(1000);
    let began = Instant::now();
    server.start_again();
    resumed(&mut one).await;
    assert_eq!(fillers(&mut one, 1).await, [0, 1, 2]);
    let mut mark = 1;
    while began.elapsed() < 2 * hang {
        mark += 1;
        assert_eq!(fillers(&mut one, mark).await, [0u32; 0]);
        assert_eq!(add(&mut one, 1).await, 4 + mark as i32);
    }
    assert_eq!(one.stats().desyncs, 0);
}

/// The seat's token is one of which the next process knows nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_saw_what_no_disk_has_kept_gets_the_seat_back() {
    let mut server = Hosted::start();
    let mut one = server.connect().await;
    within("a seat", one.join(new_room(r#"{"hold_ms":60000}"#))).await.unwrap();
    assert_eq!(add(&mut one, 5).await, 5);
    let state = server.dir.path().join("state");
    let kept = copy_of(&state);
    for sum in 6..8 {
        one.break_connection();
        resumed(&mut one).await;
        assert_eq!(add(&mut one, 1).await, sum);
    }
    server.kill();
    for file in std::fs::read_dir(&state).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|ending| ending == "journal") {
            std::fs::remove_file(file).unwrap();
        }
    }
    for file in std::fs::read_dir(kept.path()).unwrap().map(|file| file.unwrap().path()) {
        std::fs::copy(&file, state.join(file.file_name().unwrap())).unwrap();
    }
    server.start_again();
    resumed(&mut one).await;
    let state = state_where(&mut one, |state| state.sum == 5).await;
    assert_eq!((state.here, state.went), (1, 0));
    assert_eq!(add(&mut one, 2).await, 7);
}
