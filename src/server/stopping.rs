//! How a server stops, for a deploy or for good.
//!
//! ```text
//! with a state directory             without
//! ─────────────────────────────────  ─────────────────────────────────
//! readiness: stopping                the same
//! no new rooms, nobody new in those  the same
//! there are (Refusal::Stopping)
//!                                    matches go on until they are over, for so long at most
//!                                    (match_grace_ms); who lost their connection comes back
//! no new connections                 the same
//! rooms write themselves down        rooms end
//! clients are told to come back (4200, with a window)
//! results and journal on disk
//! what games have asked of the outside world is done: the last save; exit code 0
//! ```
//!
//! The whole keeps within `stop_timeout_ms`, see [`StopTimes`]. A room whose step hangs is not waited
//! for beyond its share: all up to that step is in the journal.

// The shell may read clocks.
#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant};

use crate::actors::room::under_way::UnderWay;
use crate::config::StopTimes;
use crate::directory::Directory;
use crate::supervision::SupervisorRef;

/// How often it is looked whether matches are over.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Milliseconds in which one client comes back. It costs the next process a TLS handshake, an upgrade,
/// its seat and a whole state, about a millisecond of one core: so half of one core is left for the
/// matches of those who are back already, on the smallest machine that there is.
const PER_CLIENT_MS: u32 = 2;
/// The least window: two clients should not come in the same moment either.
const WINDOW_MIN_MS: u32 = 100;
/// The largest: a seat is usually held for 30 s, in which the next process has to start, too.
const WINDOW_MAX_MS: u32 = 20_000;

/// The time over which so many clients come back: each after a time at random up to it.
pub(super) fn window_ms(clients: usize) -> u32 {
    let clients = u32::try_from(clients).unwrap_or(u32::MAX);
    WINDOW_MIN_MS.saturating_add(clients.saturating_mul(PER_CLIENT_MS)).min(WINDOW_MAX_MS)
}

/// Waits until no match has players any more, for the time of grace at most.
pub(super) async fn matches_over(directory: &Directory, times: &StopTimes) {
    let until = Instant::now() + times.grace;
    let running = || directory.all().iter().filter(|room| !room.members().is_empty()).count();
    while Instant::now() < until {
        if running() == 0 {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    match running() {
        0 => {}
        rooms => tracing::warn!(rooms, "matches are ended: their time to finish is up"),
    }
}

/// Ends the tree, and waits for what games have asked of the outside world.
pub(super) async fn end(root: &SupervisorRef, under_way: &UnderWay, times: &StopTimes) {
    let until = Instant::now() + times.end;
    if let Err(error) = root.deadline(times.end - times.effects).shutdown().await {
        tracing::error!("the server did not stop in time: {error}");
        root.kill();
    }
    if tokio::time::timeout_at(until.into(), under_way.none()).await.is_err() {
        let effects = under_way.count();
        tracing::error!(effects, "effects are cut off: their handlers took longer than a stop may");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_grows_with_the_clients_up_to_a_bound() {
        assert_eq!([0, 1, 1_000, 10_000_000].map(window_ms), [100, 102, 2_100, 20_000]);
    }
}
