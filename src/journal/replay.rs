//! What to keep of records that are read again: for each unfinished room its last start and what
//! follows it without a hole.

use std::collections::{BTreeMap, BTreeSet};

use greenroom_proto::RoomId;

use super::record::{Head, Tag};
use super::segment::SegmentHead;
use crate::planted::{self, Bug};

/// An unfinished room, as far as the journal has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Which.
    pub room: RoomId,
    /// Payload of its last start.
    pub start: Vec<u8>,
    /// Payloads of what followed, in order and without a hole.
    pub more: Vec<Vec<u8>>,
    /// Something after that is known to be missing, or may be: damage, an error of the disk, or a
    /// machine that went down without an orderly stop. A process that was killed loses only what it
    /// had not handed to the kernel, and that is not counted here.
    pub torn: bool,
}

/// How a segment ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tail {
    /// With a whole record.
    Whole,
    /// With the mark of an orderly stop.
    Closed,
    /// Within a record that begins here.
    Unfinished(u64),
    /// With bytes from here on that are no record.
    Bad(u64),
}

/// What is to be thought of a segment's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing is missing.
    Sound,
    /// Cut in a write, as happens when a process or a machine goes down.
    Torn(u64),
    /// Records that were here cannot be read.
    Damaged(u64),
}

/// Reads records in order and keeps what is needed.
///
/// Its memory is what the rooms that are unfinished so far need.
pub struct Replay {
    boot: u64,
    before: Option<(SegmentHead, Tail)>,
    chains: BTreeMap<RoomId, Chain>,
    /// Rooms with records and without a start.
    headless: BTreeSet<RoomId>,
    /// Grows with everything after which records may be missing.
    doubts: u64,
}

/// A room's last start and what followed.
struct Chain {
    start: Vec<u8>,
    more: Vec<Vec<u8>>,
    /// Number of the last record.
    last: u64,
    /// Segment of the start.
    segment: u64,
    /// The doubts there were when its last record was read: that record proves that nothing
    /// before it is missing.
    doubts: u64,
    /// A hole follows.
    cut: bool,
}

/// What came of all segments.
pub struct Replayed {
    /// Unfinished rooms, and the segment in which the last start of each is.
    pub found: Vec<(Found, u64)>,
    /// Rooms of which there are records and no start: they cannot be brought back.
    pub headless: Vec<RoomId>,
}

impl Replay {
    /// `boot`: of the machine as it runs now.
    #[must_use]
    pub fn new(boot: u64) -> Self {
        Replay { boot, before: None, chains: BTreeMap::new(), headless: BTreeSet::new(), doubts: 0 }
    }

    /// A segment begins, after the last one ended as [`end`](Self::end) said. What is to be thought
    /// of that end shows only now.
    pub fn begin(&mut self, head: SegmentHead) -> Verdict {
        let verdict = self.judge(Some(head));
        if head.gap || self.before.is_some_and(|(before, _)| head.number != before.number + 1) {
            self.doubts += 1;
        }
        self.before = Some((head, Tail::Whole));
        verdict
    }

    /// The segment ends.
    pub fn end(&mut self, tail: Tail) {
        if let Some((_, end)) = &mut self.before {
            *end = tail;
        }
    }

    /// A file that should be a segment is none that can be read.
    pub fn unreadable(&mut self) {
        self.doubts += 1;
    }

    /// The next record.
    pub fn record(&mut self, head: Head, payload: &[u8]) {
        let segment = self.before.map_or(0, |(head, _)| head.number);
        let Head { tag, room, number } = head;
        match (tag, self.chains.get_mut(&room)) {
            (Tag::Start, before) => {
                let keeps = before.filter(|_| planted::makes(Bug::JournalGoesOn));
                let more = keeps.map(|chain| std::mem::take(&mut chain.more)).unwrap_or_default();
                self.headless.remove(&room);
                let start = payload.to_vec();
                let doubts = self.doubts;
                let chain = Chain { start, more, last: number, segment, doubts, cut: false };
                self.chains.insert(room, chain);
            }
            (Tag::More, Some(chain)) => {
                chain.cut |= number != chain.last.wrapping_add(1);
                if !chain.cut {
                    chain.more.push(payload.to_vec());
                    (chain.last, chain.doubts) = (number, self.doubts);
                }
            }
            (Tag::More, None) => {
                self.headless.insert(room);
            }
            (Tag::Lost, Some(chain)) => chain.cut = true,
            (Tag::End, _) => {
                self.chains.remove(&room);
                self.headless.remove(&room);
            }
            (Tag::Lost, None) | (Tag::Closed, _) => {}
        }
    }

    /// All segments were read.
    #[must_use]
    pub fn finish(mut self) -> (Replayed, Verdict) {
        let verdict = self.judge(None);
        let doubts = self.doubts;
        let found = self.chains.into_iter().map(|(room, chain)| {
            let torn = chain.cut || chain.doubts != doubts;
            let Chain { start, more, segment, .. } = chain;
            (Found { room, start, more, torn }, segment)
        });
        let headless = self.headless.into_iter().collect();
        (Replayed { found: found.collect(), headless }, verdict)
    }

