//! # The protocol `greenroom.v1`
//!
//! TODO-PAGE

mod bits;
mod bounded;
mod close;
mod control;
pub mod delta;
pub mod frame;
mod id;
mod replicate;
mod rows;
pub mod schema;
mod table;
pub mod wire;

pub use bits::BadState;
pub use bounded::{Blob, List, Text, TooLong};
pub use close::{CloseCode, Then};
pub use control::{
    BODY_MAX, Body, GAME_NAME_MAX, GameName, JoinTarget, Joined, LISTING_MAX, OPTIONS_MAX,
    OptionsText, RESULT_MAX, Refusal, RoomInfo, SCHEMAS_MAX, ToClient, ToServer,
};
pub use frame::{Event, Frame, HashCheck, Head, Replica};
pub use greenroom_derive::Replicate;
pub use id::{NotARoomId, PlayerId, RoomId, Tick};
pub use replicate::{Describe, Publish, Recover, Replicate, publish, recover, schema_of};
pub use rows::{ROWS_BYTES_MAX, Rows};
pub use schema::{Layout, Schema};
pub use table::{ENTITIES_MAX, EntityId, Table};
pub use wire::{Malformed, Message};

/// The WebSocket subprotocol that both ends must name.
pub const SUBPROTOCOL: &str = "greenroom.v1";
/// The version in `Hello`. A change of format raises it in the same commit.
pub const PROTOCOL_VERSION: u16 = 1;
