//! What a room has handed over for those who look on and they have not been shown yet: frames until
//! it is time for them, and events until each of those who look on has them.
//!
//! Whoever shows them may be slow, or fail and begin again. A frame that is due takes the place of
//! one that is due already; frames that wait for their time are thinned out when they take too much
//! memory, so that they come as late as they should and less often.

use std::collections::VecDeque;
use std::sync::Arc;

use greenroom_proto::{EventKind, Rows, Sight, Tick};

/// Bounds of a backlog.
#[derive(Clone, Copy, Debug)]
pub struct BacklogLimits {
    /// Memory of the frames that wait, in bytes; the newest two are kept whatever their size.
    pub bytes_max: usize,
    /// Events.
    pub events_max: usize,
    /// Their bytes.
    pub event_bytes_max: usize,
}

/// A frame as it was published.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The step after which.
    pub tick: Tick,
    /// All of it, what is hidden too.
    pub rows: Rows,
    /// Which part is for those who look on.
    pub sight: Sight,
}

/// Something that everybody is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicEvent {
    /// When it happened.
    pub tick: Tick,
    /// Whose it is.
    pub kind: EventKind,
    /// As the game encoded it, or the room.
    pub body: Arc<[u8]>,
}

/// Frames and events that wait. Times are milliseconds of the host's clock.
#[derive(Debug)]
pub struct Backlog {
    limits: BacklogLimits,
    delay_ms: u64,
    frames: VecDeque<(u64, Shown)>,
    bytes: usize,
    events: VecDeque<PublicEvent>,
    event_bytes: usize,
    /// Number of the last event before those kept.
    before: u32,
}

impl Backlog {
    /// An empty one, whose frames are shown so much later.
    #[must_use]
    pub fn new(limits: BacklogLimits, delay_ms: u64) -> Self {
        Backlog {
            limits,
            delay_ms,
            frames: VecDeque::new(),
            bytes: 0,
            events: VecDeque::new(),
            event_bytes: 0,
            before: 0,
        }
    }

    /// A frame is there.
    pub fn put(&mut self, now_ms: u64, shown: Shown) {
        self.bytes += shown.rows.bytes();
        self.frames.push_back((now_ms + self.delay_ms, shown));
        self.drop_outdated(now_ms);
        while self.bytes > self.limits.bytes_max && self.frames.len() > 2 {
            self.thin_out();
        }
    }

    /// Something happened that everybody is told.
    pub fn tell(&mut self, event: PublicEvent) {
        self.event_bytes += event.body.len();
        self.events.push_back(event);
        while self.events.len() > self.limits.events_max
            || self.event_bytes > self.limits.event_bytes_max
        {
            let Some(oldest) = self.events.pop_front() else { break };
            self.event_bytes -= oldest.body.len();
            self.before = self.before.wrapping_add(1);
        }
    }

    /// The newest frame that is due; those before it are not shown any more.
    pub fn take(&mut self, now_ms: u64) -> Option<Shown> {
        self.drop_outdated(now_ms);
        let (due, _) = self.frames.front()?;
        if *due > now_ms {
            return None;
        }
        let (_, shown) = self.frames.pop_front()?;
        self.bytes -= shown.rows.bytes();
        Some(shown)
    }

    /// When the next frame is due.
    #[must_use]
    pub fn due_ms(&self) -> Option<u64> {
        self.frames.front().map(|(due, _)| *due)
    }

    /// Number of the last event up to this tick, which is that of a frame that was shown.
    #[must_use]
    pub fn newest_event(&self, tick: Tick) -> u32 {
        let told = self.events.iter().take_while(|event| event.tick <= tick).count();
        self.before.wrapping_add(told as u32)
    }

    /// The events after number `after` and up to this tick; those that are not kept any more are
    /// left out. Returns the number before the first of them, too.
    #[must_use]
    pub fn events_after(&self, after: u32, tick: Tick) -> (u32, Vec<PublicEvent>) {
        let skip = after.wrapping_sub(self.before) as usize;
        let skip = if skip <= self.events.len() { skip } else { 0 };
        let events = self.events.iter().skip(skip).take_while(|event| event.tick <= tick);
        (self.before.wrapping_add(skip as u32), events.cloned().collect())
    }

