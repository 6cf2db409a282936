//! Resume tokens: what a client shows to have its seat back.
//!
//! A token names room, seat and generation, and carries a MAC (HMAC-SHA-256, half of it) by a key
//! that only the server has. Each time a client gets a seat, or gets it back, it gets a token of
//! the next generation. The one before holds until the client's next message shows that the new one
//! has arrived: else a connection that breaks at the wrong moment would cost the seat.

use std::fmt;

use greenroom_proto::{JoinCode, PlayerId, RoomId, Text, Token};
use ring::hmac;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Version, room, player, generation.
const CLAIM_BYTES: usize = 1 + 8 + 4 + 4;
/// Bytes of the MAC that are sent: 128 bits cannot be guessed.
const MAC_BYTES: usize = 16;
/// The first byte of a token: its format.
const VERSION: u8 = 1;

/// What a token says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Where.
    pub room: RoomId,
    /// Whose seat.
    pub player: PlayerId,
    /// Counts the tokens of the seat from 1.
    pub generation: u32,
}

/// The server's secret.
pub struct TokenKey(hmac::Key);

/// It is a secret.
impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

impl TokenKey {
    /// A key from random bytes.
    #[must_use]
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        TokenKey(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Random bytes for a key.
    pub fn random() -> Result<[u8; KEY_BYTES], getrandom::Error> {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(bytes)
    }

    /// The token for a claim.
    #[must_use]
    pub fn seal(&self, claim: Claim) -> Token {
        let bytes = claim.to_bytes();
        let mac = hmac::sign(&self.0, &bytes);
        let sealed = [&bytes[..], &mac.as_ref()[..MAC_BYTES]].concat();
        sealed.try_into().unwrap_or_default()
    }

    /// The code by which others come into a private room: the same whenever it is asked for, also in
    /// another process with this key. 40 bits.
    #[must_use]
    pub fn room_code(&self, room: RoomId) -> JoinCode {
        let mac = hmac::sign(&self.0, &[b"room", &room.0.to_le_bytes()[..]].concat());
        let (first, _) = mac.as_ref().split_first_chunk().unwrap_or((&[0; 8], &[]));
        // The last 8 of 13 characters.
        Text::cut(&RoomId(u64::from_le_bytes(*first)).to_string()[5..])
    }

    /// What a token says, if this server made it.
    #[must_use]
    pub fn open(&self, token: &[u8]) -> Option<Claim> {
        let (claim, mac) = token.split_first_chunk::<CLAIM_BYTES>()?;
        let right = hmac::sign(&self.0, claim);
        let right = &right.as_ref()[..MAC_BYTES];
        // All bytes are looked at, whatever differs: time tells nothing.
        let differs = right.iter().zip(mac).fold(0, |any, (right, given)| any | (right ^ given));
        (mac.len() == MAC_BYTES && differs == 0).then(|| Claim::of_bytes(claim)).flatten()
    }
}

impl Claim {
    fn to_bytes(self) -> [u8; CLAIM_BYTES] {
        let mut bytes = [VERSION; CLAIM_BYTES];
        bytes[1..9].copy_from_slice(&self.room.0.to_le_bytes());
        bytes[9..13].copy_from_slice(&self.player.0.to_le_bytes());
        bytes[13..].copy_from_slice(&self.generation.to_le_bytes());
        bytes
    }

    fn of_bytes(bytes: &[u8; CLAIM_BYTES]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (room, rest) = rest.split_first_chunk()?;
        let (player, rest) = rest.split_first_chunk()?;
        let generation = rest.try_into().ok()?;
        (*version == VERSION).then(|| Claim {
            room: RoomId(u64::from_le_bytes(*room)),
            player: PlayerId(u32::from_le_bytes(*player)),
            generation: u32::from_le_bytes(generation),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIM: Claim =
        Claim { room: RoomId(0x0123_4567_89ab), player: PlayerId(7), generation: 3 };

    #[test]
    fn a_room_has_one_code_that_is_not_its_id() {
        let (key, other) = (TokenKey::new(&[7; KEY_BYTES]), TokenKey::new(&[8; KEY_BYTES]));
        let code = key.room_code(RoomId(1));
        assert_eq!((code.len(), &code), (8, &key.room_code(RoomId(1))));
        assert_ne!(code, key.room_code(RoomId(2)));
        assert_ne!(code, other.room_code(RoomId(1)));
    }

    #[test]
    fn a_token_says_what_was_sealed_and_nothing_else_is_one() {
        let key = TokenKey::new(&[7; KEY_BYTES]);
        let token = key.seal(CLAIM);
        assert_eq!(key.open(&token), Some(CLAIM));
        assert_eq!(TokenKey::new(&[8; KEY_BYTES]).open(&token), None);
        let bytes = token.to_vec();
        for place in 0..bytes.len() {
            let mut other = bytes.clone();
            other[place] ^= 1;
            assert_eq!(key.open(&other), None, "byte {place}");
            assert_eq!(key.open(&bytes[..place]), None, "{place} bytes");
        }
        assert_eq!(key.open(&[&bytes[..], &[0]].concat()), None);
    }
}
