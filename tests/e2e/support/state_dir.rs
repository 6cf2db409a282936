//! What a server has left in its state directory.

use std::path::Path;

use greenroom::game::Game;
use greenroom::journal::{Found, Journal, Limits};
use greenroom::room::Room;
use greenroom::room::saved::Restored;

use super::probe::{self, Probe, State};

/// The files of a directory, elsewhere.
pub fn copy_of(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    copy
}

/// The rooms that are to go on.
pub fn found_in(dir: &Path) -> Vec<Found> {
    Journal::open(dir, Limits::default()).unwrap().1
}

/// The newest state in what was found of a room of the tests' game.
pub fn state_of(found: &Found) -> State {
    let games = probe::games();
    let log = Restored::read(&found.start, &found.more).unwrap().log;
    let entry = games.get(&log.header.game).unwrap();
    let mut replay = log.replay(0, |keyframe| entry.game.restore(keyframe)).unwrap();
    while replay.step(&mut Vec::new()).unwrap().is_some() {}
    Room::<Probe>::restore(&replay.room().keyframe()).unwrap().game().state().clone()
}
