//! What a state codec is measured with: seeded streams of quantised rows, the same on every machine
//! (only `+ - * /` and `sqrt` of `f64`), and what they are like.
//!
//! | stream | what it is |
//! |---|---|
//! | [`bodies`] | 901 rigid bodies at 60 Hz, a player ploughs through them: noisy motion |
//! | [`walks`] | 500 walkers with a heading that come and go: smooth motion |
//! | [`texts`] | 100 people with names and statuses, and a chat: text |
//! | [`idle`] | 2,000 entities, ten of which change in a frame: hardly anything |

pub mod bodies;
pub mod dump;
pub mod figures;
pub mod idle;
pub mod ladders;
mod physics;
mod quaternion;
mod random;
pub mod texts;
pub mod walks;

/// How many frames a measurement takes.
pub const FRAMES: usize = 600;

/// A lane of a row: an integer within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneInfo {
    /// What it is.
    pub name: &'static str,
    /// The least value.
    pub min: i32,
    /// The greatest value.
    pub max: i32,
}

/// A lane with its bounds.
const fn lane(name: &'static str, min: i32, max: i32) -> LaneInfo {
    LaneInfo { name, min, max }
}

/// States of one room, one a frame.
pub struct Stream {
    /// Its name.
    pub name: &'static str,
    /// Frames a second.
    pub hz: u32,
    /// Where entities can be: slots from 0.
    pub slots: usize,
    /// The lanes of an entity.
    pub lanes: &'static [LaneInfo],
    /// The texts of an entity.
    pub texts: &'static [&'static str],
    /// Lists of texts that belong to the room.
    pub lists: &'static [&'static str],
    /// The states, oldest first.
    pub frames: Vec<Frame>,
}

/// One state. An entity that comes into a slot finds it empty for at least one frame, so that two
/// entities are never taken for one.
#[derive(Clone, Default)]
pub struct Frame {
    /// Whether an entity is in this slot.
    pub alive: Vec<bool>,
    /// The lanes, slot after slot; zeros where nobody is.
    pub lanes: Vec<i32>,
    /// The texts, slot after slot; empty where nobody is.
    pub texts: Vec<String>,
    /// The room's lists.
    pub lists: Vec<Vec<String>>,
}

/// An entity in a frame.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its lanes.
    pub lanes: &'a [i32],
    /// Its texts.
    pub texts: &'a [String],
}

impl Stream {
    /// A stream without frames.
    fn new(name: &'static str, hz: u32, slots: usize, lanes: &'static [LaneInfo]) -> Self {
        Stream { name, hz, slots, lanes, texts: &[], lists: &[], frames: Vec::new() }
    }

    /// The entity in this slot of this frame.
    pub fn row(&self, frame: usize, slot: usize) -> Option<Row<'_>> {
        let (lanes, texts) = (self.lanes.len(), self.texts.len());
        let frame = &self.frames[frame];
        frame.alive[slot].then(|| Row {
            lanes: &frame.lanes[slot * lanes..(slot + 1) * lanes],
            texts: &frame.texts[slot * texts..(slot + 1) * texts],
        })
    }

    /// One more frame without entities.
    fn push(&mut self) -> &mut Frame {
        self.frames.push(Frame {
            alive: vec![false; self.slots],
            lanes: vec![0; self.slots * self.lanes.len()],
            texts: vec![String::new(); self.slots * self.texts.len()],
            lists: vec![Vec::new(); self.lists.len()],
        });
        self.frames.last_mut().expect("just pushed")
    }
}

impl Frame {
    /// Puts an entity into a slot.
    fn put(&mut self, slot: usize, lanes: &[i32], texts: &[&str]) {
        self.alive[slot] = true;
        self.lanes[slot * lanes.len()..(slot + 1) * lanes.len()].copy_from_slice(lanes);
        for (n, text) in texts.iter().enumerate() {
            self.texts[slot * texts.len() + n] = (*text).to_owned();
        }
    }
}

/// All streams, each of so many frames.
pub fn all(frames: usize) -> Vec<Stream> {
    vec![bodies::stream(frames), walks::stream(frames), texts::stream(frames), idle::stream(frames)]
}
