//! The last frames of a room, and the bodies made from them.
//!
//! A viewer that missed frames gets one change from what it was last handed to now, as long as
//! that frame is still here; after that, the whole state. Only frames that some viewer stands on
//! are kept: while all are in step these are two, whatever the bounds allow.

use std::collections::VecDeque;
use std::sync::Arc;

use greenroom_proto::frame::write_body;
use greenroom_proto::{Rows, Tick};

/// Frames between two that carry a state hash.
pub const HASH_EVERY: u32 = 32;

/// Bounds of a history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryLimits {
    /// Frames kept at most.
    pub frames_max: usize,
    /// Memory that they take at most, in bytes; the newest is kept whatever its size.
    pub bytes_max: usize,
}

/// The rows of the newest frames, and the encoded bodies of the newest.
#[derive(Debug)]
pub struct History {
    limits: HistoryLimits,
    frames: VecDeque<(Tick, Rows)>,
    /// The frame made before the newest.
    previous: Option<Tick>,
    spare: Option<Rows>,
    bytes: usize,
    frames_made: u32,
    bodies: Vec<(Option<Tick>, Arc<[u8]>)>,
    scratch: Vec<u8>,
}

/// How a body came about, for counting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyKind {
    /// The whole state.
    Full,
    /// The change from the frame before.
    Step,
    /// The change from an older frame.
    Merged,
}

impl History {
    /// A history without frames.
    #[must_use]
    pub fn new(limits: HistoryLimits) -> Self {
        History {
            limits,
            frames: VecDeque::new(),
            previous: None,
            spare: None,
            bytes: 0,
            frames_made: 0,
            bodies: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Drops the frames that nobody stands on any more. The newest stays: it is the next base.
    pub fn keep_bases(&mut self, is_base: impl Fn(Tick) -> bool) {
        let mut place = 0;
        while place + 1 < self.frames.len() {
            if is_base(self.frames[place].0) {
                place += 1;
            } else if let Some((_, rows)) = self.frames.remove(place) {
                self.recycle(rows);
            }
        }
    }

    fn recycle(&mut self, rows: Rows) {
        self.bytes -= rows.bytes();
        self.spare = Some(rows);
    }

    /// Adds a frame; `publish` writes its rows.
    pub fn push(&mut self, tick: Tick, publish: impl FnOnce(&mut Rows)) {
        self.previous = self.frames.back().map(|(tick, _)| *tick);
        let mut rows = self.spare.take().unwrap_or_default();
        publish(&mut rows);
        self.bytes += rows.bytes();
        self.frames.push_back((tick, rows));
        self.frames_made = self.frames_made.wrapping_add(1);
        self.bodies.clear();
        while self.frames.len() > self.limits.frames_max.max(1)
            || (self.bytes > self.limits.bytes_max && self.frames.len() > 2)
        {
            if let Some((_, rows)) = self.frames.pop_front() {
                self.recycle(rows);
            }
        }
    }

    /// The newest frame.
    #[must_use]
    pub fn newest(&self) -> Option<(Tick, &Rows)> {
        self.frames.back().map(|(tick, rows)| (*tick, rows))
    }

    /// How many frames are kept.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// The body that brings a viewer from `base` (the frame last handed to it) to the newest
    /// frame. Made once and shared by all viewers with the same base.
    ///
    /// `None` before the first frame, and for a viewer that has the newest already.
    pub fn body(&mut self, base: Option<Tick>) -> Option<(Arc<[u8]>, BodyKind)> {
        let (tick, rows) = self.frames.back()?;
        if base == Some(*tick) {
            return None;
        }
        let base = base.and_then(|base| {
            let place = self.frames.binary_search_by_key(&base, |(tick, _)| *tick).ok()?;
            Some((place, &self.frames[place]))
        });
        let kind = match base {
            None => BodyKind::Full,
            Some((_, (tick, _))) if self.previous == Some(*tick) => BodyKind::Step,
            Some(_) => BodyKind::Merged,
        };
        let key = base.map(|(_, (tick, _))| *tick);
        if let Some((_, body)) = self.bodies.iter().find(|(made, _)| *made == key) {
            return Some((Arc::clone(body), kind));
        }
        // Whoever may have been led astray before learns it from these.
        let hashed = kind != BodyKind::Step || self.frames_made.is_multiple_of(HASH_EVERY);
        self.scratch.clear();
        let base = base.map(|(_, (tick, rows))| (*tick, rows));
        write_body(base, *tick, rows, hashed, &mut self.scratch);
        let body: Arc<[u8]> = self.scratch.as_slice().into();
        self.bodies.push((key, Arc::clone(&body)));
        Some((body, kind))
    }
}
