//! A match as it was, to be had again.

use std::marker::PhantomData;

use greenroom::room::{AnyRoom, Command, Room};
use greenroom::{Game, Pace};

use super::Match;

/// A match as it was at some time, of any game: its keyframe, and what was queued. Where the game can be
/// cloned, a clone of the [`Match`] is the same and [costs less](Match#what-it-costs).
pub struct Snapshot<G: Game> {
    keyframe: Vec<u8>,
    pace: Pace,
    time_ms: u64,
    requests: u32,
    queue: Vec<Command>,
    reseed: Option<u64>,
    result: Option<String>,
    of: PhantomData<fn() -> G>,
}

impl<G: Game> Match<G> {
    /// The match as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<G> {
        Snapshot {
            keyframe: self.room.keyframe(),
            pace: self.pace,
            time_ms: self.time_ms,
            requests: self.requests,
            queue: self.queue.clone(),
            reseed: self.reseed,
            result: self.result.clone(),
            of: PhantomData,
        }
    }

    /// Has the match be as it was: what is done then comes to the same hashes as it did.
    ///
    /// # Panics
    /// As [`Snapshot::to_match`].
    pub fn restore(&mut self, snapshot: &Snapshot<G>) {
        *self = snapshot.to_match();
    }
}

impl<G: Game> Snapshot<G> {
    /// One in which nothing is queued.
    pub(super) fn of(keyframe: Vec<u8>, pace: Pace, time_ms: u64, result: Option<String>) -> Self {
        let (requests, queue, reseed) = (0, Vec::new(), None);
        Snapshot { keyframe, pace, time_ms, requests, queue, reseed, result, of: PhantomData }
    }

    /// Another match that goes on from here.
    ///
    /// # Panics
    /// When the game does not read what it wrote, as a server could not either when it brings a room
    /// back: `greenroom-sim check` says where.
    #[must_use]
    pub fn to_match(&self) -> Match<G> {
        let room = Room::restore(&self.keyframe)
            .unwrap_or_else(|why| panic!("{} does not read its own keyframe: {why}", G::NAME));
        Match {
            room,
            pace: self.pace,
            time_ms: self.time_ms,
            requests: self.requests,
            queue: self.queue.clone(),
            reseed: self.reseed,
            result: self.result.clone(),
        }
    }

    /// The room's keyframe, as logs and the server's journal have it.
    #[must_use]
    pub fn keyframe(&self) -> &[u8] {
        &self.keyframe
    }
}
