//! The log of a room: all that it takes to have the match again.
//!
//! Header, then segments; each starts with a keyframe (the whole serialised room) and goes on with
//! the steps after it, as records: the commands of a step, what was decided when it panicked, and
//! now and then a hash. A step without commands at a fixed rate leaves no record.
//!
//! [`Steps`] reads a log as the steps that it consists of, [`Replay`] makes them again, [`LogWriter`]
//! makes a file of one that is not in memory.

mod replay;
mod steps;
mod write;

use std::collections::VecDeque;

use greenroom_proto::{Tick, wire};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub use self::replay::{Replay, Replayed};
pub use self::steps::{Logged, Steps};
pub use self::write::LogWriter;
use super::recovery::{Crash, Decision};
use super::{AnyRoom, Command, Header};
use crate::game::Pace;
use crate::planted::{self, Bug};

/// What [`Log::to_bytes`] starts with: a name and the version of the format.
const MAGIC: &[u8; 8] = b"GRLOG\0\0\x08";

/// What it ends with: a checksum of all before, because most damage to a log still decodes, as
/// another match.
const CHECKSUM_BYTES: usize = 8;

/// Steps between two hashes.
pub const HASH_EVERY: u32 = 64;

/// Bytes of records for each byte of the keyframe before them, after which a new one is taken: the
/// work for keyframes stays a small part of the work for records.
const RECORDS_PER_KEYFRAME: usize = 4;
/// By how much the memory for records grows, in bytes: doubling would leave half of it unused in
/// every room.
const RECORDS_GROW: usize = 2048;

/// How much of a log stays in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// All of it, for a replay.
    All,
    /// The last two keyframes and what follows them: enough to bring the room back.
    Recent,
}

/// A room's log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Log {
    /// What the room was made from.
    pub header: Header,
    /// The panic that the last step ends with, in the log of a crash.
    pub crash: Option<Crash>,
    segments: VecDeque<Segment>,
}

/// A keyframe, and the records from there to the next.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Segment {
    keyframe: Vec<u8>,
    /// The step after which the keyframe was taken.
    start: Tick,
    /// The step up to which the records go.
    end: Tick,
    records: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Record {
    Step {
        tick: Tick,
        time_ms: u64,
        commands: Vec<Command>,
    },
    Hash {
        tick: Tick,
        hash: u64,
    },
    /// The step was made and failed; it is made again so.
    Decision {
        tick: Tick,
        decision: Decision,
    },
}

/// A log does not read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The file is something else.
    #[error("this is not a Greenroom log of a version that this build reads")]
    NotALog,
    /// It was cut or changed.
    #[error("the log is damaged: {0}")]
    Damaged(String),
    /// The log needs another build.
    #[error("{0}")]
    OtherBuild(String),
    /// Stepping again gave another room than the first time.
    #[error(
        "the replay parts from the match by {tick}: its hash is {found:016x}, the log says {expected:016x}"
    )]
    Diverged {
        /// The first step whose hash differs.
        tick: Tick,
        /// In the log.
        expected: u64,
        /// In the replay.
        found: u64,
    },
}

impl Log {
    /// The log of a room that has not been stepped yet.
    #[must_use]
    pub fn new(header: Header, room: &dyn AnyRoom) -> Self {
        Log::from_keyframe(header, room.tick(), room.keyframe())
    }

    /// The log of a room that goes on from a keyframe taken after the step `tick`.
    #[must_use]
    pub fn from_keyframe(header: Header, tick: Tick, keyframe: Vec<u8>) -> Self {
        let mut log = Log { header, crash: None, segments: VecDeque::new() };
        log.keyframe(tick, keyframe, Keep::All);
        log
    }

    /// Notes a step that is about to be made: what is noted first can be found again after a
    /// crash in the middle. Returns the new record's bytes; none at all of a step without commands
    /// at a fixed rate.
    pub fn step(&mut self, tick: Tick, time_ms: u64, commands: &[Command]) -> &[u8] {
        let silent = commands.is_empty() && self.header.pace != Pace::OnCommand;
        let segment = self.last();
        segment.end = tick;
        if segment.records.capacity() - segment.records.len() < RECORDS_GROW / 8 {
            segment.records.reserve_exact(RECORDS_GROW.max(segment.records.len() / 4));
        }
        let start = segment.records.len();
        if !silent {
            // The same bytes as `Record::Step`, without a copy of the commands.
            wire::encode_into(&(0u32, tick, time_ms, commands), &mut segment.records);
        }
        &segment.records[start..]
    }

    /// Notes what is left out of the last step, which failed, when it is made again. Returns the
    /// new record's bytes.
    pub fn decide(&mut self, decision: Decision) -> &[u8] {
        let tick = self.end();
        if planted::makes(Bug::DecisionLost) {
            return &[];
        }
        self.note(&Record::Decision { tick, decision })
    }

    /// Whether the room's hash is to be noted after this step.
    #[must_use]
    pub fn wants_hash(room: &dyn AnyRoom) -> bool {
        room.tick().0.is_multiple_of(HASH_EVERY) || room.is_over()
    }

    /// Notes the hash of the room after the last step. Returns the new record's bytes.
    pub fn hash(&mut self, hash: u64) -> &[u8] {
        let tick = self.end();
        self.note(&Record::Hash { tick, hash })
    }

