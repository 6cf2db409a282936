//! The promises of the state sync, kept in random worlds under random schedules. Everything comes
//! from a seed: a failure names it, and `GREENROOM_SEED=N` runs that one alone.
//! `GREENROOM_SEEDS=100` runs a hundred times as many as usual.

#![allow(missing_docs, clippy::unwrap_used)]

mod everyone;
mod garbage;
mod logs;
mod oracle;
#[path = "../../proto/tests/vectors/random.rs"]
mod random;
mod secrecy;
mod server;
mod size;
mod state;

use std::env;

/// Which seeds to run: `usual` many, or what the environment says.
fn seeds(usual: u64) -> std::ops::Range<u64> {
    let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("GREENROOM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..usual * number("GREENROOM_SEEDS").unwrap_or(1),
    }
}

/// Says which seed failed.
fn with_seed(seed: u64, run: impl FnOnce()) {
    struct Failed(u64);
    impl Drop for Failed {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("this was GREENROOM_SEED={}", self.0);
            }
        }
    }
    let failed = Failed(seed);
    run();
    drop(failed);
}
