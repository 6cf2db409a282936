//! The published state: what the server sends and every client holds, as rows of `i32` lanes and
//! texts. Quantised once, on the server; from here on there is no float that two ends could
//! disagree on.

use crate::codec::bits::BadState;
use crate::layout::{Layout, TableLayout};
use crate::schema::RowsKind;
use crate::seen::Seen;
use crate::table::EntityId;

/// Memory that the rows of one state may take, in bytes. A decoder refuses what would go over, and
/// an encoder asks [`crate::Sizes`] before it sends it. With what it expects of them and room to grow, a replica takes at
/// most four times that.
pub const ROWS_BYTES_MAX: usize = 16 << 20;

/// All rows of a state at one tick.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rows {
    pub(crate) tables: Vec<TableRows>,
}

/// The rows of one table by slot. An empty slot is a row of zeros.
#[derive(Clone, Debug, Default)]
pub struct TableRows {
    pub(crate) width: usize,
    pub(crate) text_count: usize,
    /// Per slot the generation of its row, or `None`.
    pub(crate) alive: Vec<Option<u16>>,
    /// `alive.len() * width` lanes.
    pub(crate) lanes: Vec<i32>,
    /// `alive.len() * text_count` texts.
    pub(crate) texts: Vec<Vec<u8>>,
    /// Per slot the number of the row's birth in this table, or of its owner's. On the server only,
    /// and not of what the single row owns.
    pub(crate) births: Vec<u32>,
    /// Per slot who may see the row; on the server, and only if not everybody sees all rows.
    pub(crate) seen: Vec<Seen>,
}

/// What clients see is equal. Empty slots at the end make no difference.
impl PartialEq for TableRows {
    fn eq(&self, other: &Self) -> bool {
        self.width == other.width
            && self.text_count == other.text_count
            && (0..self.alive.len().max(other.alive.len())).all(|slot| self.same(other, slot))
    }
}

impl Eq for TableRows {}

impl TableRows {
    /// Empties the table, to be filled from its first slot on.
    pub(crate) fn restart(&mut self, width: usize, text_count: usize) {
        (self.width, self.text_count) = (width, text_count);
        self.alive.clear();
        self.lanes.clear();
        self.births.clear();
        self.seen.clear();
        // Texts keep their memory.
    }

    /// How many slots there are, the empty ones too.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.alive.len()
    }

    /// Generation of the row in `slot`, if one is there.
    #[inline]
    pub(crate) fn generation(&self, slot: usize) -> Option<u16> {
        self.alive.get(slot).copied().flatten()
    }

    /// Generation and lanes of the row in `slot`.
    #[must_use]
    pub fn row(&self, slot: usize) -> Option<(u16, &[i32])> {
        let generation = self.generation(slot)?;
        Some((generation, &self.lanes[slot * self.width..][..self.width]))
    }

    /// The lanes of `slot`.
    pub(crate) fn lanes(&self, slot: usize) -> &[i32] {
        &self.lanes[slot * self.width..][..self.width]
    }

    /// Whether a row that is there is all zeros and empty texts.
    pub(crate) fn is_zero(&self, slot: usize) -> bool {
        self.lanes(slot).iter().all(|lane| *lane == 0) && self.texts(slot).iter().all(Vec::is_empty)
    }

    /// The number of the birth of the row in `slot` in this table, or of its owner's; 0 of what the
    /// single row owns.
    #[must_use]
    pub fn birth(&self, slot: usize) -> u32 {
        self.births.get(slot).copied().unwrap_or(0)
    }

    /// Who may see the row in `slot`.
    #[must_use]
    pub fn seen(&self, slot: usize) -> Seen {
        self.seen.get(slot).copied().unwrap_or_default()
    }

    /// The texts of the row in `slot`, which is there.
    #[must_use]
    pub fn texts(&self, slot: usize) -> &[Vec<u8>] {
        &self.texts[slot * self.text_count..][..self.text_count]
    }

    /// Whether both tables have the same in `slot`.
    pub(crate) fn same(&self, other: &Self, slot: usize) -> bool {
        let (one, two) = (self.row(slot), other.row(slot));
        one == two && (one.is_none() || self.texts(slot) == other.texts(slot))
    }

    /// The rows there are, with their slots.
    pub(crate) fn occupied(&self) -> impl Iterator<Item = (usize, u16, &[i32])> {
        (0..self.alive.len()).filter_map(|slot| {
            let (generation, lanes) = self.row(slot)?;
            Some((slot, generation, lanes))
        })
    }

    /// Makes room for `slots` slots, the new ones empty.
    pub(crate) fn grow(&mut self, slots: usize) {
        if self.alive.len() < slots {
            self.alive.resize(slots, None);
            self.lanes.resize(slots * self.width, 0);
        }
        if self.texts.len() < slots * self.text_count {
            self.texts.resize_with(slots * self.text_count, Vec::new);
        }
    }

    /// Makes `slot` a row of zeros and empty texts.
    pub(crate) fn spawn(&mut self, slot: usize, generation: u16) {
        self.grow(slot + 1);
        self.alive[slot] = Some(generation);
        self.clear(slot);
    }

    /// Empties `slot`.
    pub(crate) fn despawn(&mut self, slot: usize) {
        if self.generation(slot).is_some() {
            self.alive[slot] = None;
            self.clear(slot);
        }
    }

    fn clear(&mut self, slot: usize) {
        self.lanes[slot * self.width..][..self.width].fill(0);
        self.texts[slot * self.text_count..][..self.text_count].fill(Vec::new());
    }

    /// Memory of so many slots, in bytes, without what is in the texts.
    pub(crate) fn bytes(slots: usize, width: usize, texts: usize) -> usize {
        slots * (width * size_of::<i32>() + texts * size_of::<Vec<u8>>() + size_of::<Option<u16>>())
    }
}

