//! What stalled clients cost the process.

#![cfg(target_os = "linux")]

use greenroom::proto::{JoinTarget, Text, frame, wire};
use greenroom_client::{Client, Join, Update};
use tokio::sync::watch;

use crate::support::process::Process;
use crate::support::{find, within};

/// Many, so that what else the process does hardly counts.
const CLIENTS: usize = 150;
/// Bytes of the process that a stalled client takes, all in all: TLS, the frame that was under way,
/// some control messages, its share of what the room keeps to bring it up to date.
const STALLED_MAX: usize = 96 << 10;
/// Bytes by which it grows while it stays stuck for six seconds more. Frames in a queue would be
/// some 60 KiB.
const LATER_MAX: usize = 16 << 10;

/// Lets so many seconds of the room pass.
async fn play_for(observer: &mut Client, secs: u32) {
    let from = observer.rows().map_or(0, |(tick, _)| tick.0);
    find(observer, |update| match update {
        Update::Frame { tick, .. } => (tick.0 > from + 30 * secs).then_some(()),
        _ => None,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_clients_cost_a_bounded_amount_of_memory() {
    const ARENA: &str = r#"{"max_players":26,"score_limit":1000,"send_every":1}"#;
    let server = Process::serve(&["--plain", "off", "--send-buffer-bytes", "4096"]);
    let mut observer = server.connect().await;
    let arena = Join::OpenOrCreate { game: "arena", options: ARENA };
    within("a seat", observer.join(arena)).await.unwrap();
    let empty = server.resident();
    let target = server.target();
    let (stop, stopped) = watch::channel(false);
    let mut reading = Vec::new();
    // Thrust, turn and shoot from now on: the state changes all the time.
    let mut input = vec![frame::INPUT, 0, 0];
    wire::encode_into(
        &greenroom::games::arena::Input {
            thrust: true,
            turn: 40,
            fire: true,
            ..Default::default()
        },
        &mut input,
    );
    for _ in 0..CLIENTS {
        let mut raw = target.open_narrow().await;
        let to = JoinTarget::OpenOrCreate { game: Text::cut("arena"), options: Text::cut(ARENA) };
        raw.join(to).await;
        raw.message(&input).await;
        let mut stopped = stopped.clone();
        reading.push(tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = raw.next() => {}
                    _ = stopped.wait_for(|stopped| *stopped) => return raw,
                }
            }
        }));
    }
    play_for(&mut observer, 2).await;
    // Nobody but the observer reads from here on.
    stop.send(true).unwrap();
    let mut clients = Vec::new();
    for client in reading {
        clients.push(client.await.unwrap());
    }
    play_for(&mut observer, 4).await;
    let per_client = |more: usize, less: usize| more.saturating_sub(less) / CLIENTS;
    // What the crowd of handshakes took goes back to the system some seconds later.
    let mut stuck = server.resident();
    within("what stalled clients take is bounded", async {
        while per_client(stuck, empty) >= STALLED_MAX {
            play_for(&mut observer, 1).await;
            stuck = server.resident();
        }
    })
    .await;
    play_for(&mut observer, 6).await;
    let grows = per_client(server.resident(), stuck);
    let takes = per_client(stuck, empty);
    println!("a stalled client takes {takes} bytes, six seconds later {grows} more");
    assert!(grows < LATER_MAX, "a client that stays stuck takes {grows} bytes more");
    // They were stuck indeed: what they read now has a gap.
    let mut last = None;
    let gap = within("a merged frame", async {
        loop {
            let before = greenroom::proto::Tick(last.unwrap_or(0));
            let tick = frame::read(&clients[0].state().await, before).unwrap().tick.0;
            if let Some(gap) = last.replace(tick).map(|last: u32| tick - last)
                && gap > 1
            {
                return gap;
            }
        }
    });
    assert!(gap.await > 30);
}
