//! Logs and keyframes that were damaged before their checksum was made, or are none at all.

use std::fs;
use std::path::Path;

use greenroom::Games;
use greenroom::proto::PlayerId;
use greenroom::room::Command;

use crate::garbage;
use crate::random::Random;
use crate::{seeds, with_seed};

/// Logs without name and checksum, and keyframes of every game after some steps.
fn originals() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let logs = files.filter(|path| path.extension().is_some_and(|name| name == "log"));
    let mut all: Vec<Vec<u8>> = logs
        .map(|path| {
            let bytes = fs::read(path).unwrap();
            // Damage deep inside of a long log is like damage near its start.
            bytes[8..bytes.len() - 8].iter().copied().take(3000).collect()
        })
        .collect();
    for entry in Games::builtin().entries() {
        let plan = entry.game.plan("{}").unwrap();
        let mut room = entry.game.create(&plan.options, 1).unwrap();
        let joins: Vec<Command> = (1..=2).map(|player| Command::join(PlayerId(player))).collect();
        room.step(0, &joins, &mut Vec::new());
        (1..20).for_each(|step| room.step(step * 100, &[], &mut Vec::new()));
        all.push(room.keyframe());
    }
    all
}

#[test]
fn garbage_is_no_log_and_no_room() {
    let originals = originals();
    assert!(originals.len() > 2);
    assert!(originals.iter().any(|bytes| garbage::log(bytes)), "nothing gets past the checksum");
    for seed in seeds(400) {
        with_seed(seed, || {
            let random = &mut Random(seed);
            let mut bytes = originals[random.below(originals.len() as u64) as usize].clone();
            if random.percent(10) {
                bytes = (0..random.below(300)).map(|_| random.next() as u8).collect();
            }
            if random.percent(20) {
                bytes.truncate(random.below(bytes.len() as u64 + 1) as usize);
            }
            for _ in 0..random.below(6) {
                let at = random.below(bytes.len().max(1) as u64) as usize;
                let Some(byte) = bytes.get_mut(at) else { continue };
                // Bytes over 250 announce long numbers.
                *byte = if random.percent(40) {
                    250 + random.below(6) as u8
                } else {
                    random.next() as u8
                };
            }
            garbage::log(&bytes);
        });
    }
}
