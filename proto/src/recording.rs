//! # A recording
//!
//! A file with the state frames of a match, for programs that show it again: play, pause, go to any
//! time, faster or slower. It holds what one player saw, or all there was to see; unlike a log it
//! needs no game to be read, only a decoder of state frames.
//!
//! Numbers are little endian; a varint is LEB128, as in state frames.
//!
//! ```text
//! recording  head, blocks, index, end
//!
//! head       8 bytes   "GRFRAME" and the version of this format, 1
//!            u32       length of Head
//!            Head      encoded as control messages are, see the protocol
//!            u32       checksum
//!
//! block      u32       length of what follows, up to the checksum: 12 to 64 MiB
//!            u32       tick of the first frame
//!            u64       milliseconds from the beginning of the room to that frame
//!            frames    to the end; the first is a whole state
//!            u32       checksum
//!
//! frame      varint    only if Head::tick_hz is 0: milliseconds since the frame before; 0 for the
//!                      first of a block
//!            varint    length of what follows
//!            frame     a state frame as the protocol has it, but without the three bytes of `inputs
//!                      applied` and `slack`: 0x02, or 0x03 and events; flags, tick, hash, state
//!
//! index      u32       0, where the length of another block would be
//!            u32       blocks
//!            of each:
//!            u32         tick of its first frame
//!            u64         milliseconds of its first frame
//!            u64         where it begins, in bytes from the beginning of the file
//!            u32       tick of the last frame
//!            u64       its milliseconds
//!            u32       checksum
//!
//! end        u64       where the index begins
//!            8 bytes   "GREND\0\0" and the version, 1
//! ```
//!
//! A checksum is the CRC-32 of zip and PNG (polynomial 0xedb88320, reflected) over all bytes of its
//! part before it. So each part can be read, and trusted, by itself: a viewer on the web asks for
//! the head, the last 16 bytes, the index, and then block after block.
//!
//! **To show tick `t`**, take the last block that begins at `t` or before, apply its frames up to
//! the last whose tick is not over `t`. Where `tick_hz` is not 0, a frame belongs at `tick / tick_hz`
//! seconds; there are frames for ticks that `send_every` divides, and for the last one.
//!
//! A block is begun after [`BLOCK_MS`] or [`BLOCK_BYTES`] of frames: to seek costs that much at most,
//! and a writer needs no more memory than that and one whole state. The index takes 20 bytes a block.
//!
//! A file that was not finished has no end. What there is of it can be read from the front.

mod crc;
mod read;
mod write;

use serde::{Deserialize, Serialize};

pub use self::crc::crc32;
pub use self::read::{Recording, Shown};
pub use self::write::{Recorded, Recorder};
use crate::control::GameName;
use crate::id::{PlayerId, Tick};
use crate::schema::Schema;

/// What a recording starts with.
const MAGIC: &[u8; 8] = b"GRFRAME\x01";
/// What it ends with.
const END: &[u8; 8] = b"GREND\0\0\x01";
/// Bytes after the index.
const END_BYTES: u64 = 16;
/// Bytes of a block before its first frame, without its length.
const BLOCK_HEAD_BYTES: usize = 12;
/// Bytes of a block in the index.
const ENTRY_BYTES: usize = 20;
/// A length over this is damage.
const PART_BYTES_MAX: usize = 64 << 20;

/// Time after which a block is long enough.
pub const BLOCK_MS: u64 = 2000;
/// Bytes of frames, besides the whole state, after which a block is large enough.
pub const BLOCK_BYTES: usize = 64 << 10;

/// What a recording is of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// Name of the game.
    pub game: GameName,
    /// Version of its rules.
    pub version: u32,
    /// Steps per second; 0 in a room that steps on commands.
    pub tick_hz: u16,
    /// There is a frame every so many steps.
    pub send_every: u16,
    /// Who saw this; `None`: all that there is.
    pub viewer: Option<PlayerId>,
    /// How to read the state. All tables are as in the room's schema; without a viewer all rows of
    /// those that are `restricted` are there too.
    pub schema: Schema,
}

/// A block, as the index has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// Tick of its first frame.
    pub tick: Tick,
    /// Milliseconds from the beginning of the room to that frame.
    pub time_ms: u64,
    /// Where it begins in the file.
    pub offset: u64,
}

/// A recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadRecording {
    /// The file is something else.
    #[error("this is not a recording of a version that this build reads")]
    NotARecording,
    /// It was cut or changed.
    #[error("the recording is damaged: {0}")]
    Damaged(String),
    /// Reading failed.
    #[error("the recording cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

fn damaged(why: impl ToString) -> BadRecording {
    BadRecording::Damaged(why.to_string())
}
