//! A state with every shape in it, and how it goes on at random.

use std::f64::consts::TAU;

use greenroom::proto::{
    Blob, EntityId, Grid, List, Map, PlayerId, Replicate, Seen, Table, Teams, Text,
};

use crate::random::Random;

#[derive(Replicate, Clone, Default)]
pub struct World {
    pub single: Single,
    pub units: Table<Unit>,
    pub crates: Table<Crate>,
    pub cards: Table<Card>,
    pub dots: Table<Dot>,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
pub struct Single {
    pub round: u32,
    #[sync(linear)]
    pub score: i32,
    pub big: u64,
    pub owed: i64,
    #[sync(angle = 24)]
    pub sky: f64,
    #[sync(angle = 10, hold)]
    pub wind: f64,
    #[sync(quat = 9)]
    pub turn: [f32; 4],
    #[sync(step = 0.25, range = (0.0, 50.0), tolerance = 1.0)]
    pub heat: f64,
    #[sync(step = 0.5)]
    pub path: [f32; 3],
    pub topic: Text<20>,
    pub blob: Blob<6>,
    pub act: Act,
    pub maybe: Option<Act>,
    pub notes: List<Note, 4>,
    pub tags: Map<Text<3>, Note, 4>,
    pub board: Grid<(Act, u8), 3, 2>,
    #[sync(seen = Seen::Teams(Teams::of(1)))]
    pub plan: Orders,
    pub chief: PlayerId,
    #[sync(seen = Seen::Player(self.chief))]
    pub seal: u64,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
pub enum Act {
    #[default]
    Idle,
    Move {
        #[sync(step = 0.25)]
        x: f32,
        #[sync(step = 0.25, join)]
        y: f32,
    },
    Say(Text<8>, u64),
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
pub struct Note {
    pub text: Text<6>,
    pub lines: List<Text<3>, 2>,
    #[sync(linear)]
    pub score: i16,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
pub struct Orders {
    pub text: Text<5>,
    pub code: u64,
    #[sync(linear)]
    pub count: i32,
    pub goals: List<Note, 2>,
    pub map: Grid<u8, 2, 2>,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
#[sync(near = (x, y), seen = self.seen)]
pub struct Unit {
    #[sync(step = 0.25)]
    pub x: f64,
    #[sync(step = 0.25, join)]
    pub y: f64,
    pub id: u32,
    #[sync(skip)]
    pub seen: Seen,
    pub health: u16,
    #[sync(quat = 11)]
    pub turn: [f32; 4],
    pub owner: PlayerId,
    #[sync(seen = Seen::Player(self.owner))]
    pub orders: Orders,
    #[sync(seen = Seen::Teams(Teams::of(2)))]
    pub cargo: List<Note, 3>,
    pub log: List<Note, 2>,
    pub deck: Grid<u8, 2, 2>,
    pub fuel: Map<u8, u16, 3>,
}

/// All see these, but not all of what is in them.
#[derive(Replicate, Clone, PartialEq, Debug, Default)]
pub struct Crate {
    pub id: u32,
    #[sync(step = 0.5, tolerance = 2.0)]
    pub place: [f64; 2],
    #[sync(angle = 12, tolerance = 0.01)]
    pub heading: f64,
    #[sync(step = 0.5, range = (-4.0, 9.0), linear)]
    pub gauge: f64,
    pub act: Act,
    pub name: Text<8>,
    pub owner: PlayerId,
    #[sync(seen = Seen::Player(self.owner))]
    pub secret: Orders,
    pub chips: List<Chip, 3>,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
#[sync(seen = self.seen)]
pub struct Chip {
    #[sync(skip)]
    pub seen: Seen,
    pub worth: i32,
    pub name: Text<4>,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
#[sync(seen = self.seen)]
pub struct Card {
    pub id: u32,
    #[sync(skip)]
    pub seen: Seen,
    #[sync(linear)]
    pub face: i32,
    pub name: Text<4>,
    pub marks: List<Note, 2>,
}

#[derive(Replicate, Clone, PartialEq, Debug, Default)]
pub struct Dot {
    pub id: u32,
    #[sync(linear)]
    pub x: i32,
    pub y: i32,
    #[sync(linear)]
    pub z: u32,
}

/// By how much the published values of tolerant fields may differ, with half a step.
pub const HEAT: f64 = 1.0 + 0.125;
pub const PLACE: f64 = 2.0 + 0.25;
pub const HEADING: f64 = 0.01 + TAU / 4096.0 / 2.0;

/// Players there are, from 1 on; and teams, from 0 on.
pub const PLAYERS: u64 = 4;
pub const TEAMS: u64 = 4;

pub fn player(random: &mut Random) -> PlayerId {
    PlayerId(1 + random.below(PLAYERS) as u32)
}

pub fn seen(random: &mut Random) -> Seen {
    match random.below(6) {
        0 | 1 => Seen::All,
        2 => Seen::Nobody,
        3 => Seen::Player(player(random)),
        4 => Seen::Teams(Teams::of(random.below(TEAMS) as u8)),
        _ => Seen::Teams(Teams::of(random.below(TEAMS) as u8).and(random.below(TEAMS) as u8)),
    }
}

/// A whole number: mostly near the one before, now and then far away.
fn int(random: &mut Random, before: i32) -> i32 {
    match random.below(12) {
        0 => random.next() as i32,
        1 => i32::MIN,
        2 => i32::MAX,
        3 => random.next() as i32 >> random.below(32),
        _ => before.wrapping_add(random.around(6)),
    }
}

fn text<const MAX: usize>(random: &mut Random) -> Text<MAX> {
    let letters = ["", "a", "ü", "xyz", "long and longer and longest"];
    let many = (0..random.below(3)).map(|_| letters[random.below(5) as usize]);
    Text::cut(&many.collect::<String>())
}

fn angle(random: &mut Random, bits: u32) -> f64 {
    let half = 1i64 << (bits - 1);
    let steps = match random.below(4) {
        0 => -half,
        1 => half - 1,
        _ => random.below(2 * half as u64) as i64 - half,
    };
    steps as f64 * (TAU / (2 * half) as f64)
}

fn quat(random: &mut Random, before: [f32; 4]) -> [f32; 4] {
    match random.below(8) {
        0 => [0.0; 4],
        1 => std::array::from_fn(|_| random.around(1000) as f32),
        _ => before.map(|part| part + random.around(20) as f32 / 300.0),
    }
}

fn act(random: &mut Random) -> Act {
    let quarters = |random: &mut Random| random.around(4000) as f32 * 0.25;
    match random.below(3) {
        0 => Act::Idle,
        1 => Act::Move { x: quarters(random), y: quarters(random) },
        _ => Act::Say(text(random), random.next()),
    }
}

fn note(random: &mut Random) -> Note {
    let lines = (0..random.below(3)).map(|_| text(random));
    Note { lines: List::first(lines), text: text(random), score: random.next() as i16 }
}

fn notes<const MAX: usize>(random: &mut Random, notes: &mut List<Note, MAX>) {
    match random.below(6) {
        0 if !notes.is_full() => notes.push(note(random)).unwrap(),
        1 if !notes.is_full() => notes.insert(0, note(random)).unwrap(),
        2 => drop(notes.pop()),
        3 => drop(notes.remove(0)),
        4 if random.percent(20) => notes.clear(),
        _ => {
            let place = random.below(MAX as u64) as usize;
            if let Some(some) = notes.get_mut(place) {
                match random.below(3) {
                    0 => *some = note(random),
                    1 => drop(some.lines.pop()),
                    _ => some.score = some.score.wrapping_add(random.around(3) as i16),
                }
            }
        }
    }
}

impl Single {
    pub fn change(&mut self, random: &mut Random) {
        match random.below(16) {
            0 => self.round += 1,
            1 => self.score = int(random, self.score),
            2 => self.big ^= random.next() >> random.below(64),
            3 => self.owed = i64::from(int(random, self.owed as i32)) << random.below(33),
            4 => self.sky = angle(random, 24),
            5 => self.wind = angle(random, 10),
            6 => self.turn = quat(random, self.turn),
            7 => self.path = std::array::from_fn(|_| random.around(900) as f32 * 0.5),
            8 => self.topic = text(random),
            9 => self.blob = Blob::cut(&random.next().to_le_bytes()[..random.below(7) as usize]),
            10 => self.act = act(random),
            11 => self.maybe = random.percent(50).then(|| act(random)),
            12 => notes(random, &mut self.notes),
            13 => {
                let key = text(random);
                if random.percent(40) {
                    self.tags.remove(&key);
                } else if !self.tags.is_full() {
                    self.tags.insert(key, note(random)).unwrap();
                }
            }
            14 => {
                let place = (random.below(3) as usize, random.below(2) as usize);
                self.board.set(place.0, place.1, (act(random), random.below(3) as u8));
            }
            _ => {}
        }
        // It rises and falls between the ends of its range, as fast as it likes.
        let heat = self.heat + random.around(8) as f64 * 0.25;
        self.heat = heat.clamp(0.0, 50.0);
        if random.percent(5) {
            self.heat = if random.percent(50) { 0.0 } else { 50.0 };
        }
    }

