//! What rooms and threads share under one lock: the batch that fills while another is written, and
//! whose records may go into it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use greenroom_proto::RoomId;

use super::record::{self, HEAD_BYTES, Head, PAYLOAD_BYTES_MAX, Tag};
use super::rooms::{Caller, Rooms, StartAt};
use super::segment::{Place, SEGMENT_HEAD_BYTES, SegmentHead};
use super::segments::Segments;
use super::{Kind, Limits, NotTaken, Position};

/// Records of one segment that are written with one call.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) records: u64,
    /// Number of the segment.
    pub(super) segment: u64,
    /// Where in it the batch begins.
    place: Option<Place>,
    /// When the first record came.
    pub(super) since: Option<Instant>,
    /// The journal's position after it.
    pub(super) end: Position,
}

impl Batch {
    /// Bytes of the segment before the batch.
    pub(super) fn offset(&self) -> u64 {
        self.place.map_or(0, |place| place.offset)
    }

    fn seed(&self) -> u64 {
        self.place.map_or(0, |place| {
            Place { offset: place.offset + self.bytes.len() as u64, ..place }.seed()
        })
    }
}

/// The end of a room, kept until it is on disk: a room that is finished does not come by again to
/// say so.
struct End {
    room: RoomId,
    number: u64,
    /// After it, once it is in a batch.
    position: Option<u64>,
}

pub(super) struct Queue {
    limits: Limits,
    /// Of all segments of this opening; the number is that of the batch's segment.
    head: SegmentHead,
    /// Nothing is taken until the disk does so again.
    pub(super) failing: bool,
    /// Nothing is taken any more.
    pub(super) closed: bool,
    pub(super) batch: Batch,
    pub(super) rooms: Rooms,
    pub(super) segments: Segments,
    ends: Vec<End>,
    /// Rooms about which the journal must say that records were lost.
    lost_owed: Vec<usize>,
    /// Records that were not kept.
    pub(super) lost: u64,
    /// Of those, because the queue was full.
    lost_full: u64,
    /// The writer waits to be rung.
    pub(super) writer_waits: bool,
    /// The journal is to be closed, and the writer to end.
    pub(super) stop: Option<Stop>,
    /// What the other thread met.
    pub(super) sync_error: Option<std::io::Error>,
    /// A fault that was asked for: the writer panics.
    pub(super) panics: bool,
}

/// How the writer ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// All before is on disk, and a mark says so.
    Marked,
    /// It ends.
    Plain,
}

impl Queue {
    /// `head`: of the segment that is written to.
    pub(super) fn new(limits: Limits, head: SegmentHead, rooms: Rooms, segments: Segments) -> Self {
        let mut queue = Queue {
            limits,
            head,
            failing: false,
            closed: false,
            batch: Batch::default(),
            rooms,
            segments,
            ends: Vec::new(),
            lost_owed: Vec::new(),
            lost: 0,
            lost_full: 0,
            writer_waits: false,
            stop: None,
            sync_error: None,
            panics: false,
        };
        queue.go_on_in(head);
        queue
    }

    /// Takes a record of a room, or says why not. `ahead`: [`record::hash_ahead`].
    pub(super) fn append(
        &mut self,
        caller: &Arc<Caller>,
        kind: Kind,
        parts: &[&[u8]],
        ahead: Option<u64>,
    ) -> Result<Position, NotTaken> {
        let bytes = HEAD_BYTES + record::payload_bytes(parts);
        let refused = match self.may_append(caller, kind, bytes) {
            Ok(()) if kind == Kind::End => return Ok(self.append_end(caller)),
            Ok(()) => return Ok(self.take(caller, kind, parts, ahead)),
            Err(refused) => refused,
        };
        if refused != NotTaken::Finished {
            self.lost += 1;
            self.lost_full += u64::from(refused == NotTaken::QueueFull);
            self.interrupt(caller, refused, (kind == Kind::Start).then_some(bytes));
        }
        Err(refused)
    }

