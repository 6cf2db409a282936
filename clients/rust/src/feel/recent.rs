//! How late things come: the last of them, of which nearly all are below the level.

use std::collections::VecDeque;

/// How many are looked at: some 4 s of frames.
const SAMPLES: usize = 128;
/// Of so many one may be above the level: one stall does not make everything late.
const ONE_OF: usize = 50;

#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    samples: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl Recent {
    pub(super) fn add(&mut self, value: f64) {
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(value);
        self.sorted.clear();
        self.sorted.extend(&self.samples);
        self.sorted.sort_by(f64::total_cmp);
    }

    /// The last one turns out to be at least that late.
    pub(super) fn raise(&mut self, value: f64) {
        let last = self.samples.pop_back().unwrap_or(value);
        self.add(last.max(value));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The least; `None` if there are none.
    pub(super) fn least(&self) -> Option<f64> {
        self.sorted.first().copied()
    }

    /// All but one of fifty are not above this.
    pub(super) fn level(&self) -> Option<f64> {
        let count = self.sorted.len();
        count.checked_sub(1 + count / ONE_OF).map(|place| self.sorted[place])
    }

    pub(super) fn clear(&mut self) {
        self.samples.clear();
        self.sorted.clear();
    }
}
