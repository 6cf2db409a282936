//! The simulator with the games that come with Greenroom.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    greenroom_sim::cli(greenroom::Games::builtin())
}
