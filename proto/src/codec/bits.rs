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
    #[inline(always)]
    fn note(&mut self, code: usize, symbol: impl FnOnce() -> usize) {
        #[cfg(feature = "train")]
        super::train::count(code, symbol());
        #[cfg(not(feature = "train"))]
        let _ = (code, symbol);
    }
}

/// Appends bits to bytes.
///
/// Each time the whole word that is held is stored, and what is full of it is left behind: whether
/// a word is full already is nothing that a processor could foresee.
pub struct BitWriter<'a> {
    /// The bytes; behind `at` is only room.
    out: &'a mut Vec<u8>,
    /// The byte that the lowest bit held is in.
    at: usize,
    /// The bits of the last byte, unless it is full: fewer than 8.
    held: u64,
    count: u32,
}

/// Bits that a word takes besides those held.
const AT_ONCE: u32 = 56;

impl<'a> BitWriter<'a> {
    /// Starts at the byte after the last of `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        BitWriter { at: out.len(), out, held: 0, count: 0 }
    }

    /// Appends so many bits of words.
    fn append(&mut self, words: &[u64], mut bits: u32) {
        for word in words {
            self.put_wide(*word, bits.min(64));
            bits = bits.saturating_sub(64);
        }
    }

    /// Pads the last byte with zeros; returns the bytes.
    pub fn finish(self) -> &'a mut Vec<u8> {
        self.out.truncate(self.at + usize::from(self.count > 0));
        self.out
    }

    /// Puts at most [`AT_ONCE`] bits.
    #[inline(always)]
    fn put_some(&mut self, value: u64, width: u32) {
        self.held |= value << self.count;
        if self.out.len() < self.at + 8 {
            self.grow();
        }
        self.out[self.at..self.at + 8].copy_from_slice(&self.held.to_le_bytes());
        let count = self.count + width;
        self.at += (count / 8) as usize;
        self.held >>= count & !7;
        self.count = count % 8;
    }

    #[cold]
    fn grow(&mut self) {
        self.out.resize((2 * self.at).max(self.at + 256), 0);
    }
}

impl Sink for BitWriter<'_> {
    #[inline(always)]
    fn put(&mut self, value: u32, width: u32) {
        debug_assert!(width <= 32 && u64::from(value) >> width == 0);
        self.put_some(value.into(), width);
    }

    #[inline(always)]
    fn put_wide(&mut self, value: u64, width: u32) {
        if width > AT_ONCE {
            self.put_some(value & u64::from(u32::MAX), 32);
            return self.put_some(value >> 32, width - 32);
        }
        self.put_some(value, width);
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

impl Record {
    /// Instead of one where nothing is to be said.
    pub const NONE: Record = Record { word: u32::MAX, bits: 0 };
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
        let word = record.word as usize;
        if record.bits <= AT_ONCE {
            return out.put_some(self.words[word], record.bits);
        }
        out.append(&self.words[word..][..record.bits.div_ceil(64) as usize], record.bits);
    }
}

impl RecordWriter<'_> {
    /// Ends the record: how many words and bits it has. It has one even without any bits.
    #[inline]
    #[must_use]
    pub fn close(self) -> (usize, u32) {
        self.words[self.at] = self.held;
        (self.at + 1, self.at as u32 * 64 + self.count)
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
    /// The number of the next bit.
    at: usize,
}

const ENDS: BadState = BadState("it ends early");

impl<'a> BitReader<'a> {
    /// Starts at the first bit of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, at: 0 }
    }

    /// The next bits, lowest first: at least `AT_ONCE`, or all there are and then zeros.
    #[inline(always)]
    #[must_use]
    pub fn look(&self) -> u64 {
        let word = match self.bytes[self.at / 8..].first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => self.last(),
        };
        word >> (self.at % 8)
    }

    #[cold]
    fn last(&self) -> u64 {
        let last = self.bytes[self.at / 8..].iter().rev();
        last.fold(0, |word, byte| word << 8 | u64::from(*byte))
    }

    /// Takes bits that were looked at.
    #[inline(always)]
    pub fn took(&mut self, width: u32) -> Result<(), BadState> {
        let at = self.at + width as usize;
        if at > 8 * self.bytes.len() {
            return Err(ENDS);
        }
        self.at = at;
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
        let byte = if self.at.is_multiple_of(8) { 0 } else { self.bytes[self.at / 8] };
        if byte >> (self.at % 8) != 0 {
            return Err(BadState("bits are left over"));
        }
        Ok(&self.bytes[self.at.div_ceil(8)..])
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
