//! The supervisor's rules, one test each, on real actors that really panic and are really killed.
//! Time is paused: a hanging child costs no time, and a deadline fires only when nothing else can
//! happen any more. Numbers: `cargo test --release --test supervision -- --ignored --nocapture`.

mod cost;
mod dynamic;
mod model;
mod probe;
mod ractor_traps;
mod restarts;
mod start_and_stop;
mod strays;
mod wrapper;
