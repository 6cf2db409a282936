//! Bots compared by the command: the same on any number of threads, as shards, until it is clear.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::process::{Command, Output};

use serde_json::Value;

const SHORT: &str = r#"{"time_limit_secs": 5, "tick_hz": 20}"#;

fn play(more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    command.args(["match", "--game", "arena", "--json"]).args(more);
    if !more.contains(&"--config") {
        command.args(["--config", SHORT]);
    }
    command.output().unwrap()
}

/// The matches, and the summary without what depends on the machine.
fn lines(output: &Output) -> (Vec<Value>, Value) {
    assert!(output.status.success(), "{output:?}");
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut summary = lines.pop().unwrap();
    for key in ["seconds", "ticks_per_sec", "jobs"] {
        assert!(summary.as_object_mut().unwrap().remove(key).is_some(), "{key}");
    }
    (lines, summary)
}

fn complaint(more: &[&str]) -> String {
    let output = play(more);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn all_threads_together_play_what_one_plays() {
    let with = |jobs| {
        let bots = ["--bots", "hunter,random", "--matches", "30", "--jobs", jobs];
        lines(&play(&bots))
    };
    let one = with("1");
    assert_eq!(one.0.len(), 30);
    assert!((0..30u64).zip(&one.0).all(|(index, line)| line["match"] == index));
    for jobs in ["2", "5", "0"] {
        assert_eq!(with(jobs), one, "{jobs} threads");
    }
}

#[test]
fn counting_bytes_changes_no_match() {
    for (game, bots) in [("arena", "hunter:2"), ("swarm", "grazer:5"), ("connect4", "random:2")] {
        let with = |more: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
            command.args(["match", "--json", "--game", game, "--bots", bots, "--secs", "5"]);
            lines(&command.args(more).output().unwrap())
        };
        let (plain, counted) = (with(&[]), with(&["--bytes"]));
        assert_eq!(plain.1["hash"], counted.1["hash"], "{game}");
        let metrics = counted.1["metrics"].as_object().unwrap();
        for metrics in metrics.values() {
            let bytes = metrics["bytes_per_tick"]["mean"].as_f64().unwrap();
            assert!((1.0..2000.0).contains(&bytes), "{game}: {bytes} bytes per tick");
        }
    }
}

#[test]
fn latency_is_part_of_the_match_and_a_seed_decides_all_of_it() {
    let games = [("arena", "hunter:4"), ("swarm", "grazer:5"), ("connect4", "planner,random")];
    for (game, bots) in games.into_iter().chain([("cards", "careful:4")]) {
        let with = |more: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
            command.args(["match", "--json", "--game", game, "--bots", bots, "--matches", "2"]);
            if game == "arena" || game == "swarm" {
                command.args(["--secs", "10"]);
            }
            lines(&command.args(more).output().unwrap())
        };
        let (none, late) = (with(&[]), with(&["--latency", "150ms±50", "--jobs", "1"]));
        assert_eq!(with(&["--latency", "0"]), none, "{game}");
        assert_ne!(late.1["hash"], none.1["hash"], "{game}");
        assert_eq!(with(&["--latency", "150+-50", "--jobs", "2"]), late, "{game}");
    }
    let wrong = play(&["--bots", "2", "--latency", "fast"]);
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("write 80ms±20, or 80ms"));
}

#[test]
fn shards_put_together_are_the_whole() {
    let bots = ["--bots", "hunter,random", "--paired", "--matches", "12"];
    let (mut whole, _) = lines(&play(&bots));
    let mut parts = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let (part, summary) = lines(&play(&[&bots[..], &["--shard", shard]].concat()));
        assert_eq!(summary["matches"], part.len());
        parts.extend(part);
    }
    let number = |line: &Value| line["match"].as_u64();
    parts.sort_by_key(number);
    whole.sort_by_key(number);
    assert_eq!(parts, whole);
    // Who sat where changes within a pair, the seed does not.
    for pair in whole.chunks(2) {
        assert_eq!(pair[0]["seed"], pair[1]["seed"]);
        assert_ne!(pair[0]["seats"][0]["bot"], pair[1]["seats"][0]["bot"]);
    }
}

