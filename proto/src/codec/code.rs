//! Huffman codes for the sizes of numbers.
//!
//! A number is sent as the code word of its *bucket*, which is how many bits it has, and then these
//! bits without the leading one. Signed numbers are made unsigned by zig-zag first.

use super::bits::{BitReader, Sink, unzigzag, zigzag};
use super::lengths::LENGTHS;

/// Buckets 0 to 17, and the one that stands for 32 bits as they are.
pub const SYMBOLS: usize = 19;
/// The bucket of numbers of more than 17 bits.
pub const ESCAPE: usize = 18;
/// Bits of a code word at most.
pub const WORD_MAX: u32 = 10;

/// Contexts of a residual: how many bits the largest one of the group's last step had, 7 for more.
pub const CONTEXTS: usize = 8;
/// Residuals of groups of one lane, which are never 0: the first of [`CONTEXTS`] codes. Those of
/// groups of several lanes come before.
pub const SINGLE: usize = CONTEXTS;
/// A difference that nothing was predicted for.
pub const PLAIN: usize = 2 * CONTEXTS;
/// A velocity.
pub const VELOCITY: usize = PLAIN + 1;
/// A value of its own.
pub const VALUE: usize = VELOCITY + 1;
/// Gaps between slots: the first of [`GAPS`] codes.
pub const GAP: usize = VALUE + 1;
/// Codes for gaps.
pub const GAPS: usize = 4;
/// Codes in all.
pub const CODES_COUNT: usize = GAP + GAPS;

/// Lengths of the code words of one code by symbol.
pub type Lengths = [u8; SYMBOLS];

/// Numbers below this have their bits in a table.
const SHORT: usize = 256;
/// What can come next, as far as the longest word: one entry for each in the tables to decode with.
const NEXT: usize = 1 << WORD_MAX;
/// Where no whole number is: no look holds so many bits, nor this number of several.
const TOO_LONG: u16 = 128;

/// A canonical Huffman code: words of one length in the order of symbols, shorter words first.
pub struct Code {
    /// By number, below [`SHORT`]: from bit 8 on word and bits, and below how many they are.
    short: [u32; SHORT],
    /// By the next [`WORD_MAX`] bits, where these hold a whole signed number: from bit 8 on the
    /// number, and below how many bits it takes; else [`TOO_LONG`].
    whole: [u16; NEXT],
    /// Per number of bits (0 to 32): the word, and from bit 16 on its length.
    words: [u32; 33],
    /// By the next [`WORD_MAX`] bits: the symbol, and from bit 8 on the length of its word.
    symbols: [u16; NEXT],
    lengths: Lengths,
}

/// All codes of the protocol.
pub static CODES: [Code; CODES_COUNT] = {
    let mut codes = [const { Code::new(&LENGTHS[0]) }; CODES_COUNT];
    let mut code = 1;
    while code < CODES_COUNT {
        codes[code] = Code::new(&LENGTHS[code]);
        code += 1;
    }
    codes
};

impl Code {
    /// # Panics
    /// When no code has words of these lengths.
    const fn new(lengths: &Lengths) -> Self {
        let mut code = Code {
            short: [0; SHORT],
            whole: [TOO_LONG; NEXT],
            words: [0; 33],
            symbols: [0; NEXT],
            lengths: *lengths,
        };
        code.make_words();
        code.make_short();
        code
    }

    const fn make_words(&mut self) {
        let (mut word, mut length) = (0u32, 1);
        while length <= WORD_MAX {
            let mut symbol = 0;
            while symbol < SYMBOLS {
                if self.lengths[symbol] as u32 == length {
                    self.make_word(symbol, word, length);
                    word += 1;
                }
                symbol += 1;
            }
            word <<= 1;
            length += 1;
        }
        assert!(word == 2 * NEXT as u32, "not a complete code");
    }

