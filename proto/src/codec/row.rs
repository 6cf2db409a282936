//! One row on the wire: as a step from the frame before, as a change from an older one, or whole.
//!
//! Each pair of functions here writes and reads the same bits. All of them leave the predictor as
//! every viewer in step has it after this frame.

use super::bits::{BadState, BitReader, Sink};
use super::code::{CODES, Code, ESCAPE, PLAIN, SINGLE, VALUE, VELOCITY, put_signed, take_signed};
use super::mask;
use super::predict::{Known, Predictor, ahead, context_after, residuals, turned, velocities, wrap};
use crate::layout::{Coding, Group, TableLayout};
use crate::schema::{GROUP_LANES_MAX, LANES_MAX};

type Codes = [Code; CODES];

/// Room for the differences of one row.
pub type Differences = [i32; LANES_MAX];

/// Puts the step of a row from `before` to `now` and brings its predictor forward. `texts` are the
/// mask bits of texts that changed. Returns the mask; nothing is put when it is 0: the row is as
/// expected.
#[inline]
pub fn put_step(
    codes: &Codes,
    table: &TableLayout,
    before: &[i32],
    now: &[i32],
    texts: u64,
    row: &mut Predictor<'_>,
    differences: &mut Differences,
    out: &mut impl Sink,
) -> u64 {
    let mut changed = texts;
    for (number, group) in table.groups.iter().enumerate() {
        let lanes = group.start..group.start + group.len;
        let differs = residuals(
            group,
            &now[lanes.clone()],
            &before[lanes.clone()],
            &row.velocity[lanes.clone()],
            &mut differences[lanes],
        );
        changed |= u64::from(differs) << number;
    }
    if changed != 0 {
        mask::put(changed, *row.mask, table.mask_bits(), out);
    }
    let mut moving = false;
    for (number, group) in table.groups.iter().enumerate() {
        let lanes = group.start..group.start + group.len;
        if changed & 1 << number != 0 {
            let differences = &differences[lanes.clone()];
            put_group(codes, group, code_of(group, row.context[number]), differences, now, out);
            velocities(
                group,
                &now[lanes.clone()],
                &before[lanes.clone()],
                &mut row.velocity[lanes.clone()],
            );
            row.context[number] = context_after(differences);
        } else {
            row.context[number] = 0;
        }
        moving |= row.velocity[lanes].iter().any(|velocity| *velocity != 0);
    }
    *row.mask = changed & mask::ones(table.groups.len() as u32);
    *row.active = moving || *row.mask != 0;
    changed
}

/// Takes a step. Returns its mask, in which the bits above the groups are texts.
#[inline]
pub fn take_step(
    codes: &Codes,
    table: &TableLayout,
    lanes: &mut [i32],
    row: &mut Predictor<'_>,
    bits: &mut BitReader<'_>,
) -> Result<u64, BadState> {
    let changed = mask::take(*row.mask, table.mask_bits(), bits)?;
    let mut moving = false;
    for (number, group) in table.groups.iter().enumerate() {
        let range = group.start..group.start + group.len;
        let (lanes, velocity) = (&mut lanes[range.clone()], &mut row.velocity[range]);
        if changed & 1 << number != 0 {
            let mut now = [0i32; GROUP_LANES_MAX];
            let now = &mut now[..group.len];
            let code = code_of(group, row.context[number]);
            row.context[number] = take_group(codes, group, code, lanes, velocity, now, bits)?;
            velocities(group, now, lanes, velocity);
            lanes.copy_from_slice(now);
        } else {
            go_on(group, lanes, velocity);
            row.context[number] = 0;
        }
        moving |= velocity.iter().any(|velocity| *velocity != 0);
    }
    *row.mask = changed & mask::ones(table.groups.len() as u32);
    *row.active = moving || *row.mask != 0;
    Ok(changed)
}

