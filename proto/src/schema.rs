//! What a state consists of: tables of rows. The server sends it at join; a client that knows no
//! Rust reads the state by it, and the codec on both ends works by it alone.

use serde::{Deserialize, Serialize};

use crate::bounded::{List, Text};
use crate::wire;

/// Tables that a state may have, all kinds counted.
pub const TABLES_MAX: usize = 64;
/// Lanes that a row may have.
pub const LANES_MAX: usize = 256;
/// Groups of lanes and texts that a row may have: a record says in one bit each what changed.
pub const GROUPS_MAX: usize = 64;
/// Lanes that may be one group.
pub const GROUP_LANES_MAX: usize = 4;
/// Texts that a row may have.
pub const TEXTS_MAX: usize = 32;
/// Slots that a table may have: those of a [`crate::Table`], times the rows each may own.
pub const SLOTS_MAX: usize = 1 << 24;

/// A state: its tables in the order in which frames carry them. Table 0 has exactly one row, the
/// state's single values. A table that belongs to another comes after it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Schema {
    /// The tables, at most [`TABLES_MAX`].
    pub tables: List<TableSchema, TABLES_MAX>,
}

/// Rows of one class.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TableSchema {
    /// Path of the field that holds the rows: `ships`, `ships.cargo`; empty for table 0.
    pub name: Text<96>,
    /// How its rows come and go.
    pub rows: RowsKind,
    /// Whether a viewer may see some of its rows only.
    pub restricted: bool,
    /// The lanes that say where an entity is, if viewers see what is near.
    pub near: Option<Near>,
    /// The lanes of a row.
    pub lanes: List<LaneSchema, LANES_MAX>,
    /// The texts of a row.
    pub texts: List<TextSchema, TEXTS_MAX>,
}

/// How the rows of a table come and go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RowsKind {
    /// The one row of table 0, always there.
    Single,
    /// Entities, each in a slot of its own with a generation.
    Entities,
    /// Each row of table `of` owns `each` slots: row `r` those from `r * each` on. They come and
    /// go, and go with their owner at the latest. A list, a map, or (one slot) a field with a
    /// visibility of its own.
    Owned {
        /// Number of the owner's table.
        of: u8,
        /// Slots per owner.
        each: u32,
    },
    /// As `Owned`, but all rows are there as long as their owner is: the cells of a grid.
    Cells {
        /// Number of the owner's table.
        of: u8,
        /// Cells per owner.
        each: u32,
    },
}

impl RowsKind {
    /// The owner's table and the slots per owner.
    #[must_use]
    pub fn owner(self) -> Option<(usize, u32)> {
        match self {
            RowsKind::Single | RowsKind::Entities => None,
            RowsKind::Owned { of, each } | RowsKind::Cells { of, each } => Some((of.into(), each)),
        }
    }

    /// Whether rows are there without ever being spawned.
    #[must_use]
    pub fn is_fixed(self) -> bool {
        matches!(self, RowsKind::Single | RowsKind::Cells { .. })
    }
}

/// The lanes of a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Near {
    /// Number of the lane.
    pub x: u16,
    /// Number of the lane.
    pub y: u16,
}

/// One lane: an `i32` that both ends agree on exactly, and how it reads as a value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LaneSchema {
    /// Path of the field: `x`, `position.x`, `board.3`.
    pub name: Text<96>,
    /// How the lane reads.
    pub kind: LaneKind,
    /// What a viewer expects of the lane in the next frame.
    pub predict: Predict,
    /// Whether it is in one group with the lane before, because they change together.
    pub joined: bool,
    /// By how many steps the published value may differ from the true one.
    pub tolerance: u32,
}

/// What both ends expect of a lane in the next frame; only what comes otherwise is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Predict {
    /// It stays.
    Hold,
    /// It changes once more by what it changed by last.
    Linear,
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
    Low {
        /// Whether the integer has a sign.
        signed: bool,
    },
    /// Bits 32 to 63.
    High,
    /// The value is the lane times the step; the step as the bits of an IEEE 754 double.
    Step(u64),
    /// The value is `min` plus the lane, without a sign, times the step; the lane is from 0 to
    /// `most`.
    Range {
        /// The least value, as the bits of a double.
        min: u64,
        /// The step, as the bits of a double.
        step: u64,
        /// The greatest lane.
        most: u32,
    },
    /// An angle: a full turn (2π) has 2 to the power of this many steps, at most 24. The lane is
    /// from minus half of them to below half of them and wraps.
    Angle(u8),
    /// First lane of a unit quaternion in four joined lanes: which of its components w, x, y, z
    /// (0 to 3) is the largest. It is positive and follows from the others; these are the next
    /// three lanes, in the order w, x, y, z, in steps of `1 / (√2 · (2^(bits − 1) − 1))`; 4 to 15
    /// bits.
    Quat(u8),
    /// One of the three other components; with the bits of [`LaneKind::Quat`].
    QuatPart(u8),
    /// Which variant of an enumeration: the index into its names. The lanes of the data of all
    /// variants follow, those of the others are 0.
    Variant(List<Text<64>, 256>),
    /// 1 if the lanes of this `Option` that follow hold a value, else 0 and they are all 0.
    Some,
}

/// A text of a row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TextSchema {
    /// Path of the field.
    pub name: Text<96>,
    /// Bytes at most.
    pub max: u32,
    /// Whether they are UTF-8.
    pub utf8: bool,
}

/// What is wrong with a schema that a stranger sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bad schema: {0}")]
pub struct BadSchema(pub &'static str);

impl Schema {
    /// A number that is equal for equal schemas only (FNV-1a of the encoded bytes, 64 bits).
    #[must_use]
    pub fn hash(&self) -> u64 {
        wire::encode(self).iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    }
}
