//! The streams through Greenroom's codec.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use greenroom_proto::codec::{
    Mirror, Snapshot, Step, Viewer, advance, put_change_body, put_step_body,
};
use greenroom_proto::schema::{LaneKind, Predict};
use greenroom_proto::{
    Describe, EntityId, Layout, List, Publish, Recover, Replicate, Rows, Schema, Sync, Table,
    layout_of, publish, schema_of,
};

use crate::streams::Stream;

/// What a stream costs.
pub struct Cost {
    /// Bytes of a frame's state, on average.
    pub bytes_per_frame: f64,
    /// Bits per entity that came, went or changed.
    pub bits_per_changed: f64,
    /// Of the whole state at the end.
    pub whole_bytes: usize,
    /// To find what changed, and to encode it.
    pub advance: Duration,
    /// To put a body together from records.
    pub body: Duration,
    /// To apply it.
    pub decode: Duration,
}

/// The lanes of a stream's entities.
trait Lanes: 'static {
    const TEXTS: usize;
    const COUNT: usize;
    fn describe(out: &mut Describe);
    /// A lane as it is published.
    fn publish(lane: usize, value: i32) -> i32 {
        let _ = lane;
        value
    }
}

struct Entity<L> {
    lanes: Vec<i32>,
    texts: Vec<String>,
    of: PhantomData<L>,
}

struct World<L> {
    entities: Table<Entity<L>>,
    chat: Table<Line>,
}

struct Line(String);

const STEP: Sync = Sync { step: 1.0, ..Sync::NONE };
const JOINED: Sync = Sync { joined: true, ..STEP };

fn number(name: &str, out: &mut Describe) {
    out.lane(name, LaneKind::Int, Predict::Hold, &STEP);
}

fn place(names: &[&str], out: &mut Describe) {
    for (index, name) in names.iter().enumerate() {
        let sync = if index == 0 { STEP } else { JOINED };
        out.lane(name, LaneKind::Step(1f64.to_bits()), Predict::Linear, &sync);
    }
}

struct Bodies;

impl Lanes for Bodies {
    const TEXTS: usize = 0;
    const COUNT: usize = 7;
    fn describe(out: &mut Describe) {
        place(&["x", "y", "z"], out);
        out.lane("which", LaneKind::Quat(9), Predict::Linear, &STEP);
        for name in ["a", "b", "c"] {
            out.lane(name, LaneKind::QuatPart(9), Predict::Linear, &JOINED);
        }
    }
}

struct Walks;

impl Lanes for Walks {
    const TEXTS: usize = 0;
    const COUNT: usize = 5;
    fn describe(out: &mut Describe) {
        place(&["x", "y"], out);
        out.lane("heading", LaneKind::Angle(8), Predict::Linear, &STEP);
        number("gait", out);
        number("health", out);
    }
    fn publish(lane: usize, value: i32) -> i32 {
        if lane == 2 { i32::from(value as u8 as i8) } else { value }
    }
}

struct Texts;

impl Lanes for Texts {
    const TEXTS: usize = 2;
    const COUNT: usize = 4;
    fn describe(out: &mut Describe) {
        place(&["x", "y"], out);
        number("level", out);
        number("score", out);
        out.text("name", 255, true);
        out.text("status", 255, true);
    }
}

struct Idle;

impl Lanes for Idle {
    const TEXTS: usize = 0;
    const COUNT: usize = 6;
    fn describe(out: &mut Describe) {
        place(&["x", "y"], out);
        ["kind", "owner", "health", "stock"].iter().for_each(|name| number(name, out));
    }
}

impl<L: Lanes> Replicate for Entity<L> {
    const LANES: usize = L::COUNT;
    const TEXTS: usize = L::TEXTS;
    fn describe(_: &str, _: &Sync, out: &mut Describe) {
        L::describe(out);
    }
    fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
        for (lane, value) in self.lanes.iter().enumerate() {
            out.lane(L::publish(lane, *value));
        }
        self.texts.iter().for_each(|text| out.text(text.as_bytes()));
    }
    fn recover(_: &Sync, _: &mut Recover<'_>) -> Self {
        unreachable!("only measured")
    }
}

impl Replicate for Line {
    const LANES: usize = 0;
    const TEXTS: usize = 1;
    fn describe(_: &str, _: &Sync, out: &mut Describe) {
        out.text("line", 1024, true);
    }
    fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
        out.text(self.0.as_bytes());
    }
    fn recover(_: &Sync, _: &mut Recover<'_>) -> Self {
        unreachable!("only measured")
    }
}

impl<L: Lanes> Replicate for World<L> {
    const LANES: usize = 0;
    const TABLES: usize = 2;
    fn describe(_: &str, sync: &Sync, out: &mut Describe) {
        Table::<Entity<L>>::describe("entities", sync, out);
        Table::<Line>::describe("chat", sync, out);
    }
    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        self.entities.publish(sync, out);
        self.chat.publish(sync, out);
    }
    fn recover(_: &Sync, _: &mut Recover<'_>) -> Self {
        unreachable!("only measured")
    }
}

/// The schema of bodies that all see.
pub fn bodies_schema() -> Schema {
    schema_of::<World<Bodies>>()
}

