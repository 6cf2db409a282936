//! Journals that were cut or changed: a server starts with them all the same, and a room that comes
//! back is one that there was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use greenroom::journal::Found;
use greenroom::proto::RoomId;
use greenroom::room::saved::Restored;
use greenroom_client::Join;

use crate::support::hosting::Hosted;
use crate::support::probe::{self, Request};
use crate::support::state_dir::{copy_of, found_in};
use crate::support::{DEADLINE, TestServer, new_room, setting, state_where, within};

/// Rooms as a journal has them: the hash after each step, by room and step.
type Rooms = BTreeMap<RoomId, BTreeMap<u32, u64>>;

/// What a killed server has left: some rooms in which something happened.
async fn left_behind() -> Hosted {
    let mut server = Hosted::start();
    let mut clients = Vec::new();
    for tick_hz in [60, 0] {
        let options = format!(r#"{{"hold_ms":30000,"tick_hz":{tick_hz},"cells":3}}"#);
        let mut one = server.connect().await;
        let seat = within("a seat", one.join(new_room(&options))).await.unwrap();
        let mut two = server.connect().await;
        within("a seat", two.join(Join::Room(seat.room))).await.unwrap();
        for sum in 1..=10 {
            let request = Request::Add(1);
            let now: i32 = within("an answer", one.request(&request, DEADLINE)).await.unwrap();
            assert_eq!(now, sum);
        }
        state_where(&mut two, |state| state.sum == 10).await;
        clients.push((one, two));
    }
    server.kill();
    server
}

fn newest_segment(dir: &Path) -> PathBuf {
    let segments = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "journal");
    segments.filter(is_segment).max().unwrap()
}

/// The hash after each step of what was found.
fn steps_of(found: &Found) -> BTreeMap<u32, u64> {
    let games = probe::games();
    let log = Restored::read(&found.start, &found.more).unwrap().log;
    let entry = games.get(&log.header.game).unwrap();
    let mut replay = log.replay(0, |keyframe| entry.game.restore(keyframe)).unwrap();
    let mut steps = BTreeMap::from([(replay.room().tick().0, replay.room().hash())]);
    while let Some(tick) = replay.step(&mut Vec::new()).unwrap() {
        steps.insert(tick.0, replay.room().hash());
    }
    steps
}

/// Whether each room that was found ends at a step that it really had.
fn check(dir: &Path, all: &Rooms, what: &str) {
    for found in found_in(dir) {
        let steps = steps_of(&found);
        let (tick, hash) = steps.last_key_value().unwrap();
        let known = &all[&found.room];
        // A room may have begun anew in the journal: what was before that is not known any more.
        if known.keys().next().is_some_and(|oldest| tick >= oldest) {
            assert_eq!(known.get(tick), Some(hash), "{what}: {} at step {tick}", found.room);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_cut_or_changed_at_any_byte_gives_rooms_that_there_were() {
    let server = left_behind().await;
    let state = server.dir.path().join("state");
    let whole = copy_of(&state);
    let all: Rooms =
        found_in(whole.path()).iter().map(|found| (found.room, steps_of(found))).collect();
    assert!(all.len() == 2 && all.values().all(|steps| steps.len() > 5), "too little to look at");
    let name = newest_segment(&state);
    let bytes = std::fs::read(&name).unwrap();
    let name = name.file_name().unwrap();
    let with = |bytes: &[u8]| {
        let copy = copy_of(&state);
        std::fs::write(copy.path().join(name), bytes).unwrap();
        copy
    };
    // Every byte of the last records, and some of those before them.
    let last = bytes.len().saturating_sub(250 * setting("GREENROOM_SEEDS", 1) as usize);
    let offsets = (0..last).step_by(37).chain(last..bytes.len());
    for offset in offsets {
        check(with(&bytes[..offset]).path(), &all, &format!("cut at {offset}"));
        let mut changed = bytes.clone();
        changed[offset] ^= 1 << (offset % 8);
        check(with(&changed).path(), &all, &format!("changed at {offset}"));
    }
    // And a few of them as a server has them.
    for offset in (0..bytes.len()).step_by(bytes.len().div_ceil(8)) {
        let found = found_in(with(&bytes[..offset]).path()).len();
        let cut = with(&bytes[..offset]);
        let dir = cut.path().to_owned();
        let server = TestServer::start(|config| config.journal.state_dir = Some(dir)).await;
        assert_eq!(server.server.rooms(), found, "cut at {offset}");
        server.stopped().await;
    }
}

/// What nobody can read is set aside, and never in the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_of_games_that_this_program_does_not_have_are_set_aside() {
    let server = left_behind().await;
    let copy = copy_of(&server.dir.path().join("state"));
    let dir = copy.path().to_owned();
    let games = greenroom::Games::builtin();
    let without = TestServer::hosting(games, |config| config.journal.state_dir = Some(dir)).await;
    assert_eq!(without.server.rooms(), 0);
    without.stopped().await;
    let aside = std::fs::read_dir(copy.path().join("aside")).unwrap();
    let logs: Vec<_> = aside.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(logs.len(), 2);
    for log in logs {
        let log = greenroom::room::log::Log::of_bytes(&log).unwrap();
        let games = probe::games();
        let entry = games.get("probe").unwrap();
        log.verify(0, |keyframe| entry.game.restore(keyframe)).unwrap();
    }
    // They are not set aside twice.
    assert!(found_in(copy.path()).is_empty());
}
