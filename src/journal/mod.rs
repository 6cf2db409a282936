//! The journal.

pub mod record;
pub mod replay;
pub mod segment;

#[cfg(feature = "server")]
mod disk;
#[cfg(feature = "server")]
mod error;
#[cfg(feature = "server")]
mod health;
#[cfg(feature = "server")]
mod limits;
#[cfg(feature = "server")]
mod lock;
#[cfg(feature = "server")]
mod open;
#[cfg(feature = "server")]
mod queue;
#[cfg(feature = "server")]
mod read;
#[cfg(feature = "server")]
mod room;
#[cfg(feature = "server")]
mod rooms;
#[cfg(feature = "server")]
mod segments;
#[cfg(feature = "server")]
mod shared;
#[cfg(feature = "server")]
mod sync;
#[cfg(feature = "server")]
mod writer;

#[cfg(all(test, feature = "server"))]
mod tests;

pub use replay::Found;
#[cfg(feature = "server")]
pub use {
    error::{FlushError, JournalError},
    health::Health,
    limits::Limits,
    open::Journal,
    room::{Kind, NotTaken, Position, RoomJournal},
};
