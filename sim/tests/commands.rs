//! The commands as processes: what one writes another reads.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn sim(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_greenroom-sim")).args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn dir(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&dir);
    dir
}

fn summary(seed: &str) -> serde_json::Value {
    let config = r#"{"time_limit_secs": 5, "tick_hz": 20}"#;
    let args =
        ["match", "--game", "arena", "--bots", "hunter:2,random", "--matches", "3", "--json"];
    let lines = stdout(&sim(&[&args[..], &["--config", config, "--seed", seed]].concat()));
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "three matches and a summary");
    assert_eq!(lines[1]["match"], 1);
    assert_eq!(lines[1]["ticks"], 100);
    assert_eq!(lines[1]["seats"][0], serde_json::json!({"player": 1, "bot": "hunter"}));
    assert_eq!(lines[2]["seats"][0]["bot"], "random");
    assert_eq!(lines[1]["result"]["scores"].as_array().unwrap().len(), 3);
    lines[3].clone()
}

#[test]
fn two_processes_with_one_seed_come_to_one_hash() {
    let (one, other) = (summary("7"), summary("7"));
    assert_eq!(one["hash"], other["hash"]);
    assert_eq!((&one["matches"], &one["ticks"]), (&3.into(), &300.into()));
    assert!(one["ticks_per_sec"].as_u64() > Some(0) && one["seconds"].as_f64() > Some(0.0));
    assert_ne!(one["hash"], summary("8")["hash"]);
}

#[test]
fn a_logged_match_replays_in_another_process() {
    for (game, name) in [("arena", "logs-arena"), ("connect4", "logs-connect4")] {
        let dir = dir(name);
        let dir_text = dir.to_str().unwrap();
        stdout(&sim(&["match", "--game", game, "--seed", "9", "--log", dir_text]));
        let file = dir.join(format!("{game}-9-0.log"));
        let line = stdout(&sim(&["replay", file.to_str().unwrap()]));
        assert!(line.contains(&format!("{game} version ")), "{line}");
        assert!(line.contains(": all equal, hash "), "{line}");
    }
}

#[test]
fn logs_that_do_not_replay_are_told_apart() {
    let dir = dir("bad-logs");
    stdout(&sim(&["match", "--game", "connect4", "--log", dir.to_str().unwrap()]));
    let good = dir.join("connect4-1-0.log");
    let bytes = std::fs::read(&good).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let file = dir.join(name);
        std::fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let other = write("other", b"#!/bin/sh");
    let cut = write("cut", &bytes[..bytes.len() / 2]);
    let missing = dir.join("missing").to_str().unwrap().to_owned();

    let output = sim(&["replay", &other, &cut, &missing, good.to_str().unwrap()]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("other: this is not a Greenroom log"), "{said}");
    assert!(said.contains("cut: the log is damaged: its checksum is wrong"), "{said}");
    assert!(said.contains("missing: the file cannot be read: "), "{said}");
    assert!(said.contains("greenroom-sim: 3 of 4 logs do not replay"), "{said}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("all equal"));
}

#[test]
fn a_mistake_on_the_command_line_is_a_sentence_and_a_failure() {
    let output = sim(&["match", "--game", "chess"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        said,
        "greenroom-sim: there is no game `chess`: choose from arena, cards, connect4, swarm\n"
    );
}

#[test]
fn a_run_that_would_play_nothing_is_refused_and_not_called_good() {
    let connect4 = ["--game", "connect4", "--bots", "planner,random"];
    for (command, wrong, why) in [
        ("check", ["--seeds", "0"], "0 is not in 1.."),
        ("check", ["--ticks", "0"], "0 is not in 1.."),
        ("chaos", ["--seeds", "0"], "0 is not in 1.."),
        ("match", ["--matches", "0"], "0 is not in 1.."),
        ("match", ["--secs", "0"], "0 is not in 1.."),
        ("match", ["--ticks-max", "0"], "0 is not in 1.."),
        ("match", ["--jobs", "5000"], "5000 is not in 0..=1024"),
        ("match", ["--sweep", "turn_secs=nan:2:1"], "`nan` is no number"),
    ] {
        let game = match command {
            "chaos" => &[][..],
            "check" => &connect4[..2],
            _ => &connect4[..],
        };
        let output = sim(&[&[command], game, &wrong[..]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(why), "{command} {wrong:?}: {said}");
        assert!(output.stdout.is_empty(), "{command} {wrong:?}");
    }
    let output = sim(&[&["match"], &connect4[..], &["--sprt", "0:50", "--errors", "2"]].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("wrong in 2 of all cases (--errors): choose 0.001 to 0.4"), "{said}");
}

#[test]
fn a_check_finds_nothing_in_the_games_that_come_with_greenroom() {
    for game in ["arena", "cards", "connect4", "swarm"] {
        let line = stdout(&sim(&["check", "--game", game, "--seeds", "4", "--ticks", "150"]));
        assert!(line.starts_with(&format!("{game}: 4 matches of ")), "{line}");
        assert!(line.ends_with(" steps made with something left out: nothing found\n"), "{line}");
    }
    let output = sim(&["check", "--game", "arena", "--config", r#"{"tick_hz": 0}"#]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "greenroom-sim: --config: tick_hz is 0: choose 1 to 128\n");
}

#[test]
fn a_bench_makes_the_same_steps_in_each_process_and_says_what_they_cost() {
    for (game, bots, config) in [
        ("arena", "4", r#"{"tick_hz": 20}"#),
        ("cards", "3", r#"{"players": 3}"#),
        ("connect4", "2", "{}"),
        ("swarm", "5", r#"{"tick_hz": 10}"#),
    ] {
        let args = ["bench", "--game", game, "--bots", bots, "--config", config, "--json"];
        let measure = || -> serde_json::Value {
            let short = ["--secs", "1", "--match-secs", "5"];
            serde_json::from_str(&stdout(&sim(&[&args[..], &short].concat()))).unwrap()
        };
        let (one, other) = (measure(), measure());
        assert_eq!(one["hash"], other["hash"], "{game}");
        assert!(one["steps"].as_u64() > Some(1) && one["rounds"].as_u64() > Some(0), "{one}");
        assert!(one["ticks_per_sec"].as_f64() > Some(0.0), "{one}");
        assert!(one["frame_bytes"].as_f64() > Some(0.0), "{one}");
        assert!(one["slowest_us"].as_f64() <= one["step_us"]["max"].as_f64().map(|us| us + 0.01));
    }
}
