//! Logs of matches that another process played, replayed. `tests/golden/README.md` says how they
//! are made.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use std::path::Path;

use greenroom::Games;
use greenroom::room::log::Log;

#[test]
fn logs_of_other_processes_replay_to_the_same_hashes() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let games = Games::builtin();
    let mut played: Vec<String> = Vec::new();
    for file in std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        let log = Log::of_bytes(&std::fs::read(&file).unwrap()).unwrap();
        let entry = games.get(&log.header.game).unwrap();
        let known = (log.header.version, log.header.schema_hash);
        assert_eq!(known, (entry.game.version(), entry.schema_hash), "{}", file.display());
        for from in 0..log.keyframes() {
            let replayed = log.verify(from, |keyframe| entry.game.restore(keyframe));
            let replayed = replayed.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert!(replayed.hashes >= 1, "{}: nothing was compared", file.display());
        }
        played.push(log.header.game);
    }
    played.sort();
    assert_eq!(played, ["arena", "cards", "connect4"], "one log for each of these games");
}
