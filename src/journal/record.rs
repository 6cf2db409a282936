//! One record: its bytes, and whether bytes are one.

use greenroom_proto::RoomId;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

/// Bytes in front of each payload.
pub const HEAD_BYTES: usize = 28;

/// Largest payload. A reader gets memory for no more on the word of a length field, and that only
/// when the head's own checksum is right.
pub const PAYLOAD_BYTES_MAX: usize = 64 << 20;

/// Payloads up to this size are hashed where they lie in the batch, in one go (15 ns for 120
/// bytes; the state of a hash in pieces takes as long to set up). Larger ones are hashed before,
/// so that nobody waits for it.
const HASH_IN_PLACE_BYTES_MAX: usize = 4096;

/// What a record says about its room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    /// All before of this room may be forgotten.
    Start = 1,
    /// Goes on from the record before.
    More = 2,
    /// The room is finished: all of it may be forgotten.
    End = 3,
    /// What came next was not taken: the room goes on with a start or not at all.
    Lost = 4,
    /// Of no room: the journal was closed in order, and all before is on disk.
    Closed = 5,
}

impl Tag {
    fn of_bits(bits: u32) -> Option<Self> {
        [Tag::Start, Tag::More, Tag::End, Tag::Lost, Tag::Closed]
            .into_iter()
            .find(|tag| *tag as u32 == bits)
    }
}

/// What stands in front of a payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// What the record says.
    pub tag: Tag,
    /// Of which room it is.
    pub room: RoomId,
    /// The room's running number. It wraps, and begins anywhere.
    pub number: u64,
}

/// What the first bytes of a window are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Read<'a> {
    /// A record.
    Record {
        /// Its head.
        head: Head,
        /// Its payload.
        payload: &'a [u8],
    },
    /// The beginning of one that goes on to this many bytes in all, head included.
    Short(usize),
    /// No record.
    Bad,
}

/// The payload's hash, if it is to be made before the batch is locked.
#[must_use]
pub fn hash_ahead(parts: &[&[u8]]) -> Option<u64> {
    match parts {
        _ if payload_bytes(parts) <= HASH_IN_PLACE_BYTES_MAX => None,
        [one] => Some(xxh3_64(one)),
        parts => {
            let mut hash = Xxh3::new();
            parts.iter().for_each(|part| hash.update(part));
            Some(hash.digest())
        }
    }
}

/// Bytes of a payload in parts.
#[must_use]
pub fn payload_bytes(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

/// Appends a record. `ahead` is what [`hash_ahead`] said of the same parts, `seed` that of the place
/// in the segment ([`Place::seed`](super::segment::Place::seed)). The payload must not be over
/// [`PAYLOAD_BYTES_MAX`].
pub fn put(out: &mut Vec<u8>, head: Head, parts: &[&[u8]], ahead: Option<u64>, seed: u64) {
    let from = out.len();
    let length = payload_bytes(parts);
    out.reserve(HEAD_BYTES + length);
    out.extend_from_slice(&[0; HEAD_BYTES]);
    for part in parts {
        out.extend_from_slice(part);
    }
    let (_, record) = out.split_at_mut(from);
    let (into, payload) = record.split_at_mut(HEAD_BYTES);
    let hash = ahead.unwrap_or_else(|| xxh3_64(payload)) as u32;
    into[0..4].copy_from_slice(&((length as u32) << 3 | head.tag as u32).to_le_bytes());
    into[4..8].copy_from_slice(&hash.to_le_bytes());
    into[8..16].copy_from_slice(&head.room.0.to_le_bytes());
    into[16..24].copy_from_slice(&head.number.to_le_bytes());
    let sum = xxh3_64_with_seed(&into[..24], seed) as u32;
    into[24..28].copy_from_slice(&sum.to_le_bytes());
}

/// Looks for a record at the beginning of `window`.
#[must_use]
pub fn read(window: &[u8], seed: u64) -> Read<'_> {
    let Some((head, rest)) = window.split_first_chunk::<HEAD_BYTES>() else {
        return Read::Short(HEAD_BYTES);
    };
    if xxh3_64_with_seed(&head[..24], seed) as u32 != word(head, 24) {
        return Read::Bad;
    }
    let (length, tag) = (word(head, 0) as usize >> 3, Tag::of_bits(word(head, 0) & 7));
    let Some(tag) = tag.filter(|_| length <= PAYLOAD_BYTES_MAX) else { return Read::Bad };
    let Some(payload) = rest.get(..length) else { return Read::Short(HEAD_BYTES + length) };
    if xxh3_64(payload) as u32 != word(head, 4) {
        return Read::Bad;
    }
    Read::Record {
        head: Head { tag, room: RoomId(long(head, 8)), number: long(head, 16) },
        payload,
    }
}

