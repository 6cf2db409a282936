//! What a stream is like: how much of it changes, and by how much.

use std::fmt;

use super::{LaneInfo, Stream};

/// Means over all frames but the first.
pub struct Figures {
    name: &'static str,
    frames: usize,
    slots: usize,
    hz: u32,
    /// Entities in a frame.
    pub alive: f64,
    /// Entities that came, went or differ from the frame before.
    pub changed: f64,
    /// Entities that came or went.
    pub came_or_went: f64,
    /// Texts of entities that were there before and differ now.
    pub texts: f64,
    /// What each lane is like.
    pub lanes: Vec<LaneFigures>,
}

/// What a lane is like, in entities that were there in the frame before.
pub struct LaneFigures {
    name: &'static str,
    /// The share of entities in which it changed.
    pub share: f64,
    /// By how much, if it did.
    pub step: f64,
    /// How far it then was from where it would have been, had it changed as in the frame before.
    pub surprise: f64,
}

/// Measures a stream.
pub fn figures(stream: &Stream) -> Figures {
    let (mut alive, mut changed, mut came_or_went, mut texts, mut both) = (0, 0, 0, 0, 0);
    let mut sums = vec![[0; 3]; stream.lanes.len()];
    for frame in 1..stream.frames.len() {
        for slot in 0..stream.slots {
            let (before, now) = (stream.row(frame - 1, slot), stream.row(frame, slot));
            alive += usize::from(now.is_some());
            changed += usize::from(before != now);
            let (Some(before), Some(now)) = (before, now) else {
                came_or_went += usize::from(before != now);
                continue;
            };
            both += 1;
            texts += before.texts.iter().zip(now.texts).filter(|(old, new)| old != new).count();
            let earlier = if frame > 1 { stream.row(frame - 2, slot) } else { None };
            let earlier = earlier.unwrap_or(before).lanes;
            for (n, [count, steps, surprises]) in sums.iter_mut().enumerate() {
                let (old, new) = (before.lanes[n], now.lanes[n]);
                if old != new {
                    *count += 1;
                    *steps += old.abs_diff(new) as usize;
                    *surprises += (2 * old - earlier[n]).abs_diff(new) as usize;
                }
            }
        }
    }
    let frames = stream.frames.len().saturating_sub(1).max(1);
    let each = |count: usize| count as f64 / frames as f64;
    let lane = |([count, steps, surprises], info): (&[usize; 3], &LaneInfo)| LaneFigures {
        name: info.name,
        share: *count as f64 / both.max(1) as f64,
        step: *steps as f64 / (*count).max(1) as f64,
        surprise: *surprises as f64 / (*count).max(1) as f64,
    };
    Figures {
        name: stream.name,
        frames: stream.frames.len(),
        slots: stream.slots,
        hz: stream.hz,
        alive: each(alive),
        changed: each(changed),
        came_or_went: each(came_or_went),
        texts: each(texts),
        lanes: sums.iter().zip(stream.lanes).map(lane).collect(),
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, frames, slots, hz, alive, changed, came_or_went, texts, .. } = self;
        writeln!(f, "{name}: {frames} frames at {hz} Hz, {slots} slots, {alive:.0} alive")?;
        write!(f, "  changed in a frame: {changed:.1} ({:.1} %)", 100.0 * changed / alive)?;
        writeln!(f, ", came or went {came_or_went:.2}, texts {texts:.2}")?;
        for LaneFigures { name, share, step, surprise } in &self.lanes {
            let share = 100.0 * share;
            writeln!(
                f,
                "  {name:8} changes in {share:5.1} %, by {step:.1}, {surprise:.1} off its course"
            )?;
        }
        Ok(())
    }
}
