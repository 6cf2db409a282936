//! One group of a row on the side that reads.

use super::bits::{BadState, BitReader, unzigzag};
use super::code::{CODES, Code, ESCAPE, PLAIN, take_several};
use super::predict::{context_after, lanes_of, lanes_of_mut, turned, velocities_after_turn, wrap};
use crate::layout::{Coding, Group};

/// Takes a group and brings its velocity forward. Returns the context that it leaves behind.
#[inline(always)]
pub fn take_group(
    group: &Group,
    code: usize,
    lanes: &mut [i32],
    velocity: &mut [i32],
    bits: &mut BitReader<'_>,
) -> Result<u8, BadState> {
    let code = &CODES[code];
    match group.len {
        1 => Ok(take_numbers::<1>(group, code, lanes, velocity, bits)),
        2 => Ok(take_numbers::<2>(group, code, lanes, velocity, bits)),
        3 => Ok(take_numbers::<3>(group, code, lanes, velocity, bits)),
        _ => match group.coding {
            Coding::Quat(most) => {
                let (lanes, velocity) = (lanes_of_mut(group, lanes), lanes_of_mut(group, velocity));
                take_quaternion(code, most, lanes, velocity, bits)
            }
            _ => Ok(take_numbers::<4>(group, code, lanes, velocity, bits)),
        },
    }
}

#[inline(always)]
fn take_numbers<const N: usize>(
    group: &Group,
    code: &Code,
    lanes: &mut [i32],
    velocity: &mut [i32],
    bits: &mut BitReader<'_>,
) -> u8 {
    let residuals = take_several::<N>(code, bits);
    advance_group(group, lanes_of_mut(group, lanes), lanes_of_mut(group, velocity), &residuals);
    context_after(&residuals)
}

#[inline(always)]
fn take_quaternion(
    code: &Code,
    most: i32,
    lanes: &mut [i32; 4],
    velocity: &mut [i32; 4],
    bits: &mut BitReader<'_>,
) -> Result<u8, BadState> {
    let residuals = match code.take_short(bits) {
        Some(residuals) => residuals,
        None => match bits.apart(|bits| take_parts(code, bits)) {
            Some(residuals) => residuals,
            None => return bits.apart(|bits| take_turned(most, lanes, velocity, bits)),
        },
    };
    for (lane, residual) in (1..).zip(&residuals) {
        velocity[lane] = velocity[lane].wrapping_add(*residual);
        lanes[lane] = lanes[lane].wrapping_add(velocity[lane]);
    }
    in_range(lanes, most)?;
    Ok(context_after(&residuals))
}

/// Residuals of a quaternion, or only the mark of one whose largest component is another than before.
#[cold]
#[inline(never)]
fn take_parts(code: &Code, bits: &mut BitReader<'_>) -> Option<[i32; 3]> {
    let symbol = code.symbol(bits);
    if symbol == ESCAPE as u32 {
        return None;
    }
    let first = unzigzag(Code::number(symbol, bits));
    let [second, third] = take_several(code, bits);
    Some([first, second, third])
}

/// A quaternion whose largest component is another than before.
#[cold]
fn take_turned(
    most: i32,
    lanes: &mut [i32; 4],
    velocity: &mut [i32; 4],
    bits: &mut BitReader<'_>,
) -> Result<u8, BadState> {
    let before = *lanes;
    lanes[0] = bits.bits(2) as i32;
    let turns = lanes[0].wrapping_sub(before[0]);
    if turns == 0 {
        return Err(BadState("a largest component that is not another"));
    }
    let expected = turned(&before, velocity, lanes[0], most);
    let [a, b, c] = take_several(&CODES[PLAIN], bits);
    for (lane, residual) in (1..).zip([a, b, c]) {
        lanes[lane] = expected[lane - 1].wrapping_add(residual);
    }
    in_range(lanes, most)?;
    velocities_after_turn(lanes, &before, most, velocity);
    Ok(context_after(&[turns, a, b, c]))
}

/// Brings a group forward that is as expected.
#[inline(always)]
pub fn go_on(group: &Group, lanes: &mut [i32], velocity: &mut [i32]) -> Result<(), BadState> {
    match (group.coding, group.len) {
        (Coding::Hold, _) => {}
        (Coding::Quat(most), _) => {
            let lanes = lanes_of_mut(group, lanes);
            advance_group::<4>(group, lanes, lanes_of_mut(group, velocity), &[0; 4]);
            in_range(lanes, most)?;
        }
        (Coding::Linear, 1) => advance_expected::<1>(group, lanes, velocity),
        (Coding::Linear, 2) => advance_expected::<2>(group, lanes, velocity),
        (Coding::Linear, 3) => advance_expected::<3>(group, lanes, velocity),
        (Coding::Linear, _) => advance_expected::<4>(group, lanes, velocity),
    }
    Ok(())
}

#[inline(always)]
fn advance_expected<const N: usize>(group: &Group, lanes: &mut [i32], velocity: &mut [i32]) {
    advance_group::<N>(group, lanes_of_mut(group, lanes), lanes_of_mut(group, velocity), &[0; N]);
}

#[inline(always)]
fn advance_group<const N: usize>(
    group: &Group,
    lanes: &mut [i32; N],
    velocity: &mut [i32; N],
    residuals: &[i32; N],
) {
    let moves = -i32::from(group.coding != Coding::Hold);
    let mut advance = |shift: u32| {
        for lane in 0..N {
            let moved = wrap(velocity[lane].wrapping_add(residuals[lane]), shift);
            lanes[lane] = wrap(lanes[lane].wrapping_add(moved), shift);
            velocity[lane] = moved & moves;
        }
    };
    // Most do not wrap.
    match group.shift {
        0 => advance(0),
        shift => advance(shift),
    }
}

/// Refuses a quaternion with a part over its range.
#[inline(always)]
pub fn sound(group: &Group, lanes: &[i32]) -> Result<(), BadState> {
    match group.coding {
        Coding::Quat(most) => in_range(lanes_of(group, lanes), most),
        Coding::Hold | Coding::Linear => Ok(()),
    }
}

#[inline(always)]
fn in_range(lanes: &[i32; 4], most: i32) -> Result<(), BadState> {
    match lanes[1..].iter().all(|lane| lane.unsigned_abs() <= most as u32) {
        true => Ok(()),
        false => Err(BadState("a component over its range")),
    }
}
