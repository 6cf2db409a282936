//! Small states that between them have everything a state may have.

use greenroom_proto::Layout;
use greenroom_proto::schema::{LaneKind, LaneSchema, RowsKind, Schema};
use serde_json::Value;

use crate::random::Random;
use crate::room::{Room, Stream};
use crate::schemas::{joined, lane, linear, near, quat, restricted, schema, step, table, variants};
use crate::world::{Rates, World};

/// A state and how it goes on.
pub struct Scenario {
    pub name: &'static str,
    pub schema: Schema,
    ticks: usize,
    entities: usize,
    /// One after another, over and over.
    rates: Vec<Rates>,
    /// Whether the frames tell the rows, or only their hash.
    with_rows: bool,
}

impl Scenario {
    fn new(name: &'static str, schema: Schema, entities: usize) -> Self {
        let some = Rates::SOME;
        let quiet = Rates { change: 5, text: 0, owned: 0, come: 0, go: 0, sight: 0 };
        let busy = Rates { change: 90, come: 0, go: 0, ..some };
        let rates = vec![some, busy, quiet, Rates::NONE, quiet, some];
        Scenario { name, schema, ticks: 16, entities, rates, with_rows: true }
    }

    /// The frames of some viewers.
    pub fn run(&self) -> Vec<(&'static str, Vec<Value>)> {
        let layout = Layout::new(&self.schema).expect("a schema of ours");
        let seed = self.name.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte));
        let mut random = Random(seed);
        let mut world = World::new(&self.schema, &mut random, self.entities);
        // Low bits of ticks turn over in the middle.
        let mut room = Room::new(&layout, 65_536 - self.ticks as u32 / 2);
        let stream = |name, player| Stream::new(name, &layout, player, self.with_rows);
        let mut streams = match layout.is_restricted() {
            false => vec![stream("all", None), stream("late", None), stream("slow", None)],
            true => vec![
                stream("all", None),
                stream("player 1", Some(1)),
                stream("slow player 2", Some(2)),
            ],
        };
        for tick in 0..self.ticks {
            if tick > 0 {
                world.tick(&mut random, &self.rates[tick % self.rates.len()], self.entities);
            }
            room.tick(&world);
            streams[0].take(&room, tick % 2 == 0, tick == self.ticks - 1);
            if tick >= if layout.is_restricted() { 0 } else { self.ticks / 2 } {
                streams[1].take(&room, true, false);
            }
            if [0, 1, 2, 5, 6, 9, 14].contains(&(tick % 16)) {
                streams[2].take(&room, tick % 3 != 0, false);
            }
        }
        streams.into_iter().map(|stream| (stream.name, stream.frames)).collect()
    }
}

fn every_kind() -> Vec<LaneSchema> {
    let angle = |name, bits| lane(name, LaneKind::Angle(bits));
    let range = |name, most| {
        lane(name, LaneKind::Range { min: (-2.5f64).to_bits(), step: 0.5f64.to_bits(), most })
    };
    let mut lanes = vec![
        lane("alive", LaneKind::Bool),
        lane("score", LaneKind::Int),
        lane("flags", LaneKind::Uint),
        lane("money", LaneKind::Low { signed: true }),
        joined(lane("money", LaneKind::High)),
        lane("id", LaneKind::Low { signed: false }),
        joined(lane("id", LaneKind::High)),
        step("height"),
        linear(step("place.x")),
        linear(joined(step("place.y"))),
        range("heat", 100),
        range("gear", 3),
        linear(range("wide", u32::MAX)),
        angle("side", 1),
        linear(angle("turret.0", 10)),
        linear(angle("turret.1", 24)),
    ];
    lanes.extend(quat("turn", 9));
    lanes.extend([
        lane("mode", variants(&["Idle", "Running", "Hit"])),
        step("mode.Running.speed"),
        lane("mode.Hit", LaneKind::Uint),
        lane("target", LaneKind::Some),
        lane("target", LaneKind::Uint),
        lane("only", variants(&["One"])),
    ]);
    lanes
}

fn ints(count: usize) -> Vec<LaneSchema> {
    (0..count).map(|at| lane(&format!("lanes.{at}"), LaneKind::Int)).collect()
}

fn kinds() -> Schema {
    schema(vec![
        table("", RowsKind::Single, every_kind(), &[]),
        table("things", RowsKind::Entities, every_kind(), &[]),
    ])
}

fn groups() -> Schema {
    let mut lanes = Vec::new();
    for count in 1..=4 {
        for linearly in [false, true] {
            for place in 0..count {
                let mut next = step(&format!("l{count}{linearly}.{place}"));
                next.tolerance = if count == 2 { 3 } else { 0 };
                next = if place > 0 { joined(next) } else { next };
                lanes.push(if linearly { linear(next) } else { next });
            }
        }
    }
    let angle = |name| linear(lane(name, LaneKind::Angle(8)));
    lanes.extend([angle("angles.0"), joined(angle("angles.1"))]);
    schema(vec![
        table("", RowsKind::Single, vec![], &[]),
        table("things", RowsKind::Entities, lanes, &[]),
    ])
}

fn quats() -> Schema {
    schema(vec![
        table("", RowsKind::Single, quat("sky", 12), &[]),
        table("fixed", RowsKind::Cells { of: 0, each: 3 }, quat("", 6), &[]),
        table("small", RowsKind::Entities, quat("turn", 4), &[]),
        table("large", RowsKind::Entities, quat("turn", 15), &[]),
    ])
}

