//! `replay`: steps logged matches again and compares every hash, starting at every keyframe.

use std::path::{Path, PathBuf};

use greenroom::Games;
use greenroom::registry::UnknownGame;
use greenroom::room::Header;
use greenroom::room::log::{Log, LogError, Replayed};

/// Arguments of `replay`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Logs, as `match --log` writes them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Replays all files; the error counts those that failed, each of which was told on its own.
pub fn run(args: &Args, games: &Games) -> Result<(), String> {
    let mut failed = 0;
    for file in &args.files {
        let file_name = file.display();
        match replay_file(file, games) {
            Ok(verified) => println!("{file_name}: {verified}"),
            Err(error) => {
                failed += 1;
                eprintln!("{file_name}: {error}");
            }
        }
    }
    match failed {
        0 => Ok(()),
        failed => Err(format!("{failed} of {} logs do not replay", args.files.len())),
    }
}

/// A log that does not replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// This program does not have its game.
    #[error(transparent)]
    Game(#[from] UnknownGame),
    /// The rules have changed since.
    #[error("it was played under version {log} of {game}; this build has version {build}")]
    Version {
        /// Name of the game.
        game: String,
        /// The version in the log.
        log: u32,
        /// The version here.
        build: u32,
    },
    /// The state has changed since, without a new version.
    #[error("the state of {game} has another schema than in this build, under the same version")]
    Schema {
        /// Name of the game.
        game: String,
    },
    /// Damaged, or diverged.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A log that replays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// What the room was made from.
    pub header: Header,
    /// What came of each start, from the first keyframe to the last.
    pub starts: Vec<Replayed>,
}

impl std::fmt::Display for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Header { game, version, .. } = &self.header;
        let hashes: u64 = self.starts.iter().map(|start| start.hashes).sum();
        let (steps, hash) = self.starts.first().map_or((0, 0), |all| (all.steps, all.hash));
        write!(
            f,
            "{game} version {version}, {steps} steps, {hashes} hashes from {} keyframes: all \
             equal, hash {hash:016x}",
            self.starts.len()
        )
    }
}

/// Replays a file from each of its keyframes.
pub fn replay_file(file: &Path, games: &Games) -> Result<Verified, ReplayError> {
    replay(&std::fs::read(file)?, games)
}

/// Replays the bytes of a log from each of its keyframes.
pub fn replay(bytes: &[u8], games: &Games) -> Result<Verified, ReplayError> {
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
    let starts = (0..log.keyframes())
        .map(|from| log.verify(from, |keyframe| entry.game.restore(keyframe)))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Verified { header: log.header, starts })
}
