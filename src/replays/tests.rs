// Deadlines are read off a clock.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::time::Instant;

use greenroom_proto::{PlayerId, Tick};

use super::*;
use crate::Games;
use crate::room::log::Keep;
use crate::room::{AnyRoom, Command};

const LIMITS: Limits = Limits {
    files_max: 100,
    bytes_max: 10 << 20,
    age_max: Duration::from_secs(3600),
    queue_bytes_max: 1 << 20,
};
const WITHIN: Duration = Duration::from_secs(20);

/// A match of the arena whose log is kept in memory as a server keeps it, and as a whole.
struct Match {
    room: Box<dyn AnyRoom>,
    recent: Log,
    whole: Log,
}

impl Match {
    fn new(seed: u64) -> Self {
        let games = Games::builtin();
        let entry = games.get("arena").unwrap();
        let plan = entry.game.plan(r#"{"time_limit_secs": 5}"#).unwrap();
        let mut room = entry.game.create(&plan.options, seed).unwrap();
        let log = Log::new(entry.header(&plan, seed), room.as_ref());
        let (mut recent, mut whole) = (log.clone(), log);
        let join = [Command::join(PlayerId(1))];
        recent.step(Tick(1), 0, &join);
        whole.step(Tick(1), 0, &join);
        room.step(0, &join, &mut Vec::new());
        Match { room, recent, whole }
    }

    /// Plays on and takes a keyframe.
    fn play(&mut self, replay: &KeptReplay) {
        for _ in 0..20 {
            let tick = self.room.tick().next();
            self.recent.step(tick, 0, &[]);
            self.whole.step(tick, 0, &[]);
            self.room.step(0, &[], &mut Vec::new());
        }
        let (tick, keyframe) = (self.room.tick(), self.room.keyframe());
        replay.more(self.recent.keyframe(tick, keyframe.clone(), Keep::Recent));
        self.whole.keyframe(tick, keyframe, Keep::All);
    }
}

/// The finished files, oldest first.
fn files(dir: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = all
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(".replay.log")))
        .collect();
    files.sort();
    files
}

fn unfinished(dir: &Path) -> usize {
    let all = std::fs::read_dir(dir).unwrap();
    all.filter(|entry| {
        entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with(".unfinished-")
    })
    .count()
}

fn keep(replays: &KeptReplays, seed: u64, keyframes: u32) -> Vec<u8> {
    let replay = replays.begin();
    let mut played = Match::new(seed);
    (0..keyframes).for_each(|_| played.play(&replay));
    replay.finish("0123456789ABC".to_owned(), played.recent);
    played.whole.to_bytes()
}

#[test]
fn all_of_a_match_is_in_its_file_however_little_of_it_was_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let replays = KeptReplays::open(dir.path().join("deep/kept"), LIMITS).unwrap();
    let kept = dir.path().join("deep/kept");
    let whole: Vec<_> = [0, 1, 2, 5].map(|keyframes| keep(&replays, 7, keyframes)).into();
    // Matches at once do not get into each other's way.
    let (one, other) = (replays.begin(), replays.begin());
    let (mut first, mut second) = (Match::new(8), Match::new(9));
    for _ in 0..4 {
        first.play(&one);
        second.play(&other);
    }
    one.finish("ONE".to_owned(), first.recent);
    drop(other);
    assert!(replays.close(WITHIN));
    let files = files(&kept);
    let written: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert_eq!(written[..4], whole);
    assert_eq!(written[4..], [first.whole.to_bytes()], "the other was never finished");
    assert!(files[0].to_str().unwrap().ends_with("-arena-0123456789ABC.replay.log"));
    assert_eq!(unfinished(&kept), 0);
    let log = Log::of_bytes(&written[3]).unwrap();
    let games = Games::builtin();
    let entry = games.get("arena").unwrap();
    assert_eq!(log.keyframes(), 6);
    for from in 0..6 {
        log.verify(from, |keyframe| entry.game.restore(keyframe)).unwrap();
    }
}

