//! What must hold for any bytes. The tests beside this file try some; the programs in `fuzz/` look
//! for others.

use std::fmt::Debug;

use greenroom_proto::frame::{Base, read, read_input};
use greenroom_proto::schema::{GROUP_LANES_MAX, GROUPS_MAX, LaneKind, LaneSchema, SLOTS_MAX};
use greenroom_proto::schema::{RowsKind, TableSchema};
use greenroom_proto::{
    ENTITIES_MAX, Layout, ROWS_BYTES_MAX, Replica, Schema, Tick, ToClient, ToServer, wire,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A control message is a message or an error, and what is one says the same again once encoded.
pub fn control(bytes: &[u8]) {
    survives::<ToServer>(bytes);
    survives::<ToClient>(bytes);
    let _ = read_input(bytes);
}

fn survives<T: Serialize + DeserializeOwned + Debug>(bytes: &[u8]) {
    if let Ok(message) = wire::decode::<T>(bytes) {
        let again: T = wire::decode(&wire::encode(&message)).expect("it was a message before");
        assert_eq!(format!("{message:?}"), format!("{again:?}"));
    }
}

/// A schema is accepted exactly if it is sound.
pub fn schema(bytes: &[u8]) {
    if let Ok(schema) = wire::decode::<Schema>(bytes) {
        let layout = Layout::new(&schema);
        assert_eq!(layout.is_ok(), sound(&schema), "{layout:?} of {schema:?}");
        if let Ok(layout) = layout {
            let _ = Replica::new(layout).apply(&[2, 0, 0, 0, 1, 0, 0, 0, 0]);
        }
    }
}

/// Frames, each with its length before it (two bytes), after a schema with its length. Returns how
/// many were taken.
pub fn replica(bytes: &[u8]) -> usize {
    let mut parts = Parts(bytes);
    let Some(Ok(schema)) = parts.next().map(wire::decode::<Schema>) else { return 0 };
    let Ok(layout) = Layout::new(&schema) else { return 0 };
    frames(Replica::new(layout), parts)
}

/// Applies frames to a replica, which stays within its bounds.
pub fn frames<'a>(mut replica: Replica, messages: impl Iterator<Item = &'a [u8]>) -> usize {
    let mut taken = 0;
    for message in messages {
        frame_head(message);
        let result = replica.apply(message);
        assert_eq!(replica.tick().is_some(), result.is_ok());
        taken += usize::from(result.is_ok());
        let rows = replica.rows();
        assert!(rows.bytes() <= 2 * ROWS_BYTES_MAX, "{} bytes", rows.bytes());
        for (rows, table) in rows.tables().iter().zip(replica.layout().tables()) {
            assert!(rows.slots() <= table.slots_max);
            for slot in (0..rows.slots()).filter(|slot| rows.row(*slot).is_some()) {
                for (text, bounds) in rows.texts(slot).iter().zip(&table.texts) {
                    assert!(text.len() <= bounds.max);
                    assert!(!bounds.utf8 || std::str::from_utf8(text).is_ok());
                }
            }
        }
        let _ = rows.hash();
    }
    taken
}

/// All but the state of a frame.
pub fn frame_head(bytes: &[u8]) {
    for newest in [0, 40_000, u32::MAX].map(Tick) {
        if let Ok(parts) = read(bytes, newest) {
            assert_eq!(parts.full(), parts.base == Base::Nothing);
            assert!(parts.state.len() < bytes.len());
            let size: usize = parts.events.iter().map(|event| event.body.len()).sum();
            assert!(size <= bytes.len());
        }
    }
}

/// Parts of bytes, each with its length before it.
pub struct Parts<'a>(pub &'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (part, rest) = rest.split_at(length);
        self.0 = rest;
        Some(part)
    }
}

/// The rules of the protocol's page for schemas, one after the other.
pub fn sound(schema: &Schema) -> bool {
    let tables = &schema.tables;
    !tables.is_empty() && (0..tables.len()).all(|number| sound_table(tables, number))
}

fn sound_table(tables: &[TableSchema], number: usize) -> bool {
    let table = &tables[number];
    let single = table.rows == RowsKind::Single;
    let cells = matches!(table.rows, RowsKind::Cells { .. });
    let owner = table.rows.owner().map(|(of, _)| of);
    let owned = owner.is_none_or(|of| {
        of < number
            && !matches!(tables[of].rows, RowsKind::Cells { .. })
            && (table.restricted || !tables[of].restricted)
    });
    if single != (number == 0) || (single && table.restricted) || !owned {
        return false;
    }
    let slots = slots(tables, number);
    let groups = groups(&table.lanes);
    let near = table.near.is_none_or(|near| {
        let lanes = table.lanes.len();
        let there = usize::from(near.x) < lanes && usize::from(near.y) < lanes;
        there && table.restricted && table.rows == RowsKind::Entities
    });
    let things = groups.len() + table.texts.len();
    (1..=SLOTS_MAX as u128).contains(&slots)
        && things <= GROUPS_MAX
        && !(cells && things == 0 && slots > 1)
        && near
        && groups.iter().all(|group| sound_group(group))
}

fn slots(tables: &[TableSchema], number: usize) -> u128 {
    match tables[number].rows {
        RowsKind::Single => 1,
        RowsKind::Entities => ENTITIES_MAX as u128,
        RowsKind::Owned { of, each } | RowsKind::Cells { of, each } => {
            slots(tables, of.into()).saturating_mul(each.into())
        }
    }
}

fn groups(lanes: &[LaneSchema]) -> Vec<Vec<&LaneSchema>> {
    let mut groups: Vec<Vec<&LaneSchema>> = Vec::new();
    for lane in lanes {
        match groups.last_mut() {
            Some(group) if lane.joined => group.push(lane),
            _ => groups.push(vec![lane]),
        }
    }
    groups
}

fn sound_group(group: &[&LaneSchema]) -> bool {
    let first = &group[0].kind;
    let others = &group[1..];
    group.len() <= GROUP_LANES_MAX
        && match first {
            LaneKind::Quat(bits) => {
                let parts = others.iter().all(|lane| lane.kind == LaneKind::QuatPart(*bits));
                (4..=15).contains(bits) && parts && group.len() == 4
            }
            LaneKind::QuatPart(_) => false,
            LaneKind::Angle(bits) => {
                (1..=24).contains(bits) && others.iter().all(|lane| lane.kind == *first)
            }
            _ => others.iter().all(|lane| {
                use LaneKind::{Angle, Quat, QuatPart};
                !matches!(lane.kind, Angle(_) | Quat(_) | QuatPart(_))
            }),
        }
}
