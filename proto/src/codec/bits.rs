//! A stream of bits: least significant bit first, little endian.

/// The bits end before the value does, or a value is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed state: {0}")]
pub struct BadState(pub &'static str);

/// What takes bits: a frame, a record, or a count of symbols.
pub trait Sink {
    /// Appends the low `width` bits of `value`, whose other bits are 0; `width` is at most 32.
    fn put(&mut self, value: u32, width: u32);

    /// One bit.
    #[inline]
    fn flag(&mut self, value: bool) {
        self.put(u32::from(value), 1);
    }

    /// Exponential-Golomb code of order `order`: small numbers are short.
    fn golomb(&mut self, value: u32, order: u32) {
        let shifted = u64::from(value) + (1 << order);
        let width = 63 - shifted.leading_zeros();
        self.put(0, width - order);
        self.flag(true);
        self.put((shifted - (1 << width)) as u32, width);
    }

    /// A symbol of a code is about to be put.
    #[inline]
    fn note(&mut self, code: usize, symbol: usize) {
        #[cfg(feature = "train")]
        super::train::count(code, symbol);
        let _ = (code, symbol);
    }
}

/// Appends bits to bytes.
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Bits not yet in `out`, the oldest lowest; fewer than 32 of them.
    held: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    /// Starts at the byte after the last of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        BitWriter { out, held: 0, count: 0 }
    }

    /// Appends a record.
    #[inline]
    pub fn append(&mut self, words: &[u64], mut bits: u32) {
        for word in words {
            let here = bits.min(64);
            self.put(*word as u32, here.min(32));
            if here > 32 {
                self.put((*word >> 32) as u32, here - 32);
            }
            bits -= here;
        }
    }

    /// Pads the last byte with zeros; returns the bytes.
    pub fn finish(self) -> &'a mut Vec<u8> {
        let bytes = self.count.div_ceil(8) as usize;
        self.out.extend_from_slice(&self.held.to_le_bytes()[..bytes]);
        self.out
    }
}

impl Sink for BitWriter<'_> {
    #[inline]
    fn put(&mut self, value: u32, width: u32) {
        debug_assert!(width <= 32 && u64::from(value) >> width == 0);
        self.held |= u64::from(value) << self.count;
        self.count += width;
        if self.count >= 32 {
            self.out.extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.count -= 32;
        }
    }
}

/// Writes records one after the other into words, each from a word's first bit on, to be appended
/// to any number of frames.
#[derive(Debug, Default)]
pub struct Records {
    words: Vec<u64>,
    held: u64,
    count: u32,
}

/// A record in [`Records`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    word: u32,
    bits: u32,
}

impl Records {
    /// Forgets all records and keeps their memory.
    pub fn clear(&mut self) {
        self.words.clear();
        (self.held, self.count) = (0, 0);
    }

    /// What was put since the record before.
    pub fn cut(&mut self, from: usize) -> Record {
        let bits = (self.words.len() - from) as u32 * 64 + self.count;
        if self.count > 0 {
            self.words.push(self.held);
            (self.held, self.count) = (0, 0);
        }
        Record { word: from as u32, bits }
    }

    /// Where the next record starts.
    #[must_use]
    pub fn place(&self) -> usize {
        self.words.len()
    }

    /// Appends a record to a frame.
    #[inline]
    pub fn append(&self, record: Record, out: &mut BitWriter<'_>) {
        let words = record.bits.div_ceil(64) as usize;
        out.append(&self.words[record.word as usize..][..words], record.bits);
    }
}

impl Sink for Records {
    #[inline]
    fn put(&mut self, value: u32, width: u32) {
        debug_assert!(width <= 32 && u64::from(value) >> width == 0);
        let value = u64::from(value);
        self.held |= value << self.count;
        let count = self.count + width;
        if count >= 64 {
            self.words.push(self.held);
            self.held = if self.count == 0 { 0 } else { value >> (64 - self.count) };
            self.count = count - 64;
        } else {
            self.count = count;
        }
    }
}

/// Takes bits from bytes.
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bytes that went into `held`.
    taken: usize,
    held: u64,
    count: u32,
}

const ENDS: BadState = BadState("it ends early");

