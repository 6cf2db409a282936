//! The last frames of a room, and the bodies made from them.
//!
//! The step from the frame before is worked out once, when a frame is added; bodies for all who
//! have that frame are put together from its records. A viewer that missed frames gets one change
//! from what it was last handed to now, as long as that frame is still here; after that, the whole
//! state. Only frames that some viewer stands on are kept: while all are in step these are two,
//! whatever the bounds allow.

use std::collections::{BTreeMap, VecDeque};

use greenroom_proto::codec::{
    Snapshot, Step, Viewer, advance, put_change_body, put_step_body, view_hash, visible,
};
use greenroom_proto::frame::{Base, write_body_head};
use greenroom_proto::{Layout, Rows, Sight, Sizes, Tick, TooLarge};

use super::views::{Looker, View, ViewKey};
use crate::planted::{self, Bug};

/// Frames between two that carry a state hash.
pub const HASH_EVERY: u32 = 32;

/// Memory for bodies that is kept from frame to frame, in bytes: steps take less, and whole states
/// of a large world must not stay.
const BODIES_KEPT: usize = 16 * 1024;

/// Bounds of a history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryLimits {
    /// Frames kept at most.
    pub frames_max: usize,
    /// Memory that they take at most, in bytes; the newest is kept whatever its size. What not all
    /// may see counts too: whoever is behind can tell from a whole state that there is much of it.
    pub bytes_max: usize,
}

/// The newest frames, and the encoded bodies of the newest.
#[derive(Debug)]
pub struct History {
    layout: Layout,
    limits: HistoryLimits,
    /// What every whole state is a change of.
    initial: Snapshot,
    frames: VecDeque<(Tick, Snapshot)>,
    /// The frame made before the newest, and the step from there.
    previous: Option<Tick>,
    step: Step,
    spare: Option<Snapshot>,
    bytes: usize,
    frames_made: u32,
    sizes: Sizes,
    views: BTreeMap<ViewKey, View>,
    looker: Looker,
    /// Bodies made of the newest frame, one behind the other; behind those that are shared, the
    /// last that was for one player.
    bodies: Vec<u8>,
    shared_end: usize,
    made: Vec<Made>,
}

#[derive(Debug)]
struct Made {
    base: Option<Tick>,
    view: Option<ViewKey>,
    bytes: std::ops::Range<usize>,
}

/// How a body came about, for counting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyKind {
    /// The whole state.
    Full,
    /// The step from the frame before.
    Step,
    /// The change from an older frame.
    Merged,
}

impl History {
    /// A history without frames.
    #[must_use]
    pub fn new(layout: Layout, limits: HistoryLimits) -> Self {
        History {
            initial: Snapshot::initial(&layout),
            layout,
            limits,
            frames: VecDeque::new(),
            previous: None,
            step: Step::default(),
            spare: None,
            bytes: 0,
            frames_made: 0,
            sizes: Sizes::default(),
            views: BTreeMap::new(),
            looker: Looker::default(),
            bodies: Vec::new(),
            shared_end: 0,
            made: Vec::new(),
        }
    }

