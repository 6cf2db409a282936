//! A stream as a file for programs in other languages. All numbers little endian:
//!
//! ```text
//! text    u32 bytes, UTF-8
//! file    "GRSTREAM", u32 version (1), text name, u32 hz, u32 slots
//!         u32 lanes, for each: text name, i32 min, i32 max
//!         u32 texts, for each: text name
//!         u32 lists, for each: text name
//!         u32 frames, for each: frame
//! frame   for each slot: u8 alive; if 1: an i32 for each lane, a text for each text
//!         for each list: u32 length, that many texts
//! ```

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::Stream;

const MAGIC: &[u8; 8] = b"GRSTREAM";
const VERSION: u32 = 1;

impl Stream {
    /// Writes the stream into a file.
    pub fn dump(&self, path: &Path) -> io::Result<()> {
        let mut out = BufWriter::new(std::fs::File::create(path)?);
        out.write_all(MAGIC)?;
        number(&mut out, VERSION as usize)?;
        text(&mut out, self.name)?;
        number(&mut out, self.hz as usize)?;
        number(&mut out, self.slots)?;
        number(&mut out, self.lanes.len())?;
        for lane in self.lanes {
            text(&mut out, lane.name)?;
            out.write_all(&lane.min.to_le_bytes())?;
            out.write_all(&lane.max.to_le_bytes())?;
        }
        for names in [self.texts, self.lists] {
            number(&mut out, names.len())?;
            names.iter().try_for_each(|name| text(&mut out, name))?;
        }
        number(&mut out, self.frames.len())?;
        for frame in 0..self.frames.len() {
            self.frame(&mut out, frame)?;
        }
        out.flush()
    }

    fn frame(&self, out: &mut impl Write, frame: usize) -> io::Result<()> {
        for slot in 0..self.slots {
            let row = self.row(frame, slot);
            out.write_all(&[u8::from(row.is_some())])?;
            if let Some(row) = row {
                row.lanes.iter().try_for_each(|lane| out.write_all(&lane.to_le_bytes()))?;
                row.texts.iter().try_for_each(|it| text(out, it))?;
            }
        }
        for list in &self.frames[frame].lists {
            number(out, list.len())?;
            list.iter().try_for_each(|it| text(out, it))?;
        }
        Ok(())
    }
}

fn number(out: &mut impl Write, number: usize) -> io::Result<()> {
    let number = u32::try_from(number).map_err(|_| io::ErrorKind::InvalidData)?;
    out.write_all(&number.to_le_bytes())
}

fn text(out: &mut impl Write, text: &str) -> io::Result<()> {
    number(out, text.len())?;
    out.write_all(text.as_bytes())
}
