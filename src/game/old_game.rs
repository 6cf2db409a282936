//! A match that another build of the game has left.

use std::any::type_name;

use greenroom_proto::wire;
use serde::de::DeserializeOwned;

use crate::fingerprint;

/// A match as another build of the game wrote it down: what [`Game::migrate`](crate::Game::migrate)
/// makes the new one from.
#[derive(Clone, Copy, Debug)]
pub struct OldGame<'a> {
    pub(crate) version: u32,
    pub(crate) layout: u64,
    pub(crate) bytes: &'a [u8],
}

impl<'a> OldGame<'a> {
    /// The [`Game::VERSION`](crate::Game::VERSION) of that build.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Whether the match was a value of this type, by its [fingerprint]: for authors who changed
    /// the type twice under one version.
    #[must_use]
    pub fn is<T: DeserializeOwned>(&self) -> bool {
        fingerprint::of::<T>() == self.layout
    }

    /// The match as the type that the game was then, of which the author has kept a copy. An error
    /// if it was another, never nonsense.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        let name = type_name::<T>();
        if !self.is::<T>() {
            return Err(format!(
                "the match of version {} was not a {name}: fields or variants have other names, \
                 kinds or places",
                self.version
            ));
        }
        wire::decode_own(self.bytes).map_err(|error| format!("it does not read as {name}: {error}"))
    }

    /// The bytes, for a game that reads them by itself.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}
