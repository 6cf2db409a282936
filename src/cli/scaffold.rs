//! `greenroom new`.

use clap::Args;

#[derive(Args)]
pub(super) struct NewArgs {
    /// Where to write the crate; its last part is the game's name.
    #[arg(value_name = "DIR")]
    dir: std::path::PathBuf,
}

pub(super) fn run(_: &NewArgs) -> Result<(), String> {
    Err("not written yet".into())
}
