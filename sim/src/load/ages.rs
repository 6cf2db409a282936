//! How long states of each age were looked at.

/// Ages are told apart by so much, up to [`LONGEST_US`]; what is older counts as that old.
const GRAIN_US: u64 = 100;
const LONGEST_US: u64 = 20_000_000;

/// How long states of each age were held. Time passes at one rate for all, so each stretch of it
/// covers a range of ages evenly, and two marks at the ends of the range say so.
pub(super) struct Ages {
    /// By age: how many more ranges cover this age than the one before.
    marks: Vec<i64>,
    /// Time spent at higher ages.
    older_us: u64,
    max_us: u64,
}

impl Ages {
    pub(super) fn new() -> Self {
        Ages { marks: vec![0; (LONGEST_US / GRAIN_US) as usize + 1], older_us: 0, max_us: 0 }
    }

    /// A state that was due then was held from one time to another.
    pub(super) fn held(&mut self, (from, to): (i64, i64), due: i64) {
        let age = |at: i64| u64::try_from(at - due).unwrap_or(0);
        self.add(age(from), age(to));
    }

    /// A state was held from this age to that.
    fn add(&mut self, from_us: u64, to_us: u64) {
        let mark = |age: u64| (age.min(LONGEST_US) / GRAIN_US) as usize;
        self.marks[mark(from_us)] += 1;
        self.marks[mark(to_us)] -= 1;
        self.older_us += to_us.saturating_sub(from_us.max(LONGEST_US));
        self.max_us = self.max_us.max(to_us);
    }

    /// The age that was not reached in this share of the time.
    pub(super) fn quantile_us(&self, share: f64) -> u64 {
        let times = || {
            self.marks.iter().scan(0, |cover, mark| {
                *cover += mark;
                Some(*cover as u64 * GRAIN_US)
            })
        };
        let mut left = (times().sum::<u64>() + self.older_us) as f64 * share;
        let place = times().position(|time| {
            left -= time as f64;
            left <= 0.0
        });
        match place {
            Some(0) if self.max_us == 0 => 0,
            Some(place) => (place as u64 + 1) * GRAIN_US,
            None => LONGEST_US,
        }
    }

    pub(super) fn max_us(&self) -> u64 {
        self.max_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_beyond_the_longest_keep_their_weight_and_nothing_is_nothing() {
        let mut ages = Ages::new();
        assert_eq!((ages.quantile_us(0.5), ages.quantile_us(0.99)), (0, 0));
        ages.add(0, 3 * LONGEST_US);
        assert_eq!(
            (ages.quantile_us(0.25), ages.quantile_us(0.5)),
            (LONGEST_US / 4 * 3, LONGEST_US)
        );
        assert_eq!(ages.max_us, 3 * LONGEST_US);
    }
}
