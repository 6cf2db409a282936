//! The numbers of a room's game, looked up once: a look-up per tick would cost as much as a small
//! tick.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

use crate::directory::members::FramesSent;

/// What the rooms of one game count together.
pub(super) struct Meters {
    lateness: Histogram,
    tick: Histogram,
    missed: Counter,
    clamped: Counter,
    too_large: Counter,
    full: Counter,
    step: Counter,
    merged: Counter,
    skipped: Counter,
    bytes: Counter,
    finished: Counter,
}

impl Meters {
    pub(super) fn of(game: &'static str) -> Self {
        let frames =
            |kind: &'static str| counter!("greenroom_frames_total", "game" => game, "kind" => kind);
        Meters {
            lateness: histogram!("greenroom_tick_lateness_seconds", "game" => game),
            tick: histogram!("greenroom_tick_seconds", "game" => game),
            missed: counter!("greenroom_ticks_missed_total", "game" => game),
            clamped: counter!("greenroom_floats_clamped_total", "game" => game),
            too_large: counter!("greenroom_states_too_large_total", "game" => game),
            full: frames("full"),
            step: frames("step"),
            merged: frames("merged"),
            skipped: counter!("greenroom_frames_skipped_total", "game" => game),
            bytes: counter!("greenroom_frame_bytes_total", "game" => game),
            finished: counter!("greenroom_matches_finished_total", "game" => game),
        }
    }

    /// A tick that was so late, took so long and before which so many were left out.
    pub(super) fn tick(&self, late: Duration, took: Duration, missed: u32) {
        self.lateness.record(late.as_secs_f64());
        self.tick.record(took.as_secs_f64());
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
        let counters = [
            (&self.full, sent.full),
            (&self.step, sent.step),
            (&self.merged, sent.merged),
            (&self.skipped, sent.skipped),
            (&self.bytes, sent.bytes),
        ];
        for (counter, more) in counters.into_iter().filter(|(_, more)| *more > 0) {
            counter.increment(more);
        }
    }

    pub(super) fn finished(&self) {
        self.finished.increment(1);
    }
}
