//! One table's way to the next frame: which rows are gone, new or changed, and the records of these.

use std::ops::Range;

use super::block::{BLOCK, Block, Masks, ZEROS};
use super::record::{Record, RecordWriter};
use super::rest::Pair;
use super::section::{Gone, New};
use super::step::{TableStep, is_kept};
use crate::layout::TableLayout;
use crate::rows::TableRows;

/// A table that goes from one frame to the next.
pub struct Advance<'a> {
    pub table: &'a TableLayout,
    pub old: &'a TableRows,
    pub rows: &'a TableRows,
    /// The owner's table before and now, and the slots per owner.
    pub owner: Option<(&'a TableRows, &'a TableRows, usize)>,
    pub step: &'a mut TableStep,
    pub room: &'a mut Room,
}

/// Of so many rows of a block that moved it is less work to bring all forward than to find out which
/// of them go on.
const MANY: u8 = 8;

/// Room to work in, for [`BLOCK`] rows.
#[derive(Debug, Default)]
pub struct Room {
    residuals: Vec<u32>,
    writers: [RecordWriter; BLOCK],
}

impl Advance<'_> {
    /// Goes it.
    pub fn run(&mut self) {
        self.step.clear();
        let slots = self.rows.slots().max(self.old.slots());
        if self.table.restricted {
            self.step.of_slot.resize(slots, Record::NONE);
        }
        let lanes = BLOCK * self.table.width;
        self.room.residuals.resize(lanes.max(self.room.residuals.len()), 0);
        for start in (0..slots).step_by(BLOCK) {
            let slots = start..slots.min(start + BLOCK);
            match self.pair().same_rows(slots.clone()) {
                Some(rows) => self.kept(slots, rows),
                None => self.slots(slots),
            }
        }
    }

    fn pair(&self) -> Pair<'_> {
        let Advance { table, old, rows, .. } = *self;
        let TableStep { predictors, active, .. } = &*self.step;
        Pair { table, old, now: rows, predictors, active }
    }

    /// Some slots, at most [`BLOCK`], in which not the same rows are as before.
    fn slots(&mut self, mut slots: Range<usize>) {
        while !slots.is_empty() {
            let kept = slots.clone().take_while(|slot| is_kept(self.old, self.rows, *slot)).count();
            if kept > 0 {
                self.kept(slots.start..slots.start + kept, kept as u32);
                slots.start += kept;
                continue;
            }
            if !self.table.rows.is_fixed() {
                self.come_or_go(slots.start);
            } else if self.rows.generation(slots.start).is_some() {
                // Its owner is new.
                self.step(slots.start..slots.start + 1, false);
            }
            slots.start += 1;
        }
    }

    /// Some slots, at most [`BLOCK`], in which the same rows are as before, so many.
    fn kept(&mut self, slots: Range<usize>, rows: u32) {
        let pair = self.pair();
        if pair.rest(slots.clone()) {
            self.step.section.kept += rows;
            return;
        }
        if pair.active(slots.clone()) >= MANY {
            return self.step(slots, true);
        }
        self.few(slots.clone(), pair.moving(slots));
    }

    /// Some slots of which a few, as bits, have rows that move: only these are brought forward.
    fn few(&mut self, mut slots: Range<usize>, mut moving: u32) {
        while !slots.is_empty() {
            let (moves, rests) = (moving.trailing_ones(), moving.trailing_zeros());
            let run = slots.start..slots.end.min(slots.start + moves.max(rests) as usize);
            slots.start = run.end;
            moving = moving.checked_shr(moves.max(rests)).unwrap_or(0);
            if moves > 0 {
                self.step(run, true);
            } else {
                self.step.section.kept += self.rows.alive[run].iter().flatten().count() as u32;
            }
        }
    }

    /// Brings rows forward, at most [`BLOCK`], and makes records of what there is to say of them:
    /// from their state in the frame before if they are `kept`, else from zeros.
    fn step(&mut self, slots: Range<usize>, kept: bool) {
        let table = self.table;
        let mut changed = [0; BLOCK];
        if !table.texts.is_empty() {
            self.texts(slots.clone(), kept, &mut changed);
        }
        let predictors = &mut self.step.predictors;
        let places = predictors.places(table, slots.clone());
        let width = table.width;
        let groups = places.start * table.groups.len()..places.end * table.groups.len();
        let mut block = Block {
            table,
            before: match kept {
                true => &self.old.lanes[slots.start * width..slots.end * width],
                false => &ZEROS[..width],
            },
            now: &self.rows.lanes[slots.start * width..slots.end * width],
            residuals: &mut self.room.residuals[..slots.len() * width],
            velocity: &mut predictors.velocity[places.start * width..places.end * width],
            context: &mut predictors.context[groups],
            mask: &mut predictors.mask[places],
        };
        block.advance(&mut changed);
        block.put_steps(&changed, &mut self.room.writers);
        match table.predicts() {
            true => self.note_active(slots.clone()),
            false => self.step.predictors.forget(),
        }
        self.keep(slots, &changed);
    }

    /// Keeps the records of the rows that changed.
    fn keep(&mut self, slots: Range<usize>, changed: &Masks) {
        let TableStep { section, records, of_slot, .. } = &mut *self.step;
        let alive = self.rows.alive[slots.clone()].iter();
        let rows = alive.zip(changed).zip(&mut self.room.writers);
        for (slot, ((alive, changed), writer)) in slots.zip(rows) {
            if alive.is_none() {
                continue;
            }
            let record = match changed {
                0 => Record::NONE,
                _ => records.keep(writer),
            };
            section.keep(slot as u32, slot as u32, record);
            if self.table.restricted {
                of_slot[slot] = record;
            }
        }
    }

    /// Notes whether the predictors of rows say anything after this frame.
    fn note_active(&mut self, slots: Range<usize>) {
        let (predictors, width) = (&self.step.predictors, self.table.width);
        let masks = predictors.mask[slots.clone()].iter();
        let rows = masks.zip(&mut self.step.active[slots.clone()]);
        for (slot, (mask, active)) in slots.zip(rows) {
            if *mask != 0 {
                *active = true;
            } else if *active {
                let velocity = &predictors.velocity[slot * width..][..width];
                *active = velocity.iter().any(|lane| *lane != 0);
            }
        }
    }

    /// The texts of rows that changed, as bits of their masks.
    fn texts(&mut self, slots: Range<usize>, kept: bool, changed: &mut Masks) {
        let there = slots.zip(changed).filter(|(slot, _)| self.rows.alive[*slot].is_some());
        for (slot, changed) in there {
            for (text, now) in self.rows.texts(slot).iter().enumerate() {
                let before: &[u8] = if kept { &self.old.texts(slot)[text] } else { &[] };
                if now != before {
                    *changed |= 1 << (self.table.groups.len() + text);
                    self.step.texts.push((slot as u32, text as u32));
                }
            }
        }
    }

    /// A row that is not there, not there any more, or new.
    fn come_or_go(&mut self, slot: usize) {
        let row = slot as u32;
        self.step.predictors.reset(self.table, slot);
        if let Some(active) = self.step.active.get_mut(slot) {
            *active = false;
        }
        if self.old.generation(slot).is_some() {
            // What a row owned goes with it without a word.
            let alone = |(old, now, each)| is_kept(old, now, slot / each);
            if self.owner.is_none_or(alone) {
                self.step.section.gone.push(Gone { slot: row, dead: true });
            }
        }
        if let Some(generation) = self.rows.generation(slot) {
            self.step.section.new.push(New { slot: row, generation, row });
        }
    }
}
