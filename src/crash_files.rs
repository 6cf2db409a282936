//! A file for each crash of a room: its log up to the panic, what it said and where. The simulator
//! replays it to the very panic: `greenroom-sim replay FILE`.

// The shell may read clocks.
#![allow(clippy::disallowed_methods)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::by_time;
use crate::directory::RoomRecord;

/// Where crashes are written down. The newest are kept: so many files, each of a room's log at most.
#[derive(Clone, Debug)]
pub struct CrashFiles(Option<Arc<Files>>);

#[derive(Debug)]
struct Files {
    dir: PathBuf,
    files_max: usize,
}

/// A crash that was written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrashFile {
    /// Name of the file: when, game and room.
    pub name: String,
    /// When the room crashed, in seconds since 1970.
    pub at_secs: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What the names of crash files end with.
const ENDING: &str = ".crash.log";

impl CrashFiles {
    /// Crashes leave files in this directory, which is made when the first one comes; with
    /// `files_max` 0 they leave none.
    #[must_use]
    pub fn new(dir: PathBuf, files_max: usize) -> Self {
        CrashFiles((files_max > 0).then(|| Arc::new(Files { dir, files_max })))
    }

    /// Those that are kept, newest first. Reads the directory: not for the runtime's threads.
    #[must_use]
    pub fn list(&self) -> Vec<CrashFile> {
        let Some(files) = &self.0 else { return Vec::new() };
        let Ok(entries) = std::fs::read_dir(&files.dir) else { return Vec::new() };
        let mut list: Vec<_> = entries.flatten().filter_map(|entry| listed(&entry)).collect();
        list.sort_unstable_by(|one, other| other.name.cmp(&one.name));
        list.truncate(files.files_max);
        list
    }

    /// The bytes of one that is [listed](Self::list), and of no other file; `None`: it is not there,
    /// or not any more. Reads it: not for the runtime's threads.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<Vec<u8>> {
        let files = self.0.as_ref()?;
        self.list().iter().find(|file| file.name == name)?;
        std::fs::read(files.dir.join(name)).ok()
    }

    /// Writes down the crash that a room has just had, beside whatever else is going on.
    pub fn write(&self, record: &RoomRecord) {
        let Some(files) = &self.0 else { return };
        let work = record.any_work();
        let (Some(log), Some(crash)) = (work.log(), &work.crash) else { return };
        let mut log = log.clone();
        log.crash = Some(crash.clone());
        drop(work);
        let (files, room) = (Arc::clone(files), record.id);
        tokio::task::spawn_blocking(move || {
            let game = &log.header.game;
            match files.write(&format!("{game}-{room}"), &log.to_bytes()) {
                Ok(path) => tracing::error!(%room, game, "a room crashed; to see it again: \
                    greenroom-sim replay {}", path.display()),
                Err(error) => {
                    tracing::error!(%room, game, "a crash could not be written down in {}: \
                    {error}", files.dir.display())
                }
            }
        });
    }
}

impl Files {
    fn write(&self, name: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
        std::fs::create_dir_all(&self.dir)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let newest = self.all()?.pop();
        let newest = newest.as_ref().and_then(|path| path.file_name()?.to_str());
        let beginning = by_time::beginning(now, newest);
        let path = self.dir.join(format!("{beginning}-{name}{ENDING}"));
        std::fs::write(&path, bytes)?;
        self.forget_oldest()?;
        Ok(path)
    }

    /// Oldest first.
    fn all(&self) -> std::io::Result<Vec<PathBuf>> {
        let mut files = std::fs::read_dir(&self.dir)?
            .map(|entry| entry.map(|entry| entry.path()))
            .filter(|path| path.as_ref().is_ok_and(|path| is_crash_file(path)))
            .collect::<Result<Vec<_>, _>>()?;
        files.sort_unstable();
        Ok(files)
    }

    fn forget_oldest(&self) -> std::io::Result<()> {
        let files = self.all()?;
        let spare = files.len().saturating_sub(self.files_max);
        files.iter().take(spare).try_for_each(|file| match std::fs::remove_file(file) {
            // Somebody else removed it first.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other,
        })
    }
}

fn listed(entry: &std::fs::DirEntry) -> Option<CrashFile> {
    let metadata = entry.metadata().ok().filter(|metadata| metadata.is_file())?;
    let name = entry.file_name().into_string().ok().filter(|name| name.ends_with(ENDING))?;
    let at_us: u64 = name.split('-').next()?.parse().ok()?;
    Some(CrashFile { at_secs: at_us / 1_000_000, bytes: metadata.len(), name })
}

fn is_crash_file(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(ENDING))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_can_be_read_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let crashes = dir.path().join("crashes");
        let files = CrashFiles::new(crashes.clone(), 3);
        assert_eq!(files.list(), []);
        for n in 1..=3 {
            files.0.as_ref().unwrap().write("arena", &[n]).unwrap();
        }
        std::fs::write(crashes.join("notes.txt"), "mine").unwrap();
        std::fs::write(dir.path().join("1-secret.crash.log"), "mine").unwrap();
        let list = files.list();
        assert_eq!(list.len(), 3);
        assert_eq!(files.read(&list[0].name), Some(vec![3]));
        for name in ["notes.txt", "../1-secret.crash.log", "", "/etc/passwd"] {
            assert_eq!(files.read(name), None, "{name}");
        }
        assert_eq!(CrashFiles::new(crashes, 0).list(), []);
    }

    #[test]
    fn the_newest_files_are_kept_and_others_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files { dir: dir.path().join("crashes"), files_max: 3 };
        std::fs::create_dir(&files.dir).unwrap();
        std::fs::write(files.dir.join("notes.txt"), "mine").unwrap();
        let written: Vec<_> = (0..6).map(|n| files.write("arena", &[n]).unwrap()).collect();
        assert!(written[..3].iter().all(|path| !path.exists()));
        assert!(written[3..].iter().all(|path| path.exists()));
        // Of a time when the clock was wrong.
        for second in 0..3 {
            std::fs::write(files.dir.join(format!("900000000000000{second}-x{ENDING}")), "")
                .unwrap();
        }
        let newest = files.write("arena", &[7]).unwrap();
        assert!(newest.exists() && !written[5].exists());
        assert!(files.dir.join("notes.txt").exists());
    }
}
