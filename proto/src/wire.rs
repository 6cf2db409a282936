//! Bytes to values and back. The only place that names bincode: its format (`config::standard()`,
//! version 2.0.1, frozen) is our control format, and the way out of the crate is this one file.
//!
//! What bincode does not do for us is done here and in `bounded.rs`: a limit before anything
//! is allocated, no trailing bytes, containers that check their length first.

use bincode::config::{self, Configuration, Limit};
use bincode::error::{DecodeError, EncodeError};
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
    let read = bincode::serde::borrow_decode_from_slice(bytes, peer());
    whole(bytes, read)
}

/// Decoded bytes that our own logs may claim. Only there because bincode allocates a `String`'s
/// claimed length before it looks for the bytes: a log whose disk lied must be an error.
const OWN_LIMIT: usize = 1 << 30;

fn own() -> Configuration<config::LittleEndian, config::Varint, Limit<OWN_LIMIT>> {
    config::standard().with_limit::<OWN_LIMIT>()
}

/// Our own bytes (a keyframe, a log) as a value of at most 1 GiB. Use it only for what we wrote:
/// a peer could make it allocate that much.
pub fn decode_own<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    let read = bincode::serde::borrow_decode_from_slice(bytes, own());
    whole(bytes, read)
}

/// The first value of our own bytes and the rest of them.
pub fn decode_own_first<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), Malformed> {
    let (value, used): (T, usize) =
        bincode::serde::borrow_decode_from_slice(bytes, own()).map_err(bad)?;
    Ok((value, &bytes[used..]))
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
    }
}
