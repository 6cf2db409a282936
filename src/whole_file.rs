//! Writes small files so that no reader ever sees half of one, and nobody else one that is secret. And
//! whether a file that is open is still the one at its path.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Who may read a file.
#[derive(Clone, Copy)]
pub(crate) enum Readers {
    All,
    Owner,
}

/// Whether whoever opens `path` gets this file: not after somebody deleted or moved it, or its directory,
/// or mounted a disk over it.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let same = |one: &fs::Metadata, other: &fs::Metadata| {
            (one.dev(), one.ino()) == (other.dev(), other.ino())
        };
        match (file.metadata(), fs::metadata(path)) {
            (Ok(open), Ok(found)) => same(&open, &found),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

/// Writes a temporary file beside `path` and renames it.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    // Left by a process of the same number that was killed here.
    let _ = fs::remove_file(&temporary);
    let written = write_new(&temporary, bytes, readers).and_then(|()| fs::rename(&temporary, path));
    written.inspect_err(|_| drop(fs::remove_file(&temporary)))
}

fn write_new(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // `create_new` follows no link that somebody else put there.
    options.write(true).create_new(true);
    // With the call that creates it: a later chmod leaves a moment in which others can open it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(
        &mut options,
        match readers {
            Readers::All => 0o644,
            Readers::Owner => 0o600,
        },
    );
    #[cfg(not(unix))]
    let _ = readers;
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
