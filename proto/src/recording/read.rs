//! Reads a recording, from any place.

use std::io::{Read, Seek, SeekFrom};

use super::{
    BLOCK_HEAD_BYTES, BadRecording, Block, END, END_BYTES, ENTRY_BYTES, Head, MAGIC,
    PART_BYTES_MAX, crc32, damaged,
};
use crate::frame::{Frame, HEAD_BYTES, HashCheck, Replica, read_varint};
use crate::id::Tick;
use crate::layout::Layout;
use crate::rows::Rows;
use crate::wire;

/// A recording that is being shown. Holds one block in memory.
pub struct Recording<R> {
    from: R,
    head: Head,
    index: Vec<Block>,
    last: (Tick, u64),
    replica: Replica,
    /// Number of the block being shown; its bytes; how many of them are shown.
    block: usize,
    bytes: Vec<u8>,
    shown: usize,
    /// Of the frame shown last.
    time_ms: u64,
}

/// A frame that was shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// What it said. Its `head` is empty.
    pub frame: Frame,
    /// Milliseconds from the beginning of the room to it.
    pub time_ms: u64,
}

impl<R: Read + Seek> Recording<R> {
    /// Opens a recording: reads its head and its index. Nothing is shown yet.
    pub fn open(mut from: R) -> Result<Self, BadRecording> {
        let size = from.seek(SeekFrom::End(0))?;
        from.rewind()?;
        let head = read_head(&mut from, size)?;
        let layout = Layout::new(&head.schema).map_err(damaged)?;
        if size < END_BYTES {
            return Err(damaged("it ends early"));
        }
        from.seek(SeekFrom::Start(size - END_BYTES))?;
        let at = u64::from_le_bytes(read_array(&mut from)?);
        if read_array::<8>(&mut from)? != *END || at > size - END_BYTES {
            return Err(damaged("it has no end: it was cut, or never finished"));
        }
        let (index, last) = read_index(&mut from, at, size)?;
        let replica = Replica::new(layout);
        let mut recording = Recording {
            from,
            head,
            index,
            last,
            replica,
            block: 0,
            bytes: Vec::new(),
            shown: 0,
            time_ms: 0,
        };
        recording.load(0)?;
        Ok(recording)
    }

    /// What it is of.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Where it can be entered, in order.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.index
    }

    /// Tick and milliseconds of the last frame.
    #[must_use]
    pub fn last(&self) -> (Tick, u64) {
        self.last
    }

    /// The state as the frame shown last made it.
    #[must_use]
    pub fn rows(&self) -> &Rows {
        self.replica.rows()
    }

    /// Tick of the frame shown last; `None` before the first.
    #[must_use]
    pub fn tick(&self) -> Option<Tick> {
        self.replica.tick()
    }

    /// Shows the newest frame that is not after `tick`; the first, if that is later. Returns its
    /// tick; `None` if there are no frames. Events on the way are passed over.
    pub fn seek(&mut self, tick: Tick) -> Result<Option<Tick>, BadRecording> {
        let after = self.index.partition_point(|block| block.tick <= tick);
        self.load(after.saturating_sub(1))?;
        self.next()?;
        while self.peek()?.is_some_and(|next| next <= tick) {
            self.next()?;
        }
        Ok(self.tick())
    }

    /// Shows the next frame; `None` after the last.
    #[allow(clippy::should_implement_trait)] // an iterator could not lend the rows
    pub fn next(&mut self) -> Result<Option<Shown>, BadRecording> {
        let Some((message, time_ms, shown)) = self.message()? else { return Ok(None) };
        let frame = self.replica.apply(&message).map_err(damaged)?;
        if frame.hash == HashCheck::Differs {
            return Err(damaged(format!("the state of {} has another hash", frame.tick)));
        }
        let hz = u64::from(self.head.tick_hz);
        let by_tick = (u64::from(frame.tick.0) * 1000).checked_div(hz);
        self.time_ms = by_tick.unwrap_or(time_ms);
        self.shown = shown;
        Ok(Some(Shown { frame, time_ms: self.time_ms }))
    }

    /// The tick of the next frame.
    fn peek(&mut self) -> Result<Option<Tick>, BadRecording> {
        let Some((message, ..)) = self.message()? else { return Ok(None) };
        let newest = self.replica.newest();
        Ok(Some(crate::frame::read(&message, newest).map_err(damaged)?.tick))
    }

    /// The next frame as it would come over a wire, its milliseconds, and where the one after it
    /// begins.
    fn message(&mut self) -> Result<Option<(Vec<u8>, u64, usize)>, BadRecording> {
        if self.shown == self.bytes.len() {
            if self.block + 1 >= self.index.len() {
                return Ok(None);
            }
            self.load(self.block + 1)?;
        }
        let mut rest = &self.bytes[self.shown..];
        let passed_ms = match self.head.tick_hz {
            0 => read_varint(&mut rest).map_err(damaged)?,
            _ => 0,
        };
        let length = read_varint(&mut rest).map_err(damaged)? as usize;
        let (frame, rest) =
            rest.split_at_checked(length).ok_or_else(|| damaged("a frame ends early"))?;
        let (kind, frame) = frame.split_first().ok_or_else(|| damaged("a frame is empty"))?;
        let mut message = vec![0; HEAD_BYTES];
        message[0] = *kind;
        message.extend_from_slice(frame);
        let time_ms = self.time_ms.saturating_add(passed_ms.into());
        Ok(Some((message, time_ms, self.bytes.len() - rest.len())))
    }

    /// Goes to the beginning of a block.
    fn load(&mut self, block: usize) -> Result<(), BadRecording> {
        let Some(Block { tick, time_ms, offset }) = self.index.get(block).copied() else {
            return Ok(());
        };
        self.from.seek(SeekFrom::Start(offset))?;
        let mut bytes = read_part(&mut self.from, &[])?;
        let head = [&tick.0.to_le_bytes()[..], &time_ms.to_le_bytes()].concat();
        if !bytes.starts_with(&head) {
            return Err(damaged("a block is not the one that the index says"));
        }
        bytes.drain(..BLOCK_HEAD_BYTES);
        (self.block, self.bytes, self.shown, self.time_ms) = (block, bytes, 0, time_ms);
        Ok(())
    }
}