impl Rows {
    /// No rows, in tables of the given layout.
    #[must_use]
    pub fn empty(layout: &Layout) -> Self {
        let table = |table: &TableLayout| TableRows {
            width: table.width,
            text_count: table.texts.len(),
            ..TableRows::default()
        };
        Rows { tables: layout.tables().iter().map(table).collect() }
    }

    /// The state that every full state is a change of: the rows that are always there, all zeros.
    pub fn initial(layout: &Layout) -> Result<Self, BadState> {
        let mut rows = Rows::empty(layout);
        rows.spawn(layout, 0, 0, 0)?;
        Ok(rows)
    }

    /// The tables in the order of the schema.
    #[must_use]
    pub fn tables(&self) -> &[TableRows] {
        &self.tables
    }

    /// Memory that the rows take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let table = |table: &TableRows| {
            TableRows::bytes(table.alive.len(), table.width, table.text_count)
                + (table.births.len() + 4 * table.seen.len()) * size_of::<u32>()
        };
        self.tables.iter().map(table).sum::<usize>() + self.text_bytes()
    }

    /// Bytes of all texts.
    pub(crate) fn text_bytes(&self) -> usize {
        self.tables.iter().flat_map(|table| &table.texts).map(Vec::len).sum()
    }

    /// How many rows there are in all tables.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.iter().map(|table| table.alive.iter().flatten().count()).sum()
    }

    /// Whether no state was ever published here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.iter().all(|table| table.alive.is_empty())
    }

    /// Makes `slot` of `table` a row of zeros, and the cells that it owns too. Refuses to go over
    /// [`ROWS_BYTES_MAX`].
    pub(crate) fn spawn(
        &mut self,
        layout: &Layout,
        table: usize,
        slot: usize,
        generation: u16,
    ) -> Result<(), BadState> {
        self.admit(layout, table, slot + 1)?;
        self.tables[table].spawn(slot, generation);
        for (owned, each) in &layout.tables()[table].owned {
            let each = *each as usize;
            if matches!(layout.tables()[*owned].rows, RowsKind::Cells { .. }) {
                self.admit(layout, *owned, (slot + 1) * each)?;
                for cell in slot * each..(slot + 1) * each {
                    self.tables[*owned].spawn(cell, generation);
                }
            }
        }
        Ok(())
    }

    fn admit(&self, layout: &Layout, table: usize, slots: usize) -> Result<(), BadState> {
        if slots > layout.tables()[table].slots_max {
            return Err(BadState("a slot beyond the table's end"));
        }
        let rows = &self.tables[table];
        if slots <= rows.alive.len() {
            return Ok(());
        }
        let bytes = |rows: &TableRows, slots| TableRows::bytes(slots, rows.width, rows.text_count);
        let others: usize = self.tables.iter().map(|rows| bytes(rows, rows.alive.len())).sum();
        // A vector that grows doubles.
        if others + 2 * bytes(rows, slots) > ROWS_BYTES_MAX {
            return Err(BadState("the state is larger than 16 MiB"));
        }
        Ok(())
    }

    /// The state hash: both ends compute it from their rows and compare. The wrapping sum of one
    /// hash per row, so that it can be put together from rows in any order; 32-bit
    /// multiplications only, which every language has (`Math.imul`).
    #[must_use]
    pub fn hash(&self) -> u32 {
        let mut sum = 0u32;
        for (number, table) in self.tables.iter().enumerate() {
            for (slot, generation, _) in table.occupied() {
                let name = EntityName { table: number, slot, generation };
                sum = sum.wrapping_add(name.hash(table.content_hash(slot)));
            }
        }
        sum
    }
}

/// A row as a viewer names it.
#[derive(Clone, Copy)]
pub(crate) struct EntityName {
    pub table: usize,
    pub slot: usize,
    pub generation: u16,
}

impl EntityName {
    /// The row's part of the state hash.
    pub(crate) fn hash(self, content: u32) -> u32 {
        let place = (self.table as u32) << 24 ^ self.slot as u32;
        let hash = mix(mix(content, place), u32::from(self.generation));
        hash ^ hash >> 15
    }
}

impl TableRows {
    /// Hash of the lanes and texts of a row, wherever it is.
    pub(crate) fn content_hash(&self, slot: usize) -> u32 {
        let lanes = &self.lanes[slot * self.width..][..self.width];
        let hash = lanes.iter().fold(0x811c_9dc5, |hash, lane| mix(hash, *lane as u32));
        self.texts(slot).iter().fold(hash, |hash, text| {
            text.iter().fold(mix(hash, text.len() as u32), |hash, byte| mix(hash, u32::from(*byte)))
        })
    }

    /// The id of the entity in `slot`.
    pub(crate) fn id(slot: usize, generation: u16) -> EntityId {
        EntityId { slot: slot as u16, generation }
    }
}

fn mix(hash: u32, word: u32) -> u32 {
    (hash ^ word).wrapping_mul(0x9e37_79b1).rotate_left(13)
}
