//! Replays against a registry that is not the one the log was written under.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use greenroom::Games;
use greenroom::games::connect4::Connect4;
use greenroom::room::log::{Keep, Log};
use greenroom_sim::headless::Simulation;
use greenroom_sim::replay::{ReplayError, replay};

fn log() -> Log {
    let games = Games::builtin();
    let series = Simulation::new(&games, "arena").seed(4).logs(true).prepare().unwrap();
    series.play(0).unwrap().log.unwrap()
}

#[test]
fn a_log_replays_from_every_start() {
    let verified = replay(&log().to_bytes(), &Games::builtin()).unwrap();
    // Every 512 steps a keyframe, in a match of some 1000 steps or more.
    assert!(verified.starts.len() >= 3, "{verified}");
    assert!(verified.starts.iter().all(|start| start.hash == verified.starts[0].hash));
    assert!(verified.starts.windows(2).all(|starts| starts[0].steps > starts[1].steps));
}

#[test]
fn other_games_versions_and_schemas_are_told_apart() {
    let replay = |log: &Log| replay(&log.to_bytes(), &Games::builtin()).unwrap_err();
    let mut other = log();
    other.header.version = 0;
    assert_eq!(
        replay(&other).to_string(),
        "it was played under version 0 of arena; this build has version 2"
    );
    let mut other = log();
    other.header.schema_hash ^= 1;
    assert!(matches!(replay(&other), ReplayError::Schema { .. }));
    let only_connect4 = Games::new().add::<Connect4>();
    let error = greenroom_sim::replay::replay(&log().to_bytes(), &only_connect4).unwrap_err();
    assert_eq!(error.to_string(), "there is no game `arena`: choose from connect4");
}

#[test]
fn a_log_whose_steps_lead_elsewhere_has_diverged() {
    // The log of one seed, with the keyframe of another at its end.
    let games = Games::builtin();
    let entry = games.get("arena").unwrap();
    let plan = entry.game.plan("").unwrap();
    let mut room = entry.game.create(&plan.options, 1).unwrap();
    let mut log = Log::new(entry.header(&plan, 1), room.as_ref());
    let mut other = entry.game.create(&plan.options, 2).unwrap();
    for _ in 0..10 {
        log.step(room.tick().next(), 0, &[]);
        room.step(0, &[], &mut Vec::new());
        other.step(0, &[], &mut Vec::new());
    }
    log.keyframe(other.tick(), other.keyframe(), Keep::All);
    let error = replay(&log.to_bytes(), &games).unwrap_err().to_string();
    assert!(error.starts_with("the replay parts from the match by tick 10: "), "{error}");
}
