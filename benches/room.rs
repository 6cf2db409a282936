//! What a room costs without a network: a step, a frame encoded, a frame decoded.
//! `cargo bench --bench room`

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use greenroom::Games;
use greenroom::proto::codec::{Snapshot, Step, Viewer, advance, put_change_body, put_step_body};
use greenroom::proto::frame::{Base, Head, write_body_head};
use greenroom::proto::{HashCheck, Layout, PlayerId, Replica, Rows, Tick, wire};
use greenroom::room::{AnyRoom, Command};

const PLAYERS: u32 = 20;

/// A fight of 20 ships some seconds in, and the inputs of its next step.
struct Fight {
    room: Box<dyn AnyRoom>,
    keyframe: Vec<u8>,
    inputs: Vec<Command>,
}

fn inputs(tick: u32) -> Vec<Command> {
    (1..=PLAYERS)
        .map(|player| {
            let noise = (tick / 10).wrapping_mul(0x9e37_79b9).wrapping_mul(player).rotate_left(9);
            let input = (noise & 3 != 0, noise as i8, noise >> 16 & 3 == 0);
            Command::Input { player: PlayerId(player), body: wire::encode(&input) }
        })
        .collect()
}

fn fight() -> Fight {
    let games = Games::builtin();
    let game = &games.get("arena").unwrap().game;
    let options = r#"{"tick_hz":20,"max_players":20,"time_limit_secs":3600,"score_limit":1000}"#;
    let mut room = game.create(options, 7).unwrap();
    let joins: Vec<_> =
        (1..=PLAYERS).map(|player| Command::Join { player: PlayerId(player) }).collect();
    let mut said = Vec::new();
    room.step(0, &joins, &mut said);
    for tick in 0..200 {
        room.step(0, &inputs(tick), &mut said);
    }
    Fight { keyframe: room.keyframe(), room, inputs: inputs(201) }
}

fn published(room: &dyn AnyRoom, layout: &Layout) -> Rows {
    let mut rows = Rows::default();
    room.publish(layout, &mut rows);
    rows
}

fn room(c: &mut Criterion) {
    let Fight { mut room, keyframe, inputs } = fight();
    let games = Games::builtin();
    let entry = games.get("arena").unwrap().clone();
    let before = published(room.as_ref(), &entry.layout);
    room.step(0, &inputs, &mut Vec::new());
    let after = published(room.as_ref(), &entry.layout);
    assert_ne!(before, after, "the ships move");

    c.bench_function("step: arena, 20 ships", |b| {
        b.iter_batched_ref(
            || (entry.game.restore(&keyframe).unwrap(), Vec::with_capacity(64)),
            |(room, said)| room.step(0, &inputs, said),
            BatchSize::SmallInput,
        );
    });
    c.bench_function("publish: arena, 20 ships", |b| {
        let mut rows = Rows::default();
        b.iter(|| room.publish(&entry.layout, black_box(&mut rows)));
    });
    c.bench_function("keyframe: arena, 20 ships", |b| b.iter(|| room.keyframe()));

    let layout = &entry.layout;
    let (before, mut step) = Snapshot::first(layout, |into| into.clone_from(&before));
    let mut full = Head::default().to_bytes(false).to_vec();
    write_body_head(Base::Nothing, Tick(1), None, &mut full);
    let initial = Snapshot::initial(layout);
    put_change_body(layout, &initial, (&before, &step), Viewer::All, &mut full);
    let mut now = Snapshot::default();
    now.publish(|into| into.clone_from(&after));
    advance(layout, &before, &mut now, &mut step);
    let mut delta = Head::default().to_bytes(false).to_vec();
    write_body_head(Base::Step, Tick(2), Some(after.hash()), &mut delta);
    put_step_body(layout, (&now, &step), Viewer::All, &mut delta);
    println!("frame: {} bytes, full state: {} bytes", delta.len(), full.len());
    c.bench_function("encode: step of 20 ships", |b| {
        let mut out = Vec::with_capacity(4096);
        b.iter(|| {
            out.clear();
            advance(layout, &before, black_box(&mut now), &mut step);
            put_step_body(layout, (&now, &step), Viewer::All, &mut out);
        });
    });
    let mut replica = Replica::new(entry.layout.clone());
    replica.apply(&full).unwrap();
    c.bench_function("decode: step of 20 ships", |b| {
        b.iter_batched_ref(
            || replica.clone(),
            |replica| replica.apply(black_box(&delta)).unwrap(),
            BatchSize::SmallInput,
        );
    });
    let frame = replica.apply(&delta).unwrap();
    assert_eq!((frame.hash, replica.rows()), (HashCheck::Agrees, &after));
}

criterion_group!(benches, room);
criterion_main!(benches);