/// Brings a row forward that no record of a step names.
pub fn coast(table: &TableLayout, lanes: &mut [i32], row: &mut Predictor<'_>) {
    let mut moving = false;
    for group in &table.groups {
        let range = group.start..group.start + group.len;
        go_on(group, &mut lanes[range.clone()], &row.velocity[range.clone()]);
        moving |= row.velocity[range].iter().any(|velocity| *velocity != 0);
    }
    row.context.fill(0);
    (*row.mask, *row.active) = (0, moving);
}

fn go_on(group: &Group, lanes: &mut [i32], velocity: &[i32]) {
    if group.coding != Coding::Hold {
        for (lane, velocity) in lanes.iter_mut().zip(velocity) {
            *lane = ahead(group, *lane, *velocity);
        }
    }
}

/// Puts the change of a row from `before`, which no predictor is known of, to `now`, and the
/// predictor that the row has now.
pub fn put_change(
    codes: &Codes,
    table: &TableLayout,
    before: &[i32],
    now: &[i32],
    texts: u64,
    row: Option<Known<'_>>,
    differences: &mut Differences,
    out: &mut impl Sink,
) {
    let still = [0i32; GROUP_LANES_MAX];
    let mut changed = texts;
    for (number, group) in table.groups.iter().enumerate() {
        let lanes = group.start..group.start + group.len;
        let differs = residuals(
            group,
            &now[lanes.clone()],
            &before[lanes.clone()],
            &still,
            &mut differences[lanes],
        );
        changed |= u64::from(differs) << number;
    }
    mask::put_any(changed, table.mask_bits(), out);
    for (number, group) in table.groups.iter().enumerate() {
        if changed & 1 << number != 0 {
            let lanes = group.start..group.start + group.len;
            put_group(codes, group, PLAIN, &differences[lanes], now, out);
        }
    }
    if table.predicts() {
        put_predictor(codes, table, row, out);
    }
}

/// Takes a change. Returns its mask.
pub fn take_change(
    codes: &Codes,
    table: &TableLayout,
    lanes: &mut [i32],
    row: Option<Predictor<'_>>,
    bits: &mut BitReader<'_>,
) -> Result<u64, BadState> {
    let still = [0i32; GROUP_LANES_MAX];
    let changed = mask::take_any(table.mask_bits(), bits)?;
    for (number, group) in table.groups.iter().enumerate() {
        if changed & 1 << number != 0 {
            let lanes = &mut lanes[group.start..group.start + group.len];
            let mut now = [0i32; GROUP_LANES_MAX];
            let now = &mut now[..group.len];
            take_group(codes, group, PLAIN, lanes, &still, now, bits)?;
            lanes.copy_from_slice(now);
        }
    }
    if let Some(row) = row {
        take_predictor(codes, table, row, bits)?;
    }
    Ok(changed)
}

/// Puts a whole row and its predictor. `last` is the row put before it in this section.
pub fn put_row(
    codes: &Codes,
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
            0 => put_signed(codes, VALUE, *lane, out),
            bits => out.put(*lane as u32 & (u32::MAX >> (32 - bits)), bits),
        }
    }
    if table.predicts() {
        put_predictor(codes, table, row, out);
    }
}

/// Takes a whole row; `lanes` is empty before.
pub fn take_row(
    codes: &Codes,
    table: &TableLayout,
    last: &[i32],
    lanes: &mut [i32],
    row: Option<Predictor<'_>>,
    bits: &mut BitReader<'_>,
) -> Result<(), BadState> {
    for ((lane, last), width) in lanes.iter_mut().zip(last).zip(&table.widths) {
        if !width.is_short() && bits.flag()? {
            *lane = *last;
            continue;
        }
        *lane = match width.bits() {
            0 => take_signed(codes, VALUE, bits)?,
            count if width.is_signed() => wrap(bits.bits(count)? as i32, 32 - count),
            count => bits.bits(count)? as i32,
        };
    }
    if let Some(row) = row {
        take_predictor(codes, table, row, bits)?;
    }
    Ok(())
}

fn put_predictor(codes: &Codes, table: &TableLayout, row: Option<Known<'_>>, out: &mut impl Sink) {
    let Some(row) = row else { return out.flag(false) };
    out.flag(true);
    for (context, group) in row.context.iter().zip(&table.groups) {
        out.put(u32::from(*context), 3);
        if group.coding != Coding::Hold {
            for lane in first_velocity(group)..group.start + group.len {
                put_signed(codes, VELOCITY, row.velocity[lane], out);
            }
        }
    }
}

