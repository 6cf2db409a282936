//! One row on the wire: as a step from the frame before, as a change from an older one, or whole.
//!
//! Each pair of functions here writes and reads the same bits. All of them leave the predictor as
//! every viewer in step has it after this frame.

use super::bits::{BadState, BitReader, Sink, unzigzag};
use super::code::{
    CODES, Code, ESCAPE, PLAIN, SINGLE, VALUE, VELOCITY, WORD_MAX, put_several, put_signed,
    take_signed,
};
use super::mask;
use super::predict::{
    Known, Predictor, ahead, context_after, context_of, differences, lanes_of, lanes_of_mut,
    turned, velocities_of_quaternion, wrap,
};
use crate::layout::{Coding, Group, TableLayout};
use crate::schema::{GROUPS_MAX, LANES_MAX};

type Codes = [Code; CODES];

/// Room for the differences of one row.
pub type Differences = [i32; LANES_MAX];

/// Bits of a record at most: a mask, and for each lane a word and 32 bits.
#[must_use]
pub fn record_bits_max(table: &TableLayout) -> usize {
    2 * GROUPS_MAX + table.width * (WORD_MAX as usize + 32) + 4 * table.groups.len()
}

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
    room: &mut Differences,
    out: &mut impl Sink,
) -> u64 {
    let (mut changed, mut moving) = (texts, false);
    for (number, group) in table.groups.iter().enumerate() {
        let (differs, moves) = differ(group, now, before, row.velocity, room);
        changed |= u64::from(differs) << number;
        moving |= moves;
    }
    if changed != 0 {
        mask::put(changed, *row.mask, table.mask_bits(), out);
    }
    for (number, group) in table.groups.iter().enumerate() {
        row.context[number] = match changed & 1 << number {
            0 => 0,
            _ => put_group(codes, group, code_of(group, row.context[number]), room, now, out),
        };
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
    // Groups that the record names and that are as expected all the same.
    let mut still = 0u64;
    let mut moving = 0;
    for (number, group) in table.groups.iter().enumerate() {
        if changed & 1 << number != 0 {
            let code = code_of(group, row.context[number]);
            let velocity = &mut *row.velocity;
            row.context[number] = match group.len {
                1 => take_group::<1>(codes, group, code, lanes, velocity, bits)?,
                2 => take_group::<2>(codes, group, code, lanes, velocity, bits)?,
                3 => take_group::<3>(codes, group, code, lanes, velocity, bits)?,
                _ => take_group::<4>(codes, group, code, lanes, velocity, bits)?,
            };
            still |= u64::from(row.context[number] == 0) << number;
        } else {
            go_on(group, lanes, row.velocity)?;
            row.context[number] = 0;
        }
        moving |= any(group, row.velocity);
    }
    *row.mask = changed & !still & mask::ones(table.groups.len() as u32);
    *row.active = moving != 0 || *row.mask != 0;
    Ok(changed)
}

/// Not 0 if a group moves.
#[inline(always)]
fn any(group: &Group, velocity: &[i32]) -> i32 {
    velocity[group.start..group.start + group.len].iter().fold(0, |any, lane| any | lane)
}

/// Brings a row forward that no record of a step names.
pub fn coast(
    table: &TableLayout,
    lanes: &mut [i32],
    row: &mut Predictor<'_>,
) -> Result<(), BadState> {
    let mut moving = false;
    for group in &table.groups {
        go_on(group, lanes, row.velocity)?;
        moving |= any(group, row.velocity) != 0;
    }
    row.context.fill(0);
    (*row.mask, *row.active) = (0, moving);
    Ok(())
}

fn go_on(group: &Group, lanes: &mut [i32], velocity: &[i32]) -> Result<(), BadState> {
    if group.coding != Coding::Hold {
        let range = group.start..group.start + group.len;
        for (lane, velocity) in lanes[range.clone()].iter_mut().zip(&velocity[range]) {
            *lane = ahead(group, *lane, *velocity);
        }
        in_range(group, lanes)?;
    }
    Ok(())
}

/// Refuses a quaternion with a part over its range.
#[inline(always)]
fn in_range(group: &Group, lanes: &[i32]) -> Result<(), BadState> {
    let Coding::Quat(most) = group.coding else { return Ok(()) };
    let [_, parts @ ..]: &[i32; 4] = lanes_of(group, lanes);
    match parts.iter().all(|part| part.unsigned_abs() <= most as u32) {
        true => Ok(()),
        false => Err(BadState("a component over its range")),
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
    room: &mut Differences,
    out: &mut impl Sink,
) {
    let mut still = [0i32; LANES_MAX];
    let mut changed = texts;
    for (number, group) in table.groups.iter().enumerate() {
        let (differs, _) = differ(group, now, before, &mut still, room);
        changed |= u64::from(differs) << number;
    }
    mask::put_any(changed, table.mask_bits(), out);
    for (number, group) in table.groups.iter().enumerate() {
        if changed & 1 << number != 0 {
            put_group(codes, group, PLAIN, room, now, out);
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
    let mut still = [0i32; LANES_MAX];
    let changed = mask::take_any(table.mask_bits(), bits)?;
    for (number, group) in table.groups.iter().enumerate() {
        if changed & 1 << number != 0 {
            match group.len {
                1 => take_group::<1>(codes, group, PLAIN, lanes, &mut still, bits)?,
                2 => take_group::<2>(codes, group, PLAIN, lanes, &mut still, bits)?,
                3 => take_group::<3>(codes, group, PLAIN, lanes, &mut still, bits)?,
                _ => take_group::<4>(codes, group, PLAIN, lanes, &mut still, bits)?,
            };
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
    table.groups.iter().try_for_each(|group| in_range(group, lanes))?;
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
#[inline(always)]
fn code_of(group: &Group, context: u8) -> usize {
    usize::from(context) + if group.len == 1 { SINGLE } else { 0 }
}

/// [`differences`] of a group of any length.
#[inline(always)]
fn differ(
    group: &Group,
    now: &[i32],
    before: &[i32],
    velocity: &mut [i32],
    room: &mut Differences,
) -> (bool, bool) {
    match group.len {
        1 => differences::<1>(group, now, before, velocity, room),
        2 => differences::<2>(group, now, before, velocity, room),
        3 => differences::<3>(group, now, before, velocity, room),
        _ => differences::<4>(group, now, before, velocity, room),
    }
}

/// Puts the differences of a group. Returns the context that it leaves behind.
#[inline(always)]
fn put_group(
    codes: &Codes,
    group: &Group,
    code: usize,
    room: &Differences,
    now: &[i32],
    out: &mut impl Sink,
) -> u8 {
    match group.len {
        1 => put_numbers::<1>(codes, group, code, room, out),
        2 => put_numbers::<2>(codes, group, code, room, out),
        3 => put_numbers::<3>(codes, group, code, room, out),
        _ if matches!(group.coding, Coding::Quat(_)) => {
            put_quaternion(codes, group, code, room, now, out)
        }
        _ => {
            let [a, b, c, d]: &[i32; 4] = lanes_of(group, room);
            let any = put_several(codes, code, &[*a, *b], out);
            context_of(any | put_several(codes, code, &[*c, *d], out))
        }
    }
}

#[inline(always)]
fn put_numbers<const N: usize>(
    codes: &Codes,
    group: &Group,
    code: usize,
    room: &Differences,
    out: &mut impl Sink,
) -> u8 {
    let differences: &[i32; N] = lanes_of(group, room);
    context_of(put_several(codes, code, differences, out))
}

#[inline(always)]
fn put_quaternion(
    codes: &Codes,
    group: &Group,
    code: usize,
    room: &Differences,
    now: &[i32],
    out: &mut impl Sink,
) -> u8 {
    let differences: &[i32; 4] = lanes_of(group, room);
    let [turns, a, b, c] = *differences;
    if turns == 0 {
        return context_of(put_several(codes, code, &[a, b, c], out));
    }
    out.note(code, ESCAPE);
    codes[code].put_mark(out);
    out.put(now[group.start] as u32 & 3, 2);
    put_several(codes, PLAIN, &[a, b, c], out);
    context_after(differences)
}

/// Takes a group and brings its velocity forward. Returns the context that it leaves behind.
#[inline(always)]
fn take_group<const N: usize>(
    codes: &Codes,
    group: &Group,
    code: usize,
    lanes: &mut [i32],
    velocity: &mut [i32],
    bits: &mut BitReader<'_>,
) -> Result<u8, BadState> {
    if let Coding::Quat(most) = group.coding {
        return take_quaternion(codes, group, code, most, lanes, velocity, bits);
    }
    let lanes: &mut [i32; N] = lanes_of_mut(group, lanes);
    let velocity: &mut [i32; N] = lanes_of_mut(group, velocity);
    let mut differences = [0i32; N];
    for lane in 0..N {
        differences[lane] = take_signed(codes, code, bits)?;
        let before = lanes[lane];
        let expected = match group.coding {
            Coding::Hold => before,
            _ => before.wrapping_add(velocity[lane]),
        };
        lanes[lane] = wrap(expected.wrapping_add(differences[lane]), group.shift);
        if group.coding == Coding::Linear {
            velocity[lane] = wrap(lanes[lane].wrapping_sub(before), group.shift);
        }
    }
    Ok(context_after(&differences))
}

#[inline]
fn take_quaternion(
    codes: &Codes,
    group: &Group,
    code: usize,
    most: i32,
    lanes: &mut [i32],
    velocity: &mut [i32],
    bits: &mut BitReader<'_>,
) -> Result<u8, BadState> {
    let held: [i32; 4] = *lanes_of(group, lanes);
    let speed: &[i32; 4] = lanes_of(group, velocity);
    let symbol = codes[code].symbol(bits)?;
    let turns = symbol == ESCAPE as u32;
    let mut now = held;
    let mut differences = [0i32; 4];
    let code = if turns { PLAIN } else { code };
    if turns {
        now[0] = bits.bits(2)? as i32;
        differences[0] = now[0].wrapping_sub(held[0]);
        if differences[0] == 0 {
            return Err(BadState("a largest component that is not another"));
        }
        let expected = turned(&held, speed, now[0], most);
        now[1..].copy_from_slice(&expected);
        differences[1] = take_signed(codes, code, bits)?;
    } else {
        for lane in 1..4 {
            now[lane] = held[lane].wrapping_add(speed[lane]);
        }
        differences[1] = unzigzag(Code::number(symbol, bits)?);
    }
    differences[2] = take_signed(codes, code, bits)?;
    differences[3] = take_signed(codes, code, bits)?;
    for lane in 1..4 {
        now[lane] = now[lane].wrapping_add(differences[lane]);
    }
    *lanes_of_mut(group, lanes) = now;
    in_range(group, lanes)?;
    let before = held;
    velocities_of_quaternion(&now, &before, most, lanes_of_mut(group, velocity));
    Ok(context_after(&differences))
}
