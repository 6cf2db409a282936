//! One process at a time in a directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::error::JournalError;

/// The file that is locked. It stays; the lock on it goes with the process, however that ends.
const NAME: &str = "lock";

/// What is read of it: a number and a line break.
const PID_BYTES_MAX: u64 = 32;

/// Holds the directory until it is dropped.
pub(super) struct DirectoryLock {
    file: File,
}

impl DirectoryLock {
    /// Makes the directory if it is missing, and takes it.
    pub(super) fn take(dir: &Path) -> Result<Self, JournalError> {
        let unwritable = |source| JournalError::Unwritable { dir: dir.to_owned(), source };
        make(dir).map_err(unwritable)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(dir.join(NAME)).map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::Taken { dir: dir.to_owned(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => {
                return Err(JournalError::NoLock { dir: dir.to_owned(), source });
            }
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(unwritable)?;
        Ok(DirectoryLock { file })
    }
}

impl Drop for DirectoryLock {
    /// Closing the file would not do: a process that is being started has a copy of it for a moment.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

fn make(dir: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Who says in the file that the directory is theirs.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(PID_BYTES_MAX).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