    /// What not all see.
    pub fn change_secrets(&mut self, random: &mut Random) {
        self.plan.change(random);
        self.seal ^= random.next() >> random.below(64);
    }
}

impl Orders {
    pub fn change(&mut self, random: &mut Random) {
        match random.below(5) {
            0 => self.text = text(random),
            1 => self.code = random.next() >> random.below(64),
            2 => self.count = int(random, self.count),
            3 => notes(random, &mut self.goals),
            _ => {
                self.map.set(0, random.below(2) as usize, random.next() as u8);
            }
        }
    }
}

impl Unit {
    pub fn new(id: u32, random: &mut Random) -> Self {
        let mut unit = Unit { id, owner: player(random), ..Unit::default() };
        unit.jump(random);
        unit.cargo = List::first([note(random)]);
        unit.orders.change(random);
        unit
    }

    fn jump(&mut self, random: &mut Random) {
        // Few places, so that some are equally far from an eye.
        let most = [4, 40, 400][random.below(3) as usize];
        (self.x, self.y) = (f64::from(random.around(most)) * 2.0, f64::from(random.around(most)));
        if random.percent(3) {
            (self.x, self.y) = (-5e8, 5e8);
        }
    }

    pub fn change(&mut self, random: &mut Random) {
        match random.below(10) {
            0 => self.jump(random),
            1..=3 => self.x += f64::from(random.around(12)) * 0.25,
            4 => self.health = random.next() as u16 >> random.below(16),
            5 => self.turn = quat(random, self.turn),
            6 => notes(random, &mut self.log),
            7 => drop(self.deck.set(0, random.below(2) as usize, random.below(4) as u8)),
            8 => {
                let key = random.below(5) as u8;
                if random.percent(40) {
                    self.fuel.remove(&key);
                } else if !self.fuel.is_full() {
                    self.fuel.insert(key, random.next() as u16).unwrap();
                }
            }
            _ => self.y -= 0.25,
        }
    }
}

impl Crate {
    pub fn new(id: u32, random: &mut Random) -> Self {
        let mut new = Crate { id, owner: player(random), ..Crate::default() };
        new.secret.change(random);
        for _ in 0..random.below(4) {
            let chip = Chip { seen: seen(random), worth: int(random, 0), name: text(random) };
            new.chips.push(chip).unwrap();
        }
        new
    }

