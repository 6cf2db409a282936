//! One row on the wire: as a step from the frame before, as a change from an older one, or whole.
//!
//! Each pair of functions here writes and reads the same bits. All of them leave the predictor as
//! every viewer in step has it after this frame.

use super::bits::{BadState, BitReader, Sink, unzigzag};
use super::code::{
    CODES, Code, ESCAPE, PLAIN, SINGLE, VALUE, VELOCITY, WORD_MAX, put_several, put_signed,
    take_several, take_signed,
};
use super::mask;
use super::predict::{
    Known, Predictor, advance_row, ahead, context_after, context_of, lanes_of, lanes_of_mut,
    turned, velocities_of_quaternion, wrap,
};
use crate::layout::{Coding, Group, TableLayout};
use crate::schema::{GROUPS_MAX, LANES_MAX};

type Codes = [Code; CODES];

/// Room for the residuals of one row, made unsigned.
pub type Residuals = [u32; LANES_MAX];

/// Bits of a record at most: a mask, and for each lane a word and 32 bits.
#[must_use]
pub fn record_bits_max(table: &TableLayout) -> usize {
    2 * GROUPS_MAX + table.width * (WORD_MAX as usize + 32) + 4 * table.groups.len()
}

/// A row that goes from one state to another.
pub struct Way<'a> {
    /// Its lanes before.
    pub before: &'a [i32],
    /// Its lanes now.
    pub now: &'a [i32],
    /// Room to work in.
    pub room: &'a mut Residuals,
}

/// Puts the step of a row and brings its predictor forward. `texts` are the mask bits of texts that
/// changed. Returns the mask; nothing is put when it is 0: the row is as expected.
#[inline(always)]
pub fn put_step(
    codes: &Codes,
    table: &TableLayout,
    Way { before, now, room }: Way<'_>,
    texts: u64,
    row: &mut Predictor<'_>,
    out: &mut impl Sink,
) -> u64 {
    let room = &mut room[..now.len()];
    advance_row(table, now, before, row.velocity, room);
    let changed = texts | differing(table, room);
    if changed != 0 {
        mask::put(changed, *row.mask, table.mask_bits(), out);
    }
    for (number, (group, context)) in table.groups.iter().zip(&mut *row.context).enumerate() {
        *context = match changed & 1 << number {
            0 => 0,
            _ => put_group(codes, group, code_of(group, *context), room, now, out),
        };
    }
    remember(table, changed, row);
    changed
}

/// Takes a step. Returns its mask, in which the bits above the groups are texts.
#[inline(always)]
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
    for (number, (group, context)) in table.groups.iter().zip(&mut *row.context).enumerate() {
        if changed & 1 << number != 0 {
            let code = code_of(group, *context);
            *context = take_group(codes, group, code, lanes, row.velocity, bits)?;
            still |= u64::from(*context == 0) << number;
        } else {
            go_on(group, lanes, row.velocity)?;
            *context = 0;
        }
    }
    remember(table, changed & !still, row);
    Ok(changed)
}

/// Notes what changed, and whether the predictor says anything.
#[inline(always)]
fn remember(table: &TableLayout, changed: u64, row: &mut Predictor<'_>) {
    *row.mask = changed & mask::ones(table.groups.len() as u32);
    *row.active = *row.mask != 0 || row.velocity.iter().any(|lane| *lane != 0);
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
    remember(table, 0, row);
    Ok(())
}

fn go_on(group: &Group, lanes: &mut [i32], velocity: &[i32]) -> Result<(), BadState> {
    if group.coding != Coding::Hold {
        let range = group.start..group.start + group.len;
        for (lane, velocity) in lanes[range.clone()].iter_mut().zip(&velocity[range]) {
            *lane = ahead(group, *lane, *velocity);
        }
        sound(group, lanes)?;
    }
    Ok(())
}

/// Refuses a quaternion with a part over its range.
#[inline(always)]
fn sound(group: &Group, lanes: &[i32]) -> Result<(), BadState> {
    match group.coding {
        Coding::Quat(most) => in_range(lanes_of(group, lanes), most),
        Coding::Hold | Coding::Linear => Ok(()),
    }
}

