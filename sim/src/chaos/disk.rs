//! The journal of the room on a disk in memory, in the format of the real one, read by the real reader
//! of records. Processes die at any byte of a write.

use std::cell::RefCell;
use std::rc::Rc;

use greenroom::journal::record::{self, HEAD_BYTES, Head, Read, Tag};
use greenroom::journal::replay::{Replay, Tail};
use greenroom::journal::segment::{Place, SEGMENT_HEAD_BYTES, SegmentHead};
use greenroom::journal::{Found, Kind, NotTaken, Position, Records};
use greenroom::proto::RoomId;

/// The only room.
pub(super) const ROOM: RoomId = RoomId(1);
/// The machine is never started anew.
const BOOT: u64 = 7;
/// Bytes after which a segment is followed by another.
const SEGMENT_BYTES: usize = 6 * 1024;

/// What outlives a process.
#[derive(Default)]
pub(super) struct Disk {
    segments: Vec<(u64, Vec<u8>)>,
    lives: u64,
}

/// Where the room's records go.
pub(super) struct RoomJournal(pub(super) Rc<RefCell<Journal>>);

/// The journal of one process.
pub(super) struct Journal {
    disk: Disk,
    head: SegmentHead,
    /// The room's running number.
    number: u64,
    /// Where the last record begins.
    last: usize,
    /// The disk takes nothing.
    failing: bool,
    /// A record was not taken, or the disk failed: nothing but a start is taken.
    broken: bool,
    /// The room is finished, and the disk does not know.
    owes_end: bool,
}

impl Disk {
    /// The room that earlier processes left, and how many segments there are.
    pub(super) fn read(&self) -> Option<Found> {
        let mut replay = Replay::new(BOOT);
        for (_, bytes) in &self.segments {
            match SegmentHead::of_bytes(bytes) {
                Ok(head) => {
                    replay.begin(head);
                    let tail = records(head, bytes, &mut replay);
                    replay.end(tail);
                }
                Err(_) => replay.unreadable(),
            }
        }
        let (replayed, _) = replay.finish();
        replayed.found.into_iter().map(|(found, _)| found).find(|found| found.room == ROOM)
    }

    pub(super) fn bytes(&self) -> usize {
        self.segments.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

fn records(head: SegmentHead, bytes: &[u8], replay: &mut Replay) -> Tail {
    let (mut at, mut tail) = (SEGMENT_HEAD_BYTES, Tail::Whole);
    loop {
        let place = Place { seed: head.seed(), offset: at as u64 };
        match record::read(&bytes[at..], place.seed()) {
            Read::Record { head, payload } => {
                tail = if head.tag == Tag::Closed { Tail::Closed } else { Tail::Whole };
                replay.record(head, payload);
                at += HEAD_BYTES + payload.len();
            }
            Read::Short(_) if at == bytes.len() => return tail,
            Read::Short(_) => return Tail::Unfinished(at as u64),
            Read::Bad => return Tail::Bad(at as u64),
        }
    }
}

impl Journal {
    /// A process opens the disk.
    pub(super) fn open(mut disk: Disk) -> Self {
        disk.lives += 1;
        let number = disk.segments.last().map_or(0, |(number, _)| *number);
        let head = SegmentHead { number, life: 0x11fe + disk.lives, boot: BOOT, gap: false };
        let number = disk.lives << 32;
        let mut journal =
            Journal { disk, head, number, last: 0, failing: false, broken: false, owes_end: false };
        journal.begin_segment();
        journal
    }

    fn begin_segment(&mut self) {
        self.head.number += 1;
        self.disk.segments.push((self.head.number, self.head.to_bytes().to_vec()));
    }

    fn put(&mut self, tag: Tag, parts: &[&[u8]]) {
        if self.disk.segments.last().is_some_and(|(_, bytes)| bytes.len() > SEGMENT_BYTES) {
            self.begin_segment();
        }
        let seed = self.head.seed();
        let Some((_, bytes)) = self.disk.segments.last_mut() else { return };
        self.last = bytes.len();
        let place = Place { seed, offset: self.last as u64 };
        let head = Head { tag, room: ROOM, number: self.number };
        record::put(bytes, head, parts, record::hash_ahead(parts), place.seed());
        self.number = self.number.wrapping_add(1);
    }

    /// The process dies within its last write, of which these hundredths got through.
    pub(super) fn tear(&mut self, percent: u32) {
        if self.broken {
            return;
        }
        if let Some((_, bytes)) = self.disk.segments.last_mut() {
            let written = (bytes.len() - self.last) * percent.min(99) as usize / 100;
            bytes.truncate(self.last + written);
        }
    }

    /// The disk takes nothing from now on, or does so again: then a new segment says that records
    /// were lost, and the end of a room that was kept in mind. Nobody knows of which room they were,
    /// so all of them begin anew.
    pub(super) fn fails(&mut self, fails: bool) {
        self.broken |= fails;
        if self.failing && !fails {
            self.head.gap = true;
            self.begin_segment();
            self.head.gap = false;
            if std::mem::take(&mut self.owes_end) {
                self.put(Tag::End, &[]);
            }
        }
        self.failing = fails;
    }

    /// Whether the disk takes nothing.
    pub(super) fn is_failing(&self) -> bool {
        self.failing
    }

    /// Whether all that the room did is on disk.
    pub(super) fn is_whole(&self) -> bool {
        !self.broken
    }

    pub(super) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The process is gone. Returns also whether all that it did is on the disk, and whether the end
    /// of its room is not.
    pub(super) fn take_disk(&mut self) -> (bool, bool, Disk) {
        (!self.broken, self.owes_end, std::mem::take(&mut self.disk))
    }
}

impl Journal {
    fn append(&mut self, kind: Kind, parts: &[&[u8]]) -> Result<Position, NotTaken> {
        match kind {
            Kind::End if self.failing => self.owes_end = true,
            Kind::Start | Kind::More if self.failing => {
                self.broken = true;
                return Err(NotTaken::Failing);
            }
            Kind::More if self.broken => return Err(NotTaken::NeedsStart),
            Kind::More => self.put(Tag::More, parts),
            Kind::End => self.put(Tag::End, &[]),
            Kind::Start => {
                self.put(Tag::Start, parts);
                self.broken = false;
                // What was before is needed no more.
                let needed = self.head.number;
                self.disk.segments.retain(|(number, _)| *number >= needed);
            }
        }
        Ok(Position(0))
    }
}

impl Records for RoomJournal {
    fn append(&mut self, kind: Kind, parts: &[&[u8]]) -> Result<Position, NotTaken> {
        self.0.borrow_mut().append(kind, parts)
    }

    fn wants_start(&self) -> bool {
        let journal = self.0.borrow();
        journal.broken && !journal.failing
    }
}
