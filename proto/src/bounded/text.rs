//! UTF-8 text.

use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use super::{TooLong, fits};

/// UTF-8 text of at most `MAX` bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// An empty text.
    #[must_use]
    pub const fn new() -> Self {
        Text(String::new())
    }

    /// Cuts `text` at the last character that fits.
    #[must_use]
    pub fn cut(text: &str) -> Self {
        Text(text[..text.floor_char_boundary(MAX)].to_owned())
    }

    /// Puts another text in its place. What is too long changes nothing.
    pub fn set(&mut self, text: &str) -> Result<(), TooLong> {
        fits(text.len(), MAX)?;
        self.0.clear();
        self.0.push_str(text);
        Ok(())
    }

    /// Appends a text. What is too long changes nothing.
    pub fn push_str(&mut self, text: &str) -> Result<(), TooLong> {
        fits(self.0.len() + text.len(), MAX)?;
        self.0.push_str(text);
        Ok(())
    }

    /// Appends a character. What is too long changes nothing.
    pub fn push(&mut self, character: char) -> Result<(), TooLong> {
        fits(self.0.len() + character.len_utf8(), MAX)?;
        self.0.push(character);
        Ok(())
    }

    /// Takes the last character off.
    pub fn pop(&mut self) -> Option<char> {
        self.0.pop()
    }

    /// Empties the text.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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

impl<const MAX: usize> TryFrom<String> for Text<MAX> {
    type Error = TooLong;
    fn try_from(text: String) -> Result<Self, TooLong> {
        fits(text.len(), MAX).map(|()| Text(text))
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> PartialEq<str> for Text<MAX> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl<const MAX: usize> PartialEq<&str> for Text<MAX> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
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
