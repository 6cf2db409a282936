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

/// Numbers below this have their bits in a table.
const SHORT: u32 = 256;

/// A canonical Huffman code: words of one length in the order of symbols, shorter words first.
pub struct Code {
    /// By number, below [`SHORT`]: word and bits, and from bit 24 on how many they are.
    short: [u32; SHORT as usize],
    /// By the next [`WORD_MAX`] bits, where these hold a whole signed number: from bit 8 on the
    /// number, and below how many bits it takes; else 0.
    whole: [u16; 1 << WORD_MAX],
    /// Per number of bits (0 to 32): the word, and from bit 16 on its length.
    words: [u32; 33],
    /// By the next [`WORD_MAX`] bits: the symbol, and from bit 8 on the length of its word.
    symbols: [u16; 1 << WORD_MAX],
    lengths: Lengths,
}

impl Code {
    /// # Panics
    /// When no code has words of these lengths.
    #[must_use]
    pub fn new(lengths: &Lengths) -> Self {
        let space: u32 = lengths.iter().map(|length| 1 << (WORD_MAX - u32::from(*length))).sum();
        assert!(space == 1 << WORD_MAX && !lengths.contains(&0), "not a complete code");
        let mut code = Code {
            short: [0; SHORT as usize],
            whole: [0; 1 << WORD_MAX],
            words: [0; 33],
            symbols: [0; 1 << WORD_MAX],
            lengths: *lengths,
        };
        let mut next = 0u32;
        for length in 1..=WORD_MAX {
            for symbol in (0..SYMBOLS).filter(|symbol| u32::from(lengths[*symbol]) == length) {
                // The first bit sent is the word's highest.
                let word = next.reverse_bits() >> (32 - length);
                for rest in 0..1 << (WORD_MAX - length) {
                    code.symbols[(word | rest << length) as usize] =
                        symbol as u16 | (length as u16) << 8;
                }
                let last = if symbol == ESCAPE { 32 } else { symbol };
                code.words[symbol..=last].fill(word | length << 16);
                next += 1;
            }
            next <<= 1;
        }
        for value in 0..SHORT {
            let (bits, width) = code.bits_of(value);
            let bits = bits as u32;
            code.short[value as usize] = bits | width << 24;
            let number = (unzigzag(value) as u16) << 8 | width as u16;
            for rest in 0..(1u32 << WORD_MAX) >> width.min(WORD_MAX) {
                if width <= WORD_MAX {
                    code.whole[(bits | rest << width) as usize] = number;
                }
            }
        }
        code
    }

    /// The bits of an unsigned number and how many they are: at most 42.
    fn bits_of(&self, value: u32) -> (u64, u32) {
        let bits = 32 - value.leading_zeros();
        let word = self.words[bits as usize];
        let (word, length) = (u64::from(word & 0xffff), word >> 16);
        let below = if bits >= ESCAPE as u32 { 32 } else { bits.saturating_sub(1) };
        let raw = u64::from(value) & ((1 << below) - 1);
        (word | raw << length, length + below)
    }

    /// Puts an unsigned number.
    #[inline(always)]
    pub fn put(&self, value: u32, out: &mut impl Sink) {
        match self.short.get(value as usize) {
            Some(short) => out.put(short & 0xff_ffff, short >> 24),
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
    pub fn symbol(&self, bits: &mut BitReader<'_>) -> Result<u32, BadState> {
        let symbol = u32::from(self.symbols[bits.look() as usize % (1 << WORD_MAX)]);
        bits.took(symbol >> 8)?;
        Ok(symbol & 0xff)
    }

    /// What follows a symbol.
    #[inline(always)]
    pub fn number(symbol: u32, bits: &mut BitReader<'_>) -> Result<u32, BadState> {
        match symbol {
            0 => Ok(0),
            symbol if symbol < ESCAPE as u32 => Ok(bits.bits(symbol - 1)? | 1 << (symbol - 1)),
            _ => bits.bits(32),
        }
    }

    /// The next number.
    #[inline(always)]
    pub fn take(&self, bits: &mut BitReader<'_>) -> Result<u32, BadState> {
        let held = bits.look();
        let symbol = u32::from(self.symbols[held as usize % (1 << WORD_MAX)]);
        let (symbol, length) = (symbol & 0xff, symbol >> 8);
        if symbol == ESCAPE as u32 {
            bits.took(length)?;
            return bits.bits(32);
        }
        // Word and bits at once: they are at most 26.
        let below = symbol.saturating_sub(1);
        bits.took(length + below)?;
        let one = u32::from(symbol > 0) << below;
        Ok((held >> length) as u32 & ((1 << below) - 1) | one)
    }

    /// Takes signed numbers, at most 4, if all of them are short, as nearly all are: of these one
    /// look holds as many.
    #[inline(always)]
    pub fn take_short<const N: usize>(&self, bits: &mut BitReader<'_>) -> Option<[i32; N]> {
        let (held, mut width, mut all) = (bits.look(), 0, true);
        let values = std::array::from_fn(|_| {
            let whole = self.whole[(held >> width) as usize % (1 << WORD_MAX)];
            width += u32::from(whole & 0xff);
            all &= whole != 0;
            i32::from(whole as i16 >> 8)
        });
        (all && bits.took(width).is_ok()).then_some(values)
    }

    /// Takes signed numbers.
    fn take_long<const N: usize>(&self, bits: &mut BitReader<'_>) -> Result<[i32; N], BadState> {
        let mut values = [0; N];
        for value in &mut values {
            *value = unzigzag(self.take(bits)?);
        }
        Ok(values)
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
#[inline(always)]
pub fn put_signed(codes: &[Code; CODES], code: usize, value: i32, out: &mut impl Sink) {
    let value = zigzag(value);
    out.note(code, || bucket(value));
    codes[code].put(value, out);
}

/// Puts a few numbers, at most 3, with one of the codes. Returns all bits that any of them has.
#[inline(always)]
pub fn put_several<const N: usize>(
    codes: &[Code; CODES],
    code: usize,
    values: &[u32; N],
    out: &mut impl Sink,
) -> u32 {
    let any = values.iter().fold(0, |any, value| any | value);
    values.iter().for_each(|value| out.note(code, || bucket(*value)));
    let code = &codes[code];
    if any >= SHORT {
        values.iter().for_each(|value| code.put(*value, out));
        return any;
    }
    // Each takes 17 bits at most.
    let (mut all, mut width) = (0u64, 0);
    for value in values {
        let short = code.short[*value as usize];
        all |= u64::from(short & 0xff_ffff) << width;
        width += short >> 24;
    }
    out.put_wide(all, width);
    any
}

/// Takes a signed number with one of the codes.
#[inline(always)]
pub fn take_signed(
    codes: &[Code; CODES],
    code: usize,
    bits: &mut BitReader<'_>,
) -> Result<i32, BadState> {
    Ok(take_several::<1>(codes, code, bits)?[0])
}

/// Takes a few signed numbers, at most 4, with one of the codes.
#[inline(always)]
pub fn take_several<const N: usize>(
    codes: &[Code; CODES],
    code: usize,
    bits: &mut BitReader<'_>,
) -> Result<[i32; N], BadState> {
    match codes[code].take_short(bits) {
        Some(values) => Ok(values),
        None => codes[code].take_long(bits),
    }
}

/// The context that a group leaves behind after a residual of so many bits.
#[inline]
#[must_use]
pub fn context(bits: u32) -> u8 {
    bits.min(CONTEXTS as u32 - 1) as u8
}
