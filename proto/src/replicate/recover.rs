//! Reads rows.

use crate::rows::Rows;

/// Reads rows.
pub struct Recover<'a> {
    rows: &'a Rows,
    lanes: &'a [i32],
    texts: &'a [Vec<u8>],
    slot: usize,
    next: usize,
}

/// The slot of a row that is not there: none has this number, so that it owns nothing either.
const ABSENT: usize = u32::MAX as usize;

/// Reads a state with so many tables besides the first.
pub(super) fn all<S>(
    rows: &Rows,
    tables: usize,
    read: impl FnOnce(&mut Recover<'_>) -> S,
) -> Option<S> {
    Recover { rows, lanes: &[], texts: &[], slot: 0, next: 0 }
        .table(tables, |from, table| from.row(table, 0, read))
}

impl<'a> Recover<'a> {
    /// The next lane of the row being read; 0 in a row that is not there.
    #[inline]
    pub fn lane(&mut self) -> i32 {
        match self.lanes.split_first() {
            Some((lane, rest)) => {
                self.lanes = rest;
                *lane
            }
            None => 0,
        }
    }

    /// The next text of the row being read; empty in a row that is not there.
    pub fn text(&mut self) -> &'a [u8] {
        match self.texts.split_first() {
            Some((text, rest)) => {
                self.texts = rest;
                text
            }
            None => &[],
        }
    }

    /// Passes over so many lanes and texts.
    pub fn skip(&mut self, lanes: usize, texts: usize) {
        self.lanes = self.lanes.get(lanes..).unwrap_or_default();
        self.texts = self.texts.get(texts..).unwrap_or_default();
    }

    /// Reads the next table; its rows add so many tables of their own.
    pub fn table<T>(&mut self, row_tables: usize, read: impl FnOnce(&mut Self, usize) -> T) -> T {
        let table = self.next;
        let value = read(self, table);
        self.next = table + 1 + row_tables;
        value
    }

    /// Reads a field that not all may see; who does not gets its zeros.
    pub fn part<T>(&mut self, row_tables: usize, read: impl Fn(&mut Self) -> T) -> T {
        self.table(row_tables, |from, table| {
            from.row(table, from.slot, &read).unwrap_or_else(|| from.absent(table, &read))
        })
    }

    /// The slot of the row being read.
    #[must_use]
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Reads the row of a table, if it is there.
    pub fn row<T>(
        &self,
        table: usize,
        slot: usize,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let (_, lanes) = self.rows.tables[table].row(slot)?;
        let texts = self.rows.tables[table].texts(slot);
        Some(read(&mut Recover { rows: self.rows, lanes, texts, slot, next: table + 1 }))
    }

    /// Reads a row that is not there: all zeros.
    pub fn absent<T>(&self, table: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        let (lanes, texts) = (&[][..], &[][..]);
        read(&mut Recover { rows: self.rows, lanes, texts, slot: ABSENT, next: table + 1 })
    }

    /// Reads those of the `each` rows in a table that the row being read owns and that are there,
    /// with their places from 0 on.
    pub(super) fn owned<T>(
        &self,
        table: usize,
        each: usize,
        read: impl Fn(&mut Self) -> T,
    ) -> impl Iterator<Item = (usize, T)> {
        let slots = self.rows.tables[table].slots();
        let first = self.slot.saturating_mul(each).min(slots);
        let end = first.saturating_add(each).min(slots);
        (first..end).filter_map(move |slot| Some((slot - first, self.row(table, slot, &read)?)))
    }

    /// Slots and generations of the rows in a table.
    pub(super) fn entities(&self, table: usize) -> impl Iterator<Item = (usize, u16)> + use<'a> {
        self.rows.tables[table].occupied().map(|(slot, generation, _)| (slot, generation))
    }
}
