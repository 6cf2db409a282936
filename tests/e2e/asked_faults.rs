//! Faults that are asked for in a room are part of its log; the process can be asked to die.

use greenroom::proto::Refusal;
use greenroom::room::Command;
use greenroom::room::fault::RoomFault;
use greenroom::room::log::Log;
use greenroom_client::{CallError, Client, Join, Update};

use crate::replays::{files, verified};
use crate::support::hosting::Hosted;
use crate::support::probe::{self, Request};
use crate::support::{DEADLINE, TestServer, ended, find, new_room, state_where, until, within};

/// What was to fail in the steps of a log.
fn faults(log: &Log) -> Vec<RoomFault> {
    let commands = log.steps(0).flat_map(|step| step.unwrap().commands);
    commands
        .filter_map(|command| match command {
            Command::Fault(fault) => Some(fault),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_with_faults_replays_with_them() {
    const KINDS: &str = "panic-room=every:19,panic-tick=every:31,fail-tick=every:61,\
        panic-state=every:43,hang-room=every:29:5ms";
    for tick_hz in [60, 0] {
        let server = TestServer::start(|config| {
            config.rooms.restarts_max = 1000;
            config.replays.dir = Some(config.rooms.crash_dir.with_file_name("replays"));
            config.dev.faults = KINDS.parse().unwrap();
        })
        .await;
        let options = format!(r#"{{"tick_hz":{tick_hz},"hold_ms":60000}}"#);
        let (mut one, seat) = server.seated(new_room(&options)).await;
        let (mut two, _) = server.seated(Join::Room(seat.room)).await;
        let mut sum = 0;
        for _ in 0..130 {
            match within("an answer", one.request::<_, i32>(&Request::Add(1), DEADLINE)).await {
                Ok(answer) => {
                    sum += 1;
                    assert_eq!(answer, sum);
                }
                // It was in a step that was left out.
                Err(CallError::Refused { why: Refusal::Failed, .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
        let restarts = server.restarts(seat.room);
        assert!(sum >= 100, "only {sum} of 130 requests were done");
        state_where(&mut two, |state| state.sum == sum && state.here == 2 && state.went == 0).await;
        for client in [&one, &two] {
            assert_eq!((client.stats().desyncs, client.stats().resumed), (0, 0));
        }
        assert!(restarts >= 8, "{restarts} restarts");
        one.start(&Request::End, DEADLINE).unwrap();
        ended(&mut one).await;
        until("the room is gone", || server.server.rooms() == 0).await;
        let crashes = server.crash_files();
        let dir = server.stopped().await;
        let kept = files(&dir.path().join("replays"));
        let (log, ..) = verified(&kept[0], &probe::games());
        let all = faults(&log);
        let hang = RoomFault::Hang { ms: 5 };
        for kind in
            [RoomFault::Panic, RoomFault::Tick, RoomFault::TickForGood, RoomFault::State, hang]
        {
            assert!(all.contains(&kind), "{tick_hz} Hz: {kind:?} is not in the log");
        }
        // A crash file ends in the step with the fault that it is about.
        assert!(!crashes.is_empty());
        for file in crashes {
            let log = Log::of_bytes(&std::fs::read(&file).unwrap()).unwrap();
            let crash = log.crash.as_ref().unwrap();
            assert!(crash.text.contains("a fault that was asked for"), "{}", crash.text);
            assert!(!faults(&log).is_empty(), "{}", file.display());
        }
    }
}

async fn add(client: &mut Client) -> i32 {
    within("an answer", client.request(&Request::Add(1), DEADLINE)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_was_asked_to_die_leaves_what_the_next_goes_on_with() {
    let mut server = Hosted::failing("kill-process=after:3s");
    let mut one = server.connect().await;
    within("a seat", one.join(new_room(r#"{"hold_ms":60000}"#))).await.unwrap();
    assert_eq!(add(&mut one).await, 1);
    let status = server.ended().await;
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status}");
    server.faults.clear();
    server.start_again();
    find(&mut one, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
    assert_eq!(add(&mut one).await, 2);
}
