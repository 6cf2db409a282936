//! A log is opened, and replayed from each of its keyframes.

use std::path::Path;

use greenroom::Games;
use greenroom::proto::Tick;
use greenroom::registry::Entry;
use greenroom::room::Header;
use greenroom::room::log::{Log, LogError, Replayed};
use greenroom::room::recovery::{Crash, Progress};

use super::ReplayError;
use super::crash::crash_again;
use super::walk::Walk;

/// A log, and the game that it is of.
pub(super) struct Opened {
    pub(super) log: Log,
    pub(super) entry: Entry,
}

impl Opened {
    /// Of a file.
    pub(super) fn file(file: &Path, games: &Games) -> Result<Self, ReplayError> {
        Opened::bytes(&std::fs::read(file)?, games)
    }

    /// Of the bytes of a file. The game is the one that was played.
    pub(super) fn bytes(bytes: &[u8], games: &Games) -> Result<Self, ReplayError> {
        let log = Log::of_bytes(bytes)?;
        let header = &log.header;
        let entry = games.get(&header.game)?;
        let game = || header.game.clone();
        if header.version != entry.game.version() {
            let (log, build) = (header.version, entry.game.version());
            return Err(ReplayError::Version { game: game(), log, build });
        }
        if header.schema_hash != entry.schema_hash {
            return Err(ReplayError::Schema { game: game() });
        }
        if log.keyframes() == 0 {
            return Err(LogError::Damaged("it has no keyframe".to_owned()).into());
        }
        let entry = entry.clone();
        Ok(Opened { log, entry })
    }

    /// The step to stop after: the last before a crash at the latest.
    pub(super) fn last_tick(&self, to: Option<Tick>) -> Result<Tick, ReplayError> {
        let (log, begin) = (&self.log, self.log.begin());
        let end = match &log.crash {
            Some(crash) => log.end().min(Tick(crash.tick.0.saturating_sub(1))),
            None => log.end(),
        };
        match to {
            None => Ok(end),
            Some(to) if (begin..=end).contains(&to) => Ok(to),
            Some(asked) => Err(ReplayError::NoSuchTick { asked, begin, end }),
        }
    }

    /// Replays it from each of its keyframes, to the crash that it ends with or to a tick.
    pub(super) fn verify(&self, to: Option<Tick>) -> Result<Verified, ReplayError> {
        if let (None, Some(crash)) = (to, &self.log.crash) {
            let up_to = crash_again(&self.log, &self.entry, crash)?;
            return Ok(self.verified(vec![up_to], Some(crash.clone()), None));
        }
        let last = self.last_tick(to)?;
        let mut starts = Vec::new();
        for from in 0..self.log.keyframes() {
            let progress = Progress::default();
            let mut walk = Walk::begin(&self.log, &self.entry, from, &progress)?;
            if walk.tick() > last {
                break;
            }
            while walk.tick() < last && walk.step()?.is_some() {}
            starts.push(walk.replayed()?);
        }
        Ok(self.verified(starts, None, to))
    }

    fn verified(&self, starts: Vec<Replayed>, crash: Option<Crash>, to: Option<Tick>) -> Verified {
        Verified { header: self.log.header.clone(), starts, crash, to }
    }
}

/// A log that replays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// What the room was made from.
    pub header: Header,
    /// What came of each start, from the first keyframe to the last.
    pub starts: Vec<Replayed>,
    /// The crash that it ends with, which came again.
    pub crash: Option<Crash>,
    /// The tick after which it stopped, if it was told to.
    pub to: Option<Tick>,
}

impl std::fmt::Display for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Header { game, version, .. } = &self.header;
        let hashes: u64 = self.starts.iter().map(|start| start.hashes).sum();
        let (steps, hash) = self.starts.first().map_or((0, 0), |all| (all.steps, all.hash));
        write!(f, "{game} version {version}, {steps} steps, {hashes} hashes from ")?;
        match self.starts.len() {
            1 => write!(f, "1 keyframe")?,
            keyframes => write!(f, "{keyframes} keyframes")?,
        }
        match (&self.crash, self.to) {
            (Some(crash), _) if crash.is_stall() => {
                write!(f, ": all equal, and the same step does not end again: {crash}")
            }
            (Some(crash), _) => write!(f, ": all equal, and the same panic again: {crash}"),
            (None, Some(to)) => write!(f, ": all equal up to {to}, hash {hash:016x}"),
            (None, None) => write!(f, ": all equal, hash {hash:016x}"),
        }
    }
}

/// Replays the bytes of a log from each of its keyframes.
pub fn replay(bytes: &[u8], games: &Games) -> Result<Verified, ReplayError> {
    Opened::bytes(bytes, games)?.verify(None)
}
