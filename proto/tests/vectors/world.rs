//! A state of any schema, whose rows are what the test says.

use greenroom_proto::schema::{LaneKind, Predict, RowsKind, Schema, TableSchema};
use greenroom_proto::{
    Describe, EntityId, PlayerId, Publish, Recover, Replicate, Seen, Sync, Table,
};

use crate::random::Random;

/// One row and the rows that it owns.
#[derive(Clone, Default)]
pub struct Line {
    pub lanes: Vec<i32>,
    /// By what the lanes change.
    speeds: Vec<i32>,
    pub texts: Vec<Vec<u8>>,
    pub seen: Seen,
    pub parts: Vec<Part>,
}

/// The rows of one table that a row owns.
#[derive(Clone)]
pub struct Part {
    number: usize,
    each: usize,
    cells: bool,
    /// Tables below it.
    below: usize,
    /// By place.
    rows: Vec<Option<Line>>,
}

/// An entity whose rows add so many tables.
struct Entity<const BELOW: usize>(Line);

/// Entities of one table, by how many tables their rows add.
enum Entities {
    Alone(Table<Entity<0>>),
    One(Table<Entity<1>>),
    Two(Table<Entity<2>>),
    Three(Table<Entity<3>>),
}

/// A whole state.
pub struct World {
    schema: Schema,
    single: Line,
    /// With the numbers of their tables.
    entities: Vec<(usize, Entities)>,
}

/// How much happens in a tick, in percent.
#[derive(Clone, Copy)]
pub struct Rates {
    /// Of the groups of lanes, those that do not go on as before.
    pub change: u64,
    /// Of the texts.
    pub text: u64,
    /// Of the slots of owned rows.
    pub owned: u64,
    /// Chance of an entity that comes, and of each to go.
    pub come: u64,
    pub go: u64,
    /// Of the rows that come into or go out of sight.
    pub sight: u64,
}

fn owned_by(schema: &Schema, number: usize) -> Vec<usize> {
    let owner = |table: &TableSchema| table.rows.owner().map(|(of, _)| of);
    (1..schema.tables.len()).filter(|at| owner(&schema.tables[*at]) == Some(number)).collect()
}

/// Tables below one.
fn below(schema: &Schema, number: usize) -> usize {
    owned_by(schema, number).into_iter().map(|owned| 1 + below(schema, owned)).sum()
}

impl Line {
    fn new(schema: &Schema, number: usize, random: &mut Random, start: &Rates) -> Self {
        let table = &schema.tables[number];
        let mut line = Line {
            lanes: vec![0; table.lanes.len()],
            speeds: vec![0; table.lanes.len()],
            texts: vec![Vec::new(); table.texts.len()],
            ..Line::default()
        };
        for owned in owned_by(schema, number) {
            let (_, each) = schema.tables[owned].rows.owner().unwrap();
            let cells = matches!(schema.tables[owned].rows, RowsKind::Cells { .. });
            let empty = cells.then(Line::default);
            let mut rows = vec![empty; each as usize];
            if cells {
                rows.fill_with(|| Some(Line::new(schema, owned, random, &Rates::NONE)));
            }
            line.parts.push(Part {
                number: owned,
                each: each as usize,
                cells,
                below: below(schema, owned),
                rows,
            });
        }
        line.tick(schema, number, random, start);
        line
    }

    /// Something happens to the row and what it owns.
    fn tick(&mut self, schema: &Schema, number: usize, random: &mut Random, rates: &Rates) {
        let table = &schema.tables[number];
        let mut change = false;
        let mut turn = false;
        for at in 0..self.lanes.len() {
            let lane = &table.lanes[at];
            if !lane.joined {
                change = random.percent(rates.change);
            }
            self.lanes[at] = match &lane.kind {
                LaneKind::Bool | LaneKind::Some if change => random.below(2) as i32,
                LaneKind::Variant(names) if change => random.below(names.len() as u64) as i32,
                LaneKind::Range { most, .. } if change => random.below(u64::from(*most) + 1) as i32,
                LaneKind::Int | LaneKind::Uint | LaneKind::Low { .. } | LaneKind::High
                    if change =>
                {
                    random.next() as i32 >> random.below(32)
                }
                LaneKind::Quat(_) => {
                    turn = change && random.percent(30);
                    let other = (self.lanes[at] + 1 + random.below(3) as i32) & 3;
                    if turn { other } else { self.lanes[at] }
                }
                LaneKind::QuatPart(bits) => {
                    let most = (1 << (bits - 1)) - 1;
                    if change {
                        self.speeds[at] = random.around(most.min(20));
                    }
                    let far = if turn { random.around(most) } else { self.lanes[at] };
                    // Now and then from one end to the other.
                    let jump = change && random.percent(40);
                    let far = if jump { -far.signum() * 2 * most } else { far };
                    (far + self.speeds[at]).clamp(-most, most)
                }
                LaneKind::Angle(bits) => {
                    if change {
                        self.speeds[at] = random.around((1 << (bits - 1)).min(50));
                    }
                    (self.lanes[at] + self.speeds[at]) << (32 - bits) >> (32 - bits)
                }
                LaneKind::Step(_) => {
                    if change {
                        let most = 1 << random.below(12);
                        let noise = random.around(most);
                        match lane.predict {
                            Predict::Linear => self.speeds[at] += noise,
                            Predict::Hold => self.lanes[at] += noise,
                        }
                    }
                    self.lanes[at].wrapping_add(self.speeds[at])
                }
                _ => self.lanes[at],
            };
        }
        for (text, of) in self.texts.iter_mut().zip(table.texts.iter()) {
            if random.percent(rates.text) {
                *text = text_of(of.max as usize, of.utf8, random);
            }
        }
        if table.restricted && !table.rows.is_fixed() && random.percent(rates.sight) {
            let nobody = [Seen::Nobody, Seen::Player(PlayerId(1)), Seen::Player(PlayerId(2))];
            self.seen = *nobody.get(random.below(5) as usize).unwrap_or(&Seen::All);
        }
        for part in &mut self.parts {
            for row in &mut part.rows {
                match row {
                    Some(_) if !part.cells && random.percent(rates.owned) => *row = None,
                    Some(line) => line.tick(schema, part.number, random, rates),
                    None if random.percent(rates.owned) => {
                        *row = Some(Line::new(schema, part.number, random, rates));
                    }
                    None => {}
                }
            }
        }
    }

