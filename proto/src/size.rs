//! Whether clients take a state: what the server asks itself before it sends one.
//!
//! A decoder refuses what is over [`ROWS_BYTES_MAX`], and counts slots from the first to the highest
//! that was ever in use. So the server has to look at how large each table ever was, and for rows
//! that viewers name by slots of their own, at how large it may be for the one to whom they are the
//! most scattered.

use crate::layout::Layout;
use crate::rows::{ROWS_BYTES_MAX, Rows, TableRows};
use crate::schema::{RowsKind, Schema};

/// Bytes of all texts of a state. Half of what a decoder takes: while it reads a frame some texts
/// are new already and others are not old yet.
const TEXT_BYTES_MAX: usize = ROWS_BYTES_MAX / 2;

/// How large the tables of a room ever were.
#[derive(Clone, Debug)]
pub struct Sizes {
    slots: Vec<usize>,
    bytes_max: usize,
}

impl Default for Sizes {
    /// As large as clients take.
    fn default() -> Self {
        Sizes::at_most(ROWS_BYTES_MAX)
    }
}

/// A state is larger than clients take, or than its game allows. In one table a bit more than 5 MiB are
/// too much for clients, 8 MiB in grids that are always there, or in texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the state is larger than {}: {bytes} bytes in {part}", part.whose())]
pub struct TooLarge {
    /// Where most of it is.
    pub part: Part,
    /// How much is there.
    pub bytes: usize,
}

/// A part of a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The rows of a table, by its number.
    Table(usize),
    /// All texts.
    Texts,
    /// All of it.
    Whole,
}

impl Part {
    /// Whose limit that is.
    fn whose(self) -> &'static str {
        match self {
            Part::Table(_) | Part::Texts => "clients take",
            Part::Whole => "its game allows",
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Part::Table(number) => write!(f, "table {number}"),
            Part::Texts => f.write_str("its texts"),
            Part::Whole => f.write_str("all"),
        }
    }
}

impl TooLarge {
    /// The error with the name of the table.
    #[must_use]
    pub fn in_words(&self, schema: &Schema) -> String {
        let table = match self.part {
            Part::Table(number) => schema.tables.get(number),
            Part::Texts | Part::Whole => None,
        };
        match table {
            Some(table) => format!("{self} ({})", &*table.name),
            None => self.to_string(),
        }
    }
}

impl Sizes {
    /// As large as clients take, and of so many bytes of rows and texts at most.
    #[must_use]
    pub fn at_most(bytes_max: usize) -> Self {
        Sizes { slots: Vec::new(), bytes_max }
    }

    /// Takes note of a published state, unless it is refused.
    pub fn admit(&mut self, layout: &Layout, rows: &Rows) -> Result<(), TooLarge> {
        let tables = layout.tables();
        self.slots.resize(tables.len(), 0);
        let mut now = self.slots.clone();
        let (mut all, mut largest) = (0, None);
        for (number, (table, rows)) in tables.iter().zip(&rows.tables).enumerate() {
            let mut slots = now[number].max(rows.slots());
            if let Some((owner, each)) = table.rows.owner() {
                let cells = matches!(table.rows, RowsKind::Cells { .. });
                if cells || (tables[owner].restricted && slots > 0) {
                    slots = (now[owner] * each as usize).min(table.slots_max);
                }
            }
            now[number] = slots;
            let bytes = TableRows::bytes(slots, rows.width, rows.text_count);
            all += bytes;
            // What is there from the start does not grow.
            let grows = !always_there(layout, number);
            if grows && largest.is_none_or(|(_, most)| bytes > most) {
                largest = Some((number, bytes));
            }
        }
        let text_bytes = rows.text_bytes();
        if text_bytes > TEXT_BYTES_MAX {
            return Err(TooLarge { part: Part::Texts, bytes: text_bytes });
        }
        if all + text_bytes > self.bytes_max {
            return Err(TooLarge { part: Part::Whole, bytes: all + text_bytes });
        }
        match largest {
            // A decoder counts a table that grows as what it is and twice what it will be.
            Some((number, bytes)) if all + 2 * bytes > ROWS_BYTES_MAX => {
                Err(TooLarge { part: Part::Table(number), bytes })
            }
            _ => {
                self.slots = now;
                Ok(())
            }
        }
    }
}

/// Whether all rows of a table are there in every state.
fn always_there(layout: &Layout, number: usize) -> bool {
    match layout.tables()[number].rows {
        RowsKind::Single => true,
        RowsKind::Cells { of, .. } => always_there(layout, of.into()),
        RowsKind::Entities | RowsKind::Owned { .. } => false,
    }
}
