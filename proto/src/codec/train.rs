//! How often the codec wrote each symbol of each code, and the best codes for that.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::code::{CODES_COUNT, ESCAPE, Lengths, SYMBOLS, WORD_MAX};

static COUNTS: [[AtomicU64; SYMBOLS]; CODES_COUNT] =
    [const { [const { AtomicU64::new(0) }; SYMBOLS] }; CODES_COUNT];

pub(super) fn count(code: usize, symbol: usize) {
    COUNTS[code][symbol].fetch_add(1, Relaxed);
}

/// What was counted since it was last taken.
#[must_use]
pub fn take_counts() -> [[u64; SYMBOLS]; CODES_COUNT] {
    std::array::from_fn(|code| std::array::from_fn(|symbol| COUNTS[code][symbol].swap(0, Relaxed)))
}

/// The lengths of the best code for symbols that occur so often.
#[must_use]
pub fn train(counts: &[u64; SYMBOLS]) -> Lengths {
    // What one stream has just next to it another will have: neighbours share.
    let near = |symbol: usize, by: usize| {
        let below = symbol.checked_sub(by).map_or(0, |below| counts[below]);
        below + counts.get(symbol + by).filter(|_| symbol + by < ESCAPE).copied().unwrap_or(0)
    };
    let mut weights: [u64; SYMBOLS] = std::array::from_fn(|symbol| match symbol {
        ESCAPE => 32 * counts[symbol] + 1,
        _ => 28 * counts[symbol] + 2 * near(symbol, 1) + near(symbol, 2) / 2 + 1,
    });
    // Every symbol gets a word. Rarer ones are made less rare until no word is too long.
    loop {
        let mut lengths = [0u8; SYMBOLS];
        let mut nodes: Vec<(u64, Vec<usize>)> =
            weights.iter().enumerate().map(|(symbol, weight)| (*weight, vec![symbol])).collect();
        while nodes.len() > 1 {
            nodes.sort_by(|a, b| b.cmp(a));
            let (Some(one), Some(two)) = (nodes.pop(), nodes.pop()) else { break };
            let symbols = [one.1, two.1].concat();
            for symbol in &symbols {
                lengths[*symbol] += 1;
            }
            nodes.push((one.0 + two.0, symbols));
        }
        if lengths.iter().all(|length| u32::from(*length) <= WORD_MAX) {
            return lengths;
        }
        weights = weights.map(|weight| weight / 2 + 1);
    }
}

/// Bits that these symbols take with these codes, without the bits that follow them.
#[must_use]
pub fn cost(counts: &[[u64; SYMBOLS]; CODES_COUNT], lengths: &[Lengths; CODES_COUNT]) -> f64 {
    let codes = counts.iter().zip(lengths);
    codes
        .flat_map(|(counts, lengths)| counts.iter().zip(lengths))
        .map(|(count, length)| *count as f64 * f64::from(*length))
        .sum()
}
