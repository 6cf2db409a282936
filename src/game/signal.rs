//! What a room hears from outside.

use greenroom_proto::{PlayerId, Refusal};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What comes into a room from outside.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Signal {
    /// What came of an effect.
    Answer {
        /// The number that [`Ctx::effect`](crate::Ctx::effect) returned.
        effect: u32,
        /// As the handler encoded it.
        body: Vec<u8>,
    },
    /// No answer to an effect will ever come: its handler panicked, was cut off after
    /// `effect_timeout_ms`, or there is none, or the process died meanwhile. It may have been done or not; it is never done again by itself.
    Lost {
        /// The number that [`Ctx::effect`](crate::Ctx::effect) returned.
        effect: u32,
    },
    /// A word from the studio's backend, of its own accord. [`Ctx::reply`](crate::Ctx::reply) answers it.
    Word {
        /// Another one for each word to this room.
        id: u64,
        /// As the sender encoded it: a JSON text, if it came over the operations address. See
        /// [`Signal::word`].
        body: Vec<u8>,
    },
    /// A player could not be moved to another room, and stays: they have not noticed anything.
    NotMoved {
        /// The number that [`Ctx::move_players`](crate::Ctx::move_players) returned.
        effect: u32,
        /// Who.
        player: PlayerId,
        /// Why: `RoomFull`, `Locked`, `UnknownRoom`, … for all of them; `Game` or `Failed` where the
        /// other game has not let this one in; `NoSeat` for one who has left meanwhile; `Busy` for
        /// one who is being moved already.
        why: Refusal,
    },
}

impl Signal {
    /// Whether nothing more comes of its effect.
    pub(crate) fn closes(&self) -> bool {
        matches!(self, Signal::Answer { .. } | Signal::Lost { .. })
    }

    /// The word from the studio's backend, read as JSON; `None` if the signal is something else. A
    /// backend makes mistakes: what does not read is an error to be replied to, not a panic.
    ///
    /// ```
    /// # use greenroom::Signal;
    /// #[derive(serde::Deserialize)]
    /// struct Order { rounds: u32 }
    ///
    /// let word = |text: &str| Signal::Word { id: 1, body: text.into() };
    /// assert_eq!(word(r#"{"rounds": 3}"#).word::<Order>().unwrap().unwrap().rounds, 3);
    /// assert!(word("[]").word::<Order>().unwrap().is_err());
    /// assert!(Signal::Lost { effect: 1 }.word::<Order>().is_none());
    /// ```
    #[must_use]
    pub fn word<W: DeserializeOwned>(&self) -> Option<Result<W, String>> {
        let Signal::Word { body, .. } = self else { return None };
        Some(serde_json::from_slice(body).map_err(|error| error.to_string()))
    }
}