/// Puts the change of a row, of which no predictor is known before, and the one that it has now.
pub fn put_change(
    codes: &Codes,
    table: &TableLayout,
    Way { before, now, room }: Way<'_>,
    texts: u64,
    row: Option<Known<'_>>,
    out: &mut impl Sink,
) {
    let mut still = [0i32; LANES_MAX];
    let room = &mut room[..now.len()];
    advance_row(table, now, before, &mut still[..now.len()], room);
    let changed = texts | differing(table, room);
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
            take_group(codes, group, PLAIN, lanes, &mut still, bits)?;
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
    table.groups.iter().try_for_each(|group| sound(group, lanes))?;
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

/// The groups of a row that have residuals.
#[inline(always)]
fn differing(table: &TableLayout, room: &[u32]) -> u64 {
    let mut differing = 0;
    for (number, group) in table.groups.iter().enumerate() {
        let bits = match group.len {
            1 => any(lanes_of::<_, 1>(group, room)),
            2 => any(lanes_of::<_, 2>(group, room)),
            3 => any(lanes_of::<_, 3>(group, room)),
            _ => any(lanes_of::<_, 4>(group, room)),
        };
        differing |= u64::from(bits != 0) << number;
    }
    differing
}

/// All bits that any of the numbers has.
#[inline(always)]
fn any<const N: usize>(numbers: &[u32; N]) -> u32 {
    numbers.iter().fold(0, |any, number| any | number)
}

/// Puts the residuals of a group. Returns the context that it leaves behind.
#[inline(always)]
fn put_group(
    codes: &Codes,
    group: &Group,
    code: usize,
    room: &[u32],
    now: &[i32],
    out: &mut impl Sink,
) -> u8 {
    match group.len {
        1 => context_of(put_several::<1>(codes, code, lanes_of(group, room), out)),
        2 => context_of(put_several::<2>(codes, code, lanes_of(group, room), out)),
        3 => context_of(put_several::<3>(codes, code, lanes_of(group, room), out)),
        _ => {
            let [a, b, c, d]: [u32; 4] = *lanes_of(group, room);
            if let Coding::Quat(_) = group.coding {
                return put_quaternion(codes, code, [a, b, c, d], now[group.start], out);
            }
            let any = put_several(codes, code, &[a, b], out);
            context_of(any | put_several(codes, code, &[c, d], out))
        }
    }
}

#[inline(always)]
fn put_quaternion(
    codes: &Codes,
    code: usize,
    residuals: [u32; 4],
    largest: i32,
    out: &mut impl Sink,
) -> u8 {
    let [turns, a, b, c] = residuals;
    if turns == 0 {
        return context_of(put_several(codes, code, &[a, b, c], out));
    }
    out.note(code, || ESCAPE);
    codes[code].put_mark(out);
    out.put(largest as u32 & 3, 2);
    context_of(turns | put_several(codes, PLAIN, &[a, b, c], out))
}

/// Takes a group and brings its velocity forward. Returns the context that it leaves behind.
#[inline(always)]
fn take_group(
    codes: &Codes,
    group: &Group,
    code: usize,
    lanes: &mut [i32],
    velocity: &mut [i32],
    bits: &mut BitReader<'_>,
) -> Result<u8, BadState> {
    match group.len {
        1 => take_numbers::<1>(codes, group, code, lanes, velocity, bits),
        2 => take_numbers::<2>(codes, group, code, lanes, velocity, bits),
        3 => take_numbers::<3>(codes, group, code, lanes, velocity, bits),
        _ => match group.coding {
            Coding::Quat(most) => {
                let (lanes, velocity) = (lanes_of_mut(group, lanes), lanes_of_mut(group, velocity));
                take_quaternion(codes, code, most, lanes, velocity, bits)
            }
            _ => take_numbers::<4>(codes, group, code, lanes, velocity, bits),
        },
    }
}

#[inline(always)]
fn take_numbers<const N: usize>(
    codes: &Codes,
    group: &Group,
    code: usize,
    lanes: &mut [i32],
    velocity: &mut [i32],
    bits: &mut BitReader<'_>,
) -> Result<u8, BadState> {
    let lanes: &mut [i32; N] = lanes_of_mut(group, lanes);
    let velocity: &mut [i32; N] = lanes_of_mut(group, velocity);
    let residuals = take_several::<N>(codes, code, bits)?;
    for lane in 0..N {
        let moved = wrap(velocity[lane].wrapping_add(residuals[lane]), group.shift);
        lanes[lane] = wrap(lanes[lane].wrapping_add(moved), group.shift);
        if group.coding != Coding::Hold {
            velocity[lane] = moved;
        }
    }
    Ok(context_after(&residuals))
}

#[inline(always)]
fn take_quaternion(
    codes: &Codes,
    code: usize,
    most: i32,
    lanes: &mut [i32; 4],
    velocity: &mut [i32; 4],
    bits: &mut BitReader<'_>,
) -> Result<u8, BadState> {
    let residuals = match codes[code].take_short(bits) {
        Some([a, b, c]) => [0, a, b, c],
        None => {
            let symbol = codes[code].symbol(bits)?;
            if symbol == ESCAPE as u32 {
                return take_turn(codes, most, lanes, velocity, bits);
            }
            let first = unzigzag(Code::number(symbol, bits)?);
            let [second, third] = take_several(codes, code, bits)?;
            [0, first, second, third]
        }
    };
    for lane in 1..4 {
        velocity[lane] = velocity[lane].wrapping_add(residuals[lane]);
        lanes[lane] = lanes[lane].wrapping_add(velocity[lane]);
    }
    in_range(lanes, most)?;
    Ok(context_after(&residuals))
}

/// A quaternion whose largest component is another than before.
#[cold]
fn take_turn(
    codes: &Codes,
    most: i32,
    lanes: &mut [i32; 4],
    velocity: &mut [i32; 4],
    bits: &mut BitReader<'_>,
) -> Result<u8, BadState> {
    let before = *lanes;
    lanes[0] = bits.bits(2)? as i32;
    let mut residuals = [lanes[0].wrapping_sub(before[0]), 0, 0, 0];
    if residuals[0] == 0 {
        return Err(BadState("a largest component that is not another"));
    }
    let expected = turned(&before, velocity, lanes[0], most);
    for lane in 1..4 {
        residuals[lane] = take_signed(codes, PLAIN, bits)?;
        lanes[lane] = expected[lane - 1].wrapping_add(residuals[lane]);
    }
    in_range(lanes, most)?;
    velocities_of_quaternion(lanes, &before, most, velocity);
    Ok(context_after(&residuals))
}

fn in_range(lanes: &[i32; 4], most: i32) -> Result<(), BadState> {
    match lanes[1..].iter().all(|lane| lane.unsigned_abs() <= most as u32) {
        true => Ok(()),
        false => Err(BadState("a component over its range")),
    }
}
