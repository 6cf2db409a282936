//! The state body: how rows change from a base to now. A full state is the change from nothing.
//!
//! This is the seam for better encodings: [`encode`] and [`apply`] are the only two functions that
//! know the bits.
//!
//! ```text
//! per table:  1 bit     whether anything changed
//!             golomb(3) number of changed slots − 1
//!             per changed slot, ascending:
//!               golomb(1) slots skipped since the one before
//!               2 bits    0 update · 1 spawn · 2 despawn
//!               spawn:    16 bits generation; every lane as a change from 0
//!               update:   one bit per lane: changed?; then the changed lanes
//!             lane: 5 bits n, then n bits: the zig-zag difference z ≥ 1 with bit length n + 1,
//!                   without its leading one. In a spawn a lane of 0 is one bit 0, any other a
//!                   bit 1 and then as above.
//! ```

use crate::bits::{BadState, BitReader, BitWriter, unzigzag, zigzag};
use crate::layout::Layout;
use crate::rows::{Rows, TableRows};
use crate::table::ENTITIES_MAX;

const UPDATE: u32 = 0;
const SPAWN: u32 = 1;
const DESPAWN: u32 = 2;

/// Appends the change from `base` to `now`.
pub fn encode(base: &Rows, now: &Rows, out: &mut Vec<u8>) {
    let mut bits = BitWriter::new(out);
    let nothing = TableRows::default();
    let mut changed = Vec::new();
    for (number, table) in now.tables.iter().enumerate() {
        let old = base.tables.get(number).unwrap_or(&nothing);
        changed.clear();
        changed.extend(
            (0..table.alive.len().max(old.alive.len())).filter(|s| table.row(*s) != old.row(*s)),
        );
        bits.flag(!changed.is_empty());
        if changed.is_empty() {
            continue;
        }
        bits.golomb(changed.len() as u32 - 1, 3);
        let mut after = 0;
        for slot in &changed {
            bits.golomb((slot - after) as u32, 1);
            after = slot + 1;
            encode_slot(old.row(*slot), table.row(*slot), &mut bits);
        }
    }
    bits.finish();
}

fn encode_slot(old: Option<(u16, &[i32])>, now: Option<(u16, &[i32])>, bits: &mut BitWriter<'_>) {
    match (old, now) {
        (Some((before, old)), Some((generation, now))) if before == generation => {
            bits.bits(UPDATE, 2);
            for (old, now) in old.iter().zip(now) {
                bits.flag(old != now);
            }
            for (old, now) in old.iter().zip(now).filter(|(old, now)| old != now) {
                encode_lane(now.wrapping_sub(*old), bits);
            }
        }
        (_, Some((generation, now))) => {
            bits.bits(SPAWN, 2);
            bits.bits(u32::from(generation), 16);
            for lane in now {
                bits.flag(*lane != 0);
                if *lane != 0 {
                    encode_lane(*lane, bits);
                }
            }
        }
        (_, None) => bits.bits(DESPAWN, 2),
    }
}

fn encode_lane(change: i32, bits: &mut BitWriter<'_>) {
    let value = zigzag(change);
    let below = 31 - value.leading_zeros();
    bits.bits(below, 5);
    bits.bits(value & !(1 << below), below);
}

/// Brings `rows` from the base to the state that was encoded. On an error `rows` is somewhere in
/// between and must be thrown away.
pub fn apply(bytes: &[u8], layout: &Layout, rows: &mut Rows) -> Result<(), BadState> {
    let mut bits = BitReader::new(bytes);
    for number in 0..layout.tables().len() {
        if !bits.flag()? {
            continue;
        }
        let count = bits.golomb(3)?;
        let mut slot = 0usize;
        for _ in 0..=count {
            slot += bits.golomb(1)? as usize;
            if slot >= ENTITIES_MAX {
                return Err(BadState("a slot beyond the table's end"));
            }
            apply_slot(&mut bits, layout, rows, number, slot)?;
            slot += 1;
        }
    }
    bits.finish()
}

fn apply_slot(
    bits: &mut BitReader<'_>,
    layout: &Layout,
    rows: &mut Rows,
    number: usize,
    slot: usize,
) -> Result<(), BadState> {
    match bits.bits(2)? {
        UPDATE => {
            let table = &mut rows.tables[number];
            table.row(slot).ok_or(BadState("an update of an entity that is not there"))?;
            let width = table.width;
            let lanes = &mut table.lanes[slot * width..][..width];
            let mut mask = [false; crate::schema::LANES_MAX];
            for changed in &mut mask[..width] {
                *changed = bits.flag()?;
            }
            for (lane, _) in lanes.iter_mut().zip(mask).filter(|(_, changed)| *changed) {
                *lane = lane.wrapping_add(apply_lane(bits)?);
            }
        }
        SPAWN => {
            let generation = bits.bits(16)? as u16;
            rows.spawn(layout, number, slot, generation)?;
            let width = rows.tables[number].width;
            for lane in &mut rows.tables[number].lanes[slot * width..][..width] {
                if bits.flag()? {
                    *lane = apply_lane(bits)?;
                }
            }
        }
        DESPAWN => {
            let table = &mut rows.tables[number];
            table.row(slot).ok_or(BadState("a despawn of an entity that is not there"))?;
            table.despawn(slot);
        }
        _ => return Err(BadState("an unknown kind of change")),
    }
    Ok(())
}

fn apply_lane(bits: &mut BitReader<'_>) -> Result<i32, BadState> {
    let below = bits.bits(5)?;
    Ok(unzigzag(bits.bits(below)? | 1 << below))
}