    const fn make_word(&mut self, symbol: usize, word: u32, length: u32) {
        // The first bit sent is the word's highest.
        let word = word.reverse_bits() >> (32 - length);
        let mut next = word as usize;
        while next < NEXT {
            self.symbols[next] = symbol as u16 | (length as u16) << 8;
            next += 1 << length;
        }
        let mut bits = symbol;
        while bits <= 32 {
            self.words[bits] = word | length << 16;
            bits += if symbol == ESCAPE { 1 } else { 33 };
        }
    }

    const fn make_short(&mut self) {
        let mut value = 0;
        while value < SHORT {
            let (bits, width) = self.bits_of(value as u32);
            self.short[value] = (bits as u32) << 8 | width;
            let mut next = bits as usize;
            while width <= WORD_MAX && next < NEXT {
                self.whole[next] = (unzigzag(value as u32) as u16) << 8 | width as u16;
                next += 1 << width;
            }
            value += 1;
        }
    }

    /// The bits of an unsigned number and how many they are: at most 42.
    const fn bits_of(&self, value: u32) -> (u64, u32) {
        let bits = 32 - value.leading_zeros();
        let word = self.words[bits as usize];
        let (word, length) = (word as u64 & 0xffff, word >> 16);
        let below = if bits >= ESCAPE as u32 { 32 } else { bits.saturating_sub(1) };
        let raw = value as u64 & ((1 << below) - 1);
        (word | raw << length, length + below)
    }

    /// Puts an unsigned number.
    #[inline(always)]
    pub fn put(&self, value: u32, out: &mut impl Sink) {
        match self.short.get(value as usize) {
            Some(short) => out.put(short >> 8, short & 0xff),
            None => {
                let (bits, width) = self.bits_of(value);
                out.put_wide(bits, width);
            }
        }
    }

    /// Puts the word of [`ESCAPE`] alone, where numbers never have that many bits.
    pub fn put_mark(&self, out: &mut impl Sink) {
        let word = self.words[ESCAPE];
        out.put(word & 0xffff, word >> 16);
    }

    /// The next symbol.
    #[inline(always)]
    pub fn symbol(&self, bits: &mut BitReader<'_>) -> u32 {
        let symbol = u32::from(self.symbols[bits.look() as usize % NEXT]);
        bits.took(symbol >> 8);
        symbol & 0xff
    }

    /// What follows a symbol.
    #[inline(always)]
    pub fn number(symbol: u32, bits: &mut BitReader<'_>) -> u32 {
        match symbol {
            0 => 0,
            symbol if symbol < ESCAPE as u32 => bits.bits(symbol - 1) | 1 << (symbol - 1),
            _ => bits.bits(32),
        }
    }

    /// The next number.
    #[inline(always)]
    pub fn take(&self, bits: &mut BitReader<'_>) -> u32 {
        let held = bits.look();
        let symbol = u32::from(self.symbols[held as usize % NEXT]);
        let (symbol, length) = (symbol & 0xff, symbol >> 8);
        if symbol == ESCAPE as u32 {
            bits.took(length);
            return bits.bits(32);
        }
        // Word and bits at once: they are at most 26.
        let below = symbol.saturating_sub(1);
        bits.took(length + below);
        let one = u32::from(symbol > 0) << below;
        (held >> length) as u32 & ((1 << below) - 1) | one
    }

    /// Takes signed numbers, at most 4, if all of them are short, as nearly all are: of these one
    /// look holds as many.
    #[inline(always)]
    pub fn take_short<const N: usize>(&self, bits: &mut BitReader<'_>) -> Option<[i32; N]> {
        let (held, mut width) = (bits.look(), 0);
        let values = std::array::from_fn(|_| {
            let whole = self.whole[held.wrapping_shr(width) as usize % NEXT];
            width += u32::from(whole & 0xff);
            i32::from(whole as i16 >> 8)
        });
        if width >= TOO_LONG.into() {
            return None;
        }
        bits.took(width);
        Some(values)
    }

