//! Bots that are processes: they play like others, and whatever they do, the run goes on.

#![cfg(unix)] // the bots here are for a shell
#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::process::{Command, Output};

use serde_json::Value;

/// Answers each frame with this.
fn says(answer: &str) -> String {
    format!("sh -c 'read hello; while read frame; do echo \"$1\"; done' bot {answer}")
}

fn play(game: &str, bot: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    command.args(["match", "--json", "--game", game, "--bots", "mine,random"]);
    command.args(["--bot-cmd", &format!("mine={bot}")]).args(more);
    command.output().unwrap()
}

/// Matches, without what is said over all.
fn matches(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let mut lines: Vec<_> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.pop();
    lines
}

/// Plays two matches with such a bot, which is out in both. Returns why.
fn is_out(bot: &str, more: &[&str]) -> String {
    let short = ["--config", r#"{"time_limit_secs": 5, "tick_hz": 20}"#];
    let series = ["--matches", "2", "--paired"];
    let output = play("arena", bot, &[&series[..], &short, more].concat());
    let matches = matches(&output);
    assert_eq!(matches.len(), 2);
    for line in &matches {
        let out = &line["forfeits"];
        assert_eq!((out.as_array().map(Vec::len), &out[0]["bot"]), (Some(1), &"mine".into()));
        let random =
            &line["seats"].as_array().unwrap().iter().find(|s| s["bot"] == "random").unwrap();
        assert_eq!(line["result"]["winner"], random["player"], "{line}");
    }
    matches[0]["forfeits"][0]["why"].as_str().unwrap().to_owned()
}

#[test]
fn a_bot_in_python_beats_random_and_a_seed_decides_everything() {
    let bot = concat!("python3 '", env!("CARGO_MANIFEST_DIR"), "/../examples/bots/connect4.py'");
    if Command::new("python3").arg("--version").output().is_err() {
        return; // nothing to be tested where there is no Python
    }
    let with = |jobs| {
        let series = ["--matches", "20", "--paired", "--jobs", jobs];
        matches(&play("connect4", bot, &[&series[..], &["--bot-ms", "10000"]].concat()))
    };
    let played = with("1");
    assert_eq!(with("3"), played);
    assert!(played.iter().all(|line| line["forfeits"].is_null()), "{played:?}");
    let won = played.iter().filter(|line| {
        let seats = line["seats"].as_array().unwrap();
        seats.iter().any(|seat| seat["player"] == line["result"]["winner"] && seat["bot"] == "mine")
    });
    assert!(won.count() >= 18, "{played:?}");
}

#[test]
fn one_that_ends_is_out_with_its_last_words() {
    let why = is_out("sh -c 'read hello; read frame; echo {}; echo \"no idea\" >&2; exit 3'", &[]);
    assert!(why.starts_with("has ended (exit status: 3)"), "{why}");
    assert!(why.ends_with("; its last words: no idea"), "{why}");
}

#[test]
fn one_that_falls_silent_is_out() {
    let why =
        is_out("sh -c 'read hello; read frame; echo {}; exec sleep 60'", &["--bot-ms", "300"]);
    assert_eq!(why, "said nothing for 300 ms");
}

#[test]
fn one_that_never_says_anything_and_does_not_read_is_out() {
    let why = is_out("sleep 60", &["--bot-ms", "1"]);
    assert_eq!(why, "said nothing for 10001 ms");
}

#[test]
fn one_that_talks_nonsense_is_out() {
    let why = is_out(&says("what?"), &[]);
    assert!(why.starts_with("answered `what?`: expected value"), "{why}");
    let why = is_out(&says(r#"'"{\"moves\":[]}"'"#), &[]);
    assert!(why.contains("answered"), "{why}");
    let why = is_out("head -c 1000000 /dev/zero", &[]);
    assert_eq!(why, "answered with more than 256 KiB");
    let why = is_out("yes", &[]);
    assert!(why.starts_with("answered `y`"), "{why}");
}

#[test]
fn one_that_asks_for_what_the_game_does_not_know_is_out() {
    let script = "import sys\nfor line in sys.stdin: print(sys.argv[1], flush=True)";
    if Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    // Not after `hello`.
    let script = script.replace("for line", "sys.stdin.readline()\nfor line");
    let with = |answer: &str| format!("python3 -c \"{script}\" '{answer}'");
    let why = is_out(&with(r#"{"requests":[{"Fly":{}}]}"#), &[]);
    assert!(why.starts_with("has no such request: `{\"Fly\":{}}`: "), "{why}");
    let why = is_out(&with(r#"{"moves":[]}"#), &[]);
    assert!(why.contains("unknown field `moves`"), "{why}");
    let many = format!("{{\"inputs\":[{}]}}", ["null"; 33].join(","));
    assert_eq!(is_out(&with(&many), &[]), "answered with more than 32 inputs and requests");
}

#[test]
fn a_match_in_which_all_are_out_ends() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    command.args(["match", "--game", "arena", "--bots", "mine:3", "--bot-cmd", "mine=true"]);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("player 3 (mine) is out after step"),
        "{text}"
    );
    assert!(text.contains("mine was out before the end, matches: 1"), "{text}");
}

#[test]
fn what_cannot_be_started_is_said_in_a_sentence() {
    let complaint = |bot: &str| {
        let output = play("connect4", bot, &[]);
        assert!(!output.status.success() && output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    let why = complaint("no-such-program --x");
    assert!(why.contains("--bot-cmd mine=no-such-program --x: it cannot be started"), "{why}");
    assert!(complaint("'x").contains("a ' is not closed"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    command.args(["match", "--game", "connect4", "--bot-cmd", "planner=true"]);
    let why = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(why.contains("there is a bot `planner` already"), "{why}");
}
