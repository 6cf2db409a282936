//! The rooms that the journal knows: what number each one's next record has, where its last start
//! is, and which must be told to write another.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use greenroom_proto::RoomId;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::segments::Segments;

/// What is expected of a start before there was one, in bytes.
const START_BYTES: usize = 4096;

/// The half of a room's handle that others reach.
pub(super) struct Caller {
    pub(super) room: RoomId,
    /// Place among the rooms.
    pub(super) slot: usize,
    pub(super) wants_start: AtomicBool,
    pub(super) wake: Box<dyn Fn() + Send + Sync>,
}

/// A room.
pub(super) struct Slot {
    pub(super) room: RoomId,
    /// `None`: it was found, and nobody has asked for it.
    pub(super) caller: Option<Arc<Caller>>,
    /// Of its next record.
    number: u64,
    /// Nothing but a start is taken.
    pub(super) broken: bool,
    /// The journal says, or is about to say, that records after its last start were lost.
    pub(super) lost_said: bool,
    /// It is among those that wait to be told.
    queued: bool,
    /// Its last start. `None`: there is nothing of it.
    pub(super) start: Option<StartAt>,
    /// What its next start will take, by the last one.
    start_bytes: usize,
    /// From its last start on.
    live_bytes: u64,
}

/// Where a room's last start is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct StartAt {
    pub(super) segment: u64,
    /// The journal's position after it.
    pub(super) position: u64,
}

/// All rooms that are not finished.
pub(super) struct Rooms {
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    ids: BTreeMap<RoomId, usize>,
    /// Those that wait to be told that a start is wanted.
    queue: VecDeque<usize>,
    /// Rooms whose start lies in this segment or before are to leave it.
    leave_up_to: u64,
    pub(super) live_bytes: u64,
    life: u64,
    made: u64,
}

impl Slot {
    /// The number of a record that is about to be written.
    pub(super) fn next_number(&mut self) -> u64 {
        let number = self.number;
        self.number = number.wrapping_add(1);
        number
    }
}

impl Rooms {
    pub(super) fn new(life: u64) -> Self {
        Rooms {
            slots: Vec::new(),
            free: Vec::new(),
            ids: BTreeMap::new(),
            queue: VecDeque::new(),
            leave_up_to: 0,
            live_bytes: 0,
            life,
            made: 0,
        }
    }

    /// A room that was found, with the segment of its last start.
    pub(super) fn found(&mut self, room: RoomId, segment: u64, bytes: u64) {
        let at = self.place(room);
        self.live_bytes += bytes;
        if let Some(slot) = &mut self.slots[at] {
            slot.start = Some(StartAt { segment, position: 0 });
            slot.live_bytes = bytes;
        }
    }

    /// The room's handle from now on. Its first record must be a start.
    pub(super) fn claim(&mut self, room: RoomId, wake: Box<dyn Fn() + Send + Sync>) -> Arc<Caller> {
        let slot = self.ids.get(&room).copied().unwrap_or_else(|| self.place(room));
        let caller = Arc::new(Caller { room, slot, wants_start: AtomicBool::new(true), wake });
        if let Some(slot) = &mut self.slots[slot] {
            slot.caller = Some(Arc::clone(&caller));
            slot.broken = true;
        }
        caller
    }

    fn place(&mut self, room: RoomId) -> usize {
        self.made += 1;
        let slot = Slot {
            room,
            caller: None,
            // Anywhere, so that records of a room never go on from those of an earlier life.
            number: xxh3_64_with_seed(&self.made.to_le_bytes(), self.life),
            broken: true,
            lost_said: false,
            queued: false,
            start: None,
            start_bytes: START_BYTES,
            live_bytes: 0,
        };
        let at = self.free.pop().unwrap_or(self.slots.len());
        if at == self.slots.len() {
            self.slots.push(None);
        }
        self.slots[at] = Some(slot);
        self.ids.insert(room, at);
        at
    }

