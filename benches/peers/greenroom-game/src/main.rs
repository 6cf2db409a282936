//! The server: `cargo run --release -- serve`.

fn main() -> std::process::ExitCode {
    greenroom::cli(field::games())
}