/// The layout of bodies that all see, of bodies that not all see, and frames in which 1,000 of
/// them move.
pub fn thousand(frames: usize) -> (Layout, Layout, Vec<Rows>) {
    let layout = layout_of::<World<Bodies>>();
    let mut schema = schema_of::<World<Bodies>>();
    let mut tables = std::mem::replace(&mut schema.tables, List::first([])).into_vec();
    tables[1].restricted = true;
    schema.tables = List::first(tables);
    let mut random = 7u32;
    let mut noise = |most: i32| {
        random = random.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        (random >> 16) as i32 % (2 * most + 1) - most
    };
    let mut world = World::<Bodies> { entities: Table::new(), chat: Table::new() };
    let mut speeds = Vec::new();
    for _ in 0..1000 {
        let lanes = vec![noise(9000), noise(9000), noise(9000), 3, noise(90), noise(90), noise(90)];
        world.entities.insert(Entity { lanes, texts: Vec::new(), of: PhantomData });
        speeds.push([noise(40), noise(40), noise(40), 0, noise(2), noise(2), noise(2)]);
    }
    let mut all = Vec::new();
    for _ in 0..frames {
        let mut rows = Rows::default();
        publish(&world, &layout, &mut rows);
        all.push(rows);
        for (entity, speed) in world.entities.values_mut().zip(&mut speeds) {
            for (lane, (value, speed)) in entity.lanes.iter_mut().zip(speed).enumerate() {
                match lane {
                    0..3 => {
                        *speed += noise(3);
                        *value += *speed;
                    }
                    3 => {}
                    _ => {
                        *value = (*value + *speed + noise(3)).clamp(-250, 250);
                    }
                }
            }
        }
    }
    (layout, Layout::new(&schema).expect("it is one of ours"), all)
}

/// All frames of a stream, published.
fn published<L: Lanes>(stream: &Stream, layout: &Layout) -> Vec<Rows> {
    let mut world = World::<L> { entities: Table::new(), chat: Table::new() };
    let mut ids: Vec<Option<EntityId>> = vec![None; stream.slots];
    let mut lines: Vec<(String, EntityId)> = Vec::new();
    let mut all = Vec::new();
    for (number, frame) in stream.frames.iter().enumerate() {
        for (slot, id) in ids.iter_mut().enumerate() {
            let Some(row) = stream.row(number, slot) else {
                if let Some(id) = id.take() {
                    world.entities.remove(id);
                }
                continue;
            };
            let (lanes, texts) = (row.lanes.to_vec(), row.texts.to_vec());
            let entity = Entity { lanes, texts, of: PhantomData };
            match id.and_then(|id| world.entities.get_mut(id)) {
                Some(place) => *place = entity,
                None => *id = Some(world.entities.insert(entity)),
            }
        }
        if let Some(chat) = frame.lists.first() {
            // Lines come at the end and go at the front.
            while lines.first().is_some_and(|(line, _)| chat.first() != Some(line)) {
                world.chat.remove(lines.remove(0).1);
            }
            for line in &chat[lines.len()..] {
                lines.push((line.clone(), world.chat.insert(Line(line.clone()))));
            }
        }
        let mut rows = Rows::default();
        publish(&world, layout, &mut rows);
        all.push(rows);
    }
    all
}

/// Sends a stream; asserts that the other end has it exactly.
pub fn cost(stream: &Stream, changed: f64) -> Cost {
    match stream.name {
        "bodies" => cost_of::<Bodies>(stream, changed),
        "walks" => cost_of::<Walks>(stream, changed),
        "texts" => cost_of::<Texts>(stream, changed),
        _ => cost_of::<Idle>(stream, changed),
    }
}

fn cost_of<L: Lanes>(stream: &Stream, changed: f64) -> Cost {
    let layout = layout_of::<World<L>>();
    let rows = published::<L>(stream, &layout);
    let mut cost: Option<Cost> = None;
    for _ in 0..5 {
        let run = run(&layout, &rows);
        let best = cost.get_or_insert(Cost { ..run });
        best.advance = best.advance.min(run.advance);
        best.body = best.body.min(run.body);
        best.decode = best.decode.min(run.decode);
    }
    let mut cost = cost.expect("it ran");
    cost.bits_per_changed = cost.bytes_per_frame * 8.0 / changed;
    cost
}

fn run(layout: &Layout, rows: &[Rows]) -> Cost {
    let mut before = Snapshot::default();
    let mut now = Snapshot::default();
    let mut step = Step::default();
    let mut mirror = Mirror::new(layout.clone());
    let (mut bytes, mut body) = (0, Vec::new());
    let mut times = [Duration::ZERO; 3];
    let initial = Snapshot::initial(layout);
    for (number, rows) in rows.iter().enumerate() {
        std::mem::swap(&mut before, &mut now);
        now.publish(|into| into.clone_from(rows));
        let start = Instant::now();
        advance(layout, &before, &mut now, &mut step);
        let advanced = Instant::now();
        body.clear();
        if number == 0 {
            put_change_body(layout, &initial, (&now, &step), Viewer::All, &mut body);
            mirror.restart().unwrap();
            mirror.take(&body, false).unwrap();
            continue;
        }
        put_step_body(layout, (&now, &step), Viewer::All, &mut body);
        let put = Instant::now();
        mirror.take(&body, true).unwrap();
        let taken = Instant::now();
        assert!(mirror.rows() == rows, "frame {number} differs");
        bytes += body.len();
        times[0] += advanced - start;
        times[1] += put - advanced;
        times[2] += taken - put;
    }
    let frames = rows.len() as u32 - 1;
    body.clear();
    put_change_body(layout, &initial, (&now, &step), Viewer::All, &mut body);
    Cost {
        bytes_per_frame: bytes as f64 / f64::from(frames),
        bits_per_changed: 0.0,
        whole_bytes: body.len(),
        advance: times[0] / frames,
        body: times[1] / frames,
        decode: times[2] / frames,
    }
}
