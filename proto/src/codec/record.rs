//! Records: what is said of one row, made once to be appended to any number of frames.

use super::bits::{AT_ONCE, BitWriter, Sink};

/// A record that is made, or what it is still to be made from.
///
/// In one word, because this is what a viewer costs for each row: nearly all records have their
/// bits right here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record(u64);

/// The highest byte of a record says how many bits follow from the lowest on, or one of these.
const KIND_SHIFT: u32 = AT_ONCE;
/// There are more: where the words start is in the low half, how many bits they have above.
const LONG: u64 = AT_ONCE as u64 + 1;
/// Bits that count the bits of a long record.
const COUNT_SHIFT: u32 = 32;

impl Record {
    /// Nothing is to be said.
    pub const NONE: Record = Record(0xfe << KIND_SHIFT);
    /// It is made from the row in the frame that the viewer has.
    pub const FROM_BASE: Record = Record(0xfd << KIND_SHIFT);
    /// It is made from zeros: a cell whose owner is new to the viewer.
    pub const FROM_ZEROS: Record = Record(0xfc << KIND_SHIFT);

    /// Whether it is there, to be appended.
    #[inline(always)]
    #[must_use]
    pub fn is_made(self) -> bool {
        self.0 >> KIND_SHIFT <= LONG
    }
}

/// The words of the records that are long.
#[derive(Debug, Default)]
pub struct Records(Vec<u64>);

impl Records {
    /// Forgets all records and keeps their memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Ends a record and keeps it. Another can be written then.
    #[inline(always)]
    pub fn keep(&mut self, writer: &mut RecordWriter) -> Record {
        let RecordWriter { words, held, count } = writer;
        let (held, count) = (std::mem::take(held), u64::from(std::mem::take(count)));
        if count <= AT_ONCE.into() {
            return Record(held | count << KIND_SHIFT);
        }
        let start = self.0.len() as u64;
        self.0.append(words);
        self.0.push(held);
        Record(LONG << KIND_SHIFT | count << COUNT_SHIFT | start)
    }

    /// Appends a record, which is made, to a frame.
    #[inline(always)]
    pub fn append(&self, Record(record): Record, out: &mut BitWriter<'_>) {
        let kind = record >> KIND_SHIFT;
        if kind == LONG {
            return out.apart(|out| self.append_long(record, out));
        }
        out.put_some(record & ((1 << KIND_SHIFT) - 1), kind as u32);
    }

    #[cold]
    #[inline(never)]
    fn append_long(&self, record: u64, out: &mut BitWriter<'_>) {
        let mut bits = (record >> COUNT_SHIFT) as u32 & ((1 << (KIND_SHIFT - COUNT_SHIFT)) - 1);
        for word in &self.0[record as u32 as usize..] {
            out.put_wide(*word, bits.min(u64::BITS));
            bits = bits.saturating_sub(u64::BITS);
            if bits == 0 {
                break;
            }
        }
    }
}

/// Writes one record.
#[derive(Debug, Default)]
pub struct RecordWriter {
    /// Full words, which few records have.
    words: Vec<u64>,
    held: u64,
    /// All bits so far.
    count: u32,
}

impl Sink for RecordWriter {
    #[inline(always)]
    fn put(&mut self, value: u32, width: u32) {
        debug_assert!(width <= 32 && u64::from(value) >> width == 0);
        self.put_wide(value.into(), width);
    }

    #[inline(always)]
    fn put_wide(&mut self, value: u64, width: u32) {
        self.held |= value << (self.count % u64::BITS);
        let before = self.count;
        self.count += width;
        if (before ^ self.count) & u64::BITS != 0 {
            spill(&mut self.words, self.held);
            self.held = value >> 1 >> (63 - before % u64::BITS);
        }
    }
}

/// A word is full.
#[cold]
#[inline(never)]
fn spill(words: &mut Vec<u64>, word: u64) {
    words.push(word);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_are_the_bits_that_were_put_into_them(
            values in prop::collection::vec(prop::collection::vec((any::<u32>(), 0u32..=32), 0..12), 0..12)
        ) {
            let (mut direct, mut sliced) = (Vec::new(), Vec::new());
            let mut writer = BitWriter::new(&mut direct);
            let (mut records, mut open) = (Records::default(), RecordWriter::default());
            let mut cuts = Vec::new();
            for record in &values {
                for (value, width) in record {
                    let value = (u64::from(*value) & ((1u64 << width) - 1)) as u32;
                    writer.put(value, *width);
                    open.put(value, *width);
                }
                cuts.push(records.keep(&mut open));
            }
            writer.finish();
            let mut writer = BitWriter::new(&mut sliced);
            for record in cuts {
                prop_assert!(record.is_made());
                records.append(record, &mut writer);
            }
            writer.finish();
            prop_assert_eq!(direct, sliced);
        }
    }
}
