//! The handle of one room's records.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::record::hash_ahead;
use super::rooms::Caller;
use super::shared::{Shared, lock};

/// What a record is to its room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// All of the room, so that what was before may be forgotten.
    Start,
    /// What happened next.
    More,
    /// The room is finished: all of it may be forgotten. Its payload is not kept. The journal sees
    /// to it that this gets on disk, also if the disk takes nothing now.
    End,
}

/// A place in the journal, in bytes since it was opened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Position(pub u64);

/// Why a record was not taken. Until a [`Start`](Kind::Start) is, nothing else of the room will be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotTaken {
    /// The disk does not keep up. The room is told when to begin with a start.
    #[error("the journal's queue is full")]
    QueueFull,
    /// The disk takes nothing. The room is told when to begin with a start.
    #[error("the journal cannot write")]
    Failing,
    /// The room must begin with a start, and does so when
    /// [`wants_start`](RoomJournal::wants_start) says it.
    #[error("the journal does not know what came before")]
    NeedsStart,
    /// A record must fit into the queue. A room whose start does not is not kept.
    #[error("the record is larger than the journal's queue")]
    TooLarge,
    /// The room is finished, another handle of it was asked for, or the journal is closed.
    #[error("this room's journal is closed")]
    Finished,
}

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
