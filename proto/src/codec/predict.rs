//! What both ends expect of a row in the next frame, and what they remember for that.
//!
//! Of each row both ends hold, besides its lanes, a *predictor*: per lane by what it changed last
//! (its velocity), and per group the context that its last residual left behind. It depends on
//! nothing but the frames that every viewer in step has seen.

use super::bits::{unzigzag, zigzag};
use super::code::context;
use crate::layout::{Coding, Group, TableLayout};

/// The predictors of one table's rows, by slot.
#[derive(Clone, Debug, Default)]
pub struct Predictors {
    /// By slot and lane.
    pub velocity: Vec<i32>,
    /// By slot and group.
    pub context: Vec<u8>,
    /// By slot: which groups the row's last record changed.
    pub mask: Vec<u64>,
    /// By slot: whether any of these is not 0.
    pub active: Vec<bool>,
}

/// The predictor of one row.
pub struct Predictor<'a> {
    /// By lane.
    pub velocity: &'a mut [i32],
    /// By group.
    pub context: &'a mut [u8],
    /// Which groups the last record changed.
    pub mask: &'a mut u64,
    /// Whether any of these is not 0.
    pub active: &'a mut bool,
}

impl Predictor<'_> {
    /// There is nothing to remember.
    pub fn forget(&mut self) {
        self.velocity.fill(0);
        self.context.fill(0);
        (*self.mask, *self.active) = (0, false);
    }
}

/// The predictor of one row, to be told.
pub struct Known<'a> {
    /// By lane.
    pub velocity: &'a [i32],
    /// By group.
    pub context: &'a [u8],
}

impl Predictors {
    /// One that stays as it is, for rows that have none.
    #[must_use]
    pub fn still(table: &TableLayout) -> Self {
        Predictors {
            velocity: vec![0; table.width],
            context: vec![0; table.groups.len()],
            mask: vec![0],
            active: vec![false],
        }
    }

    /// That of the row in `slot`, if it says anything.
    #[must_use]
    pub fn known(&self, table: &TableLayout, slot: usize) -> Option<Known<'_>> {
        let (width, groups) = (table.width, table.groups.len());
        self.is_active(slot).then(|| Known {
            velocity: &self.velocity[slot * width..][..width],
            context: &self.context[slot * groups..][..groups],
        })
    }

    /// Makes room for `slots` rows, the new ones without predictor.
    pub fn grow(&mut self, table: &TableLayout, slots: usize) {
        if table.predicts() && self.active.len() < slots {
            self.velocity.resize(slots * table.width, 0);
            self.context.resize(slots * table.groups.len(), 0);
            self.mask.resize(slots, 0);
            self.active.resize(slots, false);
        }
    }

    /// Whether the row in `slot` has one.
    #[inline]
    #[must_use]
    pub fn is_active(&self, slot: usize) -> bool {
        self.active.get(slot).copied().unwrap_or(false)
    }

    /// The row in `slot` has none any more.
    pub fn reset(&mut self, table: &TableLayout, slot: usize) {
        if self.is_active(slot) {
            self.of(table.width, table.groups.len(), slot).forget();
        }
    }

    /// That of the row in `slot`, which there is room for, of a table with so many lanes and groups.
    #[inline(always)]
    pub fn of(&mut self, width: usize, groups: usize, slot: usize) -> Predictor<'_> {
        Predictor {
            velocity: &mut self.velocity[slot * width..][..width],
            context: &mut self.context[slot * groups..][..groups],
            mask: &mut self.mask[slot],
            active: &mut self.active[slot],
        }
    }
}

/// Brings a number into the range of lanes that wrap.
#[inline(always)]
#[must_use]
pub fn wrap(value: i32, shift: u32) -> i32 {
    value.wrapping_shl(shift) >> shift
}

/// What is expected of a lane that goes on as it went.
#[inline]
#[must_use]
pub fn ahead(group: &Group, lane: i32, velocity: i32) -> i32 {
    match group.coding {
        Coding::Hold => lane,
        Coding::Linear | Coding::Quat(_) => wrap(lane.wrapping_add(velocity), group.shift),
    }
}

/// The lanes of a group of `N`, out of those of its row.
#[inline(always)]
#[must_use]
pub fn lanes_of<'a, T, const N: usize>(group: &Group, row: &'a [T]) -> &'a [T; N] {
    row[group.start..].first_chunk().expect("a group is within its row")
}

/// The lanes of a group of `N`, out of those of its row.
#[inline(always)]
#[must_use]
pub fn lanes_of_mut<'a, T, const N: usize>(group: &Group, row: &'a mut [T]) -> &'a mut [T; N] {
    row[group.start..].first_chunk_mut().expect("a group is within its row")
}

