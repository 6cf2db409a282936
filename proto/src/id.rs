//! Names of things on the wire: rooms, players, ticks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A room, for the life of the process that hosts it. Written as 13 characters of Crockford's
/// base 32, so that a person can read one aloud.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoomId(pub u64);

/// Crockford's base 32: no I, L, O or U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; 13];
        for (place, digit) in text.iter_mut().rev().enumerate() {
            *digit = ALPHABET[(self.0 >> (5 * place)) as usize & 31];
        }
        f.pad(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a room id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a room id has 13 characters of 0-9 and A-Z without I, L, O and U, and starts with 0 to F")]
pub struct NotARoomId;

impl FromStr for RoomId {
    type Err = NotARoomId;

    fn from_str(text: &str) -> Result<Self, NotARoomId> {
        if text.len() != 13 {
            return Err(NotARoomId);
        }
        text.bytes()
            .try_fold(0u64, |id, digit| {
                let value = ALPHABET
                    .iter()
                    .position(|known| *known == digit.to_ascii_uppercase())
                    .ok_or(NotARoomId)?;
                if id >> 59 != 0 {
                    return Err(NotARoomId);
                }
                Ok(id << 5 | value as u64)
            })
            .map(RoomId)
    }
}

/// A player's seat in one room. Counts up from 1 and is never given twice in the life of a room,
/// so that a bullet whose owner left never belongs to somebody else.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default, Debug,
)]
pub struct PlayerId(pub u32);

impl fmt::Display for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "player {}", self.0)
    }
}

/// A step of a room. The first is 1; 0 is the room before its first step. At 128 Hz a room would
/// have to run for over a year to use them up.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Default, Debug,
)]
pub struct Tick(pub u32);

impl Tick {
    /// The tick after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Tick(self.0.wrapping_add(1))
    }

    /// The tick within half the 16-bit range of this one whose low 16 bits are `low`: inputs name
    /// their tick by those bits alone.
    #[must_use]
    pub fn near(self, low: u16) -> Self {
        let ahead = low.wrapping_sub(self.0 as u16) as i16;
        Tick(self.0.wrapping_add_signed(i32::from(ahead)))
    }
}

/// So many ticks later; the last there is, if that is beyond it.
impl std::ops::Add<u32> for Tick {
    type Output = Tick;

    fn add(self, ticks: u32) -> Tick {
        Tick(self.0.saturating_add(ticks))
    }
}

impl fmt::Display for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tick {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_ids_read_back_as_written() {
        for id in [0, 1, 31, 32, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(RoomId(id).to_string().parse(), Ok(RoomId(id)));
        }
        assert!("".parse::<RoomId>().is_err());
        assert!("ZZZZZZZZZZZZZ".parse::<RoomId>().is_err());
        assert!("000000000000U".parse::<RoomId>().is_err());
    }

    #[test]
    fn sixteen_bits_name_the_nearest_tick() {
        assert_eq!(Tick(70_000).near(70_003u32 as u16), Tick(70_003));
        assert_eq!(Tick(70_000).near(69_990u32 as u16), Tick(69_990));
        assert_eq!(Tick(65_535).near(2), Tick(65_538));
    }
}
