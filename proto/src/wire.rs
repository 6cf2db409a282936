//! Bytes to values and back. The only place that names bincode: its format (`config::standard()`,
//! version 2.0.1, frozen) is our control format, and the way out of the crate is this one file.
//!
//! What bincode does not do for us is done here and in `bounded.rs`: a limit before anything
//! is allocated, no trailing bytes, containers that check their length first.

use bincode::config::{self, Configuration, Limit};
use bincode::error::{DecodeError, EncodeError};
use bincode::serde::borrow_decode_from_slice;
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned};

pub use crate::message::Message;

/// The bytes are not a value of the expected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// They end early, hold an unknown variant, a bad number or a length over its bound.
    #[error("malformed message: {0}")]
    Bad(String),
    /// A value was read and bytes are left over.
    #[error("malformed message: {0} bytes too many at the end")]
    Trailing(usize),
}

/// Decoded bytes that a peer's message may claim: the largest is a schema of 64 KiB, and bincode
/// counts decoded widths (a one-byte varint may stand for eight).
const PEER_LIMIT: usize = 256 * 1024;

fn peer() -> Configuration<config::LittleEndian, config::Varint, Limit<PEER_LIMIT>> {
    config::standard().with_limit::<PEER_LIMIT>()
}

/// Appends `value` to `out`.
///
/// # Panics
/// When the type's own `Serialize` fails, which derived ones never do.
pub fn encode_into<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    struct Append<'a>(&'a mut Vec<u8>);
    impl bincode::enc::write::Writer for Append<'_> {
        fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
    }
    bincode::serde::encode_into_writer(value, Append(out), config::standard())
        .expect("writing to memory fails only if the type's Serialize does");
}

/// The bytes of `value`.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encode_into(value, &mut out);
    out
}

/// A peer's bytes as a value: all of them, or an error.
pub fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Malformed> {
    let read = borrow_decode_from_slice(bytes, peer());
    whole(bytes, read)
}

/// Our own bytes (a keyframe, a log) as a value of at most 1 GiB decoded.
pub fn decode_own<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    whole(bytes, read_own(bytes))
}

/// The first value of our own bytes and the rest of them.
pub fn decode_own_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), Malformed> {
    let (value, used): (T, usize) = read_own(bytes).map_err(bad)?;
    Ok((value, &bytes[used..]))
}

/// Bytes that one encoded byte may stand for: a varint of a `u128`.
const WIDEST: usize = 16;

/// bincode allocates a `String`'s claimed length before it looks for the bytes. What is decoded is
/// at most [`WIDEST`] times as much as the bytes there are: a log whose disk lied may claim that
/// much, up to the next limit, and is an error all the same.
fn read_own<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), DecodeError> {
    const KIB_256: usize = 1 << 18;
    const MIB_4: usize = 1 << 22;
    const MIB_64: usize = 1 << 26;
    const GIB: usize = 1 << 30;
    let any = config::standard();
    match bytes.len().saturating_mul(WIDEST) {
        most if most <= KIB_256 => borrow_decode_from_slice(bytes, any.with_limit::<KIB_256>()),
        most if most <= MIB_4 => borrow_decode_from_slice(bytes, any.with_limit::<MIB_4>()),
        most if most <= MIB_64 => borrow_decode_from_slice(bytes, any.with_limit::<MIB_64>()),
        _ => borrow_decode_from_slice(bytes, any.with_limit::<GIB>()),
    }
}

fn whole<T>(bytes: &[u8], read: Result<(T, usize), DecodeError>) -> Result<T, Malformed> {
    let (value, used) = read.map_err(bad)?;
    match bytes.len() - used {
        0 => Ok(value),
        left => Err(Malformed::Trailing(left)),
    }
}

fn bad(error: DecodeError) -> Malformed {
    Malformed::Bad(match error {
        DecodeError::UnexpectedEnd { .. } => "it ends early".into(),
        DecodeError::LimitExceeded => "it claims to be larger than allowed".into(),
        DecodeError::OtherString(text) => text,
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_length_without_the_bytes_is_an_error_and_no_allocation() {
        let claims_all_there_is = [253, 255, 255, 255, 255, 255, 255, 255, 255];
        assert!(decode_own::<String>(&claims_all_there_is).is_err());
        assert!(decode_own::<Vec<u64>>(&claims_all_there_is).is_err());
        assert!(decode::<String>(&claims_all_there_is).is_err());
        // Found by fuzzing: a log of 8 bytes whose game has a name of 537 MiB.
        let claims_much = [0xfc, 0xff, 0x03, 0x97, 0x21, 0, 0, 0];
        let too_large = Malformed::Bad("it claims to be larger than allowed".into());
        assert_eq!(decode_own::<String>(&claims_much), Err(too_large));
    }

    #[test]
    fn our_own_values_of_all_sizes_read_back() {
        for size in [0, 1, 1 << 10, (1 << 14) + 1, 1 << 18, 1 << 20, 5 << 20] {
            let text = "x".repeat(size);
            assert_eq!(decode_own(&encode(&text)), Ok(text), "{size}");
            // A byte for each number, which has eight.
            let numbers = vec![7u64; size / 8];
            assert_eq!(decode_own(&encode(&numbers)), Ok(numbers), "{size}");
        }
        let wide = vec![7u128; 100_000];
        assert_eq!(decode_own(&encode(&wide)), Ok(wide));
    }
}
