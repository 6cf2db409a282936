//! The other end: rows brought forward by frames.

use super::bits::{BadState, BitReader};
use super::code::codes;
use super::predict::Predictors;
use super::row::{coast, take_change, take_row, take_step};
use super::section::{TakeSection, take};
use crate::layout::{Layout, TableLayout};
use crate::rows::{ROWS_BYTES_MAX, Rows};
use crate::schema::LANES_MAX;

/// What a viewer holds: rows, and what it expects of them.
#[derive(Clone, Debug)]
pub struct Mirror {
    layout: Layout,
    rows: Rows,
    tables: Vec<Held>,
    /// The bytes that all texts have.
    text_bytes: usize,
    /// Counts frames.
    frame: u32,
}

/// What is remembered of one table.
#[derive(Clone, Debug, Default)]
struct Held {
    predictors: Predictors,
    /// Slots of rows whose predictor is active, and of some others.
    active: Vec<u32>,
    /// By slot, whether it is among these.
    listed: Vec<bool>,
    /// By slot the last frame that named it.
    named: Vec<u32>,
    /// New in this frame.
    new: Vec<u32>,
}

impl Held {
    #[inline]
    fn grow(&mut self, table: &TableLayout, slots: usize) {
        if self.named.len() < slots {
            self.predictors.grow(table, slots);
            self.listed.resize(slots, false);
            self.named.resize(slots, 0);
        }
    }

    /// Notes that a frame named a row, whose predictor may have become active by it.
    fn name(&mut self, slot: usize, frame: u32) {
        self.named[slot] = frame;
        if self.predictors.is_active(slot) && !self.listed[slot] {
            self.listed[slot] = true;
            self.active.push(slot as u32);
        }
    }
}

impl Mirror {
    /// One that holds nothing yet.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Mirror {
            rows: Rows::empty(&layout),
            tables: vec![Held::default(); layout.tables().len()],
            text_bytes: 0,
            frame: 0,
            layout,
        }
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The layout that they have.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Starts again from what every whole state is a change of.
    pub fn restart(&mut self) -> Result<(), BadState> {
        *self = Mirror::new(self.layout.clone());
        self.rows = Rows::initial(&self.layout)?;
        for ((held, table), rows) in
            self.tables.iter_mut().zip(self.layout.tables()).zip(&self.rows.tables)
        {
            held.grow(table, rows.slots());
        }
        Ok(())
    }

    /// Takes a frame's state: a step from the frame before, or a change from any that it holds.
    /// After an error it holds something in between and must be started again.
    pub fn take(&mut self, body: &[u8], step: bool) -> Result<(), BadState> {
        let mut bits = BitReader::new(body);
        self.frame = self.frame.wrapping_add(1);
        let layout = self.layout.clone();
        let mut texts = Vec::new();
        for number in 0..layout.tables().len() {
            let table = &layout.tables()[number];
            self.tables[number].new.clear();
            let texts_max = body.len();
            let mut taker = Taker {
                mirror: self,
                layout: &layout,
                table,
                number,
                step,
                last: None,
                texts: &mut texts,
                texts_max,
                still: match table.predicts() {
                    true => Predictors::default(),
                    false => Predictors::still(table),
                },
            };
            take(codes(), &layout, number, step, &mut bits, &mut taker)?;
            if step {
                self.coast(table, number)?;
            }
        }
        self.take_texts(bits.rest()?, &texts)
    }

    /// Rows that were not named go on as expected.
    fn coast(&mut self, table: &TableLayout, number: usize) -> Result<(), BadState> {
        let mut sound = Ok(());
        let Held { predictors, active, listed, named, .. } = &mut self.tables[number];
        let rows = &mut self.rows.tables[number];
        let frame = self.frame;
        active.retain(|slot| {
            let slot = *slot as usize;
            if named[slot] != frame && predictors.is_active(slot) {
                let lanes = slot * table.width..(slot + 1) * table.width;
                let row = &mut predictors.of(table.width, table.groups.len(), slot);
                sound = sound.and(coast(table, &mut rows.lanes[lanes], row));
            }
            listed[slot] = predictors.is_active(slot);
            listed[slot]
        });
        sound
    }

    /// Takes out a row and all that it owns.
    fn remove(&mut self, number: usize, slot: usize) {
        let layout = self.layout.clone();
        for (owned, each) in &layout.tables()[number].owned {
            let each = *each as usize;
            let end = ((slot + 1) * each).min(self.rows.tables[*owned].slots());
            for slot in slot * each..end {
                if self.rows.tables[*owned].row(slot).is_some() {
                    self.remove(*owned, slot);
                }
            }
        }
        let texts = self.rows.tables[number].texts(slot);
        self.text_bytes -= texts.iter().map(Vec::len).sum::<usize>();
        self.rows.tables[number].despawn(slot);
        self.tables[number].predictors.reset(&layout.tables()[number], slot);
    }

    fn take_texts(&mut self, mut bytes: &[u8], texts: &[TextPlace]) -> Result<(), BadState> {
        for place in texts {
            let bounds = self.layout.tables()[place.table].texts[place.text];
            let length = crate::frame::read_varint(&mut bytes)
                .map_err(|_| BadState("a text without a length"))?
                as usize;
            if length > bounds.max {
                return Err(BadState("a text that is too long"));
            }
            let (text, rest) = bytes.split_at_checked(length).ok_or(BadState("it ends early"))?;
            if bounds.utf8 && std::str::from_utf8(text).is_err() {
                return Err(BadState("a text that is not UTF-8"));
            }
            bytes = rest;
            let rows = &mut self.rows.tables[place.table];
            let held = &mut rows.texts[place.slot * rows.text_count + place.text];
            self.text_bytes = self.text_bytes - held.len() + length;
            if self.text_bytes > ROWS_BYTES_MAX {
                return Err(BadState("texts of more than 16 MiB"));
            }
            *held = text.to_vec();
        }
        if bytes.is_empty() { Ok(()) } else { Err(BadState("bytes are left over")) }
    }
}

