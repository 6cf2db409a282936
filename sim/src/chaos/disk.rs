//! The journal of the room on a disk in memory, in the format of the real one, read by the real reader
//! of records. Processes die at any byte of a write.

use greenroom::journal::Found;
use greenroom::journal::record::{self, HEAD_BYTES, Head, Read, Tag};
use greenroom::journal::replay::{Replay, Tail};
use greenroom::journal::segment::{Place, SEGMENT_HEAD_BYTES, SegmentHead};
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

/// The journal of one process.
pub(super) struct Journal {
    disk: Disk,
    head: SegmentHead,
    /// The room's running number.
    number: u64,
    /// Where the last record begins.
    last: usize,
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
        let mut journal = Journal { disk, head, number, last: 0 };
        journal.begin_segment();
        journal
    }

    fn begin_segment(&mut self) {
        self.head.number += 1;
        self.disk.segments.push((self.head.number, self.head.to_bytes().to_vec()));
    }

    /// All of the room: what was before is needed no more.
    pub(super) fn start(&mut self, parts: &[&[u8]]) {
        self.put(Tag::Start, parts);
        let needed = self.head.number;
        self.disk.segments.retain(|(number, _)| *number >= needed);
    }

    /// What happened.
    pub(super) fn more(&mut self, parts: &[&[u8]]) {
        self.put(Tag::More, parts);
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
        if let Some((_, bytes)) = self.disk.segments.last_mut() {
            let written = (bytes.len() - self.last) * percent.min(99) as usize / 100;
            bytes.truncate(self.last + written);
        }
    }

    pub(super) fn disk(&self) -> &Disk {
        &self.disk
    }

    /// The process is gone.
    pub(super) fn into_disk(self) -> Disk {
        self.disk
    }
}
