//! What can be wrong, and what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A journal cannot be opened. Damage is no reason: what cannot be read is set aside.
#[derive(Debug, Error)]
pub enum JournalError {
    /// Another process has it.
    #[error(
        "{}: {} keeps its matches there: stop it first, or choose another directory with --state-dir",
        dir.display(), holder_name(*holder)
    )]
    Taken {
        /// The directory.
        dir: PathBuf,
        /// Its process id, if it is known.
        holder: Option<u32>,
    },
    /// The directory cannot be locked at all.
    #[error(
        "{}: cannot be locked: {source}: its file system may have no locks; choose a directory on a local disk with --state-dir",
        dir.display()
    )]
    NoLock {
        /// The directory.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Files cannot be made there.
    #[error("{}: cannot be written: {source}: {}, or choose another directory with --state-dir", dir.display(), advice(source))]
    Unwritable {
        /// The directory.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be opened, which says nothing about what is in it.
    #[error("{}: cannot be opened: {source}: it must be readable for the user that runs the server; matches may be in it", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no thread for it.
    #[error("a thread for the journal could not be started: {0}")]
    Thread(io::Error),
    /// There is no randomness.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

fn holder_name(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".into(),
    }
}

/// What to do about an error of the disk, as half a sentence.
pub(super) fn advice(error: &io::Error) -> &'static str {
    use io::ErrorKind::*;
    match error.kind() {
        StorageFull => "free space on that disk",
        QuotaExceeded => "free space in the quota of the user that runs the server",
        FileTooLarge => "raise the largest size of a file for the user that runs the server",
        ReadOnlyFilesystem => {
            "make the file system writable; if it became read-only by itself, the kernel's log says why"
        }
        PermissionDenied => "make it writable for the user that runs the server",
        NotFound => "make the directory again",
        NotADirectory | AlreadyExists => "it must be a directory",
        _ => "look into the kernel's log for what is wrong with that disk",
    }
}

/// Not everything is on disk.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum FlushError {
    /// The disk takes longer than was allowed.
    #[error("the disk did not take the rest in time")]
    TimedOut,
    /// Records were lost.
    #[error("records were lost: {0}")]
    Failing(String),
    /// The journal was closed before.
    #[error("the journal is closed")]
    Closed,
}
