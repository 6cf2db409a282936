//! [`Strategy`]: who shares a child's fate. Pure.

use std::ops::Range;

/// Which children are restarted when one of them ends and must be restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Only that child: the children are independent.
    #[default]
    OneForOne,
    /// All children: none is of use without the others.
    OneForAll,
    /// That child and those started after it: they depend on those before.
    RestForOne,
}

impl Strategy {
    /// Of `len` children in start order, those that are restarted with the one at `failed`.
    /// The others of the range are stopped from its right end, then all of it is started from its
    /// left end.
    pub fn affected(self, failed: usize, len: usize) -> Range<usize> {
        match self {
            Self::OneForOne => failed..failed + 1,
            Self::OneForAll => 0..len,
            Self::RestForOne => failed..len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Strategy::{OneForAll, OneForOne, RestForOne};

    #[test]
    fn each_strategy_takes_its_part_of_the_row() {
        assert_eq!(OneForOne.affected(1, 4), 1..2);
        assert_eq!(OneForAll.affected(1, 4), 0..4);
        assert_eq!(RestForOne.affected(1, 4), 1..4);
        assert_eq!(RestForOne.affected(3, 4), 3..4);
        assert_eq!(OneForOne.affected(0, 1), 0..1);
    }
}
