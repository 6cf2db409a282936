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
}

/// Bits of the greatest of so many numbers from 0 on.
const fn width(values: u32) -> u32 {
    u32::BITS - values.saturating_sub(1).leading_zeros()
}

/// How masks of up to [`SMALL`] bits are sent.
struct Small {
    /// By last mask and mask: the bits, and from bit [`SMALL`] + 1 on how many they are.
    put: [[u8; 1 << SMALL]; 1 << SMALL],
    /// By last mask and what comes next: the mask, and from bit [`SMALL`] on how many bits it takes.
    /// 0 where there is no mask.
    take: [[u8; 2 << SMALL]; 1 << SMALL],
}

/// By how many bits masks have, less 1.
static SMALLS: [Small; SMALL as usize] =
    [Small::new(1), Small::new(2), Small::new(3), Small::new(4)];

impl Small {
    /// That of masks of so many bits, if these are few, and not none.
    #[inline(always)]
    fn of(bits: MaskBits) -> Option<&'static Small> {
        SMALLS.get((bits.count as usize).wrapping_sub(1))
    }

    const fn new(count: u32) -> Self {
        const EACH: usize = 1 << SMALL;
        let mut small = Small { put: [[0; EACH]; EACH], take: [[0; 2 * EACH]; EACH] };
        let mut last = 0;
        while last < 1 << count {
            let mut mask = 1;
            while mask < 1 << count {
                let (bits, width) = Small::bits(mask as u32, last as u32, count);
                small.put[last][mask] = bits as u8 | (width as u8) << (SMALL + 1);
                let mut next = bits as usize;
                while next < 2 * EACH {
                    small.take[last][next] = mask as u8 | (width as u8) << SMALL;
                    next += 1 << width;
                }
                mask += 1;
            }
            last += 1;
        }
        small
    }

    /// The bits of a mask and how many they are.
    const fn bits(mask: u32, last: u32, count: u32) -> (u32, u32) {
        if count == 1 {
            (0, 0)
        } else if last == 0 {
            (mask - 1, width((1 << count) - 1))
        } else if mask == last {
            (1, 1)
        } else {
            // Its number among those that it can be.
            let number = mask - 1 - (mask > last) as u32;
            (number << 1, 1 + width((1 << count) - 2))
        }
    }
}

/// Puts the masks of rows that are not 0, each to its own place. `last` are those of the rows' last
/// records.
#[inline(always)]
pub fn put_all(masks: &[u64], last: &[u64], bits: MaskBits, out: &mut [impl Sink]) {
    let rows = masks.iter().zip(last).zip(out).filter(|((mask, _), _)| **mask != 0);
    match Small::of(bits) {
        Some(small) => rows.for_each(|((mask, last), out)| {
            let short = small.put[*last as usize % (1 << SMALL)][*mask as usize % (1 << SMALL)];
            let short = u32::from(short);
            out.put(short % (2 << SMALL), short >> (SMALL + 1));
        }),
        None => rows.for_each(|((mask, last), out)| put_large(*mask, *last, bits, out)),
    }
}

fn put_large(mask: u64, last: u64, bits: MaskBits, out: &mut impl Sink) {
    let expected = last & bits.moving;
    if expected != 0 {
        out.flag(mask == expected);
        if mask == expected {
            return;
        }
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

/// Takes a mask as [`put_all`] puts it.
#[inline(always)]
pub fn take(last: u64, bits: MaskBits, from: &mut BitReader<'_>) -> Result<u64, BadState> {
    let mask = match Small::of(bits) {
        Some(small) => {
            let next = from.look() as usize % (2 << SMALL);
            let short = small.take[last as usize % (1 << SMALL)][next];
            from.took(u32::from(short >> SMALL));
            u64::from(short % (1 << SMALL))
        }
        None => from.apart(|from| take_large(last, bits, from))?,
    };
    match mask {
        0 => Err(BadState("a record that changes nothing, or what is not there")),
        _ => Ok(mask),
    }
}

fn take_large(last: u64, bits: MaskBits, from: &mut BitReader<'_>) -> Result<u64, BadState> {
    let expected = last & bits.moving;
    if expected != 0 && from.flag() {
        return Ok(expected);
    }
    let moving = take_each(bits.moving, from);
    let resting = bits.resting();
    match resting != 0 && (moving == 0 || from.flag()) {
        true => Ok(moving | take_resting(resting, from)?),
        false => Ok(moving),
    }
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
        return Ok(from.bits(bits.count).into());
    }
    let moving = take_each(bits.moving, from);
    let resting = bits.resting();
    match resting != 0 && from.flag() {
        true => Ok(moving | take_resting(resting, from)?),
        false => Ok(moving),
    }
}

/// Puts the bits of `of`, lowest first.
fn put_each(mask: u64, of: u64, out: &mut impl Sink) {
    places(of).for_each(|place| out.flag(mask >> place & 1 != 0));
}

fn take_each(of: u64, from: &mut BitReader<'_>) -> u64 {
    let mut mask = 0;
    for place in places(of) {
        mask |= u64::from(from.flag()) << place;
    }
    mask
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
    if from.flag() {
        return Ok(take_each(resting, from));
    }
    let place = from.bits(width(resting.count_ones()));
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
            put_all(&[mask.max(1)], &[last & all], bits, std::slice::from_mut(&mut out));
            out.finish();
            let mut from = BitReader::new(&bytes);
            prop_assert_eq!(take_any(bits, &mut from), Ok(mask));
            prop_assert_eq!(take(last & all, bits, &mut from), Ok(mask.max(1)));
        }
    }
}