#[test]
fn the_oldest_go_first_by_number_bytes_and_age() {
    let dir = tempfile::tempdir().unwrap();
    let notes = dir.path().join("notes.txt");
    std::fs::write(&notes, "mine").unwrap();
    let old = dir.path().join("0000000000000001-arena-OLD.replay.log");
    std::fs::write(&old, "of long ago").unwrap();
    let replays =
        KeptReplays::open(dir.path().to_owned(), Limits { files_max: 3, ..LIMITS }).unwrap();
    assert!(!old.exists(), "too old");
    let bytes = (0..5).map(|seed| keep(&replays, seed, 0).len()).max().unwrap();
    assert!(replays.close(WITHIN));
    assert_eq!(files(dir.path()).len(), 3);
    let newest = files(dir.path()).pop().unwrap();
    // Another process with less room.
    let bytes_max = bytes as u64 * 2 + 1;
    let replays = KeptReplays::open(dir.path().to_owned(), Limits { bytes_max, ..LIMITS }).unwrap();
    assert!(replays.close(WITHIN));
    let left = files(dir.path());
    assert_eq!((left.len(), left.last()), (2, Some(&newest)));
    assert!(notes.exists());
}

#[test]
fn what_does_not_fit_is_lost_and_nobody_waits() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { queue_bytes_max: 0, ..LIMITS };
    let replays = KeptReplays::open(dir.path().to_owned(), limits).unwrap();
    let replay = replays.begin();
    let mut played = Match::new(1);
    (0..4).for_each(|_| played.play(&replay));
    assert!(replay.lost.load(Relaxed));
    replay.finish("LOST".to_owned(), played.recent);
    assert!(replays.close(WITHIN));
    assert!(files(dir.path()).is_empty());

    // A match that takes more than all matches may.
    let limits = Limits { bytes_max: 300, ..LIMITS };
    let replays = KeptReplays::open(dir.path().to_owned(), limits).unwrap();
    let replay = replays.begin();
    let mut played = Match::new(1);
    (0..4).for_each(|_| played.play(&replay));
    replay.finish("LARGE".to_owned(), played.recent);
    assert!(replays.close(WITHIN));
    assert!(files(dir.path()).is_empty());
    assert_eq!(unfinished(dir.path()), 0);
}

#[test]
fn a_directory_that_somebody_deletes_costs_what_was_not_finished_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let replays = KeptReplays::open(dir.path().to_owned(), LIMITS).unwrap();
    let replay = replays.begin();
    let mut played = Match::new(1);
    (0..3).for_each(|_| played.play(&replay));
    let begun = || {
        let dirs = std::fs::read_dir(dir.path()).unwrap();
        let files = dirs.filter_map(|entry| std::fs::read_dir(entry.unwrap().path()).ok());
        files.flatten().any(|file| file.unwrap().path().extension().is_some_and(|it| it == "part"))
    };
    let deadline = Instant::now() + WITHIN;
    while !begun() {
        assert!(Instant::now() < deadline, "nothing was written");
        std::thread::yield_now();
    }
    // Somebody tidies up.
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        // The writer may be at it.
        while path.is_dir() {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
    (0..3).for_each(|_| played.play(&replay));
    replay.finish("LOST".to_owned(), played.recent);
    let whole = keep(&replays, 2, 3);
    assert!(replays.close(WITHIN));
    let files = files(dir.path());
    assert_eq!(files.len(), 1, "half a replay is none: {files:?}");
    assert_eq!(std::fs::read(&files[0]).unwrap(), whole);
}

#[test]
fn what_a_dead_process_left_is_removed_and_what_a_live_one_writes_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let dead = dir.path().join(".unfinished-1-0000000000000001");
    std::fs::create_dir(&dead).unwrap();
    std::fs::write(dead.join("lock"), "").unwrap();
    std::fs::write(dead.join("3.part"), "half a match").unwrap();
    let one = KeptReplays::open(dir.path().to_owned(), LIMITS).unwrap();
    assert!(!dead.exists());
    let other = KeptReplays::open(dir.path().to_owned(), LIMITS).unwrap();
    assert_eq!(unfinished(dir.path()), 2);
    let whole = keep(&one, 1, 4);
    assert!(other.close(WITHIN) && one.close(WITHIN));
    assert_eq!(std::fs::read(&files(dir.path())[0]).unwrap(), whole);
    assert_eq!(unfinished(dir.path()), 0);
}
