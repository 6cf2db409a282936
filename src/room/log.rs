//! The log of a room: all that it takes to have the match again.
//!
//! Header, then segments; each starts with a keyframe (the whole serialised room) and goes on with
//! the steps after it, as records: the commands of a step, and now and then a hash. A step without
//! commands at a fixed rate leaves no record.

use std::collections::VecDeque;

use greenroom_proto::{Tick, wire};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{AnyRoom, Command, Header};
use crate::game::{Pace, Said};

/// What [`Log::to_bytes`] starts with: a name and the version of the format.
const MAGIC: &[u8; 8] = b"GRLOG\0\0\x03";

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
    segments: VecDeque<Segment>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Segment {
    keyframe: Vec<u8>,
    /// The step after which the keyframe was taken.
    start: Tick,
    /// The step up to which the records go.
    end: Tick,
    records: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Record {
    Step { tick: Tick, time_ms: u64, commands: Vec<Command> },
    Hash { tick: Tick, hash: u64 },
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

/// What a replay came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replayed {
    /// Steps made.
    pub steps: u64,
    /// Hashes that were compared, and were equal.
    pub hashes: u64,
    /// Hash of the room after the last step.
    pub hash: u64,
}

impl Log {
    /// The log of a room that has not been stepped yet.
    #[must_use]
    pub fn new(header: Header, room: &dyn AnyRoom) -> Self {
        let mut log = Log { header, segments: VecDeque::new() };
        log.keyframe(room, Keep::All);
        log
    }

    /// Notes a step that is about to be made: what is noted first can be found again after a
    /// crash in the middle.
    pub fn step(&mut self, tick: Tick, time_ms: u64, commands: &[Command]) {
        let silent = commands.is_empty() && self.header.pace != Pace::OnCommand;
        let segment = self.last();
        segment.end = tick;
        if segment.records.capacity() - segment.records.len() < RECORDS_GROW / 8 {
            segment.records.reserve_exact(RECORDS_GROW);
        }
        if !silent {
            // The same bytes as `Record::Step`, without a copy of the commands.
            wire::encode_into(&(0u32, tick, time_ms, commands), &mut segment.records);
        }
    }

    /// Notes the room's hash if it is time for it.
    pub fn hash(&mut self, room: &dyn AnyRoom) {
        if room.tick().0.is_multiple_of(HASH_EVERY) || room.is_over() {
            self.hash_now(room);
        }
    }

    /// Notes the room's hash: nothing may come after it that would.
    pub fn hash_now(&mut self, room: &dyn AnyRoom) {
        let record = Record::Hash { tick: room.tick(), hash: room.hash() };
        wire::encode_into(&record, &mut self.last().records);
    }

    /// Takes a keyframe: replaying can start here.
    pub fn keyframe(&mut self, room: &dyn AnyRoom, keep: Keep) {
        let (keyframe, start) = (room.keyframe(), room.tick());
        self.segments.push_back(Segment { keyframe, start, end: start, records: Vec::new() });
        while keep == Keep::Recent && self.segments.len() > 2 {
            self.segments.pop_front();
        }
    }

    /// How many keyframes there are to start from.
    #[must_use]
    pub fn keyframes(&self) -> usize {
        self.segments.len()
    }

    /// Memory that the log takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.segments.iter().map(|s| s.keyframe.capacity() + s.records.capacity()).sum()
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

    /// Steps again from the keyframe of this number, compares every hash on the way, and checks
    /// that each later keyframe is met exactly. `restore` makes a room from a keyframe.
    pub fn replay(
        &self,
        from: usize,
        restore: impl Fn(&[u8]) -> Result<Box<dyn AnyRoom>, String>,
    ) -> Result<Replayed, LogError> {
        let first = self.segments.get(from).ok_or_else(|| damaged("it has no keyframe"))?;
        let mut room = restore(&first.keyframe).map_err(LogError::OtherBuild)?;
        let mut replay = Replay { room: room.as_mut(), said: Vec::new(), steps: 0, hashes: 0 };
        for (place, segment) in self.segments.iter().enumerate().skip(from) {
            if place > from {
                replay.expect(segment.start, || Ok(restore(&segment.keyframe)?.hash()))?;
            }
            replay.segment(segment, self.header.pace)?;
        }
        let (steps, hashes) = (replay.steps, replay.hashes);
        Ok(Replayed { steps, hashes, hash: room.hash() })
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

struct Replay<'a> {
    room: &'a mut dyn AnyRoom,
    said: Vec<Said>,
    steps: u64,
    hashes: u64,
}

impl Replay<'_> {
    fn segment(&mut self, segment: &Segment, pace: Pace) -> Result<(), LogError> {
        let mut records = segment.records.as_slice();
        while !records.is_empty() {
            let (record, rest) = wire::decode_own_first::<Record>(records)
                .map_err(|error| damaged(error.to_string()))?;
            records = rest;
            match record {
                Record::Step { tick, time_ms, commands } => {
                    self.idle_until(Tick(tick.0.wrapping_sub(1)), segment.end, pace)?;
                    self.step(time_ms, &commands);
                }
                Record::Hash { tick, hash } => {
                    self.idle_until(tick, segment.end, pace)?;
                    self.expect(tick, || Ok(hash))?;
                }
            }
        }
        self.idle_until(segment.end, segment.end, pace)
    }

    /// Makes the steps that left no record, up to and with `tick`.
    fn idle_until(&mut self, tick: Tick, end: Tick, pace: Pace) -> Result<(), LogError> {
        let now = self.room.tick();
        if tick < now || tick > end || (tick != now && pace == Pace::OnCommand) {
            return Err(damaged(format!("a record of {tick} follows {now}")));
        }
        while self.room.tick() < tick && !self.room.is_over() {
            self.step(0, &[]);
        }
        if self.room.tick() != tick {
            // No hash to compare, and yet no doubt: the room that was logged went on.
            let over = self.room.tick();
            return Err(damaged(format!("its match is over at {over}, but it goes on to {tick}")));
        }
        Ok(())
    }

    fn step(&mut self, time_ms: u64, commands: &[Command]) {
        self.said.clear();
        self.room.step(time_ms, commands, &mut self.said);
        self.steps += 1;
    }

    fn expect(
        &mut self,
        tick: Tick,
        expected: impl FnOnce() -> Result<u64, String>,
    ) -> Result<(), LogError> {
        let expected = expected().map_err(LogError::OtherBuild)?;
        let found = self.room.hash();
        if expected != found || self.room.tick() != tick {
            return Err(LogError::Diverged { tick, expected, found });
        }
        self.hashes += 1;
        Ok(())
    }
}