    /// The room of this handle, unless another handle took its place or the room is finished.
    pub(super) fn of(&mut self, caller: &Arc<Caller>) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(caller.slot)?.as_mut()?;
        slot.caller.as_ref().is_some_and(|own| Arc::ptr_eq(own, caller)).then_some(slot)
    }

    pub(super) fn at(&mut self, slot: usize) -> Option<&mut Slot> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Takes out a room that is finished. What is left of it is the number for its end.
    pub(super) fn finish(&mut self, slot: usize, segments: &mut Segments) -> Option<Slot> {
        let finished = self.slots.get_mut(slot)?.take()?;
        self.free.push(slot);
        self.ids.remove(&finished.room);
        self.live_bytes -= finished.live_bytes;
        if let Some(start) = finished.start {
            segments.release(start.segment);
        }
        Some(finished)
    }

    /// A start of the room was taken.
    pub(super) fn started(
        &mut self,
        slot: usize,
        at: StartAt,
        bytes: usize,
        segments: &mut Segments,
    ) {
        let Some(Some(slot)) = self.slots.get_mut(slot) else { return };
        if let Some(before) = slot.start.replace(at) {
            segments.release(before.segment);
        }
        segments.hold(at.segment);
        self.live_bytes = self.live_bytes - slot.live_bytes + bytes as u64;
        (slot.live_bytes, slot.start_bytes) = (bytes as u64, bytes);
        (slot.broken, slot.lost_said) = (false, false);
        if let Some(caller) = &slot.caller {
            caller.wants_start.store(false, Ordering::Release);
        }
    }

    /// Something else of it was.
    pub(super) fn went_on(&mut self, slot: usize, bytes: usize) {
        let Some(Some(slot)) = self.slots.get_mut(slot) else { return };
        slot.live_bytes += bytes as u64;
        self.live_bytes += bytes as u64;
    }

    /// Records were lost: nobody goes on without a start. What is not on disk up to `synced` may
    /// not be there at all, so the last start of a room may be anywhere.
    pub(super) fn break_all(&mut self, synced: u64, segments: &mut Segments) {
        self.queue.clear();
        let oldest = segments.oldest();
        for slot in self.slots.iter_mut().flatten() {
            (slot.broken, slot.lost_said, slot.queued) = (true, true, false);
            if let Some(caller) = &slot.caller {
                caller.wants_start.store(false, Ordering::Release);
            }
            if let Some(start) = slot.start.filter(|start| start.position > synced) {
                segments.release(start.segment);
                oldest.inspect(|oldest| segments.hold(*oldest));
                slot.start = oldest.map(|segment| StartAt { segment, ..start });
            }
        }
    }

    /// A room cannot go on without a start and waits to be told when. `bytes`: what its start takes,
    /// if that is known better now.
    pub(super) fn wait_for_start(&mut self, slot: usize, bytes: Option<usize>) {
        let Some(Some(waiting)) = self.slots.get_mut(slot) else { return };
        let Some(caller) = &waiting.caller else { return };
        caller.wants_start.store(false, Ordering::Release);
        if let Some(bytes) = bytes {
            waiting.start_bytes = bytes;
        }
        if !std::mem::replace(&mut waiting.queued, true) {
            self.queue.push_back(slot);
        }
    }

    /// All rooms that need a start are to be told.
    pub(super) fn queue_broken(&mut self) {
        self.queue_those(|slot| slot.broken);
    }

    /// All rooms whose start lies in this segment or before are to be told. They may go on until
    /// they write one.
    pub(super) fn queue_leaving(&mut self, up_to: u64) {
        self.leave_up_to = self.leave_up_to.max(up_to);
        self.queue_those(|slot| {
            !slot.broken && slot.start.is_some_and(|start| start.segment <= up_to)
        });
    }

    fn queue_those(&mut self, which: impl Fn(&Slot) -> bool) {
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if let Some(slot) = slot.as_mut().filter(|slot| slot.caller.is_some() && which(slot))
                && !std::mem::replace(&mut slot.queued, true)
            {
                self.queue.push_back(at);
            }
        }
    }

    /// A room whose last start is in this segment.
    pub(super) fn in_segment(&self, number: u64) -> Option<RoomId> {
        let mut rooms = self.slots.iter().flatten();
        rooms.find(|slot| slot.start.is_some_and(|at| at.segment == number)).map(|slot| slot.room)
    }

    /// Whether somebody waits to be told.
    pub(super) fn has_queue(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Those to be told now: as many as will write about `bytes`, but at least one.
    pub(super) fn invite(&mut self, bytes: usize) -> Vec<Arc<Caller>> {
        let (mut invited, mut expected) = (Vec::new(), 0);
        while expected < bytes || invited.is_empty() {
            let Some(at) = self.queue.pop_front() else { break };
            let Some(Some(slot)) = self.slots.get_mut(at) else { continue };
            let leaves = slot.start.is_some_and(|start| start.segment <= self.leave_up_to);
            if !std::mem::take(&mut slot.queued) || !(slot.broken || leaves) {
                continue;
            }
            if let Some(caller) = &slot.caller {
                caller.wants_start.store(true, Ordering::Release);
                invited.push(Arc::clone(caller));
                expected += slot.start_bytes;
            }
        }
        invited
    }
}
