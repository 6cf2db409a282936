//! Which groups and texts of a row a record changes.

use super::bits::{BadState, BitReader, Sink};

/// Up to so many groups a mask that comes unexpected is sent as a number of its own.
const SMALL: u32 = 4;

fn width(values: u32) -> u32 {
    u32::BITS - values.saturating_sub(1).leading_zeros()
}

/// Puts a mask of `bits` bits, which is not 0. `last` is the mask of the row's last record: what
/// changed in the last frame mostly changes in this one.
#[inline]
pub fn put(mask: u64, last: u64, bits: u32, out: &mut impl Sink) {
    if bits == 1 {
        return;
    }
    if last != 0 {
        out.flag(mask == last);
        if mask == last {
            return;
        }
    }
    if bits <= SMALL {
        // Its number among those that it can be.
        let known = u32::from(last != 0);
        let number = mask as u32 - 1 - u32::from(last != 0 && mask > last);
        out.put(number, width((1 << bits) - 1 - known));
        return;
    }
    let toggled = mask ^ last;
    let one = toggled.is_power_of_two();
    out.flag(!one);
    if one {
        out.put(toggled.trailing_zeros(), width(bits));
    } else {
        put_all(mask, bits, out);
    }
}

/// Takes what [`put`] put.
#[inline]
pub fn take(last: u64, bits: u32, from: &mut BitReader<'_>) -> Result<u64, BadState> {
    if bits == 1 {
        return Ok(1);
    }
    if last != 0 && from.flag()? {
        return Ok(last);
    }
    let mask = if bits <= SMALL {
        let known = u32::from(last != 0);
        let number = u64::from(from.bits(width((1 << bits) - 1 - known))?);
        number + 1 + u64::from(last != 0 && number + 1 >= last)
    } else if from.flag()? {
        take_all(bits, from)?
    } else {
        let place = from.bits(width(bits))?;
        last ^ 1u64.checked_shl(place).unwrap_or(0)
    };
    if mask == 0 || (bits < 64 && mask >> bits != 0) {
        return Err(BadState("a record that changes nothing, or what is not there"));
    }
    Ok(mask)
}

/// Puts a mask of which nothing is expected, and which may be 0.
pub fn put_any(mask: u64, bits: u32, out: &mut impl Sink) {
    if bits <= SMALL {
        return out.put(mask as u32, bits);
    }
    let one = mask.is_power_of_two();
    out.flag(!one);
    if one {
        out.put(mask.trailing_zeros(), width(bits));
    } else {
        put_all(mask, bits, out);
    }
}

/// Takes what [`put_any`] put.
pub fn take_any(bits: u32, from: &mut BitReader<'_>) -> Result<u64, BadState> {
    if bits <= SMALL {
        return Ok(from.bits(bits)?.into());
    }
    if from.flag()? {
        return take_all(bits, from);
    }
    let place = from.bits(width(bits))?;
    if place >= bits {
        return Err(BadState("a record that changes what is not there"));
    }
    Ok(1 << place)
}

fn put_all(mask: u64, bits: u32, out: &mut impl Sink) {
    out.put((mask & ones(bits.min(32))) as u32, bits.min(32));
    if bits > 32 {
        out.put((mask >> 32) as u32, bits - 32);
    }
}

fn take_all(bits: u32, from: &mut BitReader<'_>) -> Result<u64, BadState> {
    let low = from.bits(bits.min(32))?;
    let high = if bits > 32 { from.bits(bits - 32)? } else { 0 };
    Ok(u64::from(high) << 32 | u64::from(low))
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
        fn masks_read_back(bits in 1u32..=64, mask in any::<u64>(), last in any::<u64>(), one in any::<bool>()) {
            let all = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
            let mask = if one { 1 << (mask % u64::from(bits)) } else { mask & all };
            let last = if bits == 1 { last & 1 } else { last & all };
            let mut bytes = Vec::new();
            let mut out = BitWriter::new(&mut bytes);
            put_any(mask, bits, &mut out);
            put(mask.max(1), last, bits, &mut out);
            out.finish();
            let mut from = BitReader::new(&bytes);
            prop_assert_eq!(take_any(bits, &mut from), Ok(mask));
            prop_assert_eq!(take(last, bits, &mut from), Ok(mask.max(1)));
        }
    }
}
