//! One row on the wire: as a step from the frame before, as a change from an older one, or whole.
//!
//! Each pair of functions here writes and reads the same bits. All of them leave the predictor as
//! every viewer in step has it after this frame.

use super::bits::{BadState, BitReader, Sink};
use super::code::{PLAIN, VALUE, VELOCITY, code_of, put_signed, take_signed};
use super::group::{go_on, sound, take_group};
use super::mask;
use super::predict::{Known, Predictor, wrap};
use crate::layout::{Coding, Group, TableLayout};
use crate::schema::LANES_MAX;

/// Takes a step. Returns its mask, in which the bits above the groups are texts.
#[inline(always)]
pub fn take_step(
    table: &TableLayout,
    lanes: &mut [i32],
    row: &mut Predictor<'_>,
    bits: &mut BitReader<'_>,
) -> Result<u64, BadState> {
    let changed = mask::take(*row.mask, table.mask_bits(), bits)?;
    // Groups that the record names and that are as expected all the same.
    let mut still = 0u64;
    for (number, (group, context)) in table.groups.iter().zip(&mut *row.context).enumerate() {
        if changed >> number & 1 != 0 {
            let code = code_of(group.len, *context);
            *context = take_group(group, code, lanes, row.velocity, bits)?;
            still |= u64::from(*context == 0) << number;
        } else {
            go_on(group, lanes, row.velocity)?;
            *context = 0;
        }
    }
    *row.mask = changed & !still & table.group_bits;
    Ok(changed)
}

/// Brings a row forward that no record of a step names.
pub fn coast(
    table: &TableLayout,
    lanes: &mut [i32],
    row: &mut Predictor<'_>,
) -> Result<(), BadState> {
    for group in &table.groups {
        go_on(group, lanes, row.velocity)?;
    }
    row.context.fill(0);
    *row.mask = 0;
    Ok(())
}

/// Takes a change. Returns its mask.
pub fn take_change(
    table: &TableLayout,
    lanes: &mut [i32],
    row: Option<Predictor<'_>>,
    bits: &mut BitReader<'_>,
) -> Result<u64, BadState> {
    let mut still = [0i32; LANES_MAX];
    let changed = mask::take_any(table.mask_bits(), bits)?;
    for (number, group) in table.groups.iter().enumerate() {
        if changed >> number & 1 != 0 {
            take_group(group, PLAIN, lanes, &mut still, bits)?;
        }
    }
    if let Some(row) = row {
        take_predictor(table, row, bits);
    }
    Ok(changed)
}

/// Puts a whole row and its predictor. `last` is the row put before it in this section.
pub fn put_row(
    table: &TableLayout,
    last: &[i32],
    now: &[i32],
    row: Option<Known<'_>>,
    out: &mut impl Sink,
) {
    for ((lane, last), width) in now.iter().zip(last).zip(&table.widths) {
        if !width.is_short() {
            out.flag(lane == last);
            if lane == last {
                continue;
            }
        }
        match width.bits() {
            0 => put_signed(VALUE, *lane, out),
            bits => out.put(*lane as u32 & (u32::MAX >> (32 - bits)), bits),
        }
    }
    if table.predicts() {
        put_predictor(table, row, out);
    }
}

/// Takes a whole row; `lanes` is empty before.
pub fn take_row(
    table: &TableLayout,
    last: &[i32],
    lanes: &mut [i32],
    row: Option<Predictor<'_>>,
    bits: &mut BitReader<'_>,
) -> Result<(), BadState> {
    for ((lane, last), width) in lanes.iter_mut().zip(last).zip(&table.widths) {
        if !width.is_short() && bits.flag() {
            *lane = *last;
            continue;
        }
        *lane = match width.bits() {
            0 => take_signed(VALUE, bits),
            count if width.is_signed() => wrap(bits.bits(count) as i32, 32 - count),
            count => bits.bits(count) as i32,
        };
    }
    table.groups.iter().try_for_each(|group| sound(group, lanes))?;
    if let Some(row) = row {
        take_predictor(table, row, bits);
    }
    Ok(())
}

/// Puts the predictor of a row.
pub fn put_predictor(table: &TableLayout, row: Option<Known<'_>>, out: &mut impl Sink) {
    let Some(row) = row else { return out.flag(false) };
    out.flag(true);
    for (context, group) in row.context.iter().zip(&table.groups) {
        out.put(u32::from(*context), 3);
        if group.coding != Coding::Hold {
            for lane in first_velocity(group)..group.start + group.len {
                put_signed(VELOCITY, row.velocity[lane], out);
            }
        }
    }
}

fn take_predictor(table: &TableLayout, mut row: Predictor<'_>, bits: &mut BitReader<'_>) {
    row.forget();
    if !bits.flag() {
        return;
    }
    for (number, group) in table.groups.iter().enumerate() {
        let context = bits.bits(3);
        row.context[number] = context as u8;
        *row.mask |= u64::from(context != 0) << number;
        if group.coding != Coding::Hold {
            for lane in first_velocity(group)..group.start + group.len {
                row.velocity[lane] = take_signed(VELOCITY, bits);
            }
        }
    }
}

/// The first lane of a group that has a velocity: which component of a quaternion is the largest
/// has none.
fn first_velocity(group: &Group) -> usize {
    group.start + usize::from(matches!(group.coding, Coding::Quat(_)))
}