impl<'a> BitReader<'a> {
    /// Starts at the first bit of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, taken: 0, held: 0, count: 0 }
    }

    /// Holds at least 32 bits, or all there are.
    #[inline]
    fn fill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(word) = self.bytes[self.taken..].first_chunk() {
            self.held |= u64::from(u32::from_le_bytes(*word)) << self.count;
            self.count += 32;
            self.taken += 4;
        } else {
            for byte in &self.bytes[self.taken..] {
                self.held |= u64::from(*byte) << self.count;
                self.count += 8;
            }
            self.taken = self.bytes.len();
        }
    }

    #[inline]
    fn skip(&mut self, width: u32) -> Result<(), BadState> {
        self.count = self.count.checked_sub(width).ok_or(ENDS)?;
        self.held >>= width;
        Ok(())
    }

    /// The next `width` bits, at most 32, without taking them; zeros behind the end.
    #[inline]
    pub fn peek(&mut self, width: u32) -> u32 {
        self.fill();
        (self.held & ((1u64 << width) - 1)) as u32
    }

    /// Takes bits that were peeked at.
    #[inline]
    pub fn took(&mut self, width: u32) -> Result<(), BadState> {
        self.skip(width)
    }

    /// The next `width` bits; `width` is at most 32.
    #[inline]
    pub fn bits(&mut self, width: u32) -> Result<u32, BadState> {
        let value = self.peek(width);
        self.skip(width)?;
        Ok(value)
    }

    /// One bit.
    #[inline]
    pub fn flag(&mut self) -> Result<bool, BadState> {
        Ok(self.bits(1)? == 1)
    }

    /// What [`Sink::golomb`] wrote.
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

    /// The bytes after the one that the last bit is in, whose other bits must be zeros.
    pub fn rest(self) -> Result<&'a [u8], BadState> {
        if self.held & ((1u64 << (self.count % 8)) - 1) != 0 {
            return Err(BadState("bits are left over"));
        }
        Ok(&self.bytes[self.taken - (self.count / 8) as usize..])
    }
}

/// A signed difference as an unsigned number: 0, −1, 1, −2, … become 0, 1, 2, 3, …
#[inline]
#[must_use]
pub fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

/// The inverse of [`zigzag`].
#[inline]
#[must_use]
pub fn unzigzag(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(value: u32, width: u32) -> u32 {
        (u64::from(value) & ((1u64 << width) - 1)) as u32
    }

    proptest! {
        #[test]
        fn bits_read_back_as_written(
            values in prop::collection::vec((any::<u32>(), 0u32..=32, 0u32..6), 0..60),
            tail in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let mut bytes = Vec::new();
            let mut writer = BitWriter::new(&mut bytes);
            for (value, width, order) in &values {
                writer.put(cut(*value, *width), *width);
                writer.golomb(*value, *order);
            }
            writer.finish();
            bytes.extend_from_slice(&tail);
            let mut reader = BitReader::new(&bytes);
            for (value, width, order) in &values {
                prop_assert_eq!(reader.bits(*width), Ok(cut(*value, *width)));
                prop_assert_eq!(reader.golomb(*order), Ok(*value));
            }
            prop_assert_eq!(reader.rest(), Ok(&tail[..]));
        }

        #[test]
        fn records_are_the_bits_that_were_put_into_them(
            values in prop::collection::vec(prop::collection::vec((any::<u32>(), 0u32..=32), 0..12), 0..12)
        ) {
            let (mut direct, mut sliced) = (Vec::new(), Vec::new());
            let mut writer = BitWriter::new(&mut direct);
            let mut records = Records::default();
            let mut cuts = Vec::new();
            for record in &values {
                let place = records.place();
                for (value, width) in record {
                    writer.put(cut(*value, *width), *width);
                    records.put(cut(*value, *width), *width);
                }
                cuts.push(records.cut(place));
            }
            writer.finish();
            let mut writer = BitWriter::new(&mut sliced);
            for record in cuts {
                records.append(record, &mut writer);
            }
            writer.finish();
            prop_assert_eq!(direct, sliced);
        }

        #[test]
        fn zigzag_is_its_own_inverse(value in any::<i32>()) {
            prop_assert_eq!(unzigzag(zigzag(value)), value);
        }
    }
}
