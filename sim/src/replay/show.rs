//! `--print-state`: what there is to see after a step, as JSON.

use std::io::Write;

use greenroom::proto::{PlayerId, Tick};
use greenroom::room::recovery::Progress;

use super::ReplayError;
use super::camera::Camera;
use super::verify::Opened;
use super::walk::Walk;
use greenroom::published;

/// Prints what a player sees, or all, after a tick or the last.
pub(super) fn run(
    opened: &Opened,
    (player, to): (Option<PlayerId>, Option<Tick>),
) -> Result<(), ReplayError> {
    let Opened { log, entry } = opened;
    let last = opened.last_tick(to)?;
    let progress = Progress::default();
    let mut walk = Walk::begin(log, entry, 0, &progress)?;
    let mut camera = Camera::new(entry, player);
    let mut looked = None;
    while walk.tick() < last
        && let Some(logged) = walk.step()?
    {
        // Each frame on the way: what clients hold depends on those before, within tolerances and by
        // the names of what they see.
        if walk.is_due(&logged) {
            walk.shown_to(entry, &mut camera)?;
            looked = Some(walk.tick());
        }
    }
    if looked != Some(walk.tick()) {
        walk.shown_to(entry, &mut camera)?;
    }
    if let Some(player) = player
        && !camera.sees(walk.room())
    {
        let seated: Vec<_> = walk.room().seated().iter().map(|one| one.0.to_string()).collect();
        let seated = if seated.is_empty() { "nobody".to_owned() } else { seated.join(", ") };
        return Err(ReplayError::NotSeated { player, tick: walk.tick(), seated });
    }
    let state = published::state(&entry.schema, camera.rows());
    let text = serde_json::to_string_pretty(&state)
        .map_err(|error| ReplayError::Output(error.to_string()))?;
    // Whoever reads it may stop in the middle.
    writeln!(std::io::stdout(), "{text}")
        .map_err(|error| ReplayError::Output(format!("the output cannot be written: {error}")))
}
