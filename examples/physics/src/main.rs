//! Server: `cargo run --release -- serve`.

use std::process::ExitCode;

fn main() -> ExitCode {
    greenroom::cli(physics::games())
}
