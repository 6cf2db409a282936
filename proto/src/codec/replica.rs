//! The other end: rows brought forward by frames.

use super::bits::{BadState, BitReader};
use super::changes::{Changes, Held, TextPlace, Texts};
use super::row::take_row;
use super::section::{Head, NewRow};
use crate::layout::Layout;
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
}

impl Mirror {
    /// One that holds nothing yet.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Mirror {
            rows: Rows::empty(&layout),
            tables: vec![Held::default(); layout.tables().len()],
            text_bytes: 0,
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
        let layout = self.layout.clone();
        let mut texts = Texts { places: Vec::new(), max: body.len() };
        for (number, table) in layout.tables().iter().enumerate() {
            self.tables[number].named.clear();
            if let Some(head) = Head::take(table, &mut bits) {
                head.take_gone(table, step, &mut bits, |slot| self.remove(number, slot))?;
                let mut last = None;
                head.take_new(table, &mut bits, |new, bits| {
                    self.take_new(number, last.replace(new.slot), new, &mut texts, bits)
                })?;
                let (rows, held) = (&mut self.rows.tables[number], &mut self.tables[number]);
                held.grow(table, rows.slots());
                let mut changes = Changes { table, number, step, rows, held, texts: &mut texts };
                head.take_changed(table, &mut bits, &mut changes)?;
            }
            if step {
                self.tables[number].coast(table, &mut self.rows.tables[number])?;
            }
        }
        self.take_texts(bits.rest()?, &texts.places)
    }

    /// Takes a row that is new. `last` is the slot of the row taken before it in this section.
    fn take_new(
        &mut self,
        number: usize,
        last: Option<usize>,
        NewRow { slot, generation }: NewRow,
        texts: &mut Texts,
        bits: &mut BitReader<'_>,
    ) -> Result<(), BadState> {
        let layout = self.layout.clone();
        let table = &layout.tables()[number];
        if self.rows.tables[number].row(slot).is_some() {
            return Err(BadState("a new row was there already"));
        }
        let generation = match table.rows.owner() {
            None => generation,
            Some((of, each)) => {
                let owner = self.rows.tables[of].row(slot / each as usize);
                owner.ok_or(BadState("a row without an owner"))?.0
            }
        };
        self.rows.spawn(&layout, number, slot, generation)?;
        let (rows, held) = (&mut self.rows.tables[number], &mut self.tables[number]);
        held.grow(table, slot + 1);
        held.named.set(slot, true);
        let mut before = [0i32; LANES_MAX];
        let before = &mut before[..table.width];
        if let Some(row) = last {
            before.copy_from_slice(rows.lanes(row));
        }
        let lanes = &mut rows.lanes[slot * table.width..][..table.width];
        held.active.set(slot, table.predicts());
        let row = table.predicts().then(|| held.predictors.of(table, slot));
        take_row(table, before, lanes, row, bits)?;
        for text in 0..table.texts.len() {
            if bits.flag() {
                texts.expect(number, slot, text)?;
            }
        }
        bits.sound()
    }

    /// Takes out a row, which is there, and all that it owns.
    fn remove(&mut self, number: usize, slot: usize) -> Result<(), BadState> {
        if self.rows.tables[number].row(slot).is_none() {
            return Err(BadState("a row that is gone was not there"));
        }
        let layout = self.layout.clone();
        for (owned, each) in &layout.tables()[number].owned {
            let each = *each as usize;
            let end = ((slot + 1) * each).min(self.rows.tables[*owned].slots());
            for slot in slot * each..end {
                if self.rows.tables[*owned].row(slot).is_some() {
                    self.remove(*owned, slot)?;
                }
            }
        }
        let texts = self.rows.tables[number].texts(slot);
        self.text_bytes -= texts.iter().map(Vec::len).sum::<usize>();
        self.rows.tables[number].despawn(slot);
        self.tables[number].predictors.reset(&layout.tables()[number], slot);
        Ok(())
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