/// A text that follows the bits.
struct TextPlace {
    table: usize,
    slot: usize,
    text: usize,
}

/// Takes the section of one table.
struct Taker<'a> {
    mirror: &'a mut Mirror,
    layout: &'a Layout,
    table: &'a TableLayout,
    number: usize,
    step: bool,
    /// The row taken whole before.
    last: Option<usize>,
    texts: &'a mut Vec<TextPlace>,
    texts_max: usize,
    /// What rows without predictor have instead.
    still: Predictors,
}

impl Taker<'_> {
    fn expect_text(&mut self, slot: usize, text: usize) -> Result<(), BadState> {
        // Each takes a byte at least.
        if self.texts.len() >= self.texts_max {
            return Err(BadState("it ends early"));
        }
        self.texts.push(TextPlace { table: self.number, slot, text });
        Ok(())
    }
}

impl TakeSection for Taker<'_> {
    fn gone(&mut self, slot: usize, _: bool) -> Result<(), BadState> {
        if self.mirror.rows.tables[self.number].row(slot).is_none() {
            return Err(BadState("a row that is gone was not there"));
        }
        self.mirror.remove(self.number, slot);
        Ok(())
    }

    fn new_row(
        &mut self,
        slot: usize,
        generation: u16,
        bits: &mut BitReader<'_>,
    ) -> Result<(), BadState> {
        let Taker { mirror, layout, table, number, .. } = self;
        if mirror.rows.tables[*number].row(slot).is_some() {
            return Err(BadState("a new row was there already"));
        }
        let generation = match table.rows.owner() {
            None => generation,
            Some((of, each)) => {
                let owner = mirror.rows.tables[of].row(slot / each as usize);
                owner.ok_or(BadState("a row without an owner"))?.0
            }
        };
        mirror.rows.spawn(layout, *number, slot, generation)?;
        let held = &mut mirror.tables[*number];
        held.grow(table, slot + 1);
        held.new.push(slot as u32);
        let rows = &mut mirror.rows.tables[*number];
        let mut last = [0i32; LANES_MAX];
        let last = &mut last[..table.width];
        if let Some(row) = self.last {
            last.copy_from_slice(rows.lanes(row));
        }
        let lanes = &mut rows.lanes[slot * table.width..][..table.width];
        let row =
            table.predicts().then(|| held.predictors.of(table.width, table.groups.len(), slot));
        take_row(codes(), table, last, lanes, row, bits)?;
        held.name(slot, mirror.frame);
        self.last = Some(slot);
        for text in 0..table.texts.len() {
            if bits.flag()? {
                self.expect_text(slot, text)?;
            }
        }
        Ok(())
    }

    fn changed(&mut self, slot: usize, bits: &mut BitReader<'_>) -> Result<(), BadState> {
        let Taker { mirror, table, number, still, .. } = self;
        let rows = &mut mirror.rows.tables[*number];
        rows.row(slot).ok_or(BadState("a change of a row that is not there"))?;
        let held = &mut mirror.tables[*number];
        held.grow(table, slot + 1);
        if held.named[slot] == mirror.frame {
            return Err(BadState("a change of a row that is new"));
        }
        let lanes = &mut rows.lanes[slot * table.width..][..table.width];
        let mask = match (self.step, table.predicts()) {
            (true, true) => {
                let mut row = held.predictors.of(table.width, table.groups.len(), slot);
                take_step(codes(), table, lanes, &mut row, bits)?
            }
            (true, false) => {
                let mut row = still.of(table.width, table.groups.len(), 0);
                let mask = take_step(codes(), table, lanes, &mut row, bits)?;
                row.forget();
                mask
            }
            (false, predicts) => {
                let row =
                    predicts.then(|| held.predictors.of(table.width, table.groups.len(), slot));
                take_change(codes(), table, lanes, row, bits)?
            }
        };
        held.name(slot, mirror.frame);
        let mut texts = mask.checked_shr(table.groups.len() as u32).unwrap_or(0);
        while texts != 0 {
            self.expect_text(slot, texts.trailing_zeros() as usize)?;
            texts &= texts - 1;
        }
        Ok(())
    }

    fn rows(&self) -> &Rows {
        &self.mirror.rows
    }

    fn new_slots(&self) -> &[u32] {
        &self.mirror.tables[self.number].new
    }
}
