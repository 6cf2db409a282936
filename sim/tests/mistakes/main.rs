//! `check` finds what it says that it finds, and `replay` has crashes again. This program is the
//! simulator with games that have a mistake each, and, without arguments of the simulator, the tests
//! that run it as a process: the second process of a check is the same program again.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

mod broken;
mod crashes;

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let is_simulator =
        std::env::args().nth(1).is_some_and(|first| ["check", "replay"].contains(&&*first));
    if is_simulator {
        return greenroom_sim::cli(broken::games());
    }
    // What the usual harness would do with the arguments that cargo passes on.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let list = std::env::args().any(|argument| argument == "--list");
    for (name, test) in TESTS {
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        if list {
            println!("{name}: test");
            continue;
        }
        test();
        println!("test {name} ... ok");
    }
    ExitCode::SUCCESS
}

const TESTS: &[(&str, fn())] = &[
    ("a_game_without_a_mistake_passes", a_game_without_a_mistake_passes),
    ("the_order_of_a_hash_map_is_found", the_order_of_a_hash_map_is_found),
    ("a_wall_clock_is_found", a_wall_clock_is_found),
    ("a_clock_that_counts_seconds_is_found_apart", a_clock_that_counts_seconds_is_found_apart),
    ("a_platforms_sine_is_found_by_another_build", a_platforms_sine_is_found_by_another_build),
    ("a_field_that_is_not_written_down_is_found", a_field_that_is_not_written_down_is_found),
    ("a_static_that_remembers_is_found", a_static_that_remembers_is_found),
    ("a_state_that_changes_when_looked_at_is_found", a_state_that_changes_when_looked_at_is_found),
    ("garbage_that_panics_is_found", garbage_that_panics_is_found),
    ("a_step_left_out_that_panics_is_found", a_step_left_out_that_panics_is_found),
    ("crashes::a_crash_comes_again", crashes::a_crash_comes_again),
    ("crashes::another_crash_is_an_error", crashes::another_crash_is_an_error),
    (
        "crashes::a_step_that_never_ends_does_so_again",
        crashes::a_step_that_never_ends_does_so_again,
    ),
    ("crashes::what_was_decided_before_counts", crashes::what_was_decided_before_counts),
];

/// What the simulator says, and whether it is content.
fn simulator(arguments: &[&str]) -> (String, bool) {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!errors.contains("stack backtrace") && !errors.contains("thread '"), "{errors}");
    (String::from_utf8(output.stdout).unwrap() + &errors, output.status.success())
}

fn check(game: &str) -> (String, bool) {
    simulator(&["check", "--game", game, "--seeds", "8", "--ticks", "120"])
}

/// What a check says of a game that has a mistake.
fn found(game: &str, parts: &[&str]) {
    let (said, passed) = check(game);
    assert!(!passed, "{game}: {said}");
    for part in parts {
        assert!(said.contains(part), "{game}: not {part:?} in\n{said}");
    }
}

fn a_game_without_a_mistake_passes() {
    let (said, passed) = check("sound");
    assert!(passed, "{said}");
    assert!(said.starts_with("sound: 8 matches of 960 steps, made again with "), "{said}");
}

fn the_order_of_a_hash_map_is_found() {
    found(
        "hash-map",
        &["made again, come to another room", "in what clients see: first", "HashMap"],
    );
}

fn a_wall_clock_is_found() {
    found("clock", &["tick 1: ", "in what clients see: now", "Ctx::time"]);
}

fn a_clock_that_counts_seconds_is_found_apart() {
    found("seconds", &["in another process", "in the game's hidden fields: game.second"]);
}

/// The other build is this one with a variable set, or, where `GREENROOM_OTHER` names one, that one.
fn a_platforms_sine_is_found_by_another_build() {
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("other");
    let program = std::env::current_exe().unwrap();
    let text = format!("#!/bin/sh\nGREENROOM_OTHER_SINE=1 exec '{}' \"$@\"\n", program.display());
    std::fs::write(&script, text).unwrap();
    Command::new("chmod").arg("+x").arg(&script).status().unwrap();
    let other = std::env::var_os("GREENROOM_OTHER").map_or(script, Into::into);
    let with = ["--other", other.to_str().unwrap()];
    let check =
        |game| simulator(&[&["check", "--game", game, "--ticks", "120"], &with[..]].concat());
    let (said, passed) = check("sound");
    assert!(passed, "{said}");
    let (said, passed) = check("sines");
    assert!(!passed && said.contains("come to another room in another build"), "{said}");
    assert!(said.contains("greenroom::math"), "{said}");
}

fn a_field_that_is_not_written_down_is_found() {
    found("skips", &["if it is read back after tick", "what clients see: shown", "serde(skip)"]);
}

fn a_static_that_remembers_is_found() {
    found("static", &["made again", "game.number", "static"]);
}

fn a_state_that_changes_when_looked_at_is_found() {
    found("peeks", &["what there is to see is another the second time", "looks", "Game::state"]);
}

fn garbage_that_panics_is_found() {
    found(
        "divides",
        &["the game panics", "in the hook of command", "divide by zero", "Check what"],
    );
}

fn a_step_left_out_that_panics_is_found() {
    found("counts", &["as after a panic, the game panics", "Game::recovered"]);
}
