//! Which rows of a table rest. Mostly most of them do, and this is all that they cost in a frame: so
//! many are looked at together, and without stopping at the first that moves, which would be slower.

use std::ops::Range;

use super::predict::Predictors;
use crate::layout::TableLayout;
use crate::rows::TableRows;

/// A table in two frames, and what is expected of it in the newer one.
pub struct Pair<'a> {
    pub table: &'a TableLayout,
    pub old: &'a TableRows,
    pub now: &'a TableRows,
    pub predictors: &'a Predictors,
    /// By slot: whether the predictor says anything. Empty if none ever does.
    pub active: &'a [bool],
}

impl<'a> Pair<'a> {
    /// How many rows are in these slots, if they are the same in both frames.
    pub fn same_rows(&self, slots: Range<usize>) -> Option<u32> {
        let number = |row: &Option<u16>| row.map_or(u32::MAX, u32::from);
        let old = self.old.alive.get(slots.clone())?.iter().map(number);
        let now = self.now.alive.get(slots.clone())?.iter().map(number);
        let rows = old.zip(now).fold((0, 0), |(differ, rows), (old, now)| {
            (differ | (old ^ now), rows + u32::from(now != u32::MAX))
        });
        let (old, now) = (births(self.old, slots.clone()), births(self.now, slots));
        let differ = old.iter().zip(now).fold(rows.0, |differ, (old, now)| differ | (old ^ now));
        (old.len() == now.len() && differ == 0).then_some(rows.1)
    }

    /// Whether all of these rows, which are in both frames, are as expected and have no context to
    /// forget.
    pub fn rest(&self, slots: Range<usize>) -> bool {
        let lanes = self.lanes(slots.clone());
        let as_expected = match self.active(slots.clone()) {
            // Nothing is expected but that they stay.
            0 => lanes.now == lanes.old,
            _ => {
                let contexts = self.contexts(slots.clone()).iter().fold(0, |any, mask| any | mask);
                contexts == 0 && unexpected(lanes) == 0
            }
        };
        as_expected && self.say_same(slots)
    }

    /// Which of these rows do not rest, as bits.
    pub fn moving(&self, slots: Range<usize>) -> u32 {
        let lanes = self.lanes(slots.clone());
        let unexpected = match self.table.width {
            1 => unexpected_rows::<1>(lanes),
            2 => unexpected_rows::<2>(lanes),
            3 => unexpected_rows::<3>(lanes),
            4 => unexpected_rows::<4>(lanes),
            5 => unexpected_rows::<5>(lanes),
            6 => unexpected_rows::<6>(lanes),
            7 => unexpected_rows::<7>(lanes),
            8 => unexpected_rows::<8>(lanes),
            _ => bits(slots.clone().map(|slot| unexpected(self.lanes(slot..slot + 1)) != 0)),
        };
        let moving = unexpected | bits(self.contexts(slots.clone()).iter().map(|mask| *mask != 0));
        if self.table.texts.is_empty() {
            return moving;
        }
        let moves = |place: u32| moving >> place & 1 != 0;
        bits((0..).zip(slots).map(|(place, slot)| moves(place) || !self.say_same(slot..slot + 1)))
    }

    /// How many of these rows have a predictor that says anything.
    pub fn active(&self, slots: Range<usize>) -> u8 {
        let active = self.active.get(slots).unwrap_or(&[]);
        active.iter().map(|active| u8::from(*active)).sum()
    }

    /// Whether the texts of rows that are in both frames are the same. Where no row is, any texts
    /// may be left from one that was.
    fn say_same(&self, mut slots: Range<usize>) -> bool {
        let (now, old) = (self.now, self.old);
        let same = |slot: usize| now.alive[slot].is_none() || now.texts(slot) == old.texts(slot);
        self.table.texts.is_empty() || slots.all(same)
    }

    fn contexts(&self, slots: Range<usize>) -> &'a [u64] {
        &self.predictors.mask[self.predictors.places(self.table, slots)]
    }

    fn lanes(&self, slots: Range<usize>) -> Lanes<'a> {
        let width = self.table.width;
        let lanes = slots.start * width..slots.end * width;
        let places = self.predictors.places(self.table, slots);
        Lanes {
            now: &self.now.lanes[lanes.clone()],
            old: &self.old.lanes[lanes],
            velocity: &self.predictors.velocity[places.start * width..places.end * width],
        }
    }
}

/// Lanes in two frames and their velocities.
struct Lanes<'a> {
    now: &'a [i32],
    old: &'a [i32],
    velocity: &'a [i32],
}

/// Not 0 if any of these lanes is not as expected, or perhaps wraps.
#[inline(always)]
fn unexpected(Lanes { now, old, velocity }: Lanes<'_>) -> i32 {
    let lanes = now.iter().zip(old).zip(velocity);
    lanes.fold(0, |any, ((now, old), velocity)| any | (now.wrapping_sub(*old) ^ velocity))
}

/// In which rows of so many lanes any is not as expected, as bits. The compiler makes better loops
/// of known lengths.
fn unexpected_rows<const WIDTH: usize>(Lanes { now, old, velocity }: Lanes<'_>) -> u32 {
    let rows = now.as_chunks::<WIDTH>().0.iter().zip(old.as_chunks::<WIDTH>().0);
    let rows = rows.zip(velocity.as_chunks::<WIDTH>().0);
    bits(rows.map(|((now, old), velocity)| unexpected(Lanes { now, old, velocity }) != 0))
}

fn bits(are: impl Iterator<Item = bool>) -> u32 {
    (0..).zip(are).fold(0, |bits, (place, is)| bits | u32::from(is) << place)
}

fn births(rows: &TableRows, slots: Range<usize>) -> &[u32] {
    let count = rows.births.len();
    &rows.births[slots.start.min(count)..slots.end.min(count)]
}
