//! What happens in a run, and when: all of it follows from a seed.

use std::fmt;
use std::time::Duration;

use greenroom::Rng;
use greenroom::intensity::Intensity;
use greenroom::outbox::OutboxLimits;
use greenroom::room::fault::RoomFault;
use greenroom::room::history::HistoryLimits;

use super::host::{Bounds, Death};
use super::pipe::Delay;
use super::yard::Wish;

/// What a run is made from; what happens in it is apart, to be shortened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) seed: u64,
    pub(super) clients: u32,
    pub(super) bounds: Bounds,
    pub(super) delay: Delay,
    /// Bytes that the kernel takes for a client that does not read.
    pub(super) buffer: usize,
}

/// Something happens. Clients by number; times in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Action {
    /// A client connects, and takes a seat or comes back to its own; with its state or without.
    Connect {
        client: u32,
        holds: bool,
    },
    /// Its connection is cut: what is on its way is lost. The server learns of it late.
    Cut {
        client: u32,
        unnoticed_ms: u32,
    },
    /// Nothing arrives at it for a while.
    Stall {
        client: u32,
        ms: u32,
    },
    /// It gives its seat up.
    Leave {
        client: u32,
    },
    Input {
        client: u32,
        push: i8,
    },
    Request {
        client: u32,
        wish: Wish,
    },
    /// It asks more at once than may wait.
    Flood {
        client: u32,
    },
    /// It says a line.
    Say {
        client: u32,
    },
    /// It does not trust its state.
    Resync {
        client: u32,
    },
    /// Somebody tries an old token of its seat, or the newest with another account.
    Steal {
        client: u32,
        old: bool,
    },
    /// Something fails in the next step.
    Fault(RoomFault),
    /// The journal begins anew.
    Keyframe,
    /// The disk takes nothing from now on, or does so again.
    Disk {
        fails: bool,
    },
    /// The process dies in the next step, and another takes its place. What was on its way arrives, or
    /// not.
    Kill {
        death: Death,
        arrives: bool,
    },
    /// Time passes.
    Wait {
        ms: u32,
    },
}

impl Setting {
    pub(super) fn of(seed: u64) -> Self {
        let rng = &mut Rng::new(seed);
        let events_max = [8, 24, 64][rng.below(3) as usize];
        let event_bytes_max = [200, 4096][rng.below(2) as usize];
        let frames_max = [1, 2, 5, 64][rng.below(4) as usize];
        let bytes_max = [4_000, 1 << 20][rng.below(2) as usize];
        // The second is what a server has by default.
        let restarts = [1000, 3][(rng.below(8) == 0) as usize];
        Setting {
            seed,
            clients: 2 + rng.below(5),
            bounds: Bounds {
                outbox: OutboxLimits { events_max, event_bytes_max },
                history: HistoryLimits { frames_max, bytes_max },
                restarts: Intensity::new(restarts, Duration::from_secs(10)),
            },
            delay: Delay { least_ms: rng.below(80), jitter_ms: rng.below(120) },
            buffer: [100, 500, 2_000][rng.below(3) as usize],
        }
    }

    /// What happens.
    pub(super) fn schedule(&self) -> Vec<Action> {
        let rng = &mut Rng::new(self.seed ^ 0x5c4e_d01e);
        let count = 30 + rng.below(90);
        // Some runs are quiet, in some everything breaks.
        let wild = rng.below(100);
        let joins = (0..self.clients).map(|client| Action::Connect { client, holds: true });
        let happens = (0..count).map(|_| self.action(wild, rng));
        joins.chain(happens).collect()
    }

    fn action(&self, wild: u32, rng: &mut Rng) -> Action {
        let client = rng.below(self.clients);
        if rng.below(200) < 15 + wild {
            return match rng.below(23) {
                0..4 => Action::Cut { client, unnoticed_ms: rng.below(2) * rng.below(3000) },
                4..8 => Action::Connect { client, holds: rng.below(4) > 0 },
                8..10 => Action::Stall { client, ms: 100 + rng.below(6000) },
                10 => Action::Steal { client, old: rng.below(2) == 0 },
                11..14 => Action::Fault(fault(rng)),
                14 | 15 => Action::Keyframe,
                16 => Action::Kill { death: death(rng), arrives: rng.below(2) == 0 },
                17 => Action::Leave { client },
                18 => Action::Resync { client },
                19 => Action::Flood { client },
                20 => Action::Disk { fails: rng.below(2) == 0 },
                21 => Action::Request { client, wish: Wish::Kick },
                _ => Action::Request { client, wish: Wish::Boom },
            };
        }
        match rng.below(10) {
            0..4 => Action::Wait { ms: 1 + rng.below(300) },
            4 => Action::Connect { client, holds: true },
            5 | 6 => Action::Input { client, push: rng.below(9) as i8 - 4 },
            _ => {
                let wish = match rng.below(12) {
                    0 => Wish::Fuse,
                    1 => Wish::Burst,
                    2 => Wish::Look,
                    3 => Wish::Effect,
                    4..6 => return Action::Say { client },
                    _ => Wish::Count,
                };
                Action::Request { client, wish }
            }
        }
    }
}

fn fault(rng: &mut Rng) -> RoomFault {
    match rng.below(4) {
        0 => RoomFault::Panic,
        1 => RoomFault::Tick,
        2 => RoomFault::TickForGood,
        _ => RoomFault::State,
    }
}

fn death(rng: &mut Rng) -> Death {
    match rng.below(4) {
        0 => Death::Torn(rng.below(100)),
        1 => Death::Noted,
        2 => Death::Again(1 + rng.below(2)),
        _ => Death::Telling(rng.below(5)),
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { clients, bounds, delay, buffer, .. } = self;
        let (outbox, history) = (bounds.outbox, bounds.history);
        write!(
            f,
            "{clients} clients, {} to {} ms and {buffer} bytes away; outboxes of {} events and {} \
             bytes, a history of {} frames and {} bytes, {} restarts in {:?}",
            delay.least_ms,
            delay.least_ms + delay.jitter_ms,
            outbox.events_max,
            outbox.event_bytes_max,
            history.frames_max,
            history.bytes_max,
            bounds.restarts.restarts,
            bounds.restarts.period
        )
    }
}
