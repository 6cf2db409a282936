//! The actors, one file each. They move values between the pure part and the sockets.

pub mod actor;
pub mod connection;
pub mod listener;
pub mod lobby;
pub mod results;
pub mod room;
