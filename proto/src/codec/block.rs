//! Rows on their way from one frame to another, on the side that writes: up to [`BLOCK`] of them at
//! once, and of these one group after the other. So all that depends on the schema is decided once
//! for all of them, and what is left are short loops.

use std::ops::Range;

use super::bits::{Sink, unzigzag, zigzag};
use super::code::{CODES, ESCAPE, PLAIN, code_of, put_several};
use super::mask;
use super::predict::{context_of, turned, velocities_after_turn, wrap};
use crate::layout::{Coding, Group, TableLayout};
use crate::schema::LANES_MAX;

/// Rows that are looked at together: their lanes are some kilobytes at most.
pub const BLOCK: usize = 32;

/// For each row of a block which groups changed, and above them which texts.
pub type Masks = [u64; BLOCK];

/// The lanes of a row that was not there before.
pub static ZEROS: [i32; LANES_MAX] = [0; LANES_MAX];

/// Some rows, and their predictors.
pub struct Block<'a> {
    pub table: &'a TableLayout,
    /// By row and lane.
    pub before: &'a [i32],
    /// By row and lane.
    pub now: &'a [i32],
    /// By row and lane what came otherwise than expected, made unsigned. Of a quaternion whose
    /// largest component is another than before, the first is not 0. Before [`Block::advance`] they
    /// are anything.
    pub residuals: &'a mut [u32],
    /// By row and lane.
    pub velocity: &'a mut [i32],
    /// By row and group.
    pub context: &'a mut [u8],
    /// By row.
    pub mask: &'a mut [u64],
}

