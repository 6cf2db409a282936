//! A stream of bits: least significant bit first, little endian.

/// The bits end before the value does, or a value is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed state: {0}")]
pub struct BadState(pub &'static str);

/// What takes bits: a frame, a record, or a count of symbols.
pub trait Sink {
    /// Appends the low `width` bits of `value`, whose other bits are 0; `width` is at most 32.
    fn put(&mut self, value: u32, width: u32);

    /// As [`Sink::put`], of at most 64 bits.
    fn put_wide(&mut self, value: u64, width: u32);

    /// One bit.
    #[inline(always)]
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
    /// Bits not yet in `out`, the oldest lowest; fewer than 64 of them.
    held: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    /// Starts at the byte after the last of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        BitWriter { out, held: 0, count: 0 }
    }

    /// Appends a record.
    #[inline(always)]
    pub fn append(&mut self, words: &[u64], bits: u32) {
        let Some((last, whole)) = words.split_last() else { return };
        for word in whole {
            self.put_wide(*word, 64);
        }
        self.put_wide(*last, bits - 64 * whole.len() as u32);
    }

    /// Pads the last byte with zeros; returns the bytes.
    pub fn finish(self) -> &'a mut Vec<u8> {
        let bytes = self.count.div_ceil(8) as usize;
        self.out.extend_from_slice(&self.held.to_le_bytes()[..bytes]);
        self.out
    }
}

impl Sink for BitWriter<'_> {
    #[inline(always)]
    fn put(&mut self, value: u32, width: u32) {
        debug_assert!(width <= 32 && u64::from(value) >> width == 0);
        self.put_wide(value.into(), width);
    }

    #[inline(always)]
    fn put_wide(&mut self, value: u64, width: u32) {
        self.held |= value << self.count;
        let count = self.count + width;
        if count >= 64 {
            self.out.extend_from_slice(&self.held.to_le_bytes());
            self.held = value >> 1 >> (63 - self.count);
        }
        self.count = count % 64;
    }
}

/// Records one after the other in words, each from a word's first bit on, to be appended to any
/// number of frames.
#[derive(Debug, Default)]
pub struct Records {
    words: Vec<u64>,
    used: usize,
}

/// A record in [`Records`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    word: u32,
    bits: u32,
}

/// Writes one record.
pub struct RecordWriter<'a> {
    words: &'a mut [u64],
    at: usize,
    held: u64,
    count: u32,
}

impl Records {
    /// Forgets all records and keeps their memory.
    pub fn clear(&mut self) {
        self.used = 0;
    }

    /// Starts a record of at most so many bits.
    #[inline]
    pub fn open(&mut self, bits_max: usize) -> RecordWriter<'_> {
        let end = self.used + bits_max / 64 + 1;
        if self.words.len() < end {
            self.words.resize(end.max(2 * self.words.len()), 0);
        }
        RecordWriter { words: &mut self.words[self.used..end], at: 0, held: 0, count: 0 }
    }

    /// Keeps a record that was written: its words, and bits of the last of them.
    #[inline]
    pub fn keep(&mut self, (words, bits): (usize, u32)) -> Record {
        let record = Record { word: self.used as u32, bits };
        self.used += words;
        record
    }

    /// Appends a record to a frame.
    #[inline(always)]
    pub fn append(&self, record: Record, out: &mut BitWriter<'_>) {
        let words = record.bits.div_ceil(64) as usize;
        out.append(&self.words[record.word as usize..][..words], record.bits);
    }
}

impl RecordWriter<'_> {
    /// Ends the record: how many words and bits it has.
    #[inline]
    #[must_use]
    pub fn close(self) -> (usize, u32) {
        let bits = self.at as u32 * 64 + self.count;
        if self.count == 0 {
            return (self.at, bits);
        }
        self.words[self.at] = self.held;
        (self.at + 1, bits)
    }
}

impl Sink for RecordWriter<'_> {
    #[inline(always)]
    fn put(&mut self, value: u32, width: u32) {
        debug_assert!(width <= 32 && u64::from(value) >> width == 0);
        self.put_wide(value.into(), width);
    }

    #[inline(always)]
    fn put_wide(&mut self, value: u64, width: u32) {
        self.held |= value << self.count;
        let count = self.count + width;
        if count >= 64 {
            self.words[self.at] = self.held;
            self.at += 1;
            self.held = value >> 1 >> (63 - self.count);
        }
        self.count = count % 64;
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

    #[cold]
    fn fill_last(&mut self) {
        while self.count <= 56 && self.taken < self.bytes.len() {
            // Behind the whole words nothing is held twice, but it may have been before.
            let held =
                if self.count == 0 { 0 } else { self.held & (u64::MAX >> (64 - self.count)) };
            self.held = held | u64::from(self.bytes[self.taken]) << self.count;
            self.count += 8;
            self.taken += 1;
        }
        if self.taken == self.bytes.len() && self.count < 64 {
            self.held &= (1 << self.count) - 1;
        }
    }

    /// The bits held, lowest first: at least 56, or all there are and then zeros.
    #[inline(always)]
    pub fn look(&mut self) -> u64 {
        if let Some(word) = self.bytes[self.taken..].first_chunk() {
            // Without asking whether it is needed, which nobody could foresee. What does not fit
            // is held twice, as the bits that it is.
            self.held |= u64::from_le_bytes(*word) << self.count;
            self.taken += ((63 - self.count) / 8) as usize;
            self.count |= 56;
        } else {
            self.fill_last();
        }
        self.held
    }

    /// Takes bits that were looked at, fewer than 64.
    #[inline(always)]
    pub fn took(&mut self, width: u32) -> Result<(), BadState> {
        self.count = self.count.checked_sub(width).ok_or(ENDS)?;
        self.held >>= width;
        Ok(())
    }

    /// The next `width` bits; `width` is at most 32.
    #[inline(always)]
    pub fn bits(&mut self, width: u32) -> Result<u32, BadState> {
        let value = (self.look() & ((1u64 << width) - 1)) as u32;
        self.took(width)?;
        Ok(value)
    }

    /// One bit.
    #[inline(always)]
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
        let held = self.held & ((1u64 << (self.count % 8)) - 1);
        if held != 0 {
            return Err(BadState("bits are left over"));
        }
        Ok(&self.bytes[self.taken - (self.count / 8) as usize..])
    }
}

/// A signed difference as an unsigned number: 0, −1, 1, −2, … become 0, 1, 2, 3, …
#[inline(always)]
#[must_use]
pub fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

/// The inverse of [`zigzag`].
#[inline(always)]
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
                let mut open = records.open(12 * 32);
                for (value, width) in record {
                    writer.put(cut(*value, *width), *width);
                    open.put(cut(*value, *width), *width);
                }
                let written = open.close();
                cuts.push(records.keep(written));
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
