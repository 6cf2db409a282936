//! Where a grid begins and ends, and its steps.

/// From where to where, and a step between the lines of the grid.
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    step: f64,
}

impl Axis {
    /// One on which these values have room.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        let (low, high) = match (low, high) {
            (low, high) if low < high => (low, high),
            (low, _) if low.is_finite() => (low - 0.5, low + 0.5),
            _ => (0.0, 1.0),
        };
        let rough = (high - low) / 5.0;
        let ten = libm::exp10(libm::floor(libm::log10(rough)));
        let times = [1.0, 2.0, 5.0].into_iter().find(|times| times * ten >= rough).unwrap_or(10.0);
        let step = times * ten;
        Axis { low: (low / step).floor() * step, high: (high / step).ceil() * step, step }
    }

    /// One on which values above 0 have room, and which begins there.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>) -> Self {
        let most = values.fold(0.0, f64::max);
        Axis::of([0.0, if most > 0.0 { most } else { 1.0 }].into_iter())
    }

    /// Where a value lies between the ends, 0 to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The lines of the grid: where, and what stands there.
    pub(super) fn grid(&self) -> Vec<(f64, String)> {
        let steps = ((self.high - self.low) / self.step).round() as u32;
        let digits = (-libm::floor(libm::log10(self.step))).clamp(0.0, 6.0) as usize;
        let line = |n| {
            let value = self.low + f64::from(n) * self.step;
            // No -0.
            let value = if value.abs() < self.step / 2.0 { 0.0 } else { value };
            (value, format!("{value:.digits$}"))
        };
        (0..=steps).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_holds_every_value() {
        for most in [0.0, 0.003, 1.0, 4.9, 5.1, 73.0, 99_999.0, 3e7] {
            let axis = Axis::from_zero([most].into_iter());
            assert!(axis.low == 0.0 && axis.high >= most, "{most}");
            assert!((2..=6).contains(&axis.grid().len()), "{most}: {:?}", axis.grid());
        }
        let words: Vec<String> =
            Axis::of([-0.31, 0.4].into_iter()).grid().into_iter().map(|(_, word)| word).collect();
        assert_eq!(words, ["-0.4", "-0.2", "0.0", "0.2", "0.4"]);
    }
}
