//! A room as bytes, and who can read them.
//!
//! ```text
//! u64   hash of the schema of the game's state
//! u32   version of the game
//! u64   fingerprint of the game's type
//! u64   fingerprint of its Input
//! u32   bytes of the next part
//! game  as `wire::encode` writes it
//! u32   bytes of the next part
//! list  the newest input of each seat, in the order of seats, as `wire::encode` writes it
//! rest  seats, random numbers, timers, effects; what was said: ours, not the game's
//! ```
//!
//! All numbers are little-endian. The parts are apart so that another build of the game, whose types
//! differ, still reads the others: see [`Room::take_over`](super::Room::take_over). A change of this
//! format raises the versions in `room/log.rs` and `directory/saved.rs`.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use greenroom_proto::{Malformed, schema_of};

use crate::fingerprint;
use crate::game::Game;

/// What tells whether two builds of a game read each other's keyframes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Hash of the schema of its state.
    pub schema: u64,
    /// Version of its rules.
    pub version: u32,
    /// [Fingerprint](fingerprint) of the game's type.
    pub layout: u64,
    /// Fingerprint of its input.
    pub input: u64,
}

impl Identity {
    /// Of this build of the game. Made once.
    #[must_use]
    pub fn of<G: Game>() -> Self {
        static KNOWN: Mutex<BTreeMap<TypeId, Identity>> = Mutex::new(BTreeMap::new());
        let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = known().get(&TypeId::of::<G>()) {
            return *identity;
        }
        // Without the lock: the game's own code runs.
        let identity = Identity {
            schema: schema_of::<G::State>().hash(),
            version: G::VERSION,
            layout: fingerprint::of::<G>(),
            input: fingerprint::of::<G::Input>(),
        };
        known().insert(TypeId::of::<G>(), identity);
        identity
    }
}

/// The parts of a keyframe.
pub(super) struct Parts<'a> {
    pub(super) by: Identity,
    pub(super) game: &'a [u8],
    pub(super) inputs: &'a [u8],
    pub(super) rest: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(super) fn read(keyframe: &'a [u8]) -> Result<Self, Malformed> {
        let mut left = keyframe;
        let by = Identity {
            schema: u64::from_le_bytes(take(&mut left)?),
            version: u32::from_le_bytes(take(&mut left)?),
            layout: u64::from_le_bytes(take(&mut left)?),
            input: u64::from_le_bytes(take(&mut left)?),
        };
        let (game, inputs) = (take_part(&mut left)?, take_part(&mut left)?);
        Ok(Parts { by, game, inputs, rest: left })
    }
}

/// A part of a keyframe, which appends itself.
type Append<'a> = &'a dyn Fn(&mut Vec<u8>);

/// Writes a keyframe.
pub(super) fn write(by: Identity, parts: [Append<'_>; 2], rest: Append<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&by.schema.to_le_bytes());
    out.extend_from_slice(&by.version.to_le_bytes());
    out.extend_from_slice(&by.layout.to_le_bytes());
    out.extend_from_slice(&by.input.to_le_bytes());
    for part in parts {
        let place = out.len();
        out.extend_from_slice(&[0; 4]);
        part(&mut out);
        // A room of 4 GiB would not have got this far.
        let length = (out.len() - place - 4) as u32;
        out[place..place + 4].copy_from_slice(&length.to_le_bytes());
    }
    rest(&mut out);
    out
}

fn take<const N: usize>(left: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (taken, rest) = left.split_first_chunk().ok_or_else(early)?;
    *left = rest;
    Ok(*taken)
}

fn take_part<'a>(left: &mut &'a [u8]) -> Result<&'a [u8], Malformed> {
    let length = u32::from_le_bytes(take(left)?);
    let (taken, rest) = left.split_at_checked(length as usize).ok_or_else(early)?;
    *left = rest;
    Ok(taken)
}

fn early() -> Malformed {
    Malformed::Bad("the keyframe ends early".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::game::Ctx;
    use crate::games::connect4::Connect4;

    /// If this fails, a keyframe's last part is other bytes than before: raise the version of logs
    /// (`room/log.rs`) and of rooms in the journal (`directory/saved.rs`), make the golden logs anew.
    #[test]
    fn the_part_that_is_ours_has_the_form_of_this_version() {
        assert_eq!(fingerprint::of::<(Ctx<Connect4>, u64)>(), 0x5787_c276_bd7b_8eee);
    }
}