fn take_predictor(
    codes: &Codes,
    table: &TableLayout,
    row: Predictor<'_>,
    bits: &mut BitReader<'_>,
) -> Result<(), BadState> {
    row.velocity.fill(0);
    row.context.fill(0);
    (*row.mask, *row.active) = (0, bits.flag()?);
    if !*row.active {
        return Ok(());
    }
    for (number, group) in table.groups.iter().enumerate() {
        let context = bits.bits(3)?;
        row.context[number] = context as u8;
        *row.mask |= u64::from(context != 0) << number;
        if group.coding != Coding::Hold {
            for lane in first_velocity(group)..group.start + group.len {
                row.velocity[lane] = take_signed(codes, VELOCITY, bits)?;
            }
        }
    }
    Ok(())
}

/// The first lane of a group that has a velocity: which component of a quaternion is the largest
/// has none.
fn first_velocity(group: &Group) -> usize {
    group.start + usize::from(matches!(group.coding, Coding::Quat(_)))
}

/// The code of a group's residuals.
#[inline]
fn code_of(group: &Group, context: u8) -> usize {
    usize::from(context) + if group.len == 1 { SINGLE } else { 0 }
}

#[inline]
fn put_group(
    codes: &Codes,
    group: &Group,
    context: usize,
    differences: &[i32],
    now: &[i32],
    out: &mut impl Sink,
) {
    if !matches!(group.coding, Coding::Quat(_)) {
        for difference in differences {
            put_signed(codes, context, *difference, out);
        }
        return;
    }
    let mut context = context;
    if differences[0] != 0 {
        out.note(context, ESCAPE);
        codes[context].put_mark(out);
        out.put(now[group.start] as u32 & 3, 2);
        context = PLAIN;
    }
    for difference in &differences[1..] {
        put_signed(codes, context, *difference, out);
    }
}

/// Takes a group; returns the context that it leaves behind.
#[inline]
fn take_group(
    codes: &Codes,
    group: &Group,
    context: usize,
    before: &[i32],
    velocity: &[i32],
    now: &mut [i32],
    bits: &mut BitReader<'_>,
) -> Result<u8, BadState> {
    let mut differences = [0i32; GROUP_LANES_MAX];
    let Coding::Quat(most) = group.coding else {
        let differences = &mut differences[..group.len];
        for (lane, difference) in differences.iter_mut().enumerate() {
            *difference = take_signed(codes, context, bits)?;
            let expected = match group.coding {
                Coding::Hold => before[lane],
                _ => before[lane].wrapping_add(velocity[lane]),
            };
            now[lane] = wrap(expected.wrapping_add(*difference), group.shift);
        }
        return Ok(context_after(differences));
    };
    let symbol = codes[context].symbol(bits)?;
    let (expected, first) = if symbol == ESCAPE as u32 {
        now[0] = bits.bits(2)? as i32;
        if now[0] == before[0] {
            return Err(BadState("a largest component that is not another"));
        }
        differences[0] = now[0].wrapping_sub(before[0]);
        (turned(before, velocity, now[0], most), take_signed(codes, PLAIN, bits)?)
    } else {
        now[0] = before[0];
        let ahead = |lane: usize| before[lane].wrapping_add(velocity[lane]);
        let first = super::bits::unzigzag(Code::number(symbol, bits)?);
        ([ahead(1), ahead(2), ahead(3)], first)
    };
    let context = if symbol == ESCAPE as u32 { PLAIN } else { context };
    differences[1] = first;
    differences[2] = take_signed(codes, context, bits)?;
    differences[3] = take_signed(codes, context, bits)?;
    for lane in 1..4 {
        now[lane] = expected[lane - 1].wrapping_add(differences[lane]);
        if now[lane].unsigned_abs() > most as u32 {
            return Err(BadState("a component over its range"));
        }
    }
    Ok(context_after(&differences))
}
