//! Bytes.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use super::{TooLong, fits};

/// At most `MAX` bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Blob<const MAX: usize>(Vec<u8>);

impl<const MAX: usize> Blob<MAX> {
    /// No bytes.
    #[must_use]
    pub const fn new() -> Self {
        Blob(Vec::new())
    }

    /// The first `MAX` of `bytes`.
    #[must_use]
    pub fn cut(bytes: &[u8]) -> Self {
        Blob(bytes[..bytes.len().min(MAX)].to_vec())
    }

    /// Puts other bytes in their place. What is too long changes nothing.
    pub fn set(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        fits(bytes.len(), MAX)?;
        self.0.clear();
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends a byte. What is too long changes nothing.
    pub fn push(&mut self, byte: u8) -> Result<(), TooLong> {
        fits(self.0.len() + 1, MAX)?;
        self.0.push(byte);
        Ok(())
    }

    /// Appends bytes. What is too long changes nothing.
    pub fn push_all(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        fits(self.0.len() + bytes.len(), MAX)?;
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// Takes the last byte off.
    pub fn pop(&mut self) -> Option<u8> {
        self.0.pop()
    }

    /// Takes all bytes out.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The bytes themselves.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl<const MAX: usize> TryFrom<Vec<u8>> for Blob<MAX> {
    type Error = TooLong;
    fn try_from(bytes: Vec<u8>) -> Result<Self, TooLong> {
        fits(bytes.len(), MAX).map(|()| Blob(bytes))
    }
}

impl<const MAX: usize> TryFrom<&[u8]> for Blob<MAX> {
    type Error = TooLong;
    fn try_from(bytes: &[u8]) -> Result<Self, TooLong> {
        fits(bytes.len(), MAX).map(|()| Blob(bytes.to_vec()))
    }
}

impl<const MAX: usize> Deref for Blob<MAX> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const MAX: usize> DerefMut for Blob<MAX> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl<const MAX: usize> fmt::Debug for Blob<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl<const MAX: usize> Serialize for Blob<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Blob<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<const MAX: usize>;
        impl<const MAX: usize> Visitor<'_> for Visit<MAX> {
            type Value = Blob<MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {MAX} bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Blob<MAX>, E> {
                Blob::try_from(bytes).map_err(E::custom)
            }
        }
        deserializer.deserialize_bytes(Visit)
    }
}
