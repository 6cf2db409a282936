//! What a room costs without a network: a step, a frame encoded, a frame decoded.
//! `cargo bench --bench room`

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use greenroom::Games;
use greenroom::bot::Act;
use greenroom::game::Said;
use greenroom::outbox::{Outbox, OutboxLimits};
use greenroom::proto::codec::{Snapshot, Viewer, advance, put_change_body, put_step_body};
use greenroom::proto::frame::{Base, Head, write_body_head};
use greenroom::proto::{HashCheck, Layout, PlayerId, Replica, Rows, Sight, Teams, Tick, wire};
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::views::ViewKey;
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
            let input = (noise & 3 != 0, noise as i8, noise >> 16 & 3 == 0, noise as u8);
            Command::Input { player: PlayerId(player), body: wire::encode(&input) }
        })
        .collect()
}

fn fight() -> Fight {
    let games = Games::builtin();
    let game = &games.get("arena").unwrap().game;
    let options = r#"{"tick_hz":20,"max_players":20,"time_limit_secs":3600,"score_limit":1000}"#;
    let mut room = game.create(options, 7).unwrap();
    let joins: Vec<_> = (1..=PLAYERS).map(|player| Command::join(PlayerId(player))).collect();
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

/// What a frame of 20 bots that fight takes, head and events included, and how often they shoot.
fn fight_bytes() {
    let games = Games::builtin();
    let entry = games.get("arena").unwrap();
    let options = r#"{"tick_hz":20,"max_players":20,"time_limit_secs":3600,"score_limit":1000}"#;
    let mut room = entry.game.create(options, 7).unwrap();
    let mut commands: Vec<_> =
        (1..=PLAYERS).map(|player| Command::join(PlayerId(player))).collect();
    let mut bots: Vec<_> =
        (1..=PLAYERS).map(|seed| entry.bot("hunter", seed.into()).unwrap()).collect();
    let limits = HistoryLimits { frames_max: 4, bytes_max: usize::MAX };
    let mut history = History::new(entry.layout.clone(), limits);
    let (view, sight) = (ViewKey::Teams(Teams::NONE), Sight::public());
    let mut outbox = Outbox::new(OutboxLimits { events_max: 1000, event_bytes_max: 1 << 20 });
    let (mut said, mut bytes, mut body_bytes, mut shots) = (Vec::new(), 0, 0, 0usize);
    let mut before = 0;
    let (warm, frames) = (100, 2000);
    for number in 0..warm + frames {
        room.step(0, &commands, &mut said);
        commands.clear();
        let tick = room.tick();
        let pushed = history.push(tick, |rows| {
            room.publish(&entry.layout, rows);
        });
        pushed.unwrap();
        for said in said.drain(..) {
            if let Said::Event { body, .. } = said {
                outbox.event(tick, &body.into()).unwrap();
            }
        }
        outbox.look(view);
        let mut message = Head::default().to_bytes(outbox.has_events()).to_vec();
        let (body, _) = history.body(outbox.base(), view, &sight).unwrap();
        let body_len = body.len();
        outbox.hand_over(tick, &mut message);
        history.keep_bases([(view, tick)].into_iter());
        let rows = history.newest().unwrap().1;
        let born = rows.tables()[2].slots();
        let births: usize =
            (0..born).map(|slot| rows.tables()[2].birth(slot) as usize).max().unwrap_or(0);
        if number >= warm {
            bytes += message.len() + body_len;
            body_bytes += body_len;
            shots += births.saturating_sub(before);
        }
        before = births.max(before);
        for (player, bot) in (1..).zip(&mut bots) {
            for act in bot.act(PlayerId(player), tick, rows, Duration::ZERO) {
                let Act::Input(body) = act else { continue };
                commands.push(Command::Input { player: PlayerId(player), body });
            }
        }
    }
    let each = |total: usize| total as f64 / frames as f64;
    println!(
        "arena, 20 hunters at 20 Hz: {:.1} bytes a frame ({:.1} of them state), a ship shoots every {:.2} s",
        each(bytes),
        each(body_bytes),
        f64::from(PLAYERS) * frames as f64 / 20.0 / shots as f64,
    );
}

fn room(c: &mut Criterion) {
    fight_bytes();
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
    // Within its tolerance of what was to be published.
    let after = now.rows().clone();
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
