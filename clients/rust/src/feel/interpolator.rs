//! Others, drawn smoothly.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::fields::{Field, Fields};
use super::glide::Glide;
use super::recent::Recent;
use super::{duration, ms};

/// Frames that are kept: those that are behind the picture are dropped as it goes on.
const FRAMES: usize = 64;
/// The picture goes faster or slower by so much, to change its delay: 100 ms take half a second or
/// more.
const RATE: f64 = 0.2;
/// A picture that is further off than this jumps: the program was asleep.
const JUMP_MS: f64 = 1000.0;

/// How others are drawn.
#[derive(Clone, Debug)]
pub struct Interpolation<E> {
    /// What moves.
    pub fields: Vec<Field<E>>,
    /// Whether an entity may have gone from the one state to the other, rather than jumped.
    pub is_same: fn(&E, &E) -> bool,
    /// Later than that the picture is never; entities stand still when frames are even later.
    pub delay_max: Duration,
    /// For so long entities go on as they went when no frame comes.
    pub extrapolate: Duration,
}

impl<E> Interpolation<E> {
    /// As it is usual: 500 ms late at most, 100 ms further.
    pub fn of(fields: impl Into<Vec<Field<E>>>) -> Self {
        Interpolation {
            fields: fields.into(),
            is_same: |_, _| true,
            delay_max: Duration::from_millis(500),
            extrapolate: Duration::from_millis(100),
        }
    }
}

/// Others, drawn smoothly: where they were a little while ago, between two frames of which both are
/// there. How long ago follows from how irregularly frames come, and changes without a jump.
#[derive(Clone, Debug)]
pub struct Interpolator<K, E> {
    fields: Fields<E>,
    is_same: fn(&E, &E) -> bool,
    delay_max_ms: f64,
    extrapolate_ms: f64,
    frames: VecDeque<Frame<K, E>>,
    late: Recent,
    interval_ms: f64,
    glide: Glide,
    delay_ms: f64,
    time_ms: f64,
}

#[derive(Clone, Debug)]
struct Frame<K, E> {
    time_ms: f64,
    entities: BTreeMap<K, E>,
}

impl<K: Ord + Clone, E: Clone> Interpolator<K, E> {
    /// Nothing yet.
    #[must_use]
    pub fn new(how: Interpolation<E>) -> Self {
        Interpolator {
            fields: Fields(how.fields),
            is_same: how.is_same,
            delay_max_ms: ms(how.delay_max),
            extrapolate_ms: ms(how.extrapolate),
            frames: VecDeque::new(),
            late: Recent::default(),
            interval_ms: 0.0,
            glide: Glide::new(RATE, JUMP_MS),
            delay_ms: 0.0,
            time_ms: 0.0,
        }
    }

    /// How late the picture is: after the newest frame that could be here by now.
    #[must_use]
    pub fn delay(&self) -> Duration {
        duration(self.delay_ms)
    }

    /// The time in the room that was last drawn: what a player who aims has seen.
    #[must_use]
    pub fn time(&self) -> Duration {
        duration(self.time_ms)
    }

    /// A frame came `now`: its time in the room, a tick's being `tick / tick_hz` seconds, and each
    /// entity by a key that is its own.
    pub fn push(
        &mut self,
        time: Duration,
        entities: impl IntoIterator<Item = (K, E)>,
        now: Duration,
    ) {
        let time_ms = ms(time);
        if let Some(last) = self.frames.back() {
            let step = time_ms - last.time_ms;
            if step == 0.0 {
                return;
            } else if step < 0.0 {
                // Another room, or the same from an earlier point on.
                self.restart();
            } else {
                // Frames that are left out do not make the picture later.
                let longest = if self.interval_ms == 0.0 { step } else { self.interval_ms * 1.1 };
                self.interval_ms = step.min(longest);
            }
        }
        if self.frames.len() == FRAMES {
            self.frames.pop_front();
        }
        self.frames.push_back(Frame { time_ms, entities: entities.into_iter().collect() });
        self.late.add(ms(now) - time_ms);
    }

    /// What to draw `now`; empty before the first frame.
    pub fn at(&mut self, now: Duration) -> BTreeMap<K, E> {
        let (Some(level), Some(least)) = (self.late.level(), self.late.least()) else {
            return BTreeMap::new();
        };
        let late = (level - least + self.interval_ms).min(self.delay_max_ms);
        let arriving = ms(now) - least;
        self.glide.follow(ms(now), arriving - late);
        // When frames come again the picture goes on from where it stopped, and catches up.
        let newest = self.frames.back().map_or(0.0, |frame| frame.time_ms);
        self.time_ms = self.glide.hold(newest + self.extrapolate_ms);
        self.delay_ms = arriving - self.time_ms;
        self.picture()
    }

    /// Nothing that came before holds any more: after another connection, in another room.
    pub fn restart(&mut self) {
        self.frames.clear();
        self.late.clear();
        self.interval_ms = 0.0;
        self.glide.restart();
    }

    fn picture(&mut self) -> BTreeMap<K, E> {
        let time = self.time_ms;
        // The two around this time; the last two, where it is after them.
        while self.frames.len() > 2 && self.frames[1].time_ms <= time {
            self.frames.pop_front();
        }
        let Some(from) = self.frames.front() else { return BTreeMap::new() };
        let to = self.frames.get(1).unwrap_or(from);
        let step = to.time_ms - from.time_ms;
        let share = if step > 0.0 { ((time - from.time_ms) / step).max(0.0) } else { 0.0 };
        let shown = if share >= 1.0 { to } else { from };
        let between = |(key, entity): (&K, &E)| {
            let pair = from.entities.get(key).zip(to.entities.get(key));
            let moved = pair.and_then(|(one, other)| self.between(one, other, share));
            (key.clone(), moved.unwrap_or_else(|| entity.clone()))
        };
        shown.entities.iter().map(between).collect()
    }

    fn between(&self, one: &E, other: &E, share: f64) -> Option<E> {
        (self.is_same)(one, other).then(|| {
            let difference = self.fields.difference(one, other);
            // Beyond the last frame it is that frame's entity which goes on.
            match share >= 1.0 {
                true => self.fields.moved(other.clone(), &difference, share - 1.0),
                false => self.fields.moved(one.clone(), &difference, share),
            }
        })
    }
}
