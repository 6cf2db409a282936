//! What a state consists of: tables of fields. The server sends it at join; a client that knows
//! no Rust reads the state by it.

use serde::{Deserialize, Serialize};

use crate::bounded::{List, Text};
use crate::wire;

/// Tables that a state may have, its single values counted as one.
pub const TABLES_MAX: usize = 32;
/// Lanes that a row may have.
pub const LANES_MAX: usize = 256;

/// A state: its tables in the order in which frames carry them. Table 0 has exactly one row, the
/// state's single values; each of the others holds entities of one class.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Schema {
    /// The tables, at most [`TABLES_MAX`].
    pub tables: List<TableSchema, TABLES_MAX>,
}

/// One class of entities.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TableSchema {
    /// The field of the state that holds the table; empty for table 0.
    pub name: Text<64>,
    /// The lanes of a row.
    pub lanes: List<LaneSchema, LANES_MAX>,
}

/// One lane: an `i32` that both ends agree on exactly, and how it reads as a value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LaneSchema {
    /// Path of the field: `x`, `position.x`, `board.3`.
    pub name: Text<96>,
    /// How the lane reads.
    pub kind: LaneKind,
}

/// How a lane reads as a value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum LaneKind {
    /// 0 or 1.
    Bool,
    /// A signed integer.
    Int,
    /// An unsigned integer, its bits as they are.
    Uint,
    /// Bits 0 to 31 of a 64-bit integer, whose bits 32 to 63 are the next lane.
    Low,
    /// Bits 32 to 63.
    High,
    /// The value is the lane times the step; the step as the bits of an IEEE 754 double.
    Step(u64),
    /// Which variant of an enumeration: the index into its names.
    Variant(List<Text<64>, 256>),
    /// 1 if the lanes of this `Option` that follow hold a value, else 0 and they are all 0.
    Some,
}

impl Schema {
    /// A number that is equal for equal schemas only (FNV-1a of the encoded bytes, 64 bits).
    #[must_use]
    pub fn hash(&self) -> u64 {
        wire::encode(self).iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }

    /// How many lanes a row of each table has.
    #[must_use]
    pub fn layout(&self) -> Layout {
        Layout(self.tables.iter().map(|table| table.lanes.len()).collect())
    }
}

/// The lanes of a row of each table: all that the codec needs of a schema.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layout(pub(crate) Vec<usize>);
