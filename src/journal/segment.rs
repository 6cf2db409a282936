//! The head of a segment, its file's name, and the seed that binds records to their place.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::record::{long, word};

/// A name, and in the last byte the version of the format.
const MAGIC: &[u8; 8] = b"GRJNL\0\0\x01";

/// Bytes of a segment's head.
pub const SEGMENT_HEAD_BYTES: usize = 40;

/// Flag: records were lost before this segment began.
const GAP: u32 = 1;

/// Numbers from here on are none that a journal gets to.
const NUMBER_END: u64 = 1 << 62;

/// How names of segments end.
const SUFFIX: &str = ".journal";
/// How names of segments go on that were set aside.
const DAMAGED: &str = ".damaged";

/// Where a segment is from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SegmentHead {
    /// Its number, which is in its name too: one more than that of the segment before.
    pub number: u64,
    /// Random; the same for all segments of one opening of the journal.
    pub life: u64,
    /// Stands for the time since the machine was started; 0 if that is not known.
    pub boot: u64,
    /// Whether records were lost, with an error, before this segment began.
    pub gap: bool,
}

/// Bytes are not the head of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotASegment {
    /// There are too few.
    #[error("it ends within its head")]
    Short,
    /// It is another kind of file.
    #[error("it is not a journal of Greenroom")]
    Foreign,
    /// It is of another version.
    #[error("it is of version {0} of the format, this build reads version {version}", version = MAGIC[7])]
    Version(u8),
    /// It was changed.
    #[error("the checksum of its head is wrong")]
    Damaged,
}

/// Where in a segment a record begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// What [`SegmentHead::seed`] says.
    pub seed: u64,
    /// Bytes of the file before it.
    pub offset: u64,
}

impl Place {
    /// Seeds the checksum of a record here: nothing that lay elsewhere passes for it.
    #[must_use]
    pub fn seed(self) -> u64 {
        self.seed.wrapping_add(self.offset)
    }
}

impl SegmentHead {
    /// Differs from segment to segment.
    #[must_use]
    pub fn seed(&self) -> u64 {
        xxh3_64_with_seed(&self.number.to_le_bytes(), self.life)
    }

    /// The head as it stands in the file.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SEGMENT_HEAD_BYTES] {
        let mut bytes = [0; SEGMENT_HEAD_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.life.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.boot.to_le_bytes());
        bytes[32..36].copy_from_slice(&if self.gap { GAP } else { 0 }.to_le_bytes());
        let sum = xxh3_64_with_seed(&bytes[..36], 0) as u32;
        bytes[36..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// The head of a file that begins with these bytes.
    pub fn of_bytes(bytes: &[u8]) -> Result<Self, NotASegment> {
        let head = bytes.first_chunk::<SEGMENT_HEAD_BYTES>().ok_or(NotASegment::Short)?;
        if head[..7] != MAGIC[..7] {
            return Err(NotASegment::Foreign);
        }
        if head[7] != MAGIC[7] {
            return Err(NotASegment::Version(head[7]));
        }
        if xxh3_64_with_seed(&head[..36], 0) as u32 != word(head, 36) || word(head, 32) > GAP {
            return Err(NotASegment::Damaged);
        }
        let gap = word(head, 32) == GAP;
        Ok(SegmentHead { number: long(head, 8), life: long(head, 16), boot: long(head, 24), gap })
    }
}

/// The name of the segment with this number. Names sort as their numbers.
#[must_use]
pub fn name(number: u64) -> String {
    format!("{number:016x}{SUFFIX}")
}

/// The name under which a file is set aside, the `copy`th time that this happens to one.
#[must_use]
pub fn damaged_name(name: &str, copy: u32) -> String {
    match copy {
        0 => format!("{name}{DAMAGED}"),
        copy => format!("{name}{DAMAGED}-{copy}"),
    }
}

/// What a file of the directory is, by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named {
    /// The segment of this number.
    Segment(u64),
    /// A segment of this number that was set aside.
    Damaged(u64),
    /// None of ours.
    Other,
}

/// What the file of this name is.
#[must_use]
pub fn named(name: &str) -> Named {
    let Some((digits, rest)) = name.split_at_checked(16) else { return Named::Other };
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let number = u64::from_str_radix(digits, 16);
    match (number, rest.strip_prefix(SUFFIX)) {
        (Ok(number), Some(rest)) if number < NUMBER_END && digits.bytes().all(digit) => {
            match rest {
                "" => Named::Segment(number),
                rest if rest.starts_with(DAMAGED) => Named::Damaged(number),
                _ => Named::Other,
            }
        }
        _ => Named::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: SegmentHead = SegmentHead { number: 3, life: 9, boot: 1 << 60, gap: true };

    #[test]
    fn head_reads_back_and_every_flipped_bit_is_seen() {
        let bytes = HEAD.to_bytes();
        assert_eq!(SegmentHead::of_bytes(&bytes), Ok(HEAD));
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHead::of_bytes(&bytes).is_err(), "bit {bit}");
        }
        assert_eq!(SegmentHead::of_bytes(&bytes[..39]), Err(NotASegment::Short));
        assert_eq!(SegmentHead::of_bytes(&[0; 40]), Err(NotASegment::Foreign));
    }

    #[test]
    fn no_two_places_have_one_seed() {
        let other = SegmentHead { number: 4, ..HEAD };
        let place = |head: SegmentHead, offset| Place { seed: head.seed(), offset }.seed();
        assert_ne!(place(HEAD, 40), place(HEAD, 68));
        assert_ne!(place(HEAD, 40), place(other, 40));
        assert_ne!(place(HEAD, 40), place(SegmentHead { life: 10, ..HEAD }, 40));
        assert_eq!(Place { seed: u64::MAX, offset: 40 }.seed(), 39, "it wraps");
    }

    #[test]
    fn another_version_is_named() {
        let mut bytes = HEAD.to_bytes();
        bytes[7] = 9;
        let error = SegmentHead::of_bytes(&bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it is of version 9 of the format, this build reads version 1"
        );
    }

    #[test]
    fn golden_head() {
        let bytes = HEAD.to_bytes();
        assert_eq!(&bytes[..8], b"GRJNL\0\0\x01");
        assert_eq!(bytes[8..24], [3, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[24..], [0, 0, 0, 0, 0, 0, 0, 16, 1, 0, 0, 0, 17, 174, 5, 85]);
        assert_eq!(HEAD.seed(), 17_838_743_205_252_601_709);
    }

    #[test]
    fn names_are_numbers_and_others_are_left_alone() {
        assert_eq!(name(0x1f), "000000000000001f.journal");
        assert_eq!(named(&name(0x1f)), Named::Segment(0x1f));
        assert_eq!(named(&name(u64::MAX)), Named::Other);
        for copy in 0..3 {
            assert_eq!(named(&damaged_name(&name(5), copy)), Named::Damaged(5));
        }
        for other in [
            "",
            "lock",
            "1.journal",
            "000000000000001F.journal",
            "+00000000000001f.journal",
            "000000000000001f.journal~",
            "000000000000001f",
            "äääääääääääääääää.journal",
        ] {
            assert_eq!(named(other), Named::Other, "{other}");
        }
    }
}