/// Finds the residuals of a row, made unsigned, and brings its velocity forward. Of a quaternion
/// whose largest component is another than before, the first is not 0.
#[inline(always)]
pub fn advance_row(
    table: &TableLayout,
    now: &[i32],
    before: &[i32],
    velocity: &mut [i32],
    out: &mut [u32],
) {
    // First as if no lane wrapped and no quaternion turned: this is done for several lanes at once.
    let width = now.len();
    let (before, moves) = (&before[..width], &table.moves[..width]);
    let (velocity, out) = (&mut velocity[..width], &mut out[..width]);
    for lane in 0..width {
        let moved = now[lane].wrapping_sub(before[lane]);
        out[lane] = zigzag(moved.wrapping_sub(velocity[lane]));
        velocity[lane] = moved & moves[lane];
    }
    for group in &table.odd {
        match group.coding {
            Coding::Quat(most) => {
                if out[group.start] != 0 {
                    let (now, before) = (lanes_of(group, now), lanes_of(group, before));
                    turn(
                        now,
                        before,
                        most,
                        lanes_of_mut(group, velocity),
                        lanes_of_mut(group, out),
                    );
                }
            }
            _ => {
                let lanes = group.start..group.start + group.len;
                for (velocity, out) in velocity[lanes.clone()].iter_mut().zip(&mut out[lanes]) {
                    *out = zigzag(wrap(unzigzag(*out), group.shift));
                    *velocity = wrap(*velocity, group.shift);
                }
            }
        }
    }
}

/// Residuals and velocity of a quaternion whose largest component is another than before; they are
/// as if it was the same.
#[cold]
fn turn(now: &[i32; 4], before: &[i32; 4], most: i32, velocity: &mut [i32; 4], out: &mut [u32; 4]) {
    for (velocity, out) in velocity.iter_mut().zip(&*out) {
        *velocity = velocity.wrapping_sub(unzigzag(*out));
    }
    let expected = turned(before, velocity, now[0], most);
    for lane in 1..4 {
        out[lane] = zigzag(now[lane].wrapping_sub(expected[lane - 1]));
    }
    velocities_of_quaternion(now, before, most, velocity);
}

/// Sets the velocity of a quaternion.
pub fn velocities_of_quaternion(now: &[i32; 4], before: &[i32; 4], most: i32, out: &mut [i32; 4]) {
    let from = match now[0] == before[0] {
        true => [before[1], before[2], before[3]],
        false => turned(before, &[0; 4], now[0], most),
    };
    *out = [
        0,
        now[1].wrapping_sub(from[0]),
        now[2].wrapping_sub(from[1]),
        now[3].wrapping_sub(from[2]),
    ];
}

/// The context that residuals leave behind.
#[inline(always)]
#[must_use]
pub fn context_after(residuals: &[i32]) -> u8 {
    context_of(residuals.iter().fold(0, |any, value| any | zigzag(*value)))
}

/// The context that residuals leave behind which, made unsigned, have these bits between them.
#[inline(always)]
#[must_use]
pub fn context_of(any: u32) -> u8 {
    context(32 - any.leading_zeros())
}

/// The three small components of a quaternion, gone on by its velocity and written with component
/// `largest` as the dropped one instead of its own.
#[must_use]
pub fn turned(lanes: &[i32], velocity: &[i32], largest: i32, most: i32) -> [i32; 3] {
    let most = i64::from(most);
    let part =
        |lane: usize| (i64::from(lanes[lane]) + i64::from(velocity[lane])).clamp(-most, most);
    let parts = [part(1), part(2), part(3)];
    let rest = 2 * most * most - parts.iter().map(|part| part * part).sum::<i64>();
    // Exact: a double holds the number, and IEEE 754 rounds its root correctly.
    let dropped = (rest.max(0) as f64).sqrt() as i64;
    let (was, is) = ((lanes[0] & 3) as usize, (largest & 3) as usize);
    let mut whole = [0i64; 4];
    let mut parts = parts.into_iter();
    for (place, value) in whole.iter_mut().enumerate() {
        *value = if place == was { dropped } else { parts.next().unwrap_or(0) };
    }
    let sign = if whole[is] < 0 { -1 } else { 1 };
    let mut out = [0; 3];
    let others = whole.iter().enumerate().filter(|(place, _)| *place != is);
    for (out, (_, value)) in out.iter_mut().zip(others) {
        *out = (sign * value).clamp(-most, most) as i32;
    }
    out
}
