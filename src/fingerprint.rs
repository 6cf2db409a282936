//! The layout of a type's bytes as one number.
//!
//! What serde writes in bincode has no names: bytes of a type that was changed since decode into
//! nonsense, or by luck not at all. So whoever keeps such bytes keeps the type's fingerprint beside
//! them, and reads them only where the type has the same one.
//!
//! ```
//! use greenroom::fingerprint;
//! # use serde::Deserialize;
//! # mod v1 { #[derive(serde::Deserialize)] pub struct Ship { x: u32, fuel: u32 } }
//! #[derive(Deserialize)]
//! struct Ship {
//!     fuel: u32, // has changed places
//!     x: u32,
//! }
//! assert_ne!(fingerprint::of::<Ship>(), fingerprint::of::<v1::Ship>());
//! ```
//!
//! It is had from `Deserialize` alone: the type is read from a source that has no bytes, but notes
//! what it is asked for and answers with dummies, again and again until each variant of each enum
//! was chosen. Each thing that was asked for is a line:
//!
//! ```text
//! .ships: list
//! .ships[]: struct {x, fuel, order}
//! .ships[].x: f32
//! .ships[].order: option
//! .ships[].order?: enum {Wait, Go}
//! .ships[].order?<Go>: tuple of 2
//! ```
//!
//! The fingerprint is the hash (XXH3, 64 bits) of the lines in alphabetical order. It is the same in
//! every build of the same types.
//!
//! # What it sees
//!
//! Names, order and kinds of all fields and variants, nested, through `Option`, lists, maps, arrays
//! with their length, and enums. So: a field that was added, removed, renamed, moved, given another
//! type; the same with a variant.
//!
//! # What it cannot see
//!
//! - **What things mean.** A `u32` that counted ticks and now counts milliseconds is a `u32`. Nor
//!   constants, nor rules. These are what [`Game::VERSION`](crate::Game::VERSION) is for.
//! - **Names of types**, and newtypes around one value: their bytes are the same.
//! - **Fields that are not in the bytes**: `#[serde(skip)]`. They come back as their default.
//! - **What a hand-written `Deserialize` does with what it asked for**: bytes that it takes apart by
//!   itself are bytes. If its `Serialize` writes something else than it asks for, that is not seen
//!   either.
//! - **What is behind a refusal.** A type that checks what it reads may refuse the dummies: 1, 0 and
//!   2 for numbers, texts of no or one letter, lists of one element, of as many as are taken, of
//!   none. Its own form is noted all the same, but then the option, list or enum around it is
//!   answered without it; where there is none, what comes after it is not seen
//!   ([`Outline::complete`] says so).
//! - **What is beyond the bounds**: 64 types deep, 16,384 lines.
//!
//! A type that contains itself is noted where it does, and not taken apart once more.

mod access;
mod answers;
mod walk;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

use self::answers::Known;
use self::walk::Walk;

/// Walks through a type at most. Each ends with a variant that was not chosen before, or an answer
/// that is not given any more.
const WALKS_MAX: usize = 1 << 14;

/// What a type's bytes consist of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outline {
    /// Each thing that the type asks for, by where.
    pub lines: BTreeSet<String>,
    /// Whether all was seen.
    pub complete: bool,
}

impl Outline {
    /// The hash of the lines.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        xxh3_64(text.as_bytes())
    }
}

/// The fingerprint of a type. Takes some microseconds to milliseconds: keep it.
#[must_use]
pub fn of<T: DeserializeOwned>() -> u64 {
    outline::<T>().fingerprint()
}

/// What the fingerprint of a type is made from.
#[must_use]
pub fn outline<T: DeserializeOwned>() -> Outline {
    let mut known = Known::default();
    for _ in 0..WALKS_MAX {
        let mut walk = Walk::new(&mut known);
        // Somebody's own code: a panic over a dummy is a refusal.
        let read = catch_unwind(AssertUnwindSafe(|| T::deserialize(&mut walk).is_ok()));
        let through = read.unwrap_or(false);
        let goes_on = if through { walk.is_news() } else { walk.refused() };
        if !goes_on || known.is_full() {
            return known.into_outline(through);
        }
    }
    known.into_outline(false)
}

#[cfg(test)]
mod tests;