    fn may_append(
        &mut self,
        caller: &Arc<Caller>,
        kind: Kind,
        bytes: usize,
    ) -> Result<(), NotTaken> {
        let slot = self.rooms.of(caller).ok_or(NotTaken::Finished)?;
        if self.closed {
            return Err(NotTaken::Finished);
        }
        if kind == Kind::End {
            return Ok(());
        }
        if self.failing {
            return Err(NotTaken::Failing);
        }
        if bytes > self.limits.queue_bytes_max.min(PAYLOAD_BYTES_MAX) {
            return Err(NotTaken::TooLarge);
        }
        if kind == Kind::More && slot.broken {
            return Err(NotTaken::NeedsStart);
        }
        if self.batch.bytes.len() + bytes > self.limits.queue_bytes_max {
            return Err(NotTaken::QueueFull);
        }
        Ok(())
    }

    fn take(
        &mut self,
        caller: &Arc<Caller>,
        kind: Kind,
        parts: &[&[u8]],
        ahead: Option<u64>,
    ) -> Position {
        let before = self.batch.bytes.len();
        let number = self.rooms.of(caller).map_or(0, super::rooms::Slot::next_number);
        let tag = if kind == Kind::Start { Tag::Start } else { Tag::More };
        self.put(Head { tag, room: caller.room, number }, parts, ahead);
        let bytes = self.batch.bytes.len() - before;
        if kind == Kind::Start {
            let at = StartAt { segment: self.batch.segment, position: self.batch.end.0 };
            self.rooms.started(caller.slot, at, bytes, &mut self.segments);
        } else {
            self.rooms.went_on(caller.slot, bytes);
        }
        self.batch.end
    }

    fn put(&mut self, head: Head, parts: &[&[u8]], ahead: Option<u64>) {
        let batch = &mut self.batch;
        let before = batch.bytes.len();
        if before == 0 {
            batch.since = Some(Instant::now());
        }
        let seed = batch.seed();
        record::put(&mut batch.bytes, head, parts, ahead, seed);
        batch.records += 1;
        batch.end.0 += (batch.bytes.len() - before) as u64;
    }

    /// The room is finished. This is kept in mind until it is on disk. What finds no room now goes
    /// first into the next batch, before another room of this name can start.
    fn append_end(&mut self, caller: &Arc<Caller>) -> Position {
        let finished = self.rooms.finish(caller.slot, &mut self.segments);
        // Of a room without a start there is nothing to forget.
        if let Some(mut finished) = finished.filter(|finished| finished.start.is_some()) {
            let number = finished.next_number();
            self.ends.push(End { room: caller.room, number, position: None });
            if !self.failing && self.batch.bytes.len() < self.limits.queue_bytes_max {
                self.put_ends();
            }
        }
        self.batch.end
    }

    fn put_ends(&mut self) {
        let mut ends = std::mem::take(&mut self.ends);
        for end in ends.iter_mut().filter(|end| end.position.is_none()) {
            self.put(Head { tag: Tag::End, room: end.room, number: end.number }, &[], None);
            end.position = Some(self.batch.end.0);
        }
        self.ends = ends;
    }

    /// A record of the room was not taken: what follows it must not be.
    fn interrupt(&mut self, caller: &Arc<Caller>, why: NotTaken, start_bytes: Option<usize>) {
        let Some(slot) = self.rooms.of(caller) else { return };
        slot.broken = true;
        // After an error of the disk the next segment says it of all rooms.
        if slot.start.is_some() && !self.failing && !std::mem::replace(&mut slot.lost_said, true) {
            self.lost_owed.push(caller.slot);
        }
        match (why, start_bytes) {
            // It wants a start already, or waits to be told.
            (NotTaken::NeedsStart, _) => {}
            // Afterwards everybody is told.
            (NotTaken::Failing, _) => caller.wants_start.store(false, Ordering::Release),
            // The next one would be no smaller.
            (NotTaken::TooLarge, Some(_)) => caller.wants_start.store(false, Ordering::Release),
            _ => self.rooms.wait_for_start(caller.slot, start_bytes),
        }
    }

    /// Whether there is something to write.
    pub(super) fn has_records(&self) -> bool {
        let owed = !self.lost_owed.is_empty() || self.ends.iter().any(|end| end.position.is_none());
        !self.failing && (owed || !self.batch.bytes.is_empty())
    }

