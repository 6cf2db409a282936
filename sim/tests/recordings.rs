//! `replay --frames`, and two logs compared: by the commands as processes, and by the reader of
//! recordings.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use greenroom::Games;
use greenroom::proto::recording::{BadRecording, Recording};
use greenroom::proto::{PlayerId, Rows, Tick};
use greenroom::room::Command as RoomCommand;
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::log::{Keep, Log};
use greenroom::room::views::ViewKey;
use greenroom_sim::headless::Simulation;

fn dir(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn replay(args: &[&str]) -> (String, bool) {
    let mut sim = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    let output = sim.arg("replay").args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout) + &text(output.stderr), output.status.success())
}

/// The log of a match, in a file.
fn played(dir: &Path, game: &str, bots: &str, config: &str) -> (Log, String) {
    let games = Games::builtin();
    let simulation = Simulation::new(&games, game).bots(bots).config(config).seed(4).logs(true);
    let log = simulation.prepare().unwrap().play(0).unwrap().log.unwrap();
    let file = dir.join(format!("{game}.log")).to_str().unwrap().to_owned();
    std::fs::write(&file, log.to_bytes()).unwrap();
    (log, file)
}

fn recorded(dir: &Path, log: &str, more: &[&str]) -> Recording<File> {
    let out = dir.join(format!("out{}.frames", more.concat())).to_str().unwrap().to_owned();
    let (said, well) = replay(&[&["--frames", &out, log], more].concat());
    assert!(well && said.contains(" frames up to tick "), "{said}");
    Recording::open(File::open(out).unwrap()).unwrap()
}

/// The rows that somebody in step holds after each frame: a player, or somebody who sees all in a game
/// that hides nothing.
fn frames_of(log: &Log, player: Option<PlayerId>) -> Vec<(Tick, Rows)> {
    let games = Games::builtin();
    let entry = games.get(&log.header.game).unwrap();
    let limits = HistoryLimits { frames_max: 2, bytes_max: usize::MAX };
    let mut history = History::new(entry.layout.clone(), limits);
    let mut replay = log.replay(0, |keyframe| entry.game.restore(keyframe)).unwrap();
    let mut frames = Vec::new();
    while let Some(tick) = replay.step(&mut Vec::new()).unwrap() {
        let room = replay.room();
        history
            .push(tick, |rows| {
                room.publish(&entry.layout, rows);
            })
            .unwrap();
        match player {
            None => frames.push((tick, history.newest().unwrap().1.clone())),
            Some(player) if room.seated().contains(&player) => {
                let sight = room.sight(player);
                let view = ViewKey::of(player, &sight);
                frames.push((tick, history.seen(view, &sight).unwrap()));
                history.keep_bases([(view, tick)].into_iter());
            }
            Some(_) => {}
        }
    }
    frames
}

fn all_frames(recording: &mut Recording<File>) -> Vec<(Tick, Rows)> {
    let mut frames = Vec::new();
    while let Some(shown) = recording.next().unwrap() {
        frames.push((shown.frame.tick, recording.rows().clone()));
    }
    frames
}

