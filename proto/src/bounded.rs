//! Text, bytes and lists that know their greatest length. The length is checked before anything
//! is allocated, and is part of the type, so that a message's largest size can be read off it.

use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

/// UTF-8 text of at most `MAX` bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Text<const MAX: usize>(String);

/// At most `MAX` bytes.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Blob<const MAX: usize>(Vec<u8>);

/// At most `MAX` values.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct List<T, const MAX: usize>(Vec<T>);

/// The value is longer than its type allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{length} is too long: at most {max} are allowed")]
pub struct TooLong {
    /// The length found, in bytes or values.
    pub length: usize,
    /// The greatest length allowed.
    pub max: usize,
}

fn fits(length: usize, max: usize) -> Result<(), TooLong> {
    if length > max { Err(TooLong { length, max }) } else { Ok(()) }
}

impl<const MAX: usize> Text<MAX> {
    /// Cuts `text` at the last character that fits.
    #[must_use]
    pub fn cut(text: &str) -> Self {
        Text(text[..text.floor_char_boundary(MAX)].to_owned())
    }

    /// The text itself.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> TryFrom<&str> for Text<MAX> {
    type Error = TooLong;
    fn try_from(text: &str) -> Result<Self, TooLong> {
        fits(text.len(), MAX).map(|()| Text(text.to_owned()))
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<const MAX: usize>;
        impl<const MAX: usize> Visitor<'_> for Visit<MAX> {
            type Value = Text<MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "text of at most {MAX} bytes")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<MAX>, E> {
                Text::try_from(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visit)
    }
}

impl<const MAX: usize> TryFrom<Vec<u8>> for Blob<MAX> {
    type Error = TooLong;
    fn try_from(bytes: Vec<u8>) -> Result<Self, TooLong> {
        fits(bytes.len(), MAX).map(|()| Blob(bytes))
    }
}

impl<const MAX: usize> Blob<MAX> {
    /// The bytes themselves.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl<const MAX: usize> Deref for Blob<MAX> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
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
                fits(bytes.len(), MAX).map_err(E::custom)?;
                Ok(Blob(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Visit)
    }
}

impl<T, const MAX: usize> List<T, MAX> {
    /// The first `MAX` of `values`.
    pub fn first(values: impl IntoIterator<Item = T>) -> Self {
        List(values.into_iter().take(MAX).collect())
    }

    /// The values themselves.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MAX: usize> Deref for List<T, MAX> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Serialize, const MAX: usize> Serialize for List<T, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T, const MAX: usize>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Visit<T, MAX> {
            type Value = List<T, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "at most {MAX} values")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T, MAX>, A::Error> {
                let claimed = seq.size_hint().unwrap_or(0);
                fits(claimed, MAX).map_err(A::Error::custom)?;
                let mut values = Vec::with_capacity(claimed.min(64));
                while let Some(value) = seq.next_element()? {
                    fits(values.len() + 1, MAX).map_err(A::Error::custom)?;
                    values.push(value);
                }
                Ok(List(values))
            }
        }
        deserializer.deserialize_seq(Visit(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Malformed, decode, encode};

    #[test]
    fn a_length_over_the_bound_is_refused_before_it_is_allocated() {
        let claims_4_gib = [253, 0, 0, 0, 0, 1, 0, 0, 0];
        assert!(decode::<Text<8>>(&claims_4_gib).is_err());
        assert!(decode::<Blob<8>>(&claims_4_gib).is_err());
        assert!(decode::<List<u64, 8>>(&claims_4_gib).is_err());
        assert!(decode::<List<(), 8>>(&claims_4_gib).is_err());
        assert!(decode::<Text<8>>(&encode("nine byte")).is_err());
    }

    #[test]
    fn what_fits_reads_back_and_nothing_may_follow() {
        let text: Text<8> = Text::try_from("grün").expect("five bytes");
        let mut bytes = encode(&text);
        assert_eq!(decode::<Text<8>>(&bytes), Ok(text));
        bytes.push(0);
        assert_eq!(decode::<Text<8>>(&bytes), Err(Malformed::Trailing(1)));
        assert_eq!(&*Text::<4>::cut("grün"), "grü");
    }
}
