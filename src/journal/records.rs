//! What a room has to do with a journal: records in, places out.

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
    /// [`wants_start`](Records::wants_start) says it.
    #[error("the journal does not know what came before")]
    NeedsStart,
    /// A record must fit into the queue. A room whose start does not is not kept.
    #[error("the record is larger than the journal's queue")]
    TooLarge,
    /// The room is finished, another handle of it was asked for, or the journal is closed.
    #[error("this room's journal is closed")]
    Finished,
}

/// Where the records of one room go: the journal on disk, or one that is made up for a test.
pub trait Records {
    /// Appends a record whose payload is these parts, one after the other. Says the position after it.
    fn append(&mut self, kind: Kind, parts: &[&[u8]]) -> Result<Position, NotTaken>;
    /// Whether the next record should be a [`Start`](Kind::Start).
    fn wants_start(&self) -> bool;
}