fn masks(name: &'static str, sizes: &[(usize, usize)]) -> Scenario {
    let mut tables = vec![table("", RowsKind::Single, ints(1), &[])];
    for (lanes, texts) in sizes {
        let names: Vec<String> = (0..*texts).map(|at| format!("texts.{at}")).collect();
        let texts: Vec<(&str, u32, bool)> = names.iter().map(|name| (&**name, 4, false)).collect();
        let name = format!("of {}", lanes + texts.len());
        tables.push(table(&name, RowsKind::Entities, ints(*lanes), &texts));
    }
    let some = Rates { change: 20, ..Rates::SOME };
    let few = Rates { change: 2, text: 2, come: 0, go: 0, ..some };
    Scenario { rates: vec![some, few, few], ticks: 10, ..Scenario::new(name, schema(tables), 2) }
}

fn naming() -> Scenario {
    let lanes = vec![linear(step("x"))];
    let tables = schema(vec![
        table("", RowsKind::Single, vec![], &[]),
        table("dots", RowsKind::Entities, lanes, &[]),
    ]);
    let of = |change| Rates { change, text: 0, owned: 0, come: 60, go: 3, sight: 0 };
    let rates = vec![of(1), of(50), of(100), Rates { come: 0, go: 0, ..of(100) }, of(4), of(0)];
    Scenario { rates, ticks: 12, ..Scenario::new("naming", tables, 90) }
}

fn texts() -> Schema {
    let name = ("name", 24, true);
    schema(vec![
        table("", RowsKind::Single, vec![], &[("topic", 40, true)]),
        table("people", RowsKind::Entities, vec![step("x")], &[name, ("skin", 300, false)]),
        table("signs", RowsKind::Entities, vec![], &[name]),
    ])
}

fn owned() -> Schema {
    let own = |of, each| RowsKind::Owned { of, each };
    let cells = |of, each| RowsKind::Cells { of, each };
    let tile = variants(&["Grass", "Rock", "Water"]);
    schema(vec![
        table("", RowsKind::Single, ints(1), &[]),
        table("board", cells(0, 12), vec![lane("tile", tile), lane("level", LaneKind::Uint)], &[]),
        table("signs", cells(0, 2), vec![], &[("", 9, true)]),
        table("top", own(0, 3), vec![linear(step(""))], &[]),
        table("ships", RowsKind::Entities, vec![linear(step("x"))], &[("name", 8, true)]),
        table("ships.cargo", own(4, 3), vec![lane("key", LaneKind::Uint), step("value")], &[]),
        table(
            "ships.cargo.value.tags",
            own(5, 2),
            vec![linear(step("size"))],
            &[("name", 5, true)],
        ),
        table("ships.deck", cells(4, 4), vec![lane("", LaneKind::Bool)], &[]),
        table("marks", RowsKind::Entities, vec![], &[]),
        table("marks.items", own(8, 2), vec![], &[]),
    ])
}

fn sight() -> Schema {
    let own = |of, each| RowsKind::Owned { of, each };
    let cells = |of, each| RowsKind::Cells { of, each };
    let place = vec![linear(step("x")), linear(joined(step("y"))), lane("hp", LaneKind::Uint)];
    schema(vec![
        table("", RowsKind::Single, ints(1), &[]),
        restricted(table("secret", own(0, 1), ints(1), &[("secret", 6, true)])),
        near(table("units", RowsKind::Entities, place.clone(), &[("name", 8, true)]), 0, 1),
        restricted(table("units.loot", own(2, 2), vec![linear(step("worth"))], &[])),
        restricted(table("units.grid", cells(2, 3), vec![lane("", LaneKind::Uint)], &[])),
        table("seats", RowsKind::Entities, place, &[]),
        restricted(table("seats.hand", own(5, 1), vec![lane("hand", LaneKind::Uint)], &[])),
    ])
}

/// Everything at once.
fn long() -> Scenario {
    let own = |of, each| RowsKind::Owned { of, each };
    let tables = schema(vec![
        table("", RowsKind::Single, quat("sky", 10), &[("topic", 12, true)]),
        table("board", RowsKind::Cells { of: 0, each: 9 }, vec![lane("", LaneKind::Uint)], &[]),
        table("things", RowsKind::Entities, every_kind(), &[("name", 12, true)]),
        restricted(table("units", RowsKind::Entities, every_kind(), &[])),
        restricted(table("units.loot", own(3, 2), vec![linear(step("worth"))], &[("t", 3, false)])),
        restricted(table("units.grid", RowsKind::Cells { of: 3, each: 2 }, ints(2), &[])),
    ]);
    let quiet = Rates { change: 6, text: 3, owned: 3, come: 2, go: 1, sight: 2 };
    let still = Rates { change: 0, ..quiet };
    let some = Rates { change: 15, text: 5, owned: 5, come: 5, go: 3, sight: 5 };
    let rates = vec![quiet, still, quiet, quiet, still, some, quiet];
    let of = Scenario::new("long", tables, 4);
    Scenario { ticks: 300, rates, with_rows: false, ..of }
}

/// All of them.
pub fn all() -> Vec<Scenario> {
    vec![
        Scenario::new("kinds", kinds(), 3),
        Scenario::new("groups", groups(), 3),
        Scenario::new("quats", quats(), 3),
        masks("masks-small", &[(2, 0), (2, 1), (4, 0), (0, 3)]),
        masks("masks", &[(5, 0), (8, 1), (16, 1)]),
        masks("masks-large", &[(31, 1), (32, 1), (60, 4), (64, 0)]),
        naming(),
        Scenario::new("texts", texts(), 3),
        Scenario::new("owned", owned(), 3),
        Scenario::new("sight", sight(), 4),
        long(),
    ]
}
