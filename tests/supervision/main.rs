//! The supervisor's rules, one test each, on real actors that really panic and are really killed.
//! Time is paused: a hanging child costs no time, and a deadline fires only when nothing else can
//! happen any more. Numbers: `cargo bench --bench actors`.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used)]

mod dynamic;
mod model;
mod probe;
mod ractor_traps;
mod restarts;
mod start_and_stop;
mod strays;
mod wrapper;