fn read_head(from: &mut impl Read, size: u64) -> Result<Head, BadRecording> {
    if size < MAGIC.len() as u64 || read_array(from)? != *MAGIC {
        return Err(BadRecording::NotARecording);
    }
    let head = read_part(from, MAGIC)?;
    wire::decode(&head).map_err(damaged)
}

/// The blocks, and the last frame.
fn read_index(
    from: &mut (impl Read + Seek),
    at: u64,
    size: u64,
) -> Result<(Vec<Block>, (Tick, u64)), BadRecording> {
    from.seek(SeekFrom::Start(at))?;
    let bytes = (size - END_BYTES - at) as usize;
    if !(24..=PART_BYTES_MAX).contains(&bytes) {
        return Err(damaged("its index has no possible length"));
    }
    let mut index = vec![0; bytes];
    from.read_exact(&mut index)?;
    let index = checked(&index)?;
    let count = number(&index[4..8]) as usize;
    let entries = &index[8..index.len() - 12];
    if index[..4] != [0; 4] || entries.len() != count * ENTRY_BYTES {
        return Err(damaged("its index has another length than it says"));
    }
    let block = |entry: &[u8]| Block {
        tick: Tick(number(&entry[..4]) as u32),
        time_ms: number(&entry[4..12]),
        offset: number(&entry[12..]),
    };
    let blocks: Vec<Block> = entries.chunks_exact(ENTRY_BYTES).map(block).collect();
    if !blocks.is_sorted_by_key(|block| block.tick) {
        return Err(damaged("its index is not in order"));
    }
    let last = &index[index.len() - 12..];
    Ok((blocks, (Tick(number(&last[..4]) as u32), number(&last[4..]))))
}

/// What follows a length, whose checksum is right; `before`: what the checksum counts too.
fn read_part(from: &mut impl Read, before: &[u8]) -> Result<Vec<u8>, BadRecording> {
    let length = read_array::<4>(from)?;
    let bytes = u32::from_le_bytes(length) as usize;
    if bytes > PART_BYTES_MAX {
        return Err(damaged("a part of it has no possible length"));
    }
    let mut part = [before, &length].concat();
    let head = part.len();
    // What a file claims is believed as it comes.
    let read = from.take(bytes as u64 + 4).read_to_end(&mut part)?;
    if read != bytes + 4 {
        return Err(damaged("it ends early"));
    }
    Ok(checked(&part)?[head..].to_vec())
}

/// What is before a checksum, if that is right.
fn checked(part: &[u8]) -> Result<&[u8], BadRecording> {
    let (body, checksum) = part.split_last_chunk().ok_or_else(|| damaged("it ends early"))?;
    match u32::from_le_bytes(*checksum) == crc32(body) {
        true => Ok(body),
        false => Err(damaged("a checksum is wrong: it was cut or changed")),
    }
}

fn read_array<const BYTES: usize>(from: &mut impl Read) -> Result<[u8; BYTES], BadRecording> {
    let mut bytes = [0; BYTES];
    from.read_exact(&mut bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => damaged("it ends early"),
        _ => error.into(),
    })?;
    Ok(bytes)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