    fn put(&self, out: &mut Publish<'_>) {
        out.see(self.seen);
        self.lanes.iter().for_each(|lane| out.lane(*lane));
        self.texts.iter().for_each(|text| out.text(text));
        for part in &self.parts {
            let first = out.slot() * part.each;
            out.table(part.below, |out, table| {
                for (place, row) in part.rows.iter().enumerate() {
                    if let Some(line) = row {
                        out.row(table, first + place, line.seen, |out| line.put(out));
                    }
                }
            });
        }
    }
}

fn text_of(max: usize, utf8: bool, random: &mut Random) -> Vec<u8> {
    let text: Vec<u8> = match (random.below(4), utf8) {
        (0, _) => Vec::new(),
        (1, true) => "Grüße, 日本 \u{1f680}\u{feff}".into(),
        (2, true) => "z".repeat(max).into(),
        (3, true) => format!("name {}", random.below(1000)).into(),
        _ => (0..random.below(max as u64 + 1)).map(|_| random.next() as u8).collect(),
    };
    if text.len() <= max { text } else { b"-".repeat(max) }
}

impl Rates {
    pub const NONE: Rates = Rates { change: 0, text: 0, owned: 0, come: 0, go: 0, sight: 0 };
    pub const ALL: Rates =
        Rates { change: 100, text: 100, owned: 100, come: 100, go: 0, sight: 100 };
    pub const SOME: Rates = Rates { change: 30, text: 20, owned: 20, come: 40, go: 15, sight: 20 };
}

impl<const BELOW: usize> Replicate for Entity<BELOW> {
    const LANES: usize = 0;
    const TABLES: usize = BELOW;
    fn describe(_: &str, _: &Sync, _: &mut Describe) {}
    fn publish(&self, _: &Sync, out: &mut Publish<'_>) {
        self.0.put(out);
    }
    fn recover(_: &Sync, _: &mut Recover<'_>) -> Self {
        Entity(Line::default())
    }
}

impl Replicate for World {
    const LANES: usize = 0;
    fn describe(_: &str, _: &Sync, _: &mut Describe) {}
    fn publish(&self, sync: &Sync, out: &mut Publish<'_>) {
        // Tables are published in their order: those of single values before those of entities.
        self.single.put(out);
        for (_, entities) in &self.entities {
            match entities {
                Entities::Alone(table) => table.publish(sync, out),
                Entities::One(table) => table.publish(sync, out),
                Entities::Two(table) => table.publish(sync, out),
                Entities::Three(table) => table.publish(sync, out),
            }
        }
    }
    fn recover(_: &Sync, _: &mut Recover<'_>) -> Self {
        unreachable!("nobody reads it back")
    }
}

fn tick_entities<const BELOW: usize>(
    table: &mut Table<Entity<BELOW>>,
    schema: &Schema,
    number: usize,
    random: &mut Random,
    (rates, most): (&Rates, usize),
) {
    let all: Vec<EntityId> = table.iter().map(|(id, _)| id).collect();
    for id in all {
        if random.percent(rates.go) {
            table.remove(id);
        }
    }
    for entity in table.values_mut() {
        entity.0.tick(schema, number, random, rates);
    }
    while table.len() < most && random.percent(rates.come) {
        table.insert(Entity(Line::new(schema, number, random, &Rates::ALL)));
    }
}

impl World {
    /// With as many entities of each table as there may be.
    pub fn new(schema: &Schema, random: &mut Random, most: usize) -> Self {
        let entities = schema.tables.iter().enumerate();
        let entities = entities.filter(|(_, table)| table.rows == RowsKind::Entities);
        let entities = entities.map(|(number, _)| {
            let table = match below(schema, number) {
                0 => Entities::Alone(Table::new()),
                1 => Entities::One(Table::new()),
                2 => Entities::Two(Table::new()),
                _ => Entities::Three(Table::new()),
            };
            (number, table)
        });
        let entities = entities.collect();
        let single = Line::new(schema, 0, random, &Rates::SOME);
        let mut world = World { schema: schema.clone(), single, entities };
        world.tick(random, &Rates { go: 0, ..Rates::ALL }, most);
        world
    }

    /// Goes on by a tick, with at most so many entities in each table.
    pub fn tick(&mut self, random: &mut Random, rates: &Rates, most: usize) {
        let schema = &self.schema;
        self.single.tick(schema, 0, random, rates);
        for (number, entities) in &mut self.entities {
            let (number, rates) = (*number, (rates, most));
            match entities {
                Entities::Alone(table) => tick_entities(table, schema, number, random, rates),
                Entities::One(table) => tick_entities(table, schema, number, random, rates),
                Entities::Two(table) => tick_entities(table, schema, number, random, rates),
                Entities::Three(table) => tick_entities(table, schema, number, random, rates),
            }
        }
    }
}
