//! To be written.
use greenroom::Games;
/// Arguments.
#[derive(clap::Args, Debug)]
pub struct Args {}
/// Runs.
pub fn run(_: &Args, _: &Games) -> Result<(), String> {
    Ok(())
}