#[test]
fn it_stops_when_it_is_clear_who_is_better() {
    let test = ["--sprt", "0:50", "--matches", "2000"];
    let (matches, summary) = lines(&play(&[&["--bots", "hunter,random"], &test[..]].concat()));
    let versus = &summary["versus"];
    assert_eq!(versus["verdict"], "better", "{summary}");
    assert!((16..200).contains(&matches.len()), "{}", matches.len());
    assert!(versus["low"].as_f64() > Some(0.0) && versus["difference"].as_f64() > Some(100.0));
    let rate = &summary["rates"]["hunter"];
    assert_eq!(rate["matches"], matches.len());
    assert!(rate["low"].as_f64() > Some(0.5), "{summary}");
    let (_, summary) = lines(&play(&[&["--bots", "random,hunter"], &test[..]].concat()));
    assert_eq!(summary["versus"]["verdict"], "not_better", "{summary}");
}

#[test]
fn what_cannot_be_compared_is_said_in_a_sentence() {
    let three = complaint(&["--bots", "hunter:2,random", "--sprt", "0:50"]);
    assert!(three.contains("--sprt compares two bots with as many seats"), "{three}");
    let wrong = complaint(&["--bots", "hunter,random", "--sprt", "50"]);
    assert!(wrong.contains("write two differences in Elo, as 0:20"), "{wrong}");
    let order = complaint(&["--bots", "hunter,random", "--sprt", "50:0"]);
    assert!(order.contains("the first is the lower"), "{order}");
    let shard = play(&["--bots", "hunter,random", "--shard", "4/3"]);
    assert_eq!(shard.status.code(), Some(2));
    assert!(String::from_utf8(shard.stderr).unwrap().contains("write 2/5 for the second of five"));
}

#[test]
fn what_was_played_before_a_match_that_fails_is_kept() {
    // As long as it takes somebody to hit somebody.
    let config = r#"{"score_limit": 1, "time_limit_secs": 600}"#;
    let bots = ["--bots", "2", "--matches", "40", "--config", config];
    let (all, _) = lines(&play(&bots));
    let ticks: Vec<u64> = all.iter().map(|line| line["ticks"].as_u64().unwrap()).collect();
    let most = ticks[..3].iter().max().unwrap() + 1;
    let fails = ticks.iter().position(|ticks| *ticks >= most).unwrap();
    let output = play(&[&bots[..], &["--ticks-max", &most.to_string()]].concat());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("match {fails}: no end after {most} steps")), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[..fails], all[..fails]);
    assert_eq!((lines.len(), &lines[fails]["matches"]), (fails + 1, &fails.into()));
}

#[test]
fn an_option_takes_one_value_after_the_other() {
    let sweep = ["--sweep", "tick_hz=10:30:10", "--sweep", "max_players=4,8"];
    let base = ["--bots", "hunter,random", "--matches", "4"];
    let output = play(&[&base[..], &sweep].concat());
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6 * (4 + 1));
    let summaries: Vec<_> = lines.iter().filter(|line| line["matches"] == 4).collect();
    let swept = |hz, players| serde_json::json!({ "tick_hz": hz, "max_players": players });
    assert_eq!(summaries[0]["swept"], swept(10, 4));
    assert_eq!(summaries[5]["swept"], swept(30, 8));
    // Five seconds each.
    assert_eq!((&summaries[0]["ticks"], &summaries[5]["ticks"]), (&200.into(), &600.into()));
    assert_eq!(lines[3]["swept"], swept(10, 4));

    let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    command.args(["match", "--game", "arena", "--config", SHORT]).args(base).args(sweep);
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let table: Vec<_> = text.lines().rev().take(7).collect();
    assert!(table[6].contains("tick_hz") && table[6].ends_with("random wins, 95 %"), "{text}");
    assert!(table[0].trim_start().starts_with("30"), "{text}");

    let wrong = complaint(&[&base[..], &["--sweep", "tick_hz=100:200:50"]].concat());
    assert!(wrong.contains("tick_hz is 150: choose 1 to 128"), "{wrong}");
}
