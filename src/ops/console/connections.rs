//! The connections that are worst off: those whose sockets take nothing, then the slowest.

use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::PlayerId;
use serde_json::json;

use super::change::Rows;
use crate::directory::RoomRecord;
use crate::net::link::Backlog;

/// Rows, whatever there are.
const WORST: usize = 100;
/// Found before the better ones of them are left out.
const FOUND_MAX: usize = 1_024;

/// Those that were found so far.
#[derive(Default)]
pub(super) struct Worst(Vec<Found>);

struct Found {
    room: Arc<RoomRecord>,
    player: PlayerId,
    latency: Option<Duration>,
    backlog: Backlog,
}

impl Worst {
    /// The clients of one more room. Of those that keep up and are not known to be slow nothing is
    /// said.
    pub(super) fn look(&mut self, room: &Arc<RoomRecord>) {
        for (player, link) in room.members().links() {
            let (latency, backlog) = (link.latency(), link.backlog());
            if latency.is_some() || backlog.stuck.is_some() {
                self.0.push(Found { room: Arc::clone(room), player, latency, backlog });
            }
        }
        if self.0.len() > FOUND_MAX {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let place = |found: &Found| (found.backlog.stuck, found.backlog.bytes, found.latency);
        self.0.sort_by_key(|found| std::cmp::Reverse(place(found)));
        self.0.truncate(WORST);
    }

    /// The worst, the worst first.
    pub(super) fn rows(mut self) -> Rows {
        self.cut();
        let row = |found: Found| {
            let Found { room, player, latency, backlog } = found;
            let row = json!({
                "room": room.id.to_string(),
                "game": room.entry.game.name(),
                "player": player.0,
                "latency_ms": latency.map(ms),
                "stuck_ms": backlog.stuck.map(|stuck| stuck.as_millis() as u64),
                "backlog_bytes": backlog.bytes,
            });
            (format!("{} {}", room.id, player.0), row)
        };
        self.0.into_iter().map(row).collect()
    }
}

/// In milliseconds, to a tenth.
pub(super) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