    fn note(&mut self, record: &Record) -> &[u8] {
        let segment = self.last();
        let start = segment.records.len();
        wire::encode_into(record, &mut segment.records);
        &segment.records[start..]
    }

    /// Adds records that were noted in another log behind the last of this one, up to and with the
    /// step `end`.
    pub fn append(&mut self, records: &[u8], end: Tick) {
        let segment = self.last();
        segment.records.extend_from_slice(records);
        segment.end = end;
    }

    /// Adds a keyframe that was taken after the step `tick`: replaying can start here. Returns what
    /// is not kept any more, in order.
    pub fn keyframe(&mut self, tick: Tick, keyframe: Vec<u8>, keep: Keep) -> Vec<Segment> {
        // One after which nothing happened is of no use beside it.
        if self.segments.back().is_some_and(|last| last.start == tick && last.records.is_empty()) {
            self.segments.pop_back();
        }
        self.segments.push_back(Segment { keyframe, start: tick, end: tick, records: Vec::new() });
        let spare = match keep {
            Keep::All => 0,
            Keep::Recent if planted::makes(Bug::LogUnbounded) => 0,
            Keep::Recent => self.segments.len().saturating_sub(2),
        };
        self.segments.drain(..spare).collect()
    }

    /// All that is kept of it, in order.
    pub fn into_segments(self) -> impl Iterator<Item = Segment> {
        self.segments.into_iter()
    }

    /// How many keyframes there are to start from.
    #[must_use]
    pub fn keyframes(&self) -> usize {
        self.segments.len()
    }

    /// The step after which the first keyframe was taken.
    #[must_use]
    pub fn begin(&self) -> Tick {
        self.segments.front().map_or(Tick(0), |segment| segment.start)
    }

    /// The step noted last.
    #[must_use]
    pub fn end(&self) -> Tick {
        self.segments.back().map_or(Tick(0), |segment| segment.end)
    }

    /// The newest keyframe with the step after which it was taken, and the records after it.
    #[must_use]
    pub fn newest(&self) -> (Tick, &[u8], &[u8]) {
        let newest = self.segments.back();
        newest.map_or((Tick(0), &[], &[]), |s| (s.start, &s.keyframe[..], &s.records[..]))
    }

    /// Memory that the log takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(Segment::bytes).sum()
    }

    /// Whether the records since the last keyframe outweigh it so much that a new one saves memory.
    /// `bytes_max` bounds the log: two keyframes, and the records after each.
    #[must_use]
    pub fn wants_keyframe(&self, bytes_max: usize) -> bool {
        self.segments.back().is_some_and(|segment| {
            let worth = RECORDS_PER_KEYFRAME * segment.keyframe.len().max(1024);
            segment.records.len() > worth.min(bytes_max / 4)
        })
    }

    /// The steps after the keyframe of this number, in order.
    #[must_use]
    pub fn steps(&self, from: usize) -> Steps<'_> {
        Steps::new(self, from)
    }

    /// The last step, if it is not the one after which a keyframe was taken.
    pub fn last_step(&self) -> Result<Option<Logged<'_>>, LogError> {
        self.steps(self.segments.len().saturating_sub(1)).last().transpose()
    }

    /// A replay from the keyframe of this number. `restore` makes a room from a keyframe.
    pub fn replay(
        &self,
        from: usize,
        restore: impl Fn(&[u8]) -> Result<Box<dyn AnyRoom>, String>,
    ) -> Result<Replay<'_>, LogError> {
        let first = self.segments.get(from).ok_or_else(|| damaged("it has no keyframe"))?;
        let room = restore(&first.keyframe).map_err(LogError::OtherBuild)?;
        Ok(Replay::new(room, self.steps(from)))
    }

    /// Makes all steps again from the keyframe of this number, compares every hash on the way, and
    /// checks that each later keyframe is met exactly. `restore` makes a room from a keyframe.
    pub fn verify(
        &self,
        from: usize,
        restore: impl Fn(&[u8]) -> Result<Box<dyn AnyRoom>, String>,
    ) -> Result<Replayed, LogError> {
        let mut replay = self.replay(from, &restore)?;
        while replay.step(&mut Vec::new())?.is_some() {}
        Ok(replay.replayed())
    }

    /// The log as a file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        wire::encode_into(self, &mut bytes);
        let checksum = xxh3_64_with_seed(&bytes, 0);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// A file as a log.
    pub fn of_bytes(bytes: &[u8]) -> Result<Self, LogError> {
        if !bytes.starts_with(MAGIC) {
            return Err(LogError::NotALog);
        }
        let (written, checksum) =
            bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(|| damaged("it ends early"))?;
        if u64::from_le_bytes(*checksum) != xxh3_64_with_seed(written, 0) {
            return Err(damaged("its checksum is wrong: it was cut or changed"));
        }
        let body = written.strip_prefix(MAGIC).ok_or_else(|| damaged("it ends early"))?;
        wire::decode_own(body).map_err(|error| damaged(error.to_string()))
    }

    fn last(&mut self) -> &mut Segment {
        self.segments.back_mut().expect("a log starts with a keyframe and keeps the last two")
    }
}

fn damaged(why: impl Into<String>) -> LogError {
    LogError::Damaged(why.into())
}
