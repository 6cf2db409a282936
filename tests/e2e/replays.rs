//! The log of a finished match is kept, and plays again to what clients saw.

use std::path::{Path, PathBuf};
use std::time::Duration;

use greenroom::Games;
use greenroom::bot::Act;
use greenroom::proto::{Rows, Tick};
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::log::Log;
use greenroom_client::{Client, Join, Update};

use crate::support::hosting::Hosted;
use crate::support::probe::{self, Request};
use crate::support::{DEADLINE, TestServer, ended, find, new_room, next, until, within};

/// The finished files in a directory, oldest first.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(all) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<_> = all
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(".replay.log")))
        .collect();
    files.sort();
    files
}

/// What one process has not finished.
fn unfinished(dir: &Path) -> Vec<PathBuf> {
    let parts = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let parts = parts.filter(|path| path.is_dir()).flat_map(|dir| std::fs::read_dir(dir).unwrap());
    parts
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.ends_with("lock").eq(&false))
        .collect()
}

/// Verifies a log from each of its keyframes, and returns what clients in step held at its end.
pub fn verified(file: &Path, games: &Games) -> (Log, Tick, Rows) {
    let log = Log::of_bytes(&std::fs::read(file).unwrap()).unwrap();
    let entry = games.get(&log.header.game).unwrap();
    let restore = |keyframe: &[u8]| entry.game.restore(keyframe);
    for from in 0..log.keyframes() {
        let replayed = log.verify(from, restore).unwrap();
        assert!(replayed.hashes > 0, "the last step has a hash");
    }
    let limits = HistoryLimits { frames_max: 2, bytes_max: usize::MAX };
    let mut history = History::new(entry.layout.clone(), limits);
    let mut replay = log.replay(0, restore).unwrap();
    while let Some(tick) = replay.step(&mut Vec::new()).unwrap() {
        history
            .push(tick, |rows| {
                replay.room().publish(&entry.layout, rows);
            })
            .unwrap();
    }
    assert!(replay.room().is_over());
    let (tick, rows) = history.newest().map(|(tick, rows)| (tick, rows.clone())).unwrap();
    (log, tick, rows)
}

/// Plays to the end; returns the last frame that was seen.
async fn play(mut client: Client, seed: u64) -> (Tick, Rows) {
    let games = Games::builtin();
    let mut bot = games.get("arena").unwrap().bot("hunter", seed).unwrap();
    let me = client.seat().unwrap().player;
    let mut last = None;
    loop {
        match next(&mut client).await {
            Update::Frame { .. } => {
                let (tick, rows) = client.rows().expect("a frame was applied");
                last = Some((tick, rows.clone()));
                for act in bot.act(me, tick, rows, Duration::ZERO) {
                    let Act::Input(input) = act else { panic!("the arena knows no requests") };
                    client.input_bytes(&input).unwrap();
                }
            }
            Update::Event(event) => bot.event(&event.body),
            Update::People(_) => {}
            Update::Ended { .. } => return last.expect("a frame before the end"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finished_match_replays_to_what_its_players_saw() {
    let server = TestServer::start(|config| {
        config.replays.dir = Some(config.rooms.crash_dir.with_file_name("replays"));
        // So that the log soon outgrows what a room keeps in memory.
        config.rooms.log_bytes_max = 1_024;
    })
    .await;
    let options = r#"{"max_players":4,"time_limit_secs":5,"score_limit":1000}"#;
    let mut players = Vec::new();
    for seed in 0..4 {
        let join = Join::OpenOrCreate { game: "arena", options };
        let (client, _) = server.seated(join).await;
        players.push(tokio::spawn(play(client, seed)));
    }
    let mut lasts = Vec::new();
    for player in players {
        lasts.push(within("the end of a match", player).await.unwrap());
    }
    until("the room is gone", || server.server.rooms() == 0).await;
    let dir = server.stopped().await;
    let kept = dir.path().join("replays");
    let files = files(&kept);
    assert_eq!(files.len(), 1);
    let (log, tick, rows) = verified(&files[0], &Games::builtin());
    assert!(log.keyframes() >= 4, "{} keyframes: all was in memory", log.keyframes());
    assert_eq!((log.begin(), log.end()), (Tick(0), Tick(150)));
    for (seen, held) in lasts {
        assert_eq!(seen, tick, "the last frame was seen");
        assert!(held == rows, "the replay comes to another state than the client held");
    }
    assert_eq!(unfinished(&kept), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_in_which_the_game_panicked_replays_and_one_that_nobody_finished_is_not_kept() {
    let server = TestServer::start(|config| {
        config.replays.dir = Some(config.rooms.crash_dir.with_file_name("replays"));
        config.rooms.room_empty = std::time::Duration::ZERO;
    })
    .await;
    for tick_hz in [30, 0] {
        let options = format!(r#"{{"tick_hz":{tick_hz}}}"#);
        let (mut one, seat) = server.seated(new_room(&options)).await;
        let refused = one.request::<_, i32>(&Request::Panic, DEADLINE);
        assert!(within("an answer", refused).await.is_err());
        let sum: i32 = within("an answer", one.request(&Request::Add(3), DEADLINE)).await.unwrap();
        assert_eq!((sum, server.restarts(seat.room)), (3, 1));
        one.start(&Request::End, DEADLINE).unwrap();
        ended(&mut one).await;
        // Abandoned.
        let (mut one, _) = server.seated(new_room(&options)).await;
        one.leave().await.unwrap();
    }
    until("the rooms are gone", || server.server.rooms() == 0).await;
    let dir = server.stopped().await;
    let files = files(&dir.path().join("replays"));
    assert_eq!(files.len(), 2);
    for file in files {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert!(text.contains("probe"), "{text}");
        verified(&file, &probe::games());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_replay_of_a_match_that_outlived_its_process_is_dropped_and_said_to_be() {
    let mut server = Hosted::start();
    let kept = server.dir.path().join("replays");
    let mut one = server.connect().await;
    within("a seat", one.join(new_room(r#"{"hold_ms":30000}"#))).await.unwrap();
    let _: i32 = within("an answer", one.request(&Request::Add(3), DEADLINE)).await.unwrap();
    server.kill();
    let before = std::fs::read_dir(&kept).unwrap().count();
    server.start_again();
    find(&mut one, |update| matches!(update, Update::Resumed { .. }).then_some(())).await;
    assert_eq!(std::fs::read_dir(&kept).unwrap().count(), before, "one lock, one unfinished");
    one.start(&Request::End, DEADLINE).unwrap();
    ended(&mut one).await;
    // The next match is kept again.
    let mut two = server.connect().await;
    within("a seat", two.join(new_room(""))).await.unwrap();
    two.start(&Request::End, DEADLINE).unwrap();
    ended(&mut two).await;
    until("a replay", || files(&kept).len() == 1).await;
    verified(&files(&kept)[0], &probe::games());
    assert!(
        server.errors().contains("its replay is incomplete and not kept"),
        "{}",
        server.errors()
    );
}
