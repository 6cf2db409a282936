//! Huffman codes for the sizes of numbers.
//!
//! A number is sent as the code word of its *bucket*, which is how many bits it has, and then these
//! bits without the leading one. Signed numbers are made unsigned by zig-zag first.

use std::sync::OnceLock;

use super::bits::{BadState, BitReader, Sink, unzigzag, zigzag};
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
pub const CODES: usize = GAP + GAPS;

/// Lengths of the code words of one code by symbol.
pub type Lengths = [u8; SYMBOLS];

/// A canonical Huffman code: words of one length in the order of symbols, shorter words first.
pub struct Code {
    /// Per number of bits (0 to 32): word, its length, bits that follow it.
    words: [Word; 33],
    /// By the next [`WORD_MAX`] bits: symbol and length of the word.
    symbols: [(u8, u8); 1 << WORD_MAX],
    lengths: Lengths,
}

#[derive(Clone, Copy, Default)]
struct Word {
    word: u16,
    length: u8,
}

impl Code {
    /// # Panics
    /// When no code has words of these lengths.
    #[must_use]
    pub fn new(lengths: &Lengths) -> Self {
        let space: u32 = lengths.iter().map(|length| 1 << (WORD_MAX - u32::from(*length))).sum();
        assert!(space == 1 << WORD_MAX && !lengths.contains(&0), "not a complete code");
        let mut code = Code {
            words: [Word::default(); 33],
            symbols: [(0, 0); 1 << WORD_MAX],
            lengths: *lengths,
        };
        let mut next = 0u32;
        for length in 1..=WORD_MAX {
            for symbol in (0..SYMBOLS).filter(|symbol| u32::from(lengths[*symbol]) == length) {
                // The first bit sent is the word's highest.
                let word = next.reverse_bits() >> (32 - length);
                for rest in 0..1 << (WORD_MAX - length) {
                    code.symbols[(word | rest << length) as usize] = (symbol as u8, length as u8);
                }
                let last = if symbol == ESCAPE { 32 } else { symbol };
                for bits in symbol..=last {
                    code.words[bits] = Word { word: word as u16, length: length as u8 };
                }
                next += 1;
            }
            next <<= 1;
        }
        code
    }

    /// Puts an unsigned number.
    #[inline]
    pub fn put(&self, value: u32, out: &mut impl Sink) {
        let bits = 32 - value.leading_zeros();
        let Word { word, length } = self.words[bits as usize];
        if bits < ESCAPE as u32 {
            let below = bits.saturating_sub(1);
            let raw = value & ((1 << below) - 1);
            out.put(u32::from(word) | raw << length, u32::from(length) + below);
        } else {
            out.put(word.into(), length.into());
            out.put(value, 32);
        }
    }

    /// Puts the word of [`ESCAPE`] alone, where numbers never have that many bits.
    pub fn put_mark(&self, out: &mut impl Sink) {
        let Word { word, length } = self.words[ESCAPE];
        out.put(word.into(), length.into());
    }

    /// The next symbol.
    #[inline]
    pub fn symbol(&self, bits: &mut BitReader<'_>) -> Result<u32, BadState> {
        let (symbol, length) = self.symbols[bits.peek(WORD_MAX) as usize];
        bits.took(length.into())?;
        Ok(symbol.into())
    }

    /// What follows a symbol.
    #[inline]
    pub fn number(symbol: u32, bits: &mut BitReader<'_>) -> Result<u32, BadState> {
        match symbol {
            0 => Ok(0),
            symbol if symbol < ESCAPE as u32 => Ok(bits.bits(symbol - 1)? | 1 << (symbol - 1)),
            _ => bits.bits(32),
        }
    }

    /// The next number.
    #[inline]
    pub fn take(&self, bits: &mut BitReader<'_>) -> Result<u32, BadState> {
        let symbol = self.symbol(bits)?;
        Code::number(symbol, bits)
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

/// All codes of the protocol.
#[must_use]
pub fn codes() -> &'static [Code; CODES] {
    static MADE: OnceLock<Box<[Code; CODES]>> = OnceLock::new();
    MADE.get_or_init(|| Box::new(std::array::from_fn(|code| Code::new(&LENGTHS[code]))))
}

/// Puts a signed number with one of the codes.
#[inline]
pub fn put_signed(codes: &[Code; CODES], code: usize, value: i32, out: &mut impl Sink) {
    let value = zigzag(value);
    out.note(code, bucket(value));
    codes[code].put(value, out);
}

/// Takes a signed number with one of the codes.
#[inline]
pub fn take_signed(
    codes: &[Code; CODES],
    code: usize,
    bits: &mut BitReader<'_>,
) -> Result<i32, BadState> {
    Ok(unzigzag(codes[code].take(bits)?))
}

/// The context that a group leaves behind after a residual of so many bits.
#[inline]
#[must_use]
pub fn context(bits: u32) -> u8 {
    bits.min(CONTEXTS as u32 - 1) as u8
}
