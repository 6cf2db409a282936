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
//! differ, still reads the others: see [`Room::take_over`]. A change of this
//! format raises the versions in `room/log.rs` and `room/saved.rs`.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use greenroom_proto::{Malformed, schema_of, wire};
use serde::Serialize;

use super::Room;
use super::fields::{Field, fields};
use crate::fingerprint;
use crate::game::{Ctx, Game, OldGame, SeatState};

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

/// How a room of another build was taken over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Taken {
    /// By [`Game::migrate`], and not as it was.
    pub migrated: bool,
    /// Inputs are the default, because their type is another.
    pub inputs_reset: bool,
}

/// A room cannot be made or brought back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// The options are not what the game allows.
    #[error("{0}")]
    Options(String),
    /// The keyframe does not decode as this game.
    #[error("the keyframe does not fit this build of the game: {0}")]
    Keyframe(#[from] Malformed),
    /// The keyframe was taken by a build whose game has another state.
    #[error(
        "the keyframe is of a game whose state has the schema {theirs:016x}, and this build's has \
         {ours:016x}: restore it with the build that took it"
    )]
    Schema {
        /// Of the keyframe.
        theirs: u64,
        /// Of this build.
        ours: u64,
    },
    /// The keyframe was taken by a build whose game has other rules.
    #[error(
        "the keyframe is of version {theirs} of the game, and this build has version {ours}: \
         restore it with the build that took it"
    )]
    Version {
        /// Of the keyframe.
        theirs: u32,
        /// Of this build.
        ours: u32,
    },
    /// The keyframe was taken by a build whose game or input has other fields, under one version.
    #[error(
        "the keyframe is of a game with other fields than this build's, though both are of version \
         {0}: restore it with the build that took it"
    )]
    Layout(u32),
    /// The game does not go on with what another build has begun.
    #[error("{0}")]
    NotMigrated(String),
}

impl<G: Game> Room<G> {
    /// A room as it was when this build took the keyframe, or another for which it is the same game.
    pub fn restore(keyframe: &[u8]) -> Result<Self, RoomError> {
        let parts = Parts::read(keyframe)?;
        let (theirs, ours) = (parts.by, Identity::of::<G>());
        if theirs.schema != ours.schema {
            return Err(RoomError::Schema { theirs: theirs.schema, ours: ours.schema });
        }
        if theirs.version != ours.version {
            return Err(RoomError::Version { theirs: theirs.version, ours: ours.version });
        }
        if theirs != ours {
            return Err(RoomError::Layout(ours.version));
        }
        Self::put_together(wire::decode_own(parts.game)?, &parts)
    }

    /// A room that another build of the game has begun, from its keyframe: as it was, if the game is
    /// the same, else through [`Game::migrate`]. From here on it does what this build does.
    pub fn take_over(keyframe: &[u8]) -> Result<(Self, Taken), RoomError> {
        let parts = Parts::read(keyframe)?;
        let Parts { by, game: bytes, .. } = parts;
        let ours = Identity::of::<G>();
        let migrated = (by.version, by.layout) != (ours.version, ours.layout);
        let game = match migrated {
            false => wire::decode_own(bytes)?,
            true => G::migrate(OldGame { version: by.version, layout: by.layout, bytes })
                .map_err(RoomError::NotMigrated)?,
        };
        let taken = Taken { migrated, inputs_reset: by.input != ours.input };
        Ok((Self::put_together(game, &parts)?, taken))
    }

    fn put_together(game: G, parts: &Parts<'_>) -> Result<Self, RoomError> {
        let (mut ctx, said_hash): (Ctx<G>, u64) = wire::decode_own(parts.rest)?;
        let identity = Identity::of::<G>();
        if parts.by.input == identity.input {
            let inputs: Vec<G::Input> = wire::decode_own(parts.inputs)?;
            if inputs.len() != ctx.seats.len() {
                return Err(Malformed::Bad("not every seat has an input".into()).into());
            }
            for (seat, input) in ctx.seats.iter_mut().zip(inputs) {
                seat.input = input;
            }
        }
        Ok(Room { game, ctx, identity, said_hash, hidden: false })
    }

    /// The keyframe.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let inputs = Inputs(&self.ctx.seats);
        write(
            self.identity,
            [&|out| wire::encode_into(&self.game, out), &|out| wire::encode_into(&inputs, out)],
            &|out| wire::encode_into(&(&self.ctx, self.said_hash), out),
        )
    }

    /// What is in a keyframe, by name.
    pub(super) fn kept(&self) -> Vec<Field> {
        let inputs = Inputs(&self.ctx.seats);
        fields(&Kept { game: &self.game, inputs, ctx: &self.ctx, said_hash: self.said_hash })
    }
}

#[derive(Serialize)]
#[serde(bound = "")]
struct Kept<'a, G: Game> {
    game: &'a G,
    inputs: Inputs<'a, G::Input>,
    ctx: &'a Ctx<G>,
    said_hash: u64,
}

/// The inputs of seats, as a list.
struct Inputs<'a, I>(&'a [SeatState<I>]);

impl<I: Serialize> Serialize for Inputs<'_, I> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|seat| &seat.input))
    }
}

/// The parts of a keyframe.
struct Parts<'a> {
    by: Identity,
    game: &'a [u8],
    inputs: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(keyframe: &'a [u8]) -> Result<Self, Malformed> {
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
fn write(by: Identity, parts: [Append<'_>; 2], rest: Append<'_>) -> Vec<u8> {
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
    /// (`room/log.rs`) and of rooms in the journal (`room/saved.rs`), make the golden logs anew.
    #[test]
    fn the_part_that_is_ours_has_the_form_of_this_version() {
        assert_eq!(fingerprint::of::<(Ctx<Connect4>, u64)>(), 0x0214_b494_3474_de2e);
    }
}
