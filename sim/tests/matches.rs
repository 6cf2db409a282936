//! The same seeds give the same matches, in this build as in all before it.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::path::Path;
use std::process::Command;

use greenroom::Games;
use serde_json::Value;

/// The hash over the matches of a line.
fn hash(args: &str, jobs: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    command.args(["match", "--json", "--jobs", jobs]).args(args.split(' '));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{args}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let summary: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    summary["hash"].as_str().unwrap().to_owned()
}

#[test]
fn all_games_and_bots_play_the_matches_they_always_played() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matches.txt");
    let file = std::fs::read_to_string(&path).unwrap();
    let is_match = |line: &&str| !line.starts_with('#');
    let lines = file.lines().filter(is_match).map(|line| line.split_once(' ').unwrap());
    for entry in Games::builtin().entries() {
        for bot in entry.bot_names() {
            let game = format!("--game {} ", entry.game.name());
            let named = |args: &str| args.starts_with(&game) && args.contains(bot);
            assert!(lines.clone().any(|(_, args)| named(args)), "{game}{bot} is not there");
        }
    }
    let is_new = std::env::var("GREENROOM_HASHES").is_ok_and(|value| value == "write");
    let mut text: String = file
        .lines()
        .filter(|line| !is_match(line))
        .fold(String::new(), |text, comment| text + comment + "\n");
    for (expected, args) in lines {
        let hash = hash(args, "1");
        assert_eq!(self::hash(args, "3"), hash, "on three threads: {args}");
        assert!(is_new || hash == expected, "{expected} was, and now is {hash}: {args}");
        text += &format!("{hash} {args}\n");
    }
    if is_new {
        std::fs::write(path, text).unwrap();
    }
}
