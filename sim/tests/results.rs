//! Files of results: the same after an interruption, put together from shards.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const SHORT: &str = r#"{"time_limit_secs": 5, "tick_hz": 20}"#;
const MATCH: [&str; 7] = ["match", "--game", "arena", "--bots", "hunter,random", "--config", SHORT];

fn sim(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greenroom-sim"));
    command.args(args);
    command
}

/// Plays so many matches into a file.
fn play(matches: &str, out: &Path, more: &[&str]) -> Output {
    let mut command = sim(&MATCH);
    command.args(["--matches", matches, "--out"]).arg(out).args(more);
    command.output().unwrap()
}

fn good(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn complaint(output: Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A directory, and a file in it for each name.
fn files<const N: usize>(names: [&str; N]) -> (tempfile::TempDir, [PathBuf; N]) {
    let dir = tempfile::tempdir().unwrap();
    let files = names.map(|name| dir.path().join(name));
    (dir, files)
}

#[test]
fn a_run_that_was_killed_goes_on_as_if_nothing_had_happened() {
    let (_dir, [whole, killed]) = files(["whole", "killed"]);
    good(play("400", &whole, &[]));
    let mut command = sim(&MATCH);
    command.args(["--matches", "400", "--jobs", "1", "--out"]).arg(&killed);
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    #[allow(clippy::disallowed_methods)] // a deadline
    let began = Instant::now();
    while std::fs::metadata(&killed).map_or(0, |file| file.len()) < 4000 {
        assert!(began.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = std::fs::read(&killed).unwrap();
    good(play("400", &killed, &["--continue"]));
    let expected = std::fs::read(&whole).unwrap();
    assert!(kept.len() < expected.len() && std::fs::read(&killed).unwrap() == expected);
    // And once more: nothing is left to be played, and the same is said.
    good(play("400", &killed, &["--continue"]));
    assert!(std::fs::read(&killed).unwrap() == expected);
}

#[test]
fn it_goes_on_from_any_byte_of_the_file() {
    let (_dir, [whole, cut]) = files(["whole", "cut"]);
    let sweep = ["--sweep", "tick_hz=10,20", "--json"];
    let said = good(play("3", &whole, &sweep));
    let expected = std::fs::read(&whole).unwrap();
    let matches = |said: &str| -> Vec<Value> {
        let lines = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["match"].is_u64()).collect()
    };
    let places = (0..expected.len()).step_by(173).chain([1, expected.len() - 1]);
    for place in places {
        std::fs::write(&cut, &expected[..place]).unwrap();
        let again = good(play("3", &cut, &[&sweep[..], &["--continue"]].concat()));
        assert_eq!(matches(&again), matches(&said), "cut at {place}");
        assert!(std::fs::read(&cut).unwrap() == expected, "cut at {place}");
    }
}

#[test]
fn a_tournament_goes_on_too() {
    let (_dir, [whole, cut]) = files(["whole", "cut"]);
    let with = |out: &Path, more: &[&str]| {
        let mut command =
            sim(&["tournament", "--game", "arena", "--config", SHORT, "--swiss", "1"]);
        good(command.args(["--matches", "6", "--out"]).arg(out).args(more).output().unwrap())
    };
    let said = with(&whole, &[]);
    let expected = std::fs::read(&whole).unwrap();
    std::fs::write(&cut, &expected[..expected.len() / 2]).unwrap();
    assert_eq!(with(&cut, &["--continue"]), said);
    assert!(std::fs::read(&cut).unwrap() == expected);
    let mut report = sim(&["report"]);
    let report = good(report.arg(&whole).output().unwrap());
    assert!(said.ends_with(&report), "{report}");
    let mut command = sim(&["tournament", "--game", "arena", "--config", SHORT, "--swiss", "1"]);
    command.args(["--each", "3", "--continue", "--matches", "6", "--out"]).arg(&cut);
    let other = complaint(command.output().unwrap());
    assert!(other.contains("`each` is 3 here and 1 there"), "{other}");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let (_dir, [out, other]) = files(["out", "other"]);
    good(play("2", &out, &[]));
    let there = complaint(play("2", &out, &[]));
    assert!(there.contains("is there already: --continue goes on with it"), "{there}");
    let seed = complaint(play("2", &out, &["--continue", "--seed", "2"]));
    assert!(seed.contains("is of other matches: `seed` is 2 here and 1 there"), "{seed}");
    std::fs::write(&other, "my diary").unwrap();
    let diary = complaint(play("2", &other, &["--continue"]));
    assert!(diary.contains("is no file of results"), "{diary}");
    assert_eq!(std::fs::read(&other).unwrap(), b"my diary");
    // A line in the middle that somebody took out.
    let text = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(&other, format!("{}\n{}\n", lines[0], lines[2])).unwrap();
    let gap = complaint(play("2", &other, &["--continue"]));
    assert!(gap.contains("has match 1 where match 0 belongs"), "{gap}");
    std::fs::write(&other, format!("{}\nx\n", lines[0])).unwrap();
    let line = complaint(play("2", &other, &["--continue"]));
    assert!(line.contains("has a line that is no match"), "{line}");
}

/// Runs `report`.
fn report(files: &[&Path], more: &[&str]) -> Output {
    sim(&["report"]).args(files).args(more).output().unwrap()
}

#[test]
fn shards_put_together_are_the_file_of_the_whole() {
    let (_dir, [whole, one, two, three, all]) = files(["whole", "1", "2", "3", "all"]);
    let options = ["--paired", "--sweep", "tick_hz=10,20"];
    good(play("12", &whole, &options));
    for (shard, out) in [("1/3", &one), ("2/3", &two), ("3/3", &three)] {
        good(play("12", out, &[&options[..], &["--shard", shard]].concat()));
    }
    let all_name = all.to_str().unwrap();
    let said = good(report(&[&two, &three, &one], &["--out", all_name]));
    assert!(std::fs::read(&all).unwrap() == std::fs::read(&whole).unwrap());
    assert_eq!(said, good(report(&[&whole], &[])));
    let twice = complaint(report(&[&one, &two, &one], &[]));
    assert!(twice.contains("are both shard 1/3"), "{twice}");
    let missing = report(&[&one, &three], &[]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("without shard 2/3"), "{missing:?}");
    assert!(missing.status.success());
    let (_dir, [other]) = files(["other"]);
    good(play("12", &other, &[&options[..], &["--shard", "2/3", "--seed", "9"]].concat()));
    let apart = complaint(report(&[&one, &other], &[]));
    assert!(apart.contains("do not belong together: `seed` is 1 here and 9 there"), "{apart}");
}

#[test]
fn a_report_has_tables_and_pictures_and_needs_nothing_else() {
    let (_dir, [out, csv, html]) = files(["out", "x.csv", "x.html"]);
    good(play("20", &out, &["--paired"]));
    let names = [csv.to_str().unwrap(), html.to_str().unwrap()];
    let said = good(report(&[&out], &["--csv", names[0], "--html", names[1]]));
    assert!(said.contains("20 matches, 2000 ticks, hash "), "{said}");
    assert!(said.contains("hunter has in a match: deaths "), "{said}");
    let csv = std::fs::read_to_string(csv).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "match,seed,ticks,hash,player,bot,points,forfeit,deaths,hits,score");
    assert_eq!(lines.len(), 1 + 2 * 20);
    let html = std::fs::read_to_string(html).unwrap();
    assert!(html.contains("<svg") && html.contains("<table"), "{html}");
    assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("href="));
    let json = good(report(&[&out], &["--json"]));
    let json: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!((&json["game"], &json["matches"]), (&"arena".into(), &20.into()));
    assert!(json["commit"].is_string() && json["target"].is_string());
    assert_eq!(json["metrics"]["hunter"]["hits"]["count"], 20);
}

#[test]
fn what_matches_cost_is_beside_the_results_and_not_among_them() {
    let (_dir, [whole, out, costs, html]) = files(["whole", "out", "costs", "x.html"]);
    good(play("30", &whole, &[]));
    let [costs_name, html_name] = [&costs, &html].map(|file| file.to_str().unwrap());
    good(play("30", &out, &["--costs", costs_name, "--jobs", "2"]));
    assert!(std::fs::read(&whole).unwrap() == std::fs::read(&out).unwrap());
    let said = good(report(&[&out], &["--costs", costs_name, "--html", html_name]));
    assert!(said.contains("\nMatches   30, of 3000 ticks together\n"), "{said}");
    let html = std::fs::read_to_string(&html).unwrap();
    assert!(html.contains("Time of a step of the room"), "{html}");
    if cfg!(target_os = "linux") {
        assert!(said.contains("\nMemory    ") && html.contains("Memory of the process"), "{said}");
    }
    let json = good(report(&[&out], &["--json", "--costs", costs_name]));
    let json: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!(json["costs"]["matches"], 30);
    assert!(json["costs"]["step_us"]["p99"].as_f64() > Some(0.0), "{json}");
    // What was played before is not measured again.
    good(play("30", &out, &["--continue", "--costs", costs_name]));
    assert_eq!(std::fs::read_to_string(&costs).unwrap().lines().count(), 1);
    let other = std::fs::read_to_string(&costs).unwrap().replace("\"arena\"", "\"cards\"");
    std::fs::write(&costs, other).unwrap();
    let other = complaint(report(&[&out], &["--costs", costs_name]));
    assert!(other.contains("is of cards, not of arena"), "{other}");
}

#[test]
fn the_worst_matches_are_kept_the_same_after_an_interruption() {
    let (dir, [out, cut]) = files(["out", "cut"]);
    let with = |out: &Path, logs: &Path, more: &[&str]| {
        let keep = ["--log", logs.to_str().unwrap(), "--keep-replays", "worst:3"];
        good(play("40", out, &[&keep[..], more].concat()));
        let mut names: Vec<_> =
            std::fs::read_dir(logs).unwrap().map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let (logs, other) = (dir.path().join("logs"), dir.path().join("other"));
    let kept = with(&out, &logs, &[]);
    assert_eq!(kept.len(), 3);
    // The first bot lost those, or nobody lost so little.
    let text = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<Value> =
        text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let wins = |line: &&Value| {
        let seats = line["seats"].as_array().unwrap();
        let hunter = seats.iter().find(|seat| seat["bot"] == "hunter").unwrap();
        line["result"]["winner"] == hunter["player"]
    };
    let lost = lines.iter().filter(|line| !wins(line)).count();
    let kept_lost = lines.iter().filter(|line| {
        let name = format!("arena-1-{}.log", line["match"]);
        !wins(line) && kept.iter().any(|kept| *kept == *name)
    });
    assert_eq!(kept_lost.count(), lost.min(3));
    // They replay.
    let replay = sim(&["replay"]).args(kept.iter().map(|name| logs.join(name))).output().unwrap();
    good(replay);
    // Interrupted after half of them.
    let half: Vec<&str> = text.split_inclusive('\n').take(21).collect();
    std::fs::write(&cut, half.concat()).unwrap();
    std::fs::create_dir(&other).unwrap();
    let again = with(&cut, &other, &["--continue"]);
    assert!(again.iter().all(|name| kept.contains(name)), "{again:?} {kept:?}");
    let longest = complaint(play("2", &dir.path().join("x"), &["--keep-replays", "some"]));
    assert!(longest.contains("write worst:5, best:5 or longest:5"), "{longest}");
}
