//! A match out of a log.

use greenroom::Game;
use greenroom::game::Said;
use greenroom::proto::Tick;
use greenroom::room::log::{Log, LogError};
use greenroom::room::{AnyRoom, Room};

use super::{Match, Snapshot};

impl<G: Game> Match<G> {
    /// The match of a log as it was after this step, to go on otherwise: what if this player had turned
    /// left? After the first step that the log has, or the last, where it has not that one.
    ///
    /// # Panics
    /// When the game does, as at the end of a crash's log.
    pub fn at(log: &Log, tick: Tick) -> Result<Self, LogError> {
        let restore = |keyframe: &[u8]| {
            let room = Room::<G>::restore(keyframe).map_err(|error| error.to_string())?;
            Ok(Box::new(room) as Box<dyn AnyRoom>)
        };
        // From the last keyframe before it.
        let mut from = log.keyframes().saturating_sub(1);
        let mut replay = log.replay(from, restore)?;
        while replay.room().tick() > tick && from > 0 {
            from -= 1;
            replay = log.replay(from, restore)?;
        }
        let mut said = Vec::new();
        while replay.room().tick() < tick && replay.step(&mut said)?.is_some() {}
        let room = replay.room();
        let result = said.into_iter().find_map(|said| match said {
            Said::Over { result } => Some(result),
            _ => None,
        });
        let (time_ms, keyframe) = (room.time_ms(), room.keyframe());
        Ok(Snapshot::of(keyframe, log.header.pace, time_ms, result).to_match())
    }
}
