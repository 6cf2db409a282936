//! Finding rooms and having seats kept: what a room says of itself, and questions about that.

use serde::{Deserialize, Serialize};

use crate::bounded::{Blob, List, Text};
use crate::control::{GameName, OptionsText};
use crate::id::RoomId;

/// Entries in a room's metadata; its creator and its game may each set half of them.
pub const METADATA_MAX: usize = 16;
/// Entries that a room's creator may set, and as many that its game may.
pub const METADATA_HALF_MAX: usize = METADATA_MAX / 2;
/// Conditions in one query.
pub const CONDITIONS_MAX: usize = 8;
/// Values in one set of a condition.
pub const ONE_OF_MAX: usize = 8;
/// Rooms in one page of what was found, and in what is watched.
pub const PAGE_MAX: usize = 50;
/// Seats in one reservation of a client.
pub const PARTY_MAX: usize = 16;

/// Name of an entry in a room's metadata.
pub type MetaKey = Text<32>;
/// A text in a room's metadata.
pub type MetaText = Text<64>;
/// What takes one reserved seat: 26 characters. A secret until it is used: whoever has it has the
/// seat.
pub type SeatCode = Text<26>;
/// What lets somebody into a private room: 8 characters of 0-9 and A-Z without I, L, O and U.
pub type JoinCode = Text<8>;
/// Where a page ended, as the server made it.
pub type Cursor = Blob<160>;

/// A value in a room's metadata. Ordered by kind, then by value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum MetaValue {
    /// A number.
    Int(i64),
    /// Yes or no; no is the lower.
    Bool(bool),
    /// A text, ordered by its bytes.
    Text(MetaText),
}

impl From<i64> for MetaValue {
    fn from(value: i64) -> Self {
        MetaValue::Int(value)
    }
}

impl From<bool> for MetaValue {
    fn from(value: bool) -> Self {
        MetaValue::Bool(value)
    }
}

impl From<&str> for MetaValue {
    /// A text, cut where it is longer than a text may be.
    fn from(value: &str) -> Self {
        MetaValue::Text(Text::cut(value))
    }
}

/// An entry in a room's metadata.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MetaEntry {
    /// Its name.
    pub key: MetaKey,
    /// Its value.
    pub value: MetaValue,
}

/// Who finds a room. The higher, the fewer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub enum Visibility {
    /// Everybody.
    #[default]
    Listed,
    /// Nobody; whoever knows its id may join it.
    Unlisted,
    /// Nobody; it is joined by its code or a reserved seat only.
    Private,
}

/// A room to be made.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NewRoom {
    /// Its options.
    pub options: OptionsText,
    /// Seats, at most as many as the game has with these options, which is also what `None` means.
    pub seats: Option<u32>,
    /// Who finds it.
    pub visibility: Visibility,
    /// What it says of itself. Each key once; what the game sets under the same key counts instead.
    pub metadata: List<MetaEntry, METADATA_HALF_MAX>,
}

/// Something about a room that can be asked for.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Fact {
    /// Seats taken.
    Players,
    /// Seats that somebody who comes now could have; 0 while the room is locked.
    Free,
    /// Seconds since the room was made.
    Age,
    /// An entry in its metadata.
    Key(MetaKey),
}

/// What is to hold of a fact. Nothing holds of an entry that a room does not have, but [`Test::Not`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Test {
    /// It has this value.
    Is(MetaValue),
    /// It has another value, or none.
    Not(MetaValue),
    /// It is a number from the first to the second, both included.
    Between(i64, i64),
    /// It has one of these values.
    OneOf(List<MetaValue, ONE_OF_MAX>),
    /// It is a text that starts so.
    StartsWith(MetaText),
}

/// One thing that is to hold of a room.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Condition {
    /// Of what.
    pub fact: Fact,
    /// What.
    pub test: Test,
}

/// An order of rooms. Those of which the fact is not known come last, equal ones oldest first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Sort {
    /// By what.
    pub by: Fact,
    /// The highest first.
    pub descending: bool,
}

impl Default for Sort {
    /// The oldest first.
    fn default() -> Self {
        Sort { by: Fact::Age, descending: true }
    }
}

/// A question for the rooms of a game. Rooms that are unlisted, private or over are in no answer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Query {
    /// Which game.
    pub game: GameName,
    /// All of this is to hold.
    pub conditions: List<Condition, CONDITIONS_MAX>,
    /// In which order.
    pub sort: Sort,
    /// So many at most, 1 to [`PAGE_MAX`]; 0 is as many as there may be.
    pub limit: u16,
    /// Those after this place, where a page before ended.
    pub cursor: Option<Cursor>,
}

/// A room that was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomEntry {
    /// Its id.
    pub room: RoomId,
    /// Seats taken.
    pub players: u32,
    /// Seats there are.
    pub players_max: u32,
    /// Seats that somebody who comes now could have; 0 while the room is locked.
    pub free: u32,
    /// Whether the game takes nobody now.
    pub locked: bool,
    /// Seconds since it was made.
    pub age_secs: u32,
    /// Its options, complete.
    pub options: OptionsText,
    /// What it says of itself, by key.
    pub metadata: List<MetaEntry, METADATA_MAX>,
}