#[test]
fn a_recording_shows_what_clients_saw_and_can_be_entered_anywhere() {
    let dir = dir("recordings");
    let (log, file) = played(&dir, "arena", "4", r#"{"time_limit_secs": 20}"#);
    let mut recording = recorded(&dir, &file, &[]);
    let expected = frames_of(&log, None);
    assert_eq!(all_frames(&mut recording), expected);
    assert_eq!(recording.last().0, expected.last().unwrap().0);
    assert!(recording.blocks().len() >= 9, "a block for each 2 s of 20");
    for tick in [600, 1, 59, 60, 61, 62, 433, 0, 9999].map(Tick) {
        let at = recording.seek(tick).unwrap().unwrap();
        let (right, rows) = expected.iter().rfind(|(at, _)| *at <= tick).unwrap_or(&expected[0]);
        assert_eq!((at, recording.rows()), (*right, rows), "seek to {tick}");
    }
    // On from a seek, over the end of a block.
    recording.seek(Tick(50)).unwrap();
    let rest = all_frames(&mut recording);
    assert_eq!(rest, expected[50..]);
}

#[test]
fn a_player_s_recording_holds_only_what_the_player_saw() {
    let dir = dir("recordings-as");
    let (log, file) = played(&dir, "cards", "3", r#"{"deals": 1, "players": 3}"#);
    let mut recording = recorded(&dir, &file, &["--as", "2"]);
    assert_eq!(recording.head().viewer, Some(PlayerId(2)));
    assert_eq!(recording.head().tick_hz, 0, "it steps on commands");
    let frames = all_frames(&mut recording);
    assert_eq!(frames, frames_of(&log, Some(PlayerId(2))));
    let mut all = recorded(&dir, &file, &[]);
    let (_, more) = all_frames(&mut all).pop().unwrap();
    assert!(more.len() > frames.last().unwrap().1.len(), "others have hands too");
    // Time goes on as it did.
    recording.seek(Tick(0)).unwrap();
    let (mut before, mut events) = (0, 0);
    while let Some(shown) = recording.next().unwrap() {
        assert!(shown.time_ms >= before);
        before = shown.time_ms;
        events += shown.frame.events.len();
    }
    assert_eq!(before, recording.last().1);
    assert!(events > 10, "{events} events");
    let (said, well) = replay(&["--frames", "nowhere", "--as", "9", &file]);
    assert!(!well && said.contains("player 9 has no seat"), "{said}");
}

#[test]
fn damaged_recordings_are_refused() {
    let dir = dir("recordings-damaged");
    let (_, file) = played(&dir, "arena", "2", r#"{"time_limit_secs": 5}"#);
    recorded(&dir, &file, &[]);
    let bytes = std::fs::read(dir.join("out.frames")).unwrap();
    let open = |bytes: &[u8]| {
        let mut recording = Recording::open(std::io::Cursor::new(bytes.to_vec()))?;
        while recording.next()?.is_some() {}
        Ok::<(), BadRecording>(())
    };
    open(&bytes).unwrap();
    for at in (0..bytes.len()).step_by(7) {
        assert!(open(&bytes[..at]).is_err(), "cut after {at} bytes");
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(open(&changed).is_err(), "another byte {at}");
    }
    assert!(matches!(open(b"#!/bin/sh\n exit 0"), Err(BadRecording::NotARecording)));
}

#[test]
fn the_first_difference_between_two_logs_is_named() {
    let dir = dir("diffs");
    let games = Games::builtin();
    let entry = games.get("arena").unwrap();
    let plan = entry.game.plan(r#"{"time_limit_secs": 5}"#).unwrap();
    let write = |name: &str, seed: u64, thrust: u8, end: u32| {
        let mut room = entry.game.create(&plan.options, seed).unwrap();
        let mut log = Log::new(entry.header(&plan, seed), room.as_ref());
        for tick in 1..=end {
            let player = PlayerId(1);
            let commands = match tick {
                1 => vec![RoomCommand::join(player)],
                20 => vec![RoomCommand::Input { player, body: vec![thrust, 0, 0, 0] }],
                _ => Vec::new(),
            };
            log.step(room.tick().next(), 0, &commands);
            room.step(0, &commands, &mut Vec::new());
        }
        log.hash(room.hash());
        let file = dir.join(name).to_str().unwrap().to_owned();
        std::fs::write(&file, log.to_bytes()).unwrap();
        (file, room.keyframe(), log)
    };
    let (one, ..) = write("one.log", 1, 1, 100);
    let (same, ..) = write("same.log", 1, 1, 100);
    let diff = |other: &str| replay(&["--diff", other, &one]);
    let (said, well) = diff(&same);
    assert!(well && said == "the logs are of the same match, up to tick 100\n", "{said}");
    let (said, well) = diff(&write("seed.log", 2, 1, 100).0);
    assert!(
        !well && said.starts_with("they part before the first tick, in their seeds\n"),
        "{said}"
    );
    assert!(said.contains("one.log: 1\n") && said.contains("seed.log: 2\n"), "{said}");
    let (said, well) = diff(&write("input.log", 1, 0, 100).0);
    assert!(!well && said.starts_with("they part in tick 20, in command 1\n"), "{said}");
    assert!(said.contains("body: [1, 0, 0, 0]") && said.contains("body: [0, 0, 0, 0]"), "{said}");
    let (said, well) = diff(&write("short.log", 1, 1, 90).0);
    assert!(!well && said.starts_with("they part after tick 90, where one ends\n"), "{said}");

    // The same commands on another room: a log that begins with another keyframe.
    let began = |state: &[u8]| {
        let mut room = entry.game.restore(state).unwrap();
        let mut log = Log::from_keyframe(entry.header(&plan, 1), room.tick(), state.to_vec());
        log.step(room.tick().next(), 0, &[]);
        room.step(0, &[], &mut Vec::new());
        log.keyframe(room.tick(), room.keyframe(), Keep::All);
        log
    };
    let (_, keyframe, _) = write("state.log", 1, 0, 100);
    let moved = dir.join("moved.log").to_str().unwrap().to_owned();
    std::fs::write(&moved, began(&keyframe).to_bytes()).unwrap();
    let (said, well) = diff(&moved);
    assert!(
        !well && said.starts_with("they part in tick 100, in what clients see: ships[0.0]."),
        "{said}"
    );
    assert_eq!(said.lines().count(), 4, "a line, two values, and the verdict: {said}");
}

#[test]
fn options_that_do_not_go_together_are_refused_in_a_sentence() {
    let dir = dir("replay-options");
    let (_, file) = played(&dir, "connect4", "2", "");
    let (said, well) = replay(&["--print-state", &file, &file]);
    assert!(!well && said.contains("this is done with one file at a time"), "{said}");
    let (said, well) = replay(&["--as", "1", &file]);
    assert!(!well && said.contains("--as says whose state"), "{said}");
    let (said, well) = replay(&["--to-tick", "999", &file]);
    assert!(!well && said.contains("there is no tick 999 in it"), "{said}");
    let (said, well) = replay(&["--to-tick", "2", &file]);
    assert!(
        well && said.contains("2 steps, ") && said.contains("all equal up to tick 2"),
        "{said}"
    );
    let (said, well) = replay(&["--print-state", "--to-tick", "1", &file]);
    let state: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(well && state["turn"].is_u64() && state["board"]["cells"][5][6] == 0, "{said}");
    let (said, well) = replay(&["--print-state", "--as", "3", "--to-tick", "1", &file]);
    assert!(
        !well && said.contains("player 3 has no seat after tick 1; those who have: 1, 2"),
        "{said}"
    );
}