    /// How many records were lost so far, and how many of them since it was asked last because the
    /// queue was full.
    pub(super) fn take_lost(&mut self) -> (u64, u64) {
        (self.lost, std::mem::take(&mut self.lost_full))
    }

    /// Gives what is to be written for an empty batch. Says whether that filled a segment, so that
    /// the next batch goes into another.
    pub(super) fn swap(&mut self, empty: &mut Batch, synced: u64) -> bool {
        self.ends.retain(|end| end.position.is_none_or(|position| position > synced));
        self.put_owed();
        std::mem::swap(&mut self.batch, empty);
        let full = &*empty;
        let end = full.offset() + full.bytes.len() as u64;
        self.segments.set_bytes(full.segment, end);
        let next = &mut self.batch;
        next.bytes.clear();
        (next.records, next.since, next.end) = (0, None, full.end);
        (next.segment, next.place) = (full.segment, full.place);
        if let Some(place) = &mut next.place {
            place.offset = end;
        }
        let rotate = end >= self.limits.segment_bytes;
        if rotate {
            self.go_on_in(SegmentHead { number: self.head.number + 1, gap: false, ..self.head });
        }
        rotate
    }

    /// What the journal owes to rooms that do not come by themselves.
    fn put_owed(&mut self) {
        for slot in std::mem::take(&mut self.lost_owed) {
            let Some(slot) = self.rooms.at(slot) else { continue };
            if slot.lost_said && slot.broken {
                let (room, number) = (slot.room, slot.next_number());
                self.put(Head { tag: Tag::Lost, room, number }, &[], None);
            }
        }
        self.put_ends();
    }

    /// The mark of an orderly stop.
    pub(super) fn put_mark(&mut self) {
        self.put(Head { tag: Tag::Closed, room: RoomId(0), number: 0 }, &[], None);
    }

    /// Has rooms leave the oldest segments if there is too much on disk. Gives the bytes there and
    /// a room in the oldest segment, if that is twice too much: then somebody does not answer.
    pub(super) fn relieve(&mut self) -> Option<(u64, RoomId)> {
        let (live, max) = (self.rooms.live_bytes, self.limits.disk_bytes_max);
        let up_to = self.segments.crowded_up_to(live, max)?;
        self.rooms.queue_leaving(up_to);
        self.segments.crowded_up_to(live.saturating_mul(2), max.saturating_mul(2))?;
        let room = self.rooms.in_segment(self.segments.oldest()?)?;
        Some((self.segments.disk_bytes(), room))
    }

    /// Those who are to be told now that a start is wanted. No more than fit: else all would
    /// write their whole state only for most to be refused.
    pub(super) fn invite(&mut self) -> Vec<Arc<Caller>> {
        let room = (self.limits.queue_bytes_max / 2).saturating_sub(self.batch.bytes.len());
        if room == 0 || self.failing || self.closed { Vec::new() } else { self.rooms.invite(room) }
    }

    /// The disk took nothing: all that waits is lost, and nothing is taken until
    /// [`go_on_after_gap`](Self::go_on_after_gap). `made`: the newest segment that is there.
    pub(super) fn fail(&mut self, synced: u64, made: u64) {
        self.failing = true;
        self.lost += self.batch.records;
        self.batch.bytes.clear();
        (self.batch.records, self.batch.since) = (0, None);
        self.lost_owed.clear();
        self.segments.drop_after(made);
        self.rooms.break_all(synced, &mut self.segments);
        for end in &mut self.ends {
            end.position = end.position.filter(|position| *position <= synced);
        }
    }

    /// The head of the segment to be tried after an error.
    pub(super) fn next_after_gap(&mut self) -> SegmentHead {
        self.head.number += 1;
        SegmentHead { gap: true, ..self.head }
    }

    /// That segment is there.
    pub(super) fn go_on_after_gap(&mut self, head: SegmentHead) {
        self.failing = false;
        self.go_on_in(head);
        self.put_ends();
        self.rooms.queue_broken();
    }

    fn go_on_in(&mut self, head: SegmentHead) {
        self.head = head;
        let offset = SEGMENT_HEAD_BYTES as u64;
        self.batch.segment = head.number;
        self.batch.place = Some(Place { seed: head.seed(), offset });
        self.segments.push(head.number, offset, false);
    }
}
