//! Writes rows.

use super::Replicate;
use crate::layout::Layout;
use crate::rows::Rows;
use crate::seen::Seen;

/// Writes rows.
pub struct Publish<'a> {
    rows: &'a mut Rows,
    layout: &'a Layout,
    at: Place,
    clamped: u32,
}

/// The row being written.
#[derive(Clone, Copy)]
struct Place {
    table: usize,
    slot: usize,
    /// The next text.
    text: usize,
    /// The next table that a field adds.
    next: usize,
    /// What the rows that it owns take over.
    generation: u16,
    birth: u32,
}

/// Writes a state with so many tables besides the first; returns how many values were clamped.
pub(super) fn all(
    layout: &Layout,
    rows: &mut Rows,
    tables: usize,
    write: impl FnOnce(&mut Publish<'_>),
) -> u32 {
    rows.tables.resize_with(layout.tables().len(), Default::default);
    for (rows, table) in rows.tables.iter_mut().zip(layout.tables()) {
        rows.restart(table.width, table.texts.len());
    }
    let place = Place { table: 0, slot: 0, text: 0, next: 0, generation: 0, birth: 0 };
    let mut out = Publish { rows, layout, at: place, clamped: 0 };
    out.table(tables, |out, table| out.row(table, 0, Seen::All, write));
    out.clamped
}

impl Publish<'_> {
    /// Appends one lane to the row being written.
    #[inline]
    pub fn lane(&mut self, value: i32) {
        self.rows.tables[self.at.table].lanes.push(value);
    }

    /// Appends one text to the row being written. What is over the schema's bound is cut off.
    pub fn text(&mut self, value: &[u8]) {
        let table = &mut self.rows.tables[self.at.table];
        let max = self.layout.tables()[self.at.table].texts[self.at.text].max;
        let text = &mut table.texts[self.at.slot * table.text_count + self.at.text];
        text.clear();
        text.extend_from_slice(&value[..value.len().min(max)]);
        self.at.text += 1;
    }

    /// Writes the zeros and empty texts of a value that is not there.
    pub fn nothing<T: Replicate>(&mut self) {
        self.zeros(T::LANES, T::TEXTS);
    }

    /// Writes so many zeros and empty texts.
    pub fn zeros(&mut self, lanes: usize, texts: usize) {
        let row = &mut self.rows.tables[self.at.table].lanes;
        row.resize(row.len() + lanes, 0);
        (0..texts).for_each(|_| self.text(&[]));
    }

    /// Counts a value that had to be brought into its range.
    pub fn clamped(&mut self) {
        self.clamped += 1;
    }

    /// Writes the next table; its rows add so many tables of their own.
    pub fn table(&mut self, row_tables: usize, write: impl FnOnce(&mut Self, usize)) {
        let table = self.at.next;
        write(self, table);
        self.at.next = table + 1 + row_tables;
    }

    /// Writes a field that not all may see; its type adds so many tables of its own.
    pub fn part(&mut self, row_tables: usize, seen: Seen, write: impl FnOnce(&mut Self)) {
        self.table(row_tables, |out, table| out.row(table, out.slot(), seen, write));
    }

    /// The slot of the row being written.
    #[must_use]
    pub fn slot(&self) -> usize {
        self.at.slot
    }

    /// Writes a row that the row being written owns; those of one table come in ascending order.
    /// Whoever may not see the owner does not see it either.
    pub fn row(&mut self, table: usize, slot: usize, seen: Seen, write: impl FnOnce(&mut Self)) {
        let Place { generation, birth, .. } = self.at;
        self.named_row(table, slot, (generation, birth), seen, write);
    }

    /// Writes the row of an entity with its generation and birth.
    pub(super) fn named_row(
        &mut self,
        table: usize,
        slot: usize,
        (generation, birth): (u16, u32),
        seen: Seen,
        write: impl FnOnce(&mut Self),
    ) {
        let rows = &mut self.rows.tables[table];
        rows.grow(slot);
        rows.alive.push(Some(generation));
        if birth > 0 {
            rows.births.resize(slot, 0);
            rows.births.push(birth);
        }
        if rows.texts.len() < (slot + 1) * rows.text_count {
            rows.texts.resize_with((slot + 1) * rows.text_count, Vec::new);
        }
        let outer = self.at;
        self.at = Place { table, slot, text: 0, next: table + 1, generation, birth };
        self.see(seen);
        write(self);
        self.at = outer;
    }

    /// Says who may see the row being written. What was said last counts.
    pub fn see(&mut self, seen: Seen) {
        if self.layout.tables()[self.at.table].restricted {
            let rows = &mut self.rows.tables[self.at.table].seen;
            rows.resize(self.at.slot, Seen::Nobody);
            rows.push(seen);
        }
    }
}
