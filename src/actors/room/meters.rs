//! The numbers of a room's game, looked up once: a look-up per tick would cost as much as a small
//! tick.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

use crate::directory::members::{FramesSent, Sent};
use crate::game::Said;
use crate::room::inbox::InboxCounts;

/// What the rooms of one game count together.
pub(super) struct Meters {
    lateness: Histogram,
    tick: Histogram,
    overruns: Counter,
    missed: Counter,
    clamped: Counter,
    too_large: Counter,
    full: FrameMeters,
    step: FrameMeters,
    merged: FrameMeters,
    skipped: Counter,
    inputs: [Counter; 2],
    requests: [Counter; 3],
    chat: Counter,
    finished: Counter,
}

impl Meters {
    pub(super) fn of(game: &'static str) -> Self {
        let input =
            |fate: &'static str| counter!("greenroom_inputs_total", "game" => game, "fate" => fate);
        let request = |fate: &'static str| counter!("greenroom_requests_total", "game" => game, "fate" => fate);
        Meters {
            lateness: histogram!("greenroom_tick_lateness_seconds", "game" => game),
            tick: histogram!("greenroom_tick_seconds", "game" => game),
            overruns: counter!("greenroom_tick_overruns_total", "game" => game),
            missed: counter!("greenroom_ticks_missed_total", "game" => game),
            clamped: counter!("greenroom_floats_clamped_total", "game" => game),
            too_large: counter!("greenroom_states_too_large_total", "game" => game),
            full: FrameMeters::of(game, "full"),
            step: FrameMeters::of(game, "step"),
            merged: FrameMeters::of(game, "merged"),
            skipped: counter!("greenroom_frames_skipped_total", "game" => game),
            inputs: ["queued", "merged"].map(input),
            requests: ["queued", "again", "refused"].map(request),
            chat: counter!("greenroom_chat_lines_total", "game" => game),
            finished: counter!("greenroom_matches_finished_total", "game" => game),
        }
    }

    /// A tick that was so late, took so long of the time it has, and after which so many were left
    /// out.
    pub(super) fn tick(&self, late: Duration, took: Duration, has: Duration, missed: u32) {
        self.lateness.record(late.as_secs_f64());
        self.tick.record(took.as_secs_f64());
        if took > has {
            self.overruns.increment(1);
        }
        if missed > 0 {
            self.missed.increment(missed.into());
        }
    }

    /// Floats of a state that had to be brought into their range.
    pub(super) fn clamped(&self, floats: u32) {
        if floats > 0 {
            self.clamped.increment(floats.into());
        }
    }

    /// A state that clients would not take.
    pub(super) fn too_large(&self) {
        self.too_large.increment(1);
    }

    pub(super) fn frames(&self, sent: FramesSent) {
        self.full.sent(sent.full);
        self.step.sent(sent.step);
        self.merged.sent(sent.merged);
        add(&self.skipped, sent.skipped);
    }

    /// What came since the step before.
    pub(super) fn inbox(&self, came: InboxCounts) {
        let InboxCounts { inputs, merged, requests, again, refused } = came;
        for (counter, more) in self.inputs.iter().zip([inputs, merged]) {
            add(counter, more.into());
        }
        for (counter, more) in self.requests.iter().zip([requests, again, refused]) {
            add(counter, more.into());
        }
    }

    /// What a room says.
    pub(super) fn said(&self, said: &Said) {
        if let Said::Chat { .. } = said {
            self.chat.increment(1);
        }
    }

    pub(super) fn finished(&self) {
        self.finished.increment(1);
    }
}

/// Frames of one kind.
struct FrameMeters {
    frames: Counter,
    bytes: Counter,
}

impl FrameMeters {
    fn of(game: &'static str, kind: &'static str) -> Self {
        FrameMeters {
            frames: counter!("greenroom_frames_total", "game" => game, "kind" => kind),
            bytes: counter!("greenroom_frame_bytes_total", "game" => game, "kind" => kind),
        }
    }

    fn sent(&self, sent: Sent) {
        add(&self.frames, sent.frames);
        add(&self.bytes, sent.bytes);
    }
}

/// The counter is shared by all rooms of the game: nothing is not added to it.
fn add(counter: &Counter, more: u64) {
    if more > 0 {
        counter.increment(more);
    }
}
