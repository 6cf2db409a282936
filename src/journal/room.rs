//! The handle of one room's records.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::record::hash_ahead;
use super::rooms::Caller;
use super::shared::{Shared, lock};
use super::{Kind, NotTaken, Position, Records};

/// The handle of one room's records, from [`Journal::room`](super::Journal::room).
///
/// Dropped without an [`End`](Kind::End), the room counts as unfinished: the next handle, or the
/// next process, goes on with it.
pub struct RoomJournal {
    pub(super) shared: Arc<Shared>,
    pub(super) caller: Arc<Caller>,
}

impl RoomJournal {
    /// Appends a record whose payload is these parts, one after the other, and says the position
    /// after it: it is handed to the kernel once [`Journal::written`](super::Journal::written) is
    /// there. Never waits for the disk; takes some 0.1 µs and, above some KB, what copying takes.
    pub fn append(&self, kind: Kind, parts: &[&[u8]]) -> Result<Position, NotTaken> {
        let ahead = hash_ahead(parts);
        let mut queue = lock(&self.shared.queue);
        let taken = queue.append(&self.caller, kind, parts, ahead);
        let work = taken.is_ok() || queue.rooms.has_queue();
        let ring = work && std::mem::take(&mut queue.writer_waits);
        drop(queue);
        if ring {
            self.shared.bell.notify_one();
        }
        taken
    }

    /// Whether the room's next record should be a [`Start`](Kind::Start): there was none yet, or
    /// records were lost since, or what is on disk of the room stands in the way.
    ///
    /// When this becomes true later, the room is woken. Many are not told at once but one after
    /// the other, so that their states fit into the queue.
    #[must_use]
    pub fn wants_start(&self) -> bool {
        self.caller.wants_start.load(Ordering::Acquire)
    }
}

impl Records for RoomJournal {
    fn append(&mut self, kind: Kind, parts: &[&[u8]]) -> Result<Position, NotTaken> {
        RoomJournal::append(self, kind, parts)
    }

    fn wants_start(&self) -> bool {
        RoomJournal::wants_start(self)
    }
}
