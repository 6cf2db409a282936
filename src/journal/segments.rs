//! Which segments there are, and which are needed by nobody any more.

use std::collections::VecDeque;

/// Live data may make up this part of the journal at least, however much there is of it: rooms that
/// stand in old segments write their state again only so often that this costs a third more
/// writing.
const DISK_PER_LIVE: u64 = 4;

/// A segment on disk.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) bytes: u64,
    /// Rooms whose last start is in here.
    rooms: usize,
    /// What cannot be read is set aside, not deleted.
    pub(super) damaged: bool,
    /// The journal's position when it was seen that no room needs it: what made it so lies before
    /// that, and must be on disk first.
    idle_at: Option<u64>,
}

/// All segments, oldest first. They go in this order: the end of a room must not go before the
/// start that it ends.
#[derive(Default, Debug)]
pub(super) struct Segments(VecDeque<Segment>);

impl Segments {
    pub(super) fn push(&mut self, number: u64, bytes: u64, damaged: bool) {
        self.0.push_back(Segment { number, bytes, rooms: 0, damaged, idle_at: None });
    }

    /// Those after this one could not be made.
    pub(super) fn drop_after(&mut self, number: u64) {
        self.0.retain(|segment| segment.number <= number);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn disk_bytes(&self) -> u64 {
        self.0.iter().map(|segment| segment.bytes).sum()
    }

    pub(super) fn oldest(&self) -> Option<u64> {
        self.0.front().map(|segment| segment.number)
    }

    pub(super) fn set_bytes(&mut self, number: u64, bytes: u64) {
        if let Some(segment) = self.find(number) {
            segment.bytes = bytes;
        }
    }

    /// A room's last start is in this segment now.
    pub(super) fn hold(&mut self, number: u64) {
        if let Some(segment) = self.find(number) {
            segment.rooms += 1;
            segment.idle_at = None;
        }
    }

    /// And in this one no more.
    pub(super) fn release(&mut self, number: u64) {
        if let Some(segment) = self.find(number) {
            segment.rooms -= 1;
        }
    }

    /// From the newest on, which is the one that is asked for most.
    fn find(&mut self, number: u64) -> Option<&mut Segment> {
        self.0.iter_mut().rev().find(|segment| segment.number == number)
    }

    /// Up to which segment rooms should write their state again, for the journal to get as small
    /// as it should be.
    pub(super) fn crowded_up_to(&self, live_bytes: u64, disk_bytes_max: u64) -> Option<u64> {
        let allowed = disk_bytes_max.max(live_bytes.saturating_mul(DISK_PER_LIVE));
        let mut over = self.disk_bytes().saturating_sub(allowed);
        let mut up_to = None;
        // Nobody can leave the newest.
        for segment in self.0.iter().take(self.len().saturating_sub(1)) {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(segment.bytes);
            up_to = Some(segment.number);
        }
        up_to
    }

    /// Takes out the oldest segment if nothing in it is needed: no room's last start, and what made
    /// that so is on disk. `position`: of the journal; `synced`: up to which all is on disk.
    pub(super) fn take_idle(&mut self, position: u64, synced: u64) -> Option<Segment> {
        if self.len() < 2 {
            return None;
        }
        let oldest = self.0.front_mut().filter(|oldest| oldest.rooms == 0)?;
        let idle_at = *oldest.idle_at.get_or_insert(position);
        if idle_at <= synced { self.0.pop_front() } else { None }
    }

    /// Puts back one that could not be deleted.
    pub(super) fn put_back(&mut self, segment: Segment) {
        self.0.push_front(segment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(bytes: &[u64]) -> Segments {
        let mut segments = Segments::default();
        (1..).zip(bytes).for_each(|(number, bytes)| segments.push(number, *bytes, false));
        segments
    }

    #[test]
    fn segments_go_in_order_and_only_when_what_replaced_them_is_on_disk() {
        let mut segments = segments(&[10, 10, 10]);
        segments.hold(1);
        assert!(segments.take_idle(50, 50).is_none(), "the first is held, the second waits for it");
        segments.hold(3);
        segments.release(1);
        assert!(segments.take_idle(60, 50).is_none(), "the release is not on disk");
        assert!(segments.take_idle(90, 59).is_none());
        assert_eq!(segments.take_idle(90, 60).unwrap().number, 1);
        assert_eq!(segments.take_idle(90, 90).unwrap().number, 2);
        assert!(segments.take_idle(90, 90).is_none(), "the newest stays");
    }

    #[test]
    fn segment_that_is_held_again_is_not_idle() {
        let mut segments = segments(&[10, 10]);
        assert!(segments.take_idle(60, 50).is_none());
        segments.hold(1);
        assert!(segments.take_idle(60, 60).is_none());
        segments.release(1);
        assert!(segments.take_idle(80, 70).is_none());
    }

    #[test]
    fn crowd_is_measured_against_the_bound_or_live_data() {
        let segments = segments(&[10, 20, 30, 40]);
        assert_eq!(segments.crowded_up_to(0, 100), None);
        assert_eq!(segments.crowded_up_to(0, 99), Some(1));
        assert_eq!(segments.crowded_up_to(0, 89), Some(2));
        assert_eq!(segments.crowded_up_to(0, 1), Some(3), "the newest is never asked for");
        assert_eq!(segments.crowded_up_to(25, 1), None);
        assert_eq!(segments.crowded_up_to(24, 1), Some(1));
    }
}
