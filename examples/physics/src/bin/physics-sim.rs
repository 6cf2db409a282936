//! Simulator: `cargo run --release --bin physics-sim -- check --game crates`.

use std::process::ExitCode;

fn main() -> ExitCode {
    greenroom_sim::cli(physics::games())
}
