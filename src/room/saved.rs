//! A room as it stands in the journal: all that it takes to have it again in another process.
//!
//! A journal's *start* of a room is
//!
//! ```text
//! u8        version of this format: 5
//! u32, LE   bytes of the next part
//! Saved     as `wire::encode` writes it
//! u32, LE   bytes of the next part
//! records   what was logged since the keyframe, up to Saved::end
//! keyframe  the rest
//! ```
//!
//! and each *more* after it
//!
//! ```text
//! u32, LE   the step up to which it goes
//! records   what was logged up to there; often nothing
//! ```

use std::sync::Arc;

use greenroom_proto::{PlayerId, Tick, wire};
use serde::{Deserialize, Serialize};

use crate::account::Person;
use crate::answers::Answers;
use crate::outbox::Mail;
use crate::room::Header;
use crate::room::log::Log;
use crate::room::origin::Origin;

const VERSION: u8 = 5;

/// What a room has besides its game.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Saved {
    /// What it was made from.
    pub header: Header,
    /// The step after which the keyframe was taken.
    pub tick: Tick,
    /// The step up to which the records go.
    pub end: Tick,
    /// Its time then, in milliseconds.
    pub time_ms: u64,
    /// Counts the processes that it has lived in.
    pub epoch: u32,
    /// How often a process has died while it was bringing the room back.
    pub attempts: u32,
    /// The highest number of a player.
    pub last_player: u32,
    /// Its seats.
    pub members: Vec<SavedMember>,
}

/// A seat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SavedMember {
    /// Whose.
    pub player: PlayerId,
    /// Who that is: the seat is given back to this account only.
    pub person: Arc<Person>,
    /// Number of the newest token.
    pub generation: u32,
    /// Number of the newest token that has arrived.
    pub confirmed: u32,
    /// The newest request that was taken.
    pub asked: u32,
    /// Events that may have to be sent again.
    pub mail: Mail,
    /// Answers that may have to be said again.
    pub answers: Answers,
    /// Seats whose tokens lead here.
    pub origins: Vec<Origin>,
}

/// A room out of the journal.
pub struct Restored {
    /// What it has besides its game.
    pub saved: Saved,
    /// The log from the keyframe on.
    pub log: Log,
}

/// What the journal holds of a room is not a room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its journal cannot be read: {0}")]
pub struct Unreadable(String);

impl Saved {
    /// The parts of a start, of which the last are the records and the keyframe.
    #[must_use]
    pub fn head(&self, record_bytes: usize) -> Vec<u8> {
        let saved = wire::encode(self);
        let mut head = vec![VERSION];
        head.extend_from_slice(&(saved.len() as u32).to_le_bytes());
        head.extend_from_slice(&saved);
        head.extend_from_slice(&(record_bytes as u32).to_le_bytes());
        head
    }
}

impl Restored {
    /// Reads a start and what follows it.
    pub fn read(start: &[u8], more: &[Vec<u8>]) -> Result<Self, Unreadable> {
        let bad = |why: &str| Unreadable(why.to_owned());
        let (version, rest) = start.split_first().ok_or_else(|| bad("it is empty"))?;
        if *version != VERSION {
            return Err(bad("another version of the program wrote it"));
        }
        let (saved, rest) = part(rest).ok_or_else(|| bad("it ends early"))?;
        let (records, keyframe) = part(rest).ok_or_else(|| bad("it ends early"))?;
        let saved: Saved = wire::decode_own(saved).map_err(|why| Unreadable(why.to_string()))?;
        let mut log = Log::from_keyframe(saved.header.clone(), saved.tick, keyframe.to_vec());
        log.append(records, saved.end);
        for more in more {
            let (end, records) =
                more.split_first_chunk().ok_or_else(|| bad("a record ends early"))?;
            log.append(records, Tick(u32::from_le_bytes(*end)));
        }
        // Now and not in the middle of a turn.
        for step in log.steps(0) {
            step.map_err(|why| Unreadable(why.to_string()))?;
        }
        Ok(Restored { saved, log })
    }
}

fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If this fails, journals of before do not read any more: raise [`VERSION`], which sets their
    /// rooms aside.
    #[test]
    fn what_is_saved_has_the_form_of_this_version() {
        assert_eq!((VERSION, crate::fingerprint::of::<Saved>()), (5, 0xab08_2bbf_47cb_027b));
    }
}