impl Block<'_> {
    /// Finds the residuals and brings the velocities forward. Notes the groups that have residuals.
    pub fn advance(&mut self, changed: &mut Masks) {
        self.advance_lanes();
        let table = self.table;
        for (number, group) in table.groups.iter().enumerate() {
            if group.shift != 0 {
                self.wrap(group);
            }
            match (group.len, group.coding) {
                (1, _) => self.note::<1>(number, changed),
                (2, _) => self.note::<2>(number, changed),
                (3, _) => self.note::<3>(number, changed),
                (_, Coding::Quat(most)) => self.note_quaternion(number, most, changed),
                _ => self.note::<4>(number, changed),
            }
        }
    }

    /// As if no lane wrapped and no quaternion turned, so that it is done for several lanes at once.
    fn advance_lanes(&mut self) {
        let count = self.now.len();
        let (now, before) = (&self.now[..count], &self.before[..count]);
        let moves = &self.table.moves[..count];
        let (velocity, residuals) = (&mut self.velocity[..count], &mut self.residuals[..count]);
        for lane in 0..count {
            let moved = now[lane].wrapping_sub(before[lane]);
            residuals[lane] = zigzag(moved.wrapping_sub(velocity[lane]));
            velocity[lane] = moved & moves[lane];
        }
    }

    /// Notes in which rows a group of `N` lanes has residuals.
    fn note<const N: usize>(&self, number: usize, changed: &mut Masks) {
        let mut lane = self.table.groups[number].start as u32;
        for changed in &mut changed[..self.mask.len()] {
            let any = any(row_lanes::<N>(self.residuals, lane));
            *changed |= u64::from(any != 0) << number;
            lane += self.table.width as u32;
        }
    }

    /// A group that wraps.
    fn wrap(&mut self, group: &Group) {
        let rows = (group.start..self.now.len()).step_by(self.table.width);
        for lane in rows.flat_map(|start| start..start + group.len) {
            let (residual, velocity) = (&mut self.residuals[lane], &mut self.velocity[lane]);
            *residual = zigzag(wrap(unzigzag(*residual), group.shift));
            *velocity = wrap(*velocity, group.shift);
        }
    }

    /// As [`Block::note`], of a quaternion.
    fn note_quaternion(&mut self, number: usize, most: i32, changed: &mut Masks) {
        let mut lane = self.table.groups[number].start as u32;
        for changed in &mut changed[..self.mask.len()] {
            let residuals = row_lanes::<4>(self.residuals, lane);
            *changed |= u64::from(any(residuals) != 0) << number;
            if residuals[0] != 0 {
                self.turn(lane as usize..lane as usize + 4, most);
            }
            lane += self.table.width as u32;
        }
    }

    /// Residuals and velocity of a quaternion whose largest component is another than before; they
    /// are as if it was the same.
    #[cold]
    fn turn(&mut self, lanes: Range<usize>, most: i32) {
        let (now, before) = (&self.now[lanes.clone()], &self.before[lanes.clone()]);
        let (velocity, residuals) = (&mut self.velocity[lanes.clone()], &mut self.residuals[lanes]);
        for (velocity, residual) in velocity.iter_mut().zip(&*residuals) {
            *velocity = velocity.wrapping_sub(unzigzag(*residual));
        }
        let expected = turned(before, velocity, now[0], most);
        for lane in 1..4 {
            residuals[lane] = zigzag(now[lane].wrapping_sub(expected[lane - 1]));
        }
        velocities_after_turn(now, before, most, velocity);
    }

    /// Puts the steps of the rows that changed, each to its own place, and brings the predictors
    /// of all forward.
    pub fn put_steps(&mut self, changed: &Masks, out: &mut [impl Sink]) {
        mask::put_all(changed, self.mask, self.table.mask_bits(), out);
        // Those that changed, and those that have a context to forget.
        let mut groups = 0;
        for (last, changed) in self.mask.iter_mut().zip(changed) {
            groups |= *last | changed;
            *last = changed & self.table.group_bits;
        }
        self.put_groups(groups, changed, out, |group| code_of(group.len, 0));
    }

    /// Puts the changes of rows of which nothing was expected.
    pub fn put_changes(&mut self, changed: &Masks, out: &mut [impl Sink]) {
        for (changed, out) in changed.iter().zip(&mut *out) {
            mask::put_any(*changed, self.table.mask_bits(), out);
        }
        self.put_groups(u64::MAX, changed, out, |_| PLAIN);
    }

    /// Puts the residuals of the groups that changed, among `groups`. `code` is that of a group in
    /// context 0; those of its other contexts follow.
    fn put_groups<S: Sink>(
        &mut self,
        groups: u64,
        changed: &Masks,
        out: &mut [S],
        code: impl Fn(&Group) -> usize,
    ) {
        let Block { table, now, .. } = *self;
        for (number, group) in table.groups.iter().enumerate() {
            if groups >> number & 1 == 0 {
                continue;
            }
            let first = code(group);
            let code = |context: u8| first + usize::from(context);
            match (group.len, group.coding) {
                (1, _) => self.put_group(number, changed, out, |_, context, residuals, out| {
                    put_several::<1>(code(context), residuals, out)
                }),
                (2, _) => self.put_group(number, changed, out, |_, context, residuals, out| {
                    put_several::<2>(code(context), residuals, out)
                }),
                (3, _) => self.put_group(number, changed, out, |_, context, residuals, out| {
                    put_several::<3>(code(context), residuals, out)
                }),
                (_, Coding::Quat(_)) => {
                    self.put_group(number, changed, out, |row, context, residuals, out| {
                        let largest = || now[row * table.width + group.start];
                        put_quaternion(code(context), residuals, largest, out)
                    });
                }
                _ => self.put_group(number, changed, out, |_, context, [a, b, c, d], out| {
                    let any = put_several(code(context), &[*a, *b], out);
                    any | put_several(code(context), &[*c, *d], out)
                }),
            }
        }
    }

    /// Puts a group of `N` lanes of the rows of which it changed; `put` puts that of one, and
    /// returns the bits that any of its residuals has.
    #[inline(never)]
    fn put_group<const N: usize, S: Sink>(
        &mut self,
        number: usize,
        changed: &Masks,
        out: &mut [S],
        put: impl Fn(usize, u8, &[u32; N], &mut S) -> u32,
    ) {
        let (rows, groups) = (self.mask.len(), self.table.groups.len());
        let (mut lane, mut place) = (self.table.groups[number].start as u32, number);
        for (row, (changed, out)) in changed[..rows].iter().zip(&mut out[..rows]).enumerate() {
            let context = &mut self.context[place];
            let last = std::mem::take(context);
            if changed >> number & 1 != 0 {
                let any = put(row, last, row_lanes(self.residuals, lane), out);
                // It is not 0; said so that the processor need not look.
                *context = context_of(any | 1);
            }
            lane += self.table.width as u32;
            place += groups;
        }
    }
}

/// The lanes of a group, from this one on: of 32 bits, so that no sum can overflow and there is but
/// one thing to check.
#[inline(always)]
fn row_lanes<const N: usize>(residuals: &[u32], lane: u32) -> &[u32; N] {
    let lanes = residuals.get(lane as usize..lane as usize + N);
    lanes.and_then(<[u32]>::first_chunk).expect("a group is within its row")
}

/// All bits that any of the numbers has.
#[inline(always)]
fn any<const N: usize>(numbers: &[u32; N]) -> u32 {
    numbers.iter().fold(0, |any, number| any | number)
}

#[inline(always)]
fn put_quaternion<S: Sink>(
    code: usize,
    [turns, a, b, c]: &[u32; 4],
    largest: impl Fn() -> i32,
    out: &mut S,
) -> u32 {
    match turns {
        0 => put_several(code, &[*a, *b, *c], out),
        _ => turns | put_turned(code, largest(), &[*a, *b, *c], out),
    }
}

/// A quaternion whose largest component is another than before.
#[cold]
fn put_turned(code: usize, largest: i32, residuals: &[u32; 3], out: &mut impl Sink) -> u32 {
    out.note(code, || ESCAPE);
    CODES[code].put_mark(out);
    out.put(largest as u32 & 3, 2);
    put_several(PLAIN, residuals, out)
}