    /// Takes signed numbers.
    #[cold]
    #[inline(never)]
    fn take_long<const N: usize>(&self, bits: &mut BitReader<'_>) -> [i32; N] {
        std::array::from_fn(|_| unzigzag(self.take(bits)))
    }

    /// Bits that a number of so many bits takes.
    #[must_use]
    pub fn cost(&self, bits: usize) -> u32 {
        match bits {
            0..ESCAPE => u32::from(self.lengths[bits]) + (bits as u32).saturating_sub(1),
            _ => u32::from(self.lengths[ESCAPE]) + 32,
        }
    }
}

/// The bucket of a number.
#[must_use]
pub fn bucket(value: u32) -> usize {
    ((32 - value.leading_zeros()) as usize).min(ESCAPE)
}

/// Puts a signed number with one of the codes.
#[inline(always)]
pub fn put_signed(code: usize, value: i32, out: &mut impl Sink) {
    let value = zigzag(value);
    out.note(code, || bucket(value));
    CODES[code].put(value, out);
}

/// Puts a few numbers, at most 3, with one of the codes. Returns all bits that any of them has.
#[inline(always)]
pub fn put_several<const N: usize>(code: usize, values: &[u32; N], out: &mut impl Sink) -> u32 {
    let any = values.iter().fold(0, |any, value| any | value);
    values.iter().for_each(|value| out.note(code, || bucket(*value)));
    let code = &CODES[code];
    if any >= SHORT as u32 {
        values.iter().for_each(|value| put_long(code, *value, out));
        return any;
    }
    // Each takes 17 bits at most.
    let (mut all, mut widths) = (0u64, 0u32);
    for value in values.iter().rev() {
        let short = code.short[usize::from(*value as u8)];
        all = all << (short & 0x3f) | u64::from(short >> 8);
        widths = widths.wrapping_add(short);
    }
    out.put_wide(all, widths & 0xff);
    any
}

/// A number that may have no bits in the table.
#[cold]
#[inline(never)]
fn put_long(code: &Code, value: u32, out: &mut impl Sink) {
    let (bits, width) = code.bits_of(value);
    out.put_wide(bits, width);
}

/// Takes a signed number with one of the codes.
#[inline(always)]
pub fn take_signed(code: usize, bits: &mut BitReader<'_>) -> i32 {
    take_several::<1>(&CODES[code], bits)[0]
}

/// Takes a few signed numbers, at most 4.
#[inline(always)]
pub fn take_several<const N: usize>(code: &Code, bits: &mut BitReader<'_>) -> [i32; N] {
    match code.take_short(bits) {
        Some(values) => values,
        None => bits.apart(|bits| code.take_long(bits)),
    }
}

/// The code of the residuals of a group of so many lanes.
#[inline(always)]
#[must_use]
pub fn code_of(lanes: usize, context: u8) -> usize {
    usize::from(context) + if lanes == 1 { SINGLE } else { 0 }
}

/// The context that a group leaves behind after a residual of so many bits.
#[inline]
#[must_use]
pub fn context(bits: u32) -> u8 {
    bits.min(CONTEXTS as u32 - 1) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::bits::BitWriter;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back(
            code in 0..CODES_COUNT,
            all in prop::collection::vec((any::<[u32; 3]>(), 0u32..32), 1..20),
        ) {
            let mut bytes = Vec::new();
            let mut out = BitWriter::new(&mut bytes);
            let numbers = |(values, less): &([u32; 3], u32)| values.map(|value| value >> less);
            for values in all.iter().map(numbers) {
                CODES[code].put(values[0], &mut out);
                put_several(code, &values, &mut out);
            }
            out.finish();
            let mut bits = BitReader::new(&bytes);
            for values in all.iter().map(numbers) {
                prop_assert_eq!(CODES[code].take(&mut bits), values[0]);
                prop_assert_eq!(take_several(&CODES[code], &mut bits), values.map(unzigzag));
            }
            prop_assert!(bits.sound().is_ok());
        }
    }
}
