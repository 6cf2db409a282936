//! Players who say nothing: after as long as their game says it is told of each, once, until they say
//! something again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use greenroom_proto::PlayerId;

use crate::directory::RoomRecord;

/// How often is looked at most: what a player says is counted where it arrives, at no cost there.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Since when each player has said nothing.
pub(super) struct Idle {
    after: Duration,
    next_look: Option<Instant>,
    players: BTreeMap<PlayerId, Silence>,
}

struct Silence {
    /// Inputs and requests so far.
    said: u64,
    since: Instant,
    told: bool,
}

impl Idle {
    /// Of a game that wants to be told after this time.
    pub(super) fn new(after: Duration) -> Self {
        // Less would be told to whoever thinks for a moment, and keep the room busy.
        Idle { after: after.max(LOOK_EVERY), next_look: None, players: BTreeMap::new() }
    }

    /// Has the game told of those who have been silent for too long. Whoever is away is not silent.
    pub(super) fn look(&mut self, record: &RoomRecord, now: Instant) {
        if self.next_look.is_some_and(|next| now < next) {
            return;
        }
        self.next_look = Some(now + LOOK_EVERY);
        let members = record.members();
        let away: Vec<PlayerId> = members.away().collect();
        let mut inbox = record.inbox();
        let heard: BTreeMap<PlayerId, u64> = inbox.heard().collect();
        self.players.retain(|player, _| heard.contains_key(player) && !away.contains(player));
        for (player, said) in heard.into_iter().filter(|(player, _)| !away.contains(player)) {
            let silence =
                self.players.entry(player).or_insert(Silence { said, since: now, told: false });
            if silence.said != said {
                *silence = Silence { said, since: now, told: false };
            } else if !silence.told && now >= silence.since + self.after {
                silence.told = true;
                inbox.idle(player);
            }
        }
    }

    /// When somebody will have been silent for too long.
    pub(super) fn next(&self) -> Option<Instant> {
        let waits = self.players.values().filter(|silence| !silence.told);
        let due = waits.map(|silence| silence.since + self.after).min()?;
        Some(self.next_look.map_or(due, |next| due.max(next)))
    }
}
