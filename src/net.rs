//! From a TCP connection to messages and back. Moves bytes and keeps deadlines; decides nothing
//! about games.
//!
//! ```text
//! listener ─▶ door (TLS, HTTP head) ─▶ link ◀─ reader (one task per connection)
//!                                       ▲
//!                                       └── rooms write frames straight into it
//! ```

// The shell may read clocks and use maps in any order.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod admission;
pub mod door;
pub mod head;
pub mod link;
pub mod origin;
pub mod reader;
pub mod socket;
pub mod stream;
pub mod tls;
