//! A stream of bits: least significant bit first, little endian.

/// The bits end before the value does, or a value is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed state: {0}")]
pub struct BadState(pub &'static str);

/// Appends bits to bytes.
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Bits not yet in `out`, the oldest lowest; fewer than 8 of them.
    held: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    /// Starts at the byte after the last of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        BitWriter { out, held: 0, count: 0 }
    }

    /// The low `width` bits of `value`; `width` is at most 32.
    pub fn bits(&mut self, value: u32, width: u32) {
        debug_assert!(width <= 32 && (width == 32 || value >> width == 0));
        self.held |= u64::from(value) << self.count;
        self.count += width;
        let whole = (self.count / 8) as usize;
        self.out.extend_from_slice(&self.held.to_le_bytes()[..whole]);
        self.held = if whole == 8 { 0 } else { self.held >> (8 * whole) };
        self.count %= 8;
    }

    /// One bit.
    pub fn flag(&mut self, value: bool) {
        self.bits(u32::from(value), 1);
    }

    /// Exponential-Golomb code of order `order`: small numbers are short.
    pub fn golomb(&mut self, value: u32, order: u32) {
        let shifted = u64::from(value) + (1 << order);
        let width = 63 - shifted.leading_zeros();
        for _ in order..width {
            self.flag(false);
        }
        self.flag(true);
        self.bits((shifted - (1 << width)) as u32, width);
    }

    /// Pads the last byte with zeros.
    pub fn finish(self) {
        if self.count > 0 {
            self.out.push(self.held as u8);
        }
    }
}

/// Takes bits from bytes.
pub struct BitReader<'a> {
    bytes: &'a [u8],
    held: u64,
    count: u32,
}

impl<'a> BitReader<'a> {
    /// Starts at the first bit of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, held: 0, count: 0 }
    }

    /// The next `width` bits; `width` is at most 32.
    pub fn bits(&mut self, width: u32) -> Result<u32, BadState> {
        while self.count < width {
            let (byte, rest) = self.bytes.split_first().ok_or(BadState("it ends early"))?;
            self.held |= u64::from(*byte) << self.count;
            self.count += 8;
            self.bytes = rest;
        }
        let value = (self.held & ((1u64 << width) - 1)) as u32;
        self.held >>= width;
        self.count -= width;
        Ok(value)
    }

    /// One bit.
    pub fn flag(&mut self) -> Result<bool, BadState> {
        Ok(self.bits(1)? == 1)
    }

    /// What [`BitWriter::golomb`] wrote.
    pub fn golomb(&mut self, order: u32) -> Result<u32, BadState> {
        let mut width = order;
        while !self.flag()? {
            width += 1;
            if width > 32 {
                return Err(BadState("a number over 32 bits"));
            }
        }
        let value = (1u64 << width) + u64::from(self.bits(width)?) - (1 << order);
        u32::try_from(value).map_err(|_| BadState("a number over 32 bits"))
    }

    /// Checks that only the zeros of the last byte are left.
    pub fn finish(self) -> Result<(), BadState> {
        if self.bytes.is_empty() && self.held == 0 && self.count < 8 {
            Ok(())
        } else {
            Err(BadState("bytes are left over"))
        }
    }
}

/// A signed difference as an unsigned number: 0, −1, 1, −2, … become 0, 1, 2, 3, …
#[must_use]
pub fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

/// The inverse of [`zigzag`].
#[must_use]
pub fn unzigzag(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_read_back_as_written(values in prop::collection::vec((any::<u32>(), 0u32..=32, 0u32..6), 0..60)) {
            let mut bytes = Vec::new();
            let mut writer = BitWriter::new(&mut bytes);
            let cut = |value: u32, width: u32| (u64::from(value) & ((1u64 << width) - 1)) as u32;
            for (value, width, order) in &values {
                writer.bits(cut(*value, *width), *width);
                writer.golomb(*value, *order);
            }
            writer.finish();
            let mut reader = BitReader::new(&bytes);
            for (value, width, order) in &values {
                prop_assert_eq!(reader.bits(*width), Ok(cut(*value, *width)));
                prop_assert_eq!(reader.golomb(*order), Ok(*value));
            }
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn zigzag_is_its_own_inverse(value in any::<i32>()) {
            prop_assert_eq!(unzigzag(zigzag(value)), value);
        }
    }
}
