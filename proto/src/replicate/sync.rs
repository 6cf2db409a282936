//! What `#[sync(…)]` says of a field, and a float as a lane.

use std::f64::consts::TAU;

use crate::schema::{LaneKind, Predict};

/// How a field is sent: what its `#[sync(…)]` says.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sync {
    /// The difference between two neighbouring values of a float.
    pub step: f64,
    /// Least and greatest value of a float.
    pub range: Option<(f64, f64)>,
    /// An angle: a full turn has 2 to the power of this many steps. 0: no angle.
    pub angle: u8,
    /// What viewers expect in the next frame; `None`: what suits the type.
    pub predict: Option<Predict>,
    /// By how much the published value of a float may differ from the true one.
    pub tolerance: f64,
    /// Whether the first lane is in one group with the lane before.
    pub joined: bool,
}

/// What the `#[sync(…)]` of a field may say, by the field's type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// Only who may see it: the parts of the type say the rest.
    Nothing,
    /// What viewers expect of it: it is sent exactly.
    Prediction,
    /// It holds floats: it must say their `step` or `angle`.
    Steps,
}

impl Takes {
    /// What a field may say that holds both.
    #[must_use]
    pub const fn and(self, other: Takes) -> Takes {
        match (self, other) {
            (Takes::Steps, _) | (_, Takes::Steps) => Takes::Steps,
            (Takes::Prediction, _) | (_, Takes::Prediction) => Takes::Prediction,
            _ => Takes::Nothing,
        }
    }
}

impl Sync {
    /// Of a field that says nothing.
    pub const NONE: Sync =
        Sync { step: 0.0, range: None, angle: 0, predict: None, tolerance: 0.0, joined: false };

    /// The same for the values in rows of their own.
    pub(super) const fn in_row(&self) -> Sync {
        Sync { joined: false, ..*self }
    }

    /// Checks what a field says against its type. The derive calls it while compiling; it has
    /// found most mistakes before, but it sees names of types only and not what they stand for.
    ///
    /// # Panics
    /// When they do not go together, or a number is out of its range.
    #[must_use]
    pub const fn checked(self, takes: Takes, lanes: usize) -> Sync {
        let quantised = self.step != 0.0 || self.angle > 0;
        match takes {
            Takes::Steps => assert!(
                quantised,
                "a float is sent in steps: write `#[sync(step = 0.01)]` above the field"
            ),
            _ => assert!(
                !quantised && self.range.is_none() && self.tolerance == 0.0,
                "`step`, `range`, `angle` and `tolerance` are for floats"
            ),
        }
        assert!(
            self.predict.is_none() || !matches!(takes, Takes::Nothing),
            "`hold` and `linear` are for numbers: write them above the fields of the inner type"
        );
        assert!(!self.joined || lanes == 1, "`join` is for fields of a single number");
        assert!(self.step >= 0.0 && self.step < f64::INFINITY, "a step is greater than 0");
        assert!(self.angle <= 24, "an angle has 1 to 24 bits");
        assert!(
            self.tolerance >= 0.0 && self.tolerance < f64::INFINITY,
            "a tolerance is 0 or greater"
        );
        if let Some((min, max)) = self.range {
            assert!(self.step > 0.0, "a range needs a step");
            assert!(min < max && max - min < f64::INFINITY, "a range goes from less to more");
            assert!((max - min) / self.step < 4e9, "a range has at most 2^32 steps");
        }
        self
    }

    /// How a lane of a float reads.
    pub(super) fn kind(&self) -> LaneKind {
        match (self.angle, self.range) {
            (0, None) => LaneKind::Step(self.step.to_bits()),
            (0, Some((min, max))) => LaneKind::Range {
                min: min.to_bits(),
                step: self.step.to_bits(),
                most: self.most(min, max) as u32,
            },
            (bits, _) => LaneKind::Angle(bits),
        }
    }

    /// The tolerance in steps.
    pub(super) fn tolerated(&self) -> u32 {
        if self.tolerance == 0.0 {
            return 0;
        }
        let step = if self.angle > 0 { TAU / self.turn() } else { self.step };
        // 0.3 is three tenths, though 0.3 / 0.1 is less than 3.
        (self.tolerance / step + 1e-6) as u32
    }

    fn most(&self, min: f64, max: f64) -> f64 {
        // A range of whole steps has no step more because of a rounding error.
        ((max - min) / self.step - 1e-6).ceil()
    }

    fn turn(&self) -> f64 {
        f64::from(1u32 << self.angle)
    }

    /// A float as a lane, and whether it was a number in its range.
    #[inline]
    pub(super) fn to_lane(self, value: f64) -> (i32, bool) {
        if self.angle > 0 {
            let turn = self.turn();
            let steps = (value * (turn / TAU)).round();
            let wrapped = steps - turn * (steps / turn).round();
            // Half a turn is minus half a turn.
            let lane = if wrapped >= turn / 2.0 { wrapped - turn } else { wrapped };
            return (lane as i32, value.is_finite());
        }
        let (min, most) = match self.range {
            None => {
                let steps = (value / self.step).round();
                let lane = steps as i32; // saturates; 0 for what is not a number
                return (lane, f64::from(lane) == steps);
            }
            Some((min, max)) => (min, self.most(min, max)),
        };
        let steps = ((value - min) / self.step).round();
        let exact = (0.0..=most).contains(&steps);
        (steps.clamp(0.0, most) as u32 as i32, exact)
    }

    /// The float that a lane stands for.
    #[inline]
    pub(super) fn of_lane(self, lane: i32) -> f64 {
        match (self.angle, self.range) {
            (0, None) => f64::from(lane) * self.step,
            (0, Some((min, max))) => (min + f64::from(lane as u32) * self.step).min(max),
            _ => f64::from(lane) * (TAU / self.turn()),
        }
    }
}
