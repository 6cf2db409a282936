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
    /// The byte that the lowest bit held is in: of 32 bits, so that no sum can overflow.
    at: u32,
    /// The bits of the last byte, unless it is full: fewer than 8.
    held: u64,
    count: u32,
}

/// Bits that a word takes besides those held.
pub(super) const AT_ONCE: u32 = 56;

impl<'a> BitWriter<'a> {
    /// Starts at the byte after the last of `out`.
    ///
    /// # Panics
    /// When that has 2 GiB: what belongs to one frame is never near that.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        let at = i32::try_from(out.len()).expect("less than 2 GiB").cast_unsigned();
        BitWriter { at, out, held: 0, count: 0 }
    }

    /// Pads the last byte with zeros; returns the bytes.
    pub fn finish(self) -> &'a mut Vec<u8> {
        self.out.truncate(self.at as usize + usize::from(self.count > 0));
        self.out
    }

    /// Puts something to a copy of the writer. One of whom nobody else knows a compiler keeps in
    /// registers: this is for long loops, and for what is rare in them.
    #[inline(always)]
    pub fn apart(&mut self, put: impl FnOnce(&mut BitWriter<'_>)) {
        let BitWriter { at, held, count, .. } = *self;
        let mut copy = BitWriter { out: &mut *self.out, at, held, count };
        put(&mut copy);
        (self.at, self.held, self.count) = (copy.at, copy.held, copy.count);
    }

    /// Puts at most [`AT_ONCE`] bits.
    #[inline(always)]
    pub(super) fn put_some(&mut self, value: u64, width: u32) {
        self.held |= value << self.count;
        let (at, word) = (self.at as usize, self.held.to_le_bytes());
        match self.out.get_mut(at..at + 8) {
            Some(room) => room.copy_from_slice(&word),
            None => grow(self.out, at, word),
        }
        let count = self.count + width;
        self.at += count / 8;
        self.held >>= count & !7;
        self.count = count % 8;
    }
}

/// Makes room for a word, and more, and stores it. It gets no writer: one that nobody else sees can
/// be kept in registers.
#[cold]
fn grow(out: &mut Vec<u8>, at: usize, word: [u8; 8]) {
    out.resize((2 * at).max(at + 256), 0);
    out[at..at + 8].copy_from_slice(&word);
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

/// Takes bits from bytes.
///
/// Behind the end there are zeros: whoever takes many things asks once for all of them, with
/// [`BitReader::sound`], whether they were there.
#[derive(Clone, Copy)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    /// The number of the next bit.
    at: usize,
}

impl<'a> BitReader<'a> {
    /// Starts at the first bit of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, at: 0 }
    }

    /// The next bits, lowest first: at least `AT_ONCE`.
    #[inline(always)]
    #[must_use]
    pub fn look(&self) -> u64 {
        let byte = self.at / 8;
        let word = match self.bytes.get(byte..byte + 8).and_then(<[u8]>::first_chunk) {
            Some(word) => u64::from_le_bytes(*word),
            None => last_word(self.bytes, byte),
        };
        word >> (self.at % 8)
    }

    /// Takes something with a copy of the reader, as [`BitWriter::apart`] puts.
    #[inline(always)]
    pub fn apart<T>(&mut self, take: impl FnOnce(&mut BitReader<'a>) -> T) -> T {
        let mut copy = *self;
        let taken = take(&mut copy);
        *self = copy;
        taken
    }

    /// Takes bits that were looked at.
    #[inline(always)]
    pub fn took(&mut self, width: u32) {
        self.at += width as usize;
    }

    /// Whether all bits that were taken were there.
    #[inline(always)]
    pub fn sound(&self) -> Result<(), BadState> {
        match self.at <= 8 * self.bytes.len() {
            true => Ok(()),
            false => Err(BadState("it ends early")),
        }
    }

    /// The next `width` bits; `width` is at most 32.
    #[inline(always)]
    pub fn bits(&mut self, width: u32) -> u32 {
        let value = (self.look() & ((1u64 << width) - 1)) as u32;
        self.took(width);
        value
    }

    /// One bit.
    #[inline(always)]
    pub fn flag(&mut self) -> bool {
        self.bits(1) == 1
    }

    /// What [`Sink::golomb`] wrote.
    pub fn golomb(&mut self, order: u32) -> Result<u32, BadState> {
        let mut width = order;
        while !self.flag() {
            width += 1;
            if width > 32 {
                return Err(BadState("a number over 32 bits"));
            }
        }
        let value = (1u64 << width) + u64::from(self.bits(width)) - (1 << order);
        u32::try_from(value).map_err(|_| BadState("a number over 32 bits"))
    }

    /// The bytes after the one that the last bit is in, whose other bits must be zeros.
    pub fn rest(self) -> Result<&'a [u8], BadState> {
        self.sound()?;
        let byte = if self.at.is_multiple_of(8) { 0 } else { self.bytes[self.at / 8] };
        if byte >> (self.at % 8) != 0 {
            return Err(BadState("bits are left over"));
        }
        Ok(&self.bytes[self.at.div_ceil(8)..])
    }
}

/// The word from this byte on, with zeros behind the end.
#[cold]
fn last_word(bytes: &[u8], from: usize) -> u64 {
    let last = bytes.iter().skip(from).rev();
    last.fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// A signed difference as an unsigned number: 0, −1, 1, −2, … become 0, 1, 2, 3, …
#[inline(always)]
#[must_use]
pub const fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

/// The inverse of [`zigzag`].
#[inline(always)]
#[must_use]
pub const fn unzigzag(value: u32) -> i32 {
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
                prop_assert_eq!(reader.bits(*width), cut(*value, *width));
                prop_assert_eq!(reader.golomb(*order), Ok(*value));
            }
            prop_assert_eq!(reader.rest(), Ok(&tail[..]));
        }

        #[test]
        fn zigzag_is_its_own_inverse(value in any::<i32>()) {
            prop_assert_eq!(unzigzag(zigzag(value)), value);
        }
    }
}
