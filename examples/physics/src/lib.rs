//! `crates`: a game whose world is a physics engine, [rapier](https://rapier.rs), with 500 rigid
//! bodies. It shows that such a world goes into keyframes and comes out again bit for bit: so it can
//! be replayed, brought back after a crash, and kept over a restart, like any other.
//!
//! What it takes of the engine: the feature `enhanced-determinism` (no SIMD, no sine of the
//! platform), `serde-serialize`, one thread, and that bodies are made and removed in an order that
//! follows from the log. `tests/keyframes.rs` and `physics-sim check --game crates` are the proof.

pub mod bots;
pub mod crates;
pub mod world;

use greenroom::prelude::*;

/// The game and its bots.
#[must_use]
pub fn games() -> Games {
    Games::new()
        .add::<crates::Crates>()
        .bot("pusher", bots::Pusher::new)
        .bot("idle", |_| bots::Idle)
}
