//! Tournaments by the command: the same on any number of threads, gone on with, rated.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::process::{Command, Output};

use serde_json::Value;

const SHORT: &str = r#"{"time_limit_secs": 5, "tick_hz": 20}"#;

fn play(more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    command.args(["tournament", "--game", "arena", "--config", SHORT]).args(more);
    command.output().unwrap()
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn complaint(more: &[&str]) -> String {
    let output = play(more);
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn everybody_meets_everybody_and_the_better_bot_is_first() {
    let with = |jobs| text(play(&["--json", "--matches", "20", "--jobs", jobs]));
    let json = with("1");
    assert_eq!(with("3"), json);
    let mut lines: Vec<Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = lines.pop().unwrap();
    assert_eq!((lines.len(), &summary["matches"]), (20, &20.into()));
    let [first, second] = [0, 1].map(|place| &summary["standings"][place]);
    assert_eq!((&first["bot"], &second["bot"]), (&"hunter".into(), &"random".into()));
    assert!(first["elo"].as_f64() > Some(0.0) && first["low"].as_f64() < first["elo"].as_f64());
    assert_eq!(first["points"].as_f64().unwrap() + second["points"].as_f64().unwrap(), 1.0);
    // Two matches of one seed, with seats that have changed.
    for pair in lines.chunks(2) {
        assert_eq!(pair[0]["seed"], pair[1]["seed"]);
        assert_ne!(pair[0]["seats"][0]["bot"], pair[1]["seats"][0]["bot"]);
    }
}

#[test]
fn a_table_is_for_people() {
    let said = text(play(&["--each", "2", "--swiss", "1"]));
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("round 1: hunter "), "{said}");
    assert!(lines[1].contains("points") && lines[2].contains("hunter"), "{said}");
    assert!(lines[4].starts_with("Swiss, 1 rounds: 4 matches, 400 ticks, hash "), "{said}");
}

#[test]
fn shards_of_a_round_robin_put_together_are_the_file_of_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let table = ["--game", "swarm", "--config", SHORT, "--bots", "grazer,hunter,random"];
    let with = |name: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
        command.arg("tournament").args(table).args(["--matches", "2", "--out", &file(name)]);
        text(command.args(more).output().unwrap())
    };
    let whole = with("whole", &["--log", &file("logs")]);
    let parts = [("1/2", 2), ("2/2", 1)].map(|(shard, meetings)| {
        let said = with(&shard.replace('/', "-"), &["--shard", shard]);
        assert_eq!(said.matches(" : ").count(), meetings, "{said}");
        file(&shard.replace('/', "-"))
    });
    let mut report = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    report.args(["report", "--out", &file("all")]).args(parts);
    assert!(whole.ends_with(&text(report.output().unwrap())), "{whole}");
    assert!(std::fs::read(file("all")).unwrap() == std::fs::read(file("whole")).unwrap());
    // Each match has its log, and they are those of these matches.
    let mut replay = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    let logs = (0..6).map(|index| format!("{}/swarm-1-{index}.log", file("logs")));
    text(replay.arg("replay").args(logs).output().unwrap());
    let swiss = complaint(&["--swiss", "2", "--shard", "1/2"]);
    assert!(swiss.contains("--shard: who meets in a round of a Swiss tournament"), "{swiss}");
}

#[test]
fn what_is_no_tournament_is_said_in_a_sentence() {
    assert!(complaint(&["--bots", "hunter"]).contains("has two bots or more"));
    assert!(complaint(&["--bots", "hunter,best"]).contains("there is no bot `best`: choose from"));
    let twice = complaint(&["--bots", "hunter,random,hunter"]);
    assert!(twice.contains("`hunter` is named twice"), "{twice}");
    let odd = complaint(&["--matches", "3"]);
    assert!(odd.contains("--matches 3: seats go round, so choose a multiple of 2"), "{odd}");
    // A world without end has no winner.
    let unsaid = complaint(&["--secs", "1"]);
    assert!(unsaid.contains("match 0: its result does not say who has won"), "{unsaid}");
}