    /// What is to be thought of the end of the segment before `next`.
    fn judge(&mut self, next: Option<SegmentHead>) -> Verdict {
        let Some((before, tail)) = self.before else { return Verdict::Sound };
        let same_life = next.is_some_and(|next| next.life == before.life);
        // A killed process leaves in the kernel all that it wrote. A machine that goes down takes
        // along what was not on disk yet, and that may leave no trace.
        let rebooted = before.boot != self.boot;
        let last = !same_life;
        if last && rebooted && tail != Tail::Closed {
            self.doubts += 1;
        }
        // Where a write failed, the segment was given up, and its successor says so.
        let given_up = same_life && next.is_some_and(|next| next.gap);
        match tail {
            Tail::Whole | Tail::Closed => Verdict::Sound,
            Tail::Unfinished(at) if last || given_up => Verdict::Torn(at),
            Tail::Bad(at) if last && rebooted => Verdict::Torn(at),
            Tail::Unfinished(at) | Tail::Bad(at) => {
                self.doubts += 1;
                Verdict::Damaged(at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId(1);
    const BOOT: u64 = 5;

    fn segment(number: u64, life: u64, boot: u64, gap: bool) -> SegmentHead {
        SegmentHead { number, life, boot, gap }
    }

    fn head(tag: Tag, number: u64) -> Head {
        Head { tag, room: ROOM, number }
    }

    /// Payloads and whether something may be missing.
    fn found(replay: Replay) -> Option<(Vec<u8>, bool)> {
        let (replayed, _) = replay.finish();
        let (found, _) = replayed.found.into_iter().next()?;
        Some(([found.start].into_iter().chain(found.more).flatten().collect(), found.torn))
    }

    fn begun() -> Replay {
        let mut replay = Replay::new(BOOT);
        replay.begin(segment(1, 1, BOOT, false));
        replay.record(head(Tag::Start, u64::MAX - 1), b"s");
        replay.record(head(Tag::More, u64::MAX), b"a");
        replay
    }

    #[test]
    fn numbers_wrap_and_a_later_start_forgets_what_was_before() {
        let mut replay = begun();
        replay.record(head(Tag::More, 0), b"b");
        assert_eq!(found(replay), Some((b"sab".to_vec(), false)));
        let mut replay = begun();
        replay.record(head(Tag::Start, 0), b"t");
        assert_eq!(found(replay), Some((b"t".to_vec(), false)));
        let mut replay = begun();
        replay.record(head(Tag::End, 0), b"");
        assert_eq!(found(replay), None);
    }

    #[test]
    fn after_a_hole_only_a_start_counts() {
        for hole in [1, 0u64.wrapping_sub(2), 77] {
            let mut replay = begun();
            replay.record(head(Tag::More, hole), b"x");
            replay.record(head(Tag::More, 0), b"y");
            assert_eq!(found(replay), Some((b"sa".to_vec(), true)), "{hole}");
        }
        let mut replay = begun();
        replay.record(head(Tag::Lost, 0), b"");
        assert_eq!(found(replay), Some((b"sa".to_vec(), true)));
        let mut replay = begun();
        replay.record(head(Tag::More, 5), b"x");
        replay.record(head(Tag::Start, 6), b"t");
        assert_eq!(found(replay), Some((b"t".to_vec(), false)));
    }

    #[test]
    fn room_without_a_start_is_named() {
        let mut replay = Replay::new(BOOT);
        replay.begin(segment(1, 1, BOOT, false));
        replay.record(head(Tag::More, 3), b"a");
        assert_eq!(replay.finish().0.headless, [ROOM]);
    }

    #[test]
    fn killed_process_loses_nothing_and_a_dead_machine_may_have() {
        for (boot, tail, torn, verdict) in [
            (BOOT, Tail::Whole, false, Verdict::Sound),
            (BOOT, Tail::Unfinished(9), false, Verdict::Torn(9)),
            (BOOT, Tail::Bad(9), true, Verdict::Damaged(9)),
            (6, Tail::Whole, true, Verdict::Sound),
            (6, Tail::Closed, false, Verdict::Sound),
            (6, Tail::Unfinished(9), true, Verdict::Torn(9)),
            (6, Tail::Bad(9), true, Verdict::Torn(9)),
        ] {
            // It does not matter whether another life followed in which the room said nothing.
            for again in [false, true] {
                let mut replay = begun();
                replay.before = Some((segment(1, 1, boot, false), tail));
                if again {
                    assert_eq!(
                        replay.begin(segment(2, 2, BOOT, false)),
                        verdict,
                        "{boot} {tail:?}"
                    );
                } else {
                    assert_eq!(begun_with(boot, tail).finish().1, verdict, "{boot} {tail:?}");
                }
                assert_eq!(found(replay), Some((b"sa".to_vec(), torn)), "{boot} {tail:?} {again}");
            }
        }
    }

    fn begun_with(boot: u64, tail: Tail) -> Replay {
        let mut replay = begun();
        replay.before = Some((segment(1, 1, boot, false), tail));
        replay
    }

    #[test]
    fn doubt_goes_when_the_next_number_follows() {
        let after = |next: SegmentHead, tail: Tail, number: Option<u64>| {
            let mut replay = begun();
            replay.end(tail);
            let verdict = replay.begin(next);
            if let Some(number) = number {
                replay.record(head(Tag::More, number), b"b");
            }
            (verdict, found(replay).unwrap())
        };
        let (sa, sab) = (b"sa".to_vec(), b"sab".to_vec());
        let next = segment(2, 1, BOOT, false);
        let damaged = Verdict::Damaged(7);
        assert_eq!(after(next, Tail::Bad(7), None), (damaged, (sa.clone(), true)));
        assert_eq!(after(next, Tail::Bad(7), Some(0)), (damaged, (sab.clone(), false)));
        assert_eq!(after(next, Tail::Unfinished(7), Some(1)), (damaged, (sa.clone(), true)));
        let gap = segment(2, 1, BOOT, true);
        assert_eq!(after(gap, Tail::Unfinished(7), None), (Verdict::Torn(7), (sa.clone(), true)));
        assert_eq!(after(gap, Tail::Whole, Some(0)), (Verdict::Sound, (sab, false)));
        let missing = segment(3, 1, BOOT, false);
        assert_eq!(after(missing, Tail::Whole, None), (Verdict::Sound, (sa, true)));
    }
}
