//! The published state: what the server sends and every client holds, as rows of `i32` lanes.
//! Quantised once, on the server; from here on there is no float that two ends could disagree on.

use crate::bits::BadState;
use crate::schema::Layout;
use crate::table::EntityId;

/// Memory that the rows of one state may take, in bytes. An encoder never gets near; a decoder
/// refuses what would go over.
pub const ROWS_BYTES_MAX: usize = 16 << 20;

/// All rows of a state at one tick.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rows {
    pub(crate) tables: Vec<TableRows>,
}

/// The rows of one table by slot. An empty slot is a row of zeros.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableRows {
    pub(crate) width: usize,
    /// Per slot the generation of its entity, or `None`.
    pub(crate) alive: Vec<Option<u16>>,
    /// `alive.len() * width` lanes.
    pub(crate) lanes: Vec<i32>,
}

/// Empty slots at the end make no difference.
impl PartialEq for TableRows {
    fn eq(&self, other: &Self) -> bool {
        self.width == other.width
            && (0..self.alive.len().max(other.alive.len()))
                .all(|slot| self.row(slot) == other.row(slot))
    }
}

impl Eq for TableRows {}

impl TableRows {
    /// Generation and lanes of the entity in `slot`.
    pub(crate) fn row(&self, slot: usize) -> Option<(u16, &[i32])> {
        let generation = self.alive.get(slot).copied().flatten()?;
        Some((generation, &self.lanes[slot * self.width..][..self.width]))
    }

    pub(crate) fn occupied(&self) -> impl Iterator<Item = (EntityId, &[i32])> {
        (0..self.alive.len()).filter_map(|slot| {
            let (generation, lanes) = self.row(slot)?;
            Some((EntityId { slot: slot as u16, generation }, lanes))
        })
    }

    /// Makes `slot` an entity of zeros and returns its lanes.
    pub(crate) fn spawn(&mut self, slot: usize, generation: u16) -> &mut [i32] {
        if self.alive.len() <= slot {
            self.alive.resize(slot + 1, None);
            self.lanes.resize((slot + 1) * self.width, 0);
        }
        self.alive[slot] = Some(generation);
        let lanes = &mut self.lanes[slot * self.width..][..self.width];
        lanes.fill(0);
        lanes
    }

    pub(crate) fn despawn(&mut self, slot: usize) {
        self.alive[slot] = None;
        self.lanes[slot * self.width..][..self.width].fill(0);
    }

    fn bytes(slots: usize, width: usize) -> usize {
        slots * (width * size_of::<i32>() + size_of::<Option<u16>>())
    }
}

impl Rows {
    /// No entities, in tables of the given layout.
    #[must_use]
    pub fn empty(layout: &Layout) -> Self {
        let tables =
            layout.0.iter().map(|width| TableRows { width: *width, ..TableRows::default() });
        Rows { tables: tables.collect() }
    }

    /// Memory that the rows take, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.tables.iter().map(|table| TableRows::bytes(table.alive.len(), table.width)).sum()
    }

    /// How many entities there are in all tables, the single values counted as one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.iter().map(|table| table.alive.iter().flatten().count()).sum()
    }

    /// Whether no state was ever published here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses to grow `table` to `slots` if that goes over [`ROWS_BYTES_MAX`].
    pub(crate) fn admit(&self, table: usize, slots: usize) -> Result<(), BadState> {
        let more = slots.saturating_sub(self.tables[table].alive.len());
        if self.bytes() + TableRows::bytes(more, self.tables[table].width) > ROWS_BYTES_MAX {
            return Err(BadState("the state is larger than 16 MiB"));
        }
        Ok(())
    }

    /// The state hash: both ends compute it from their rows and compare. The wrapping sum of one
    /// hash per row, so that it can be kept up to date row by row; 32-bit multiplications only,
    /// which every language has (`Math.imul`).
    #[must_use]
    pub fn hash(&self) -> u32 {
        let mut sum = 0u32;
        for (number, table) in self.tables.iter().enumerate() {
            for (id, lanes) in table.occupied() {
                let place = (number as u32) << 16 | u32::from(id.slot);
                let start = mix(mix(0x811c_9dc5, place), u32::from(id.generation));
                let row = lanes.iter().fold(start, |hash, lane| mix(hash, *lane as u32));
                sum = sum.wrapping_add(row ^ row >> 15);
            }
        }
        sum
    }
}

fn mix(hash: u32, word: u32) -> u32 {
    (hash ^ word).wrapping_mul(0x9e37_79b1).rotate_left(13)
}
