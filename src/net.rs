//! From a TCP connection to messages and back. Moves bytes and keeps deadlines; decides nothing
//! about games.
//!
//! ```text
//! admission ─▶ tls ─▶ head ─▶ reader ─▶ whoever acts on it
//!                               │
//!                         line, link ◀── whoever has something to send
//!                               │
//!                             socket
//! ```

// The shell may read clocks and use maps in any order.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod admission;
pub mod head;
pub mod line;
pub mod link;
pub mod origin;
pub mod pages;
pub mod reader;
pub mod socket;
pub mod stream;
pub mod tls;