    /// Nobody looks on: nothing need be kept.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
        self.before = self.before.wrapping_add(self.events.len() as u32);
        self.events.clear();
        self.event_bytes = 0;
    }

    /// Of frames that are due only the newest counts.
    fn drop_outdated(&mut self, now_ms: u64) {
        while self.frames.get(1).is_some_and(|(due, _)| *due <= now_ms) {
            self.drop_frame(0);
        }
    }

    /// Leaves out the frame that is missed least: the one whose neighbours are the closest. So those
    /// that are left are shown about as far apart from each other, however long it goes on. The first
    /// and the newest stay.
    fn thin_out(&mut self) {
        let gap = |place: &usize| self.frames[place + 1].0.abs_diff(self.frames[place - 1].0);
        if let Some(place) = (1..self.frames.len() - 1).min_by_key(gap) {
            self.drop_frame(place);
        }
    }

    fn drop_frame(&mut self, place: usize) {
        if let Some((_, shown)) = self.frames.remove(place) {
            self.bytes -= shown.rows.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BacklogLimits =
        BacklogLimits { bytes_max: 1 << 20, events_max: 4, event_bytes_max: 100 };

    fn shown(tick: u32) -> Shown {
        Shown { tick: Tick(tick), rows: Rows::default(), sight: Sight::public() }
    }

    fn event(tick: u32, bytes: usize) -> PublicEvent {
        PublicEvent {
            tick: Tick(tick),
            kind: EventKind::Game,
            body: vec![tick as u8; bytes].into(),
        }
    }

    fn taken(backlog: &mut Backlog, now_ms: u64) -> Option<u32> {
        backlog.take(now_ms).map(|shown| shown.tick.0)
    }

    #[test]
    fn without_a_delay_only_the_newest_frame_waits() {
        let mut backlog = Backlog::new(LIMITS, 0);
        (1..=5).for_each(|tick| backlog.put(10 * u64::from(tick), shown(tick)));
        assert_eq!(backlog.frames.len(), 1);
        assert_eq!(taken(&mut backlog, 50), Some(5));
        assert_eq!(taken(&mut backlog, 60), None);
    }

    #[test]
    fn a_frame_is_shown_when_its_time_has_come_and_not_before() {
        let mut backlog = Backlog::new(LIMITS, 100);
        (1..=5).for_each(|tick| backlog.put(10 * u64::from(tick), shown(tick)));
        assert_eq!(backlog.due_ms(), Some(110));
        assert_eq!(taken(&mut backlog, 109), None);
        assert_eq!(taken(&mut backlog, 110), Some(1));
        // Whoever is slow sees the newest that is due.
        assert_eq!(taken(&mut backlog, 139), Some(3));
        assert_eq!(taken(&mut backlog, 139), None);
        assert_eq!(taken(&mut backlog, 1000), Some(5));
    }

    #[test]
    fn frames_that_take_too_much_memory_come_less_often_and_as_late() {
        let layout = greenroom_proto::layout_of::<crate::games::connect4::State>();
        let rows = Rows::initial(&layout).unwrap();
        let bytes_max = 40 * rows.bytes();
        let mut backlog = Backlog::new(BacklogLimits { bytes_max, ..LIMITS }, 10_000);
        for tick in 1..=1000u32 {
            backlog.put(u64::from(tick) * 10, Shown { rows: rows.clone(), ..shown(tick) });
            let sum: usize = backlog.frames.iter().map(|(_, shown)| shown.rows.bytes()).sum();
            assert_eq!(sum, backlog.bytes);
            assert!(backlog.bytes <= bytes_max);
        }
        assert_eq!(backlog.frames.back().unwrap().1.tick, Tick(1000));
        let dues: Vec<u64> = backlog.frames.iter().map(|(due, _)| *due).collect();
        assert!(dues.is_sorted() && dues[0] >= 10_010 && dues.len() >= 20, "{dues:?}");
        // 40 frames of 1,000: evenly they are 250 ms apart.
        assert!(dues.windows(2).all(|two| two[1] - two[0] <= 500), "{dues:?}");
        // Not one is shown before its time.
        assert!(backlog.take(dues[0] - 1).is_none() && backlog.take(dues[0]).is_some());
    }

    #[test]
    fn events_are_numbered_and_told_up_to_a_tick() {
        let mut backlog = Backlog::new(LIMITS, 0);
        (1..=4).for_each(|tick| backlog.tell(event(tick, 1)));
        assert_eq!(backlog.newest_event(Tick(2)), 2);
        let (before, events) = backlog.events_after(1, Tick(3));
        assert_eq!((before, events), (1, vec![event(2, 1), event(3, 1)]));
        assert_eq!(backlog.events_after(3, Tick(3)), (3, Vec::new()));
    }

    #[test]
    fn the_oldest_events_go_and_whoever_missed_them_can_tell() {
        let mut backlog = Backlog::new(LIMITS, 0);
        (1..=6).for_each(|tick| backlog.tell(event(tick, 1)));
        let (before, events) = backlog.events_after(0, Tick(9));
        assert_eq!((before, events.len()), (2, 4));
        backlog.tell(event(7, 99));
        assert_eq!(backlog.events_after(0, Tick(9)), (5, vec![event(6, 1), event(7, 99)]));
        backlog.clear();
        assert_eq!(backlog.newest_event(Tick(9)), 7);
        backlog.tell(event(8, 1));
        assert_eq!(backlog.events_after(7, Tick(9)), (7, vec![event(8, 1)]));
    }
}
