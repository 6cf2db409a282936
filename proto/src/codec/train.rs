//! How often the codec wrote each symbol of each code, and the best codes for that.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::code::{CODES, Lengths, SYMBOLS, WORD_MAX};

static COUNTS: [[AtomicU64; SYMBOLS]; CODES] =
    [const { [const { AtomicU64::new(0) }; SYMBOLS] }; CODES];

pub(super) fn count(code: usize, symbol: usize) {
    COUNTS[code][symbol].fetch_add(1, Relaxed);
}

/// What was counted since it was last taken.
#[must_use]
pub fn take_counts() -> [[u64; SYMBOLS]; CODES] {
    std::array::from_fn(|code| std::array::from_fn(|symbol| COUNTS[code][symbol].swap(0, Relaxed)))
}

/// The lengths of the best code for symbols that occur so often.
#[must_use]
pub fn train(counts: &[u64; SYMBOLS]) -> Lengths {
    // Every symbol gets a word. Rarer ones are made less rare until no word is too long.
    let mut weights = counts.map(|count| count * 64 + 1);
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
