//! The rows of one table that a frame changes or leaves to themselves, on the side that reads.

use super::bits::{BadState, BitReader};
use super::predict::Predictors;
use super::row::{coast, take_change, take_step};
use super::section::TakeChanged;
use super::slots::Slots;
use crate::layout::TableLayout;
use crate::rows::TableRows;

/// What is remembered of one table.
#[derive(Clone, Debug, Default)]
pub struct Held {
    pub predictors: Predictors,
    /// Slots of rows whose predictor says anything, and of some others.
    pub active: Slots,
    /// Slots of rows that this frame named.
    pub named: Slots,
}

impl Held {
    /// Makes room for `slots` rows.
    pub fn grow(&mut self, table: &TableLayout, slots: usize) {
        self.predictors.grow(table, slots);
        self.active.grow(slots);
        self.named.grow(slots);
    }

    /// Brings rows forward that the frame did not name: they go on as expected.
    pub fn coast(&mut self, table: &TableLayout, rows: &mut TableRows) -> Result<(), BadState> {
        for word in 0..self.active.words() {
            let mut coasting = self.active.word(word) & !self.named.word(word);
            while coasting != 0 {
                let slot = word * Slots::WORD + coasting.trailing_zeros() as usize;
                coasting &= coasting - 1;
                let lanes = &mut rows.lanes[slot * table.width..][..table.width];
                let mut row = self.predictors.of(table, slot);
                coast(table, lanes, &mut row)?;
                let is_active = row.is_active();
                self.active.set(slot, is_active);
            }
        }
        Ok(())
    }
}

/// Texts that follow the bits of a frame.
pub struct Texts {
    pub places: Vec<TextPlace>,
    /// Bytes of the frame: each text takes one at least.
    pub max: usize,
}

/// Where a text belongs.
pub struct TextPlace {
    pub table: usize,
    pub slot: usize,
    pub text: usize,
}

impl Texts {
    /// One more follows.
    pub fn expect(&mut self, table: usize, slot: usize, text: usize) -> Result<(), BadState> {
        if self.places.len() >= self.max {
            return Err(BadState("it ends early"));
        }
        self.places.push(TextPlace { table, slot, text });
        Ok(())
    }
}

/// Takes the rows of a table that a frame changes. There is room for all of them.
pub struct Changes<'a> {
    pub table: &'a TableLayout,
    /// Its number.
    pub number: usize,
    /// Whether they come from the frame before.
    pub step: bool,
    pub rows: &'a mut TableRows,
    pub held: &'a mut Held,
    pub texts: &'a mut Texts,
}

impl TakeChanged for Changes<'_> {
    #[inline(always)]
    fn slots(&self) -> usize {
        self.rows.slots()
    }

    #[inline(always)]
    fn is_kept(&self, slot: usize) -> bool {
        self.rows.generation(slot).is_some() && !self.held.named.has(slot)
    }

    #[inline(always)]
    fn changed(&mut self, slot: usize, bits: &mut BitReader<'_>) -> Result<(), BadState> {
        let Changes { table, rows, held, .. } = self;
        held.named.set(slot, true);
        let lanes = &mut rows.lanes[slot * table.width..][..table.width];
        let mask = match (table.predicts(), self.step) {
            (true, true) => {
                held.active.set(slot, true);
                take_step(table, lanes, &mut held.predictors.of(table, slot), bits)?
            }
            (true, false) => {
                held.active.set(slot, true);
                let row = held.predictors.of(table, slot);
                bits.apart(|bits| take_change(table, lanes, Some(row), bits))?
            }
            (false, true) => {
                let mut row = held.predictors.of(table, 0);
                let mask = take_step(table, lanes, &mut row, bits)?;
                row.forget();
                mask
            }
            (false, false) => bits.apart(|bits| take_change(table, lanes, None, bits))?,
        };
        bits.sound()?;
        // The texts follow the groups, of which there may be as many as bits.
        let mut texts = mask & !table.group_bits;
        while texts != 0 {
            let text = texts.trailing_zeros() as usize - table.groups.len();
            self.texts.expect(self.number, slot, text)?;
            texts &= texts - 1;
        }
        Ok(())
    }
}