/// How much of `batch`, which this process encoded, is whole records when only `bytes` of it were
/// written: their bytes and how many they are.
#[must_use]
pub fn whole_in(batch: &[u8], bytes: usize) -> (usize, u64) {
    let (mut end, mut records) = (0, 0);
    while let Some(head) = batch.get(end..).and_then(|rest| rest.first_chunk::<HEAD_BYTES>()) {
        let next = end + HEAD_BYTES + (word(head, 0) as usize >> 3);
        if next > bytes {
            break;
        }
        (end, records) = (next, records + 1);
    }
    (end, records)
}

/// The number at this place of a head.
pub(super) fn word<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(four)
}

/// The long number at this place of a head.
pub(super) fn long<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(eight)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { tag: Tag::More, room: RoomId(7), number: u64::MAX };

    fn record(parts: &[&[u8]], seed: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, HEAD, parts, hash_ahead(parts), seed);
        bytes
    }

    #[test]
    fn parts_are_one_payload_whichever_way_they_are_hashed() {
        let long = vec![3; HASH_IN_PLACE_BYTES_MAX];
        let long = &long[..];
        let all: [&[&[u8]]; 5] = [&[], &[b"ab"], &[b"a", b"b"], &[long, b"b"], &[long, long, long]];
        for parts in all {
            let bytes = record(parts, 5);
            let whole = parts.concat();
            assert_eq!(read(&bytes, 5), Read::Record { head: HEAD, payload: &whole });
            assert_eq!(bytes, record(&[&whole], 5));
        }
    }

    #[test]
    fn golden_bytes() {
        let bytes = record(&[b"move"], 0x1234);
        assert_eq!(
            bytes,
            [
                34, 0, 0, 0, 181, 27, 158, 12, 7, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255,
                255, 255, 255, 170, 173, 78, 5, 109, 111, 118, 101
            ]
        );
    }

    #[test]
    fn every_flipped_bit_is_seen_and_every_cut_is_short() {
        let bytes = record(&[b"some payload"], 5);
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(&bytes, 5), Read::Bad, "bit {bit}");
        }
        for len in 0..bytes.len() {
            let needs = if len < HEAD_BYTES { HEAD_BYTES } else { bytes.len() };
            assert_eq!(read(&bytes[..len], 5), Read::Short(needs), "{len} bytes");
        }
    }

    #[test]
    fn zeros_and_records_of_other_places_are_no_records() {
        assert_eq!(read(&[0; 4096], 5), Read::Bad);
        assert_eq!(read(&record(&[b"x"], 5), 6), Read::Bad);
    }

    #[test]
    fn length_beyond_the_bound_is_refused_though_its_checksum_is_right() {
        let mut bytes = record(&[b"x"], 5);
        bytes[..4].copy_from_slice(&((PAYLOAD_BYTES_MAX as u32 + 1) << 3 | 2).to_le_bytes());
        let sum = xxh3_64_with_seed(&bytes[..24], 5) as u32;
        bytes[24..28].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(read(&bytes, 5), Read::Bad);
    }

    #[test]
    fn whole_records_are_counted_up_to_a_cut() {
        let mut batch = record(&[b"one"], 1);
        let first = batch.len();
        batch.extend(record(&[b"second"], 2));
        for bytes in 0..=batch.len() {
            let expected = match bytes {
                _ if bytes < first => (0, 0),
                _ if bytes < batch.len() => (first, 1),
                _ => (batch.len(), 2),
            };
            assert_eq!(whole_in(&batch, bytes), expected, "{bytes}");
        }
    }
}
