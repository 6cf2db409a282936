//! The simulator: `match`, `load` and `replay`.

fn main() -> std::process::ExitCode {
    greenroom_sim::cli(field::games())
}
