//! A log written as a file piece by piece, for one that does not fit into memory.

use std::io::{self, Write};

use greenroom_proto::wire;
use xxhash_rust::xxh3::Xxh3;

use super::{MAGIC, Segment};
use crate::room::Header;
use crate::room::recovery::Crash;

/// Writes the bytes that [`Log::to_bytes`](super::Log::to_bytes) makes.
pub struct LogWriter<W: Write> {
    out: W,
    checksum: Xxh3,
}

impl<W: Write> LogWriter<W> {
    /// Begins the file of a log without a crash, of so many segments.
    pub fn begin(out: W, header: &Header, segments: usize) -> io::Result<Self> {
        let mut writer = LogWriter { out, checksum: Xxh3::with_seed(0) };
        writer.put(MAGIC)?;
        let crash: Option<Crash> = None;
        writer.put(&wire::encode(&(header, crash, segments as u64)))?;
        Ok(writer)
    }

    /// Goes on with encoded segments, whole ones or pieces.
    pub fn segments(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.put(bytes)
    }

    /// Ends the file.
    pub fn finish(mut self) -> io::Result<W> {
        let checksum = self.checksum.digest();
        self.out.write_all(&checksum.to_le_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.checksum.update(bytes);
        self.out.write_all(bytes)
    }
}

impl Segment {
    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.keyframe.capacity() + self.records.capacity()
    }

    /// Appends it as it stands in a file.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        wire::encode_into(self, out);
    }
}

#[cfg(test)]
mod tests {
    use greenroom_proto::Tick;

    use super::super::{Keep, Log};
    use super::*;
    use crate::game::Pace;

    #[test]
    fn a_log_written_in_pieces_is_the_log() {
        let header = Header {
            game: "probe".to_owned(),
            version: 3,
            build: 9,
            schema_hash: 7,
            options: "{}".to_owned(),
            seed: 5,
            pace: Pace::OnCommand,
        };
        for count in [1, 2, 300] {
            let mut log = Log::from_keyframe(header.clone(), Tick(0), vec![0; 5]);
            for tick in 1..count {
                log.step(Tick(tick), tick.into(), &[]);
                log.hash(tick.into());
                log.keyframe(Tick(tick), vec![tick as u8; 20], Keep::All);
            }
            let whole = log.to_bytes();
            let mut pieces = Vec::new();
            log.into_segments().for_each(|segment| segment.encode_into(&mut pieces));
            let mut out = LogWriter::begin(Vec::new(), &header, count as usize).unwrap();
            pieces.chunks(7).for_each(|piece| out.segments(piece).unwrap());
            assert_eq!(out.finish().unwrap(), whole);
        }
    }
}
