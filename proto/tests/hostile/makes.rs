//! Schemas and frames that nobody sane would send.

use greenroom_proto::schema::{
    LaneKind, LaneSchema, Near, Predict, RowsKind, Schema, TableSchema, TextSchema,
};
use greenroom_proto::{List, Text};

use crate::random::Random;

fn one_of<T: Copy>(all: &[T], random: &mut Random) -> T {
    all[random.below(all.len() as u64) as usize]
}

fn kind(random: &mut Random) -> LaneKind {
    let bits = one_of(&[0, 1, 3, 4, 9, 15, 16, 24, 25, 255], random);
    let number = one_of(&[0, 1, 2, 100, u32::MAX], random);
    match random.below(12) {
        0 => LaneKind::Bool,
        1 => LaneKind::Int,
        2 => LaneKind::Low { signed: true },
        3 => LaneKind::High,
        4 => LaneKind::Step(random.next()),
        5 => LaneKind::Range { min: random.next(), step: random.next(), most: number },
        6 | 7 => LaneKind::Angle(bits),
        8 => LaneKind::Quat(bits),
        9 => LaneKind::QuatPart(bits),
        10 => LaneKind::Variant(List::first((0..random.below(300)).map(|_| Text::default()))),
        _ => LaneKind::Some,
    }
}

fn lanes(random: &mut Random) -> Vec<LaneSchema> {
    let lane = |kind, joined, random: &mut Random| LaneSchema {
        name: Text::default(),
        kind,
        predict: one_of(&[Predict::Hold, Predict::Linear], random),
        joined,
        tolerance: one_of(&[0, 1, u32::MAX], random),
    };
    let count = one_of(&[0, 1, 2, 3, 5, 9, 66, 256], random);
    let wild = random.percent(25);
    let mut lanes = Vec::new();
    while lanes.len() < count {
        if random.percent(20) {
            // A quaternion as it should be.
            let bits = 4 + random.below(12) as u8;
            lanes.push(lane(LaneKind::Quat(bits), false, random));
            (0..3).for_each(|_| lanes.push(lane(LaneKind::QuatPart(bits), true, random)));
        } else if wild {
            let joined = random.percent(30);
            lanes.push(lane(kind(random), joined, random));
        } else {
            let joined = random.percent(25);
            let kind = match lanes.last() {
                Some(LaneSchema { kind: LaneKind::Angle(bits), .. }) if joined => {
                    LaneKind::Angle(*bits)
                }
                Some(LaneSchema { kind: LaneKind::QuatPart(_), .. }) if joined => continue,
                _ if joined || random.percent(70) => LaneKind::Step(1),
                _ => LaneKind::Angle(one_of(&[1, 8, 24], random)),
            };
            lanes.push(lane(kind, joined, random));
        }
    }
    lanes.truncate(256);
    lanes
}

/// Any schema; about every other one is sound.
pub fn schema(random: &mut Random) -> Schema {
    let wild = random.percent(30);
    let tables = (0..1 + random.below(5)).map(|number| {
        let of = random.below(if wild { 9 } else { number.max(1) }) as u8;
        let each = one_of(&[1, 2, 5, 300, 1 << 16, if wild { u32::MAX } else { 4 }], random);
        let rows = match random.below(if number > 0 { 4 } else { 1 }) {
            0 if number == 0 || (wild && random.percent(30)) => RowsKind::Single,
            0 | 1 => RowsKind::Entities,
            2 => RowsKind::Owned { of, each },
            _ => RowsKind::Cells { of, each },
        };
        let lanes = if random.percent(80) { lanes(random) } else { Vec::new() };
        let count = one_of(&[0, 0, 0, 1, 3, 32], random);
        let near = Near { x: random.below(3) as u16, y: 0 };
        let text = |_| TextSchema {
            name: Text::default(),
            max: one_of(&[0, 1, 30, u32::MAX], random),
            utf8: random.percent(50),
        };
        let texts = List::first((0..count).map(text));
        TableSchema {
            name: Text::default(),
            rows,
            restricted: random.percent(if number == 0 { 3 } else { 15 }),
            near: random.percent(8).then_some(near),
            texts,
            lanes: List::first(lanes),
        }
    });
    Schema { tables: List::first(tables) }
}

/// Any frame: the first mostly holds the whole state.
pub fn frame(place: usize, random: &mut Random) -> Vec<u8> {
    let flags = match random.below(8) {
        0 => random.below(9) as u8,
        1 => 4,
        _ if place == 0 => 1,
        _ => 0,
    };
    let mut message = vec![2, 0, 0, 0, flags];
    message.extend_from_slice(&[place as u8, 0]);
    match flags {
        1 => message.extend_from_slice(&[0, 0]),
        4 => message.push(1),
        _ => {}
    }
    // Few ones are short numbers; many are texts, rows and records one after another.
    let ones = one_of(&[0, 5, 20, 50, 80, 95, 100], random);
    let length = one_of(&[0, 1, 3, 10, 40, 300, 2000], random);
    message.extend(
        (0..length)
            .map(|_| (0..8).fold(0u8, |byte, bit| byte | u8::from(random.percent(ones)) << bit)),
    );
    message
}

/// Turns some bits over, from byte `start` on.
pub fn flip(bytes: &mut [u8], start: u64, random: &mut Random) {
    let start = start.min(bytes.len() as u64 - 1);
    for _ in 0..=random.below(4) {
        let at = start + random.below(bytes.len() as u64 - start);
        bytes[at as usize] ^= 1 << random.below(8);
    }
}

/// Turns bits over, cuts off, or goes on as another message.
pub fn damage(message: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let cut = random.below(message.len() as u64) as usize;
    match random.below(8) {
        0 => message.truncate(1 + cut),
        1 => {
            message.truncate(1 + cut);
            message.extend_from_slice(&other[random.below(other.len() as u64) as usize..]);
        }
        2 => message.insert(cut, random.next() as u8),
        _ => flip(message, 8, random),
    }
}
