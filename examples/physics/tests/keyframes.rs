//! 500 bodies, written down and read back: from then on everything is as if nothing had been.

use std::time::Instant;

use greenroom::proto::{PlayerId, wire};
use greenroom::registry::Entry;
use greenroom::room::{AnyRoom, Command};
use physics::crates::Input;

fn entry() -> Entry {
    physics::games().get("crates").expect("it is there").clone()
}

/// A room with eight players.
fn room(entry: &Entry, seed: u64) -> Box<dyn AnyRoom> {
    let plan = entry.game.plan("").expect("options");
    let mut room = entry.game.create(&plan.options, seed).expect("a room");
    let joins: Vec<_> = (1..=8).map(|player| Command::join(PlayerId(player))).collect();
    room.step(0, &joins, &mut Vec::new());
    room
}

/// What the players do in this step: round and round, through everything.
fn inputs(tick: u32) -> Vec<Command> {
    let input = |player: u32| {
        let way = (tick / 20 + player * 3) % 8;
        let part = |way: u32| [0, 70, 100, 70, 0, -70, -100, -70][way as usize % 8];
        Command::Input {
            player: PlayerId(player),
            body: wire::encode(&Input { x: part(way), y: part(way + 2) }),
        }
    };
    (1..=8).map(input).collect()
}

fn step(room: &mut dyn AnyRoom) -> u64 {
    let commands = inputs(room.tick().0);
    room.step(0, &commands, &mut Vec::new());
    room.hash()
}

#[test]
fn a_restored_world_goes_on_bit_for_bit() {
    let entry = entry();
    let mut room = room(&entry, 1);
    let mut hashes = Vec::new();
    let mut keyframes = Vec::new();
    for tick in 0..300 {
        if tick % 30 == 7 {
            keyframes.push((tick, room.keyframe()));
        }
        hashes.push(step(room.as_mut()));
    }
    for (tick, keyframe) in keyframes {
        let mut restored = entry.game.restore(&keyframe).expect("a room");
        assert!(restored.keyframe() == keyframe, "the same bytes again");
        for (at, hash) in hashes.iter().enumerate().skip(tick) {
            assert_eq!(step(restored.as_mut()), *hash, "restored before {tick}, in step {at}");
        }
    }
}

#[test]
fn a_world_that_is_restored_at_every_step_is_the_same() {
    let entry = entry();
    let (mut room, mut other) = (room(&entry, 2), self::room(&entry, 2));
    for tick in 0..120 {
        other = entry.game.restore(&other.keyframe()).expect("a room");
        assert_eq!(step(room.as_mut()), step(other.as_mut()), "in step {tick}");
    }
}

/// Not a test of anything, but where the figures of the README come from:
/// `cargo test --release -- --ignored --nocapture`.
#[test]
#[ignore]
fn figures() {
    let entry = entry();
    let mut room = room(&entry, 3);
    let time = |what: &str, count: u32, work: &mut dyn FnMut()| {
        let began = Instant::now();
        (0..count).for_each(|_| work());
        println!("{what}: {:.0} µs", began.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    };
    time("a step while all come to rest", 100, &mut || {
        let commands = inputs(room.tick().0);
        room.step(0, &commands, &mut Vec::new());
    });
    time("a step", 500, &mut || {
        let commands = inputs(room.tick().0);
        room.step(0, &commands, &mut Vec::new());
    });
    let keyframe = room.keyframe();
    println!("a keyframe: {} bytes", keyframe.len());
    time("to take it", 100, &mut || drop(room.keyframe()));
    time("to restore it", 100, &mut || drop(entry.game.restore(&keyframe).expect("a room")));
}
