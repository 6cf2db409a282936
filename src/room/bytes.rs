//! Bytes of a command, written and read at once: serde takes a `Vec<u8>` number by number, which was
//! most of what noting a step cost. In a log it is the same: a length, and the bytes.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;

pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    deserializer.deserialize_byte_buf(Bytes)
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }
    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use greenroom_proto::{PlayerId, wire};

    use crate::room::Command;

    #[test]
    fn they_are_a_length_and_the_bytes() {
        let command = Command::Input { player: PlayerId(7), body: vec![1, 200, 3] };
        let bytes = wire::encode(&command);
        assert_eq!(bytes, [4, 7, 3, 1, 200, 3]);
        assert_eq!(wire::decode_own::<Command>(&bytes).unwrap(), command);
        assert!(wire::decode_own::<Command>(&[4, 7, 250, 1]).is_err());
    }
}
