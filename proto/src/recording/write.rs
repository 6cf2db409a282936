//! Writes a recording, frame by frame.

use std::io::{self, Write};

use super::{BLOCK_BYTES, BLOCK_HEAD_BYTES, BLOCK_MS, Block, END, Head, MAGIC, crc32};
use crate::frame::{Event, STATE, STATE_EVENTS, write_event_of, write_varint};
use crate::id::Tick;
use crate::wire;

/// A frame to be written.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// The step after which the state is as in the frame.
    pub tick: Tick,
    /// Milliseconds from the beginning of the room to it.
    pub time_ms: u64,
    /// Whether the body is a whole state. Else it is a step from the frame before.
    pub whole: bool,
    /// What happened since the frame before, oldest first; at most
    /// [`crate::frame::FRAME_EVENTS_MAX`].
    pub events: &'a [Event],
    /// What follows the events in a state frame: flags, tick, hash, state.
    pub body: &'a [u8],
}

/// Writes a recording. Holds one block in memory.
pub struct Recorder<W: Write> {
    out: W,
    /// Bytes written so far.
    offset: u64,
    on_command: bool,
    /// Begins with room for its length.
    block: Vec<u8>,
    /// Of these the whole state.
    whole_bytes: usize,
    index: Vec<Block>,
    last: (Tick, u64),
}

impl<W: Write> Recorder<W> {
    /// Begins a recording.
    pub fn new(mut out: W, head: &Head) -> io::Result<Self> {
        let mut bytes = MAGIC.to_vec();
        let body = wire::encode(head);
        put_length(body.len(), &mut bytes)?;
        bytes.extend_from_slice(&body);
        put_checksum(&mut bytes);
        out.write_all(&bytes)?;
        Ok(Recorder {
            out,
            offset: bytes.len() as u64,
            on_command: head.tick_hz == 0,
            block: Vec::new(),
            whole_bytes: 0,
            index: Vec::new(),
            last: (Tick(0), 0),
        })
    }

    /// Whether the frame of this time is to be a whole state: the block has become long.
    #[must_use]
    pub fn wants_whole(&self, time_ms: u64) -> bool {
        let Some(begun) = self.index.last() else { return true };
        time_ms.saturating_sub(begun.time_ms) >= BLOCK_MS
            || self.block.len() - self.whole_bytes >= BLOCK_BYTES
    }

    /// Writes a frame. A whole state begins a block.
    ///
    /// # Panics
    /// When the first frame is not a whole state.
    pub fn frame(&mut self, frame: Recorded<'_>) -> io::Result<()> {
        let Recorded { tick, time_ms, .. } = frame;
        if frame.whole {
            self.end_block()?;
            self.index.push(Block { tick, time_ms, offset: self.offset });
            self.block.extend_from_slice(&[0; 4]);
            self.block.extend_from_slice(&tick.0.to_le_bytes());
            self.block.extend_from_slice(&time_ms.to_le_bytes());
            self.last.1 = time_ms;
        }
        assert!(!self.index.is_empty(), "a recording begins with a whole state");
        if self.on_command {
            let passed_ms = time_ms.saturating_sub(self.last.1);
            write_varint(passed_ms.try_into().unwrap_or(u32::MAX), &mut self.block);
        }
        let events = events(tick, frame.events);
        let length = 1 + events.len() + frame.body.len();
        write_varint(length.try_into().map_err(|_| too_large())?, &mut self.block);
        self.block.push(if events.is_empty() { STATE } else { STATE_EVENTS });
        self.block.extend_from_slice(&events);
        self.block.extend_from_slice(frame.body);
        if frame.whole {
            self.whole_bytes = self.block.len();
        }
        self.last = (tick, time_ms);
        Ok(())
    }

    /// Writes the index and the end.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_block()?;
        let mut bytes = vec![0; 4];
        put_length(self.index.len(), &mut bytes)?;
        for Block { tick, time_ms, offset } in &self.index {
            bytes.extend_from_slice(&tick.0.to_le_bytes());
            bytes.extend_from_slice(&time_ms.to_le_bytes());
            bytes.extend_from_slice(&offset.to_le_bytes());
        }
        bytes.extend_from_slice(&self.last.0.0.to_le_bytes());
        bytes.extend_from_slice(&self.last.1.to_le_bytes());
        put_checksum(&mut bytes);
        bytes.extend_from_slice(&self.offset.to_le_bytes());
        bytes.extend_from_slice(END);
        self.out.write_all(&bytes)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn end_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        debug_assert!(self.block.len() > 4 + BLOCK_HEAD_BYTES, "a block has a frame");
        let length = u32::try_from(self.block.len() - 4).map_err(|_| too_large())?;
        self.block[..4].copy_from_slice(&length.to_le_bytes());
        put_checksum(&mut self.block);
        self.out.write_all(&self.block)?;
        self.offset += self.block.len() as u64;
        self.block.clear();
        Ok(())
    }
}

/// The section of events, nothing at all if there are none.
fn events(tick: Tick, events: &[Event]) -> Vec<u8> {
    let mut out = Vec::new();
    if !events.is_empty() {
        write_varint(events.len() as u32, &mut out);
        for event in events {
            let age = tick.0.wrapping_sub(event.tick.0);
            write_event_of(event.kind, event.number, age, &event.body, &mut out);
        }
    }
    out
}

fn put_length(length: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let length = u32::try_from(length).map_err(|_| too_large())?;
    out.extend_from_slice(&length.to_le_bytes());
    Ok(())
}

fn put_checksum(part: &mut Vec<u8>) {
    let checksum = crc32(part);
    part.extend_from_slice(&checksum.to_le_bytes());
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "a part of the recording is over 4 GiB")
}
