//! What both ends expect of a row in the next frame, and what they remember for that.
//!
//! Of each row both ends hold, besides its lanes, a *predictor*: per lane by what it changed last
//! (its velocity), and per group the context that its last residual left behind. It depends on
//! nothing but the frames that every viewer in step has seen.

use std::ops::Range;

use super::bits::zigzag;
use super::block::BLOCK;
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
}

/// The predictor of one row.
pub struct Predictor<'a> {
    /// By lane.
    pub velocity: &'a mut [i32],
    /// By group.
    pub context: &'a mut [u8],
    /// Which groups the last record changed.
    pub mask: &'a mut u64,
}

impl Predictor<'_> {
    /// There is nothing to remember.
    pub fn forget(&mut self) {
        self.velocity.fill(0);
        self.context.fill(0);
        *self.mask = 0;
    }

    /// Whether there is anything to remember.
    #[inline(always)]
    #[must_use]
    pub fn is_active(&self) -> bool {
        *self.mask != 0 || self.velocity.iter().any(|lane| *lane != 0)
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
    /// That of the row in `slot`, which there is room for, to be told.
    #[must_use]
    pub fn known(&self, table: &TableLayout, slot: usize) -> Known<'_> {
        let (width, groups) = (table.width, table.groups.len());
        Known {
            velocity: &self.velocity[slot * width..][..width],
            context: &self.context[slot * groups..][..groups],
        }
    }

    /// Makes room for `slots` rows, the new ones without predictor. Rows that never have one get
    /// room for as many as are looked at together, to be forgotten each time.
    pub fn grow(&mut self, table: &TableLayout, slots: usize) {
        let slots = if table.predicts() { slots } else { BLOCK };
        if self.mask.len() < slots {
            self.velocity.resize(slots * table.width, 0);
            self.context.resize(slots * table.groups.len(), 0);
            self.mask.resize(slots, 0);
        }
    }

    /// Where those of these rows are.
    #[inline(always)]
    #[must_use]
    pub fn places(&self, table: &TableLayout, slots: Range<usize>) -> Range<usize> {
        if table.predicts() { slots } else { 0..slots.len() }
    }

    /// No row has one any more.
    pub fn forget(&mut self) {
        self.velocity.fill(0);
        self.context.fill(0);
        self.mask.fill(0);
    }

    /// The row in `slot` has none any more.
    pub fn reset(&mut self, table: &TableLayout, slot: usize) {
        if slot < self.mask.len() {
            self.of(table, slot).forget();
        }
    }

    /// That of the row in `slot`, which there is room for.
    #[inline(always)]
    pub fn of(&mut self, table: &TableLayout, slot: usize) -> Predictor<'_> {
        let (width, groups) = (table.width, table.groups.len());
        Predictor {
            velocity: &mut self.velocity[slot * width..][..width],
            context: &mut self.context[slot * groups..][..groups],
            mask: &mut self.mask[slot],
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

/// Sets the velocity of a quaternion whose largest component is another than before.
pub fn velocities_after_turn(now: &[i32], before: &[i32], most: i32, out: &mut [i32]) {
    let from = turned(before, &[0; 4], now[0], most);
    out[0] = 0;
    for lane in 1..4 {
        out[lane] = now[lane].wrapping_sub(from[lane - 1]);
    }
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
