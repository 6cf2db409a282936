//! Which groups and texts of a row a record changes.
//!
//! What moves in one frame mostly moves in the next, and what holds mostly holds: of rows with many
//! groups, those that move are told one by one, and of the others mostly that there is none.

use super::bits::{BadState, BitReader, Sink};

/// Up to so many groups and texts a mask that comes unexpected is sent as a number of its own.
const SMALL: u32 = 4;

/// The bits that a table's masks have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MaskBits {
    /// How many: groups, then texts.
    pub count: u32,
    /// Those of groups that do not hold.
    pub moving: u64,
}

impl MaskBits {
    /// All of them.
    #[must_use]
    pub fn all(self) -> u64 {
        ones(self.count)
    }

    fn resting(self) -> u64 {
        self.all() & !self.moving
    }

    /// The mask that is expected after `last`.
    fn expected(self, last: u64) -> u64 {
        if self.count <= SMALL { last } else { last & self.moving }
    }
}

/// Bits of the greatest of so many numbers from 0 on.
fn width(values: u32) -> u32 {
    u32::BITS - values.saturating_sub(1).leading_zeros()
}

/// Puts a mask, which is not 0. `last` is that of the row's last record.
#[inline(always)]
pub fn put(mask: u64, last: u64, bits: MaskBits, out: &mut impl Sink) {
    if bits.count == 1 {
        return;
    }
    let expected = bits.expected(last);
    if expected != 0 {
        out.flag(mask == expected);
        if mask == expected {
            return;
        }
    }
    put_unexpected(mask, expected, bits, out);
}

#[inline(always)]
fn put_unexpected(mask: u64, expected: u64, bits: MaskBits, out: &mut impl Sink) {
    if bits.count <= SMALL {
        // Its number among those that it can be.
        let known = u32::from(expected != 0);
        let number = mask as u32 - 1 - u32::from(expected != 0 && mask > expected);
        return out.put(number, width((1 << bits.count) - 1 - known));
    }
    put_each(mask, bits.moving, out);
    let resting = bits.resting();
    if mask & bits.moving != 0 && resting != 0 {
        out.flag(mask & resting != 0);
    }
    if mask & resting != 0 {
        put_resting(mask & resting, resting, out);
    }
}

/// Takes what [`put`] put.
#[inline(always)]
pub fn take(last: u64, bits: MaskBits, from: &mut BitReader<'_>) -> Result<u64, BadState> {
    if bits.count == 1 {
        return Ok(1);
    }
    let expected = bits.expected(last);
    if expected != 0 && from.flag()? {
        return Ok(expected);
    }
    take_unexpected(expected, bits, from)
}

#[inline(always)]
fn take_unexpected(
    expected: u64,
    bits: MaskBits,
    from: &mut BitReader<'_>,
) -> Result<u64, BadState> {
    let mask = if bits.count <= SMALL {
        let known = u32::from(expected != 0);
        let number = u64::from(from.bits(width((1 << bits.count) - 1 - known))?);
        number + 1 + u64::from(expected != 0 && number + 1 >= expected)
    } else {
        let moving = take_each(bits.moving, from)?;
        let resting = bits.resting();
        if resting != 0 && (moving == 0 || from.flag()?) {
            moving | take_resting(resting, from)?
        } else {
            moving
        }
    };
    if mask == 0 || mask & !bits.all() != 0 {
        return Err(BadState("a record that changes nothing, or what is not there"));
    }
    Ok(mask)
}

/// Puts a mask of which nothing is expected, and which may be 0.
pub fn put_any(mask: u64, bits: MaskBits, out: &mut impl Sink) {
    if bits.count <= SMALL {
        return out.put(mask as u32, bits.count);
    }
    put_each(mask, bits.moving, out);
    let resting = bits.resting();
    if resting != 0 {
        out.flag(mask & resting != 0);
        if mask & resting != 0 {
            put_resting(mask & resting, resting, out);
        }
    }
}

/// Takes what [`put_any`] put.
pub fn take_any(bits: MaskBits, from: &mut BitReader<'_>) -> Result<u64, BadState> {
    if bits.count <= SMALL {
        return Ok(from.bits(bits.count)?.into());
    }
    let moving = take_each(bits.moving, from)?;
    let resting = bits.resting();
    match resting != 0 && from.flag()? {
        true => Ok(moving | take_resting(resting, from)?),
        false => Ok(moving),
    }
}

/// Puts the bits of `of`, lowest first.
fn put_each(mask: u64, of: u64, out: &mut impl Sink) {
    places(of).for_each(|place| out.flag(mask >> place & 1 != 0));
}

fn take_each(of: u64, from: &mut BitReader<'_>) -> Result<u64, BadState> {
    let mut mask = 0;
    for place in places(of) {
        mask |= u64::from(from.flag()?) << place;
    }
    Ok(mask)
}

/// Puts a mask of those that hold, which is not 0: mostly it is only one.
fn put_resting(mask: u64, resting: u64, out: &mut impl Sink) {
    let one = mask.is_power_of_two();
    out.flag(!one);
    if one {
        let place = (resting & (mask - 1)).count_ones();
        out.put(place, width(resting.count_ones()));
    } else {
        put_each(mask, resting, out);
    }
}

fn take_resting(resting: u64, from: &mut BitReader<'_>) -> Result<u64, BadState> {
    if from.flag()? {
        return take_each(resting, from);
    }
    let place = from.bits(width(resting.count_ones()))?;
    let place = places(resting).nth(place as usize);
    let place = place.ok_or(BadState("a record that changes what is not there"))?;
    Ok(1 << place)
}

/// The places of the bits that are 1.
fn places(mut mask: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let place = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (place < 64).then_some(place)
    })
}

/// So many ones, at most 64.
#[inline]
pub fn ones(bits: u32) -> u64 {
    u64::MAX.checked_shr(64 - bits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::bits::BitWriter;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn masks_read_back(
            count in 1u32..=64, mask in any::<u64>(), last in any::<u64>(), one in any::<bool>(),
            moving in any::<u64>(),
        ) {
            let all = ones(count);
            let mask = if one { 1 << (mask % u64::from(count)) } else { mask & all };
            let bits = MaskBits { count, moving: moving & all };
            let mut bytes = Vec::new();
            let mut out = BitWriter::new(&mut bytes);
            put_any(mask, bits, &mut out);
            put(mask.max(1), last & all, bits, &mut out);
            out.finish();
            let mut from = BitReader::new(&bytes);
            prop_assert_eq!(take_any(bits, &mut from), Ok(mask));
            prop_assert_eq!(take(last & all, bits, &mut from), Ok(mask.max(1)));
        }
    }
}
