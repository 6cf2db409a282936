//! The actors, one file each. They move values between the pure part and the sockets.

// The shell may read clocks and use maps in any order.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod actor;
pub mod audience;
pub mod connection;
pub mod journal;
pub mod listener;
pub mod listings;
pub mod lobby;
pub mod ops;
pub mod replays;
pub mod results;
pub mod room;