    pub fn change(&mut self, random: &mut Random) {
        match random.below(6) {
            0 => self.act = act(random),
            1 => self.name = text(random),
            2 => self.heading = angle(random, 12),
            3 => self.gauge = (self.gauge + random.around(4) as f64 * 0.5).clamp(-4.0, 9.0),
            4 => self.place = [f64::from(random.around(100)), 0.5],
            _ => {}
        }
        // It drifts about within and beyond what is tolerated.
        self.place[1] += f64::from(random.around(3)) * 0.5;
        self.heading = (self.heading + f64::from(random.around(3)) * 0.004 + TAU / 2.0)
            .rem_euclid(TAU)
            - TAU / 2.0;
        if random.percent(10) {
            self.gauge += 0.5;
            self.gauge = self.gauge.min(9.0);
        }
    }

    pub fn change_chips(&mut self, random: &mut Random) {
        match random.below(5) {
            0 => drop(self.chips.pop()),
            1 if !self.chips.is_full() => {
                let chip = Chip { seen: seen(random), worth: 5, name: text(random) };
                self.chips.push(chip).unwrap();
            }
            2 => self.chips.iter_mut().for_each(|chip| chip.seen = seen(random)),
            _ => self.chips.iter_mut().for_each(|chip| chip.worth = int(random, chip.worth)),
        }
    }
}

impl Card {
    pub fn new(id: u32, random: &mut Random) -> Self {
        Card { id, seen: seen(random), face: 7, name: text(random), ..Card::default() }
    }

    pub fn change(&mut self, random: &mut Random) {
        match random.below(4) {
            0 => self.name = text(random),
            1 => notes(random, &mut self.marks),
            _ => self.face = int(random, self.face),
        }
    }
}

impl Dot {
    pub fn new(id: u32, random: &mut Random) -> Self {
        Dot { id, x: int(random, 0), y: 0, z: int(random, 0) as u32 }
    }

    pub fn change(&mut self, random: &mut Random) {
        match random.below(3) {
            0 => self.x = int(random, self.x),
            1 => self.y = int(random, self.y),
            _ => self.z = int(random, self.z as i32) as u32,
        }
    }
}

/// One of the entities of a table, chosen at random.
pub fn any<T>(table: &Table<T>, random: &mut Random) -> Option<EntityId> {
    let ids: Vec<EntityId> = table.iter().map(|(id, _)| id).collect();
    ids.get(random.below(ids.len().max(1) as u64) as usize).copied()
}
