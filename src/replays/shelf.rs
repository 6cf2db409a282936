//! The directory of finished replays, within bounds; and of what this process has not finished.

// The shell may read clocks.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Limits;
use crate::by_time;

/// What the names of finished files end with.
const ENDING: &str = ".replay.log";
/// What the directories of unfinished ones begin with.
const UNFINISHED: &str = ".unfinished-";
/// How long what is known of the directory is believed: others may share it.
const KNOWN_FOR: Duration = Duration::from_secs(60);

pub(super) struct Shelf {
    dir: PathBuf,
    limits: Limits,
    unfinished: PathBuf,
    /// Says that this process lives.
    _lock: File,
    /// Finished files by name, which is by time, and their bytes.
    kept: BTreeMap<String, u64>,
    known_since: Instant,
}

impl Shelf {
    /// Opens a directory, and removes what processes that are no more have left unfinished.
    pub(super) fn open(dir: &Path, limits: Limits) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        // Two that start at once would take each other for dead.
        let starting = lock_file(&dir.join(".lock"))?;
        starting.lock()?;
        remove_left_behind(dir)?;
        let name = format!("{UNFINISHED}{}-{:016}", std::process::id(), now().as_micros());
        let unfinished = dir.join(name);
        fs::create_dir(&unfinished)?;
        let lock = lock_file(&unfinished.join("lock"))?;
        lock.lock()?;
        drop(starting);
        let mut shelf = Shelf {
            dir: dir.to_owned(),
            limits,
            unfinished,
            _lock: lock,
            kept: BTreeMap::new(),
            known_since: Instant::now(),
        };
        shelf.look_around()?;
        Ok(shelf)
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Where this process may write.
    pub(super) fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    /// Gives a finished file its name and place, and removes the oldest beyond the bounds.
    pub(super) fn put(&mut self, file: &Path, name: &str) -> io::Result<()> {
        let bytes = file.metadata()?.len();
        let newest = self.kept.last_key_value().map(|(name, _)| name.as_str());
        let name = format!("{}-{name}{ENDING}", by_time::beginning(now(), newest));
        fs::rename(file, self.dir.join(&name))?;
        self.kept.insert(name, bytes);
        match self.known_since.elapsed() > KNOWN_FOR {
            true => self.look_around(),
            false => self.keep_within(),
        }
    }

    /// Finds out what there is, and removes the oldest beyond the bounds.
    pub(super) fn look_around(&mut self) -> io::Result<()> {
        self.known_since = Instant::now();
        self.kept.clear();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if time_of(&name).is_some() {
                // Another process may have removed it meanwhile.
                let Ok(of) = entry.metadata() else { continue };
                self.kept.insert(name, of.len());
            }
        }
        self.keep_within()
    }

    fn keep_within(&mut self) -> io::Result<()> {
        let Limits { files_max, bytes_max, age_max, .. } = self.limits;
        let oldest = now().saturating_sub(age_max);
        let mut bytes: u64 = self.kept.values().sum();
        while let Some((first, _)) = self.kept.first_key_value() {
            let too_old = time_of(first).is_some_and(|time| time < oldest);
            if !too_old && bytes <= bytes_max && self.kept.len() <= files_max {
                break;
            }
            let Some((name, size)) = self.kept.pop_first() else { break };
            bytes -= size;
            match fs::remove_file(self.dir.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Leaves nothing unfinished behind.
    pub(super) fn close(self) {
        // What cannot be removed the next process removes.
        let _ = fs::remove_dir_all(&self.unfinished);
    }
}

/// When the replay of this name was finished; `None`: it is none.
fn time_of(name: &str) -> Option<Duration> {
    by_time::time_of(name.strip_suffix(ENDING)?)
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(false).open(path)
}

/// Removes the unfinished files of processes that are no more: their locks went with them.
fn remove_left_behind(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            continue;
        }
        let dead = match File::open(entry.path().join("lock")) {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if dead {
            tracing::info!(dir = %entry.path().display(),
                "the replays of matches that another process did not finish are incomplete: removed");
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