    /// Whether different viewers may see different things.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.layout.is_restricted()
    }

    /// Drops the frames that nobody stands on any more; `bases` are those of all viewers. The
    /// newest stays: it is the next base.
    pub fn keep_bases(&mut self, bases: impl Iterator<Item = (ViewKey, Tick)>) {
        let restricted = self.is_restricted();
        let (mut ticks, mut stands) = (Vec::new(), Vec::new());
        for (view, tick) in bases {
            // Nearly all stand on the same.
            if ticks.last() != Some(&tick) {
                ticks.push(tick);
            }
            if restricted {
                stands.push((view, tick));
            }
        }
        ticks.sort_unstable();
        stands.sort_unstable();
        let mut place = 0;
        while place + 1 < self.frames.len() {
            let kept = planted::makes(Bug::HistoryUnbounded);
            if kept || ticks.binary_search(&self.frames[place].0).is_ok() {
                place += 1;
            } else if let Some((_, frame)) = self.frames.remove(place) {
                self.recycle(frame);
            }
        }
        // Both ascend by view.
        let mut rest = stands.as_slice();
        self.views.retain(|key, view| {
            rest = &rest[rest.iter().take_while(|(other, _)| other < key).count()..];
            let count = rest.iter().take_while(|(other, _)| other == key).count();
            let own = &rest[..count];
            view.keep(|tick| own.iter().any(|(_, base)| *base == tick));
            count > 0
        });
    }

    fn recycle(&mut self, frame: Snapshot) {
        self.bytes -= frame.bytes();
        self.spare = Some(frame);
    }

    /// A state of more bytes than these is refused: its game does not allow it.
    #[must_use]
    pub fn with_states_at_most(self, bytes_max: usize) -> Self {
        History { sizes: Sizes::at_most(bytes_max), ..self }
    }

    /// Adds a frame; `publish` writes its rows. One that clients would refuse is none: whoever asks
    /// gets the frame before.
    pub fn push(&mut self, tick: Tick, publish: impl FnOnce(&mut Rows)) -> Result<(), TooLarge> {
        let mut now = self.spare.take().unwrap_or_default();
        now.publish(publish);
        if let Err(error) = self.sizes.admit(&self.layout, now.rows()) {
            self.spare = Some(now);
            return Err(error);
        }
        let before = self.frames.back().map_or(&self.initial, |(_, frame)| frame);
        advance(&self.layout, before, &mut now, &mut self.step);
        self.previous = self.frames.back().map(|(tick, _)| *tick);
        self.bytes += now.bytes();
        self.frames.push_back((tick, now));
        self.frames_made = self.frames_made.wrapping_add(1);
        self.bodies.clear();
        self.bodies.shrink_to(BODIES_KEPT);
        self.shared_end = 0;
        self.made.clear();
        self.looker.restart(self.layout.tables().len());
        while self.frames.len() > self.limits.frames_max.max(1)
            || (self.bytes > self.limits.bytes_max && self.frames.len() > 2)
        {
            if let Some((_, frame)) = self.frames.pop_front() {
                self.recycle(frame);
            }
        }
        Ok(())
    }

    /// The newest frame.
    #[must_use]
    pub fn newest(&self) -> Option<(Tick, &Rows)> {
        self.frames.back().map(|(tick, frame)| (*tick, frame.rows()))
    }

    /// How many frames are kept.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// The rows of the newest frame that somebody with this sight sees, as their replica has them.
    #[must_use]
    pub fn seen(&mut self, view: ViewKey, sight: &Sight) -> Option<Rows> {
        let is_restricted = self.look(view, sight).is_some();
        let (_, frame) = self.frames.back()?;
        let members = self.views.get(&view).filter(|_| is_restricted).and_then(View::newest);
        Some(visible(&self.layout, frame, members.map(|(_, members)| members)))
    }

    /// The body that brings a viewer from `base` (the frame last handed to it, with an equal
    /// sight) to the newest frame. Made once and shared by all viewers with the same base and
    /// view.
    ///
    /// `None` before the first frame, and for a viewer that has the newest already.
    pub fn body(
        &mut self,
        base: Option<Tick>,
        view: ViewKey,
        sight: &Sight,
    ) -> Option<(&[u8], BodyKind)> {
        let newest = self.frames.back()?.0;
        if base == Some(newest) {
            return None;
        }
        let seen = self.look(view, sight);
        let sees_base = seen.is_none_or(|seen| base.is_none_or(|base| seen.at(base).is_some()));
        let view = seen.is_some().then_some(view);
        // A frame names its tick by the low 16 bits.
        let near = |base: Tick| newest.0.wrapping_sub(base.0) < 1 << 15;
        let base = base.filter(|base| sees_base && near(*base) && self.place(*base).is_some());
        let kind = match base {
            None => BodyKind::Full,
            Some(base) if self.previous == Some(base) => BodyKind::Step,
            Some(_) if planted::makes(Bug::MergedForStep) => BodyKind::Step,
            Some(_) => BodyKind::Merged,
        };
        // What a player alone sees is asked for once.
        let shared = !matches!(view, Some(ViewKey::Player(_)));
        let mut made = self.made.iter().filter(|_| shared);
        let bytes = match made.find(|made| made.base == base && made.view == view) {
            Some(made) => made.bytes.clone(),
            None => self.make(base, view, kind),
        };
        Some((&self.bodies[bytes], kind))
    }

    fn place(&self, tick: Tick) -> Option<usize> {
        self.frames.binary_search_by_key(&tick, |(tick, _)| *tick).ok()
    }

    /// The view of this sight, which now knows what it sees in the newest frame. `None` if all
    /// see everything.
    fn look(&mut self, key: ViewKey, sight: &Sight) -> Option<&View> {
        let (tick, frame) = self.frames.back().filter(|_| self.layout.is_restricted())?;
        let view = self.views.entry(key).or_default();
        if view.newest().is_none_or(|(seen, _)| seen != *tick) {
            self.looker.look(&self.layout, frame.rows(), sight, *tick, view);
        }
        Some(view)
    }

    fn make(
        &mut self,
        base: Option<Tick>,
        key: Option<ViewKey>,
        kind: BodyKind,
    ) -> std::ops::Range<usize> {
        let start = self.shared_end;
        self.bodies.truncate(start);
        let Some((tick, now)) = self.frames.back() else { return start..start };
        let view = key.and_then(|key| self.views.get(&key));
        let members = view.and_then(View::newest).map(|(_, members)| members);
        // Whoever may have been led astray before learns it from these.
        let hashed = kind != BodyKind::Step || self.frames_made.is_multiple_of(HASH_EVERY);
        let hash = hashed.then(|| view_hash(&self.layout, now, members));
        let base_frame = base.and_then(|base| self.place(base)).map(|place| &self.frames[place].1);
        let out = &mut self.bodies;
        let wire_base = match (kind, base) {
            (BodyKind::Step, _) => Base::Step,
            (BodyKind::Merged, Some(base)) => Base::Older(base),
            _ => Base::Nothing,
        };
        write_body_head(wire_base, *tick, hash, out);
        let nothing = Default::default();
        let viewer = match (view, members) {
            (Some(view), Some(now)) => {
                let before = base.and_then(|base| view.at(base)).unwrap_or(&nothing);
                Viewer::Some { before, now }
            }
            _ => Viewer::All,
        };
        if kind == BodyKind::Step {
            put_step_body(&self.layout, (now, &self.step), viewer, out);
        } else {
            let base = base_frame.unwrap_or(&self.initial);
            put_change_body(&self.layout, base, (now, &self.step), viewer, out);
        }
        let bytes = start..out.len();
        if !matches!(key, Some(ViewKey::Player(_))) {
            self.shared_end = bytes.end;
            self.made.push(Made { base, view: key, bytes: bytes.clone() });
        }
        bytes
    }
}
