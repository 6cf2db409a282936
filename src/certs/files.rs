//! Writes certificates and keys, so that no reader ever sees half a file and nobody else a key.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use super::CertError;
use super::issue::Pair;
use super::load;

/// Makes the directory if it is missing, and keeps other `greenroom` processes out of it until
/// the returned file is dropped.
pub(super) fn lock(dir: &Path) -> Result<Option<File>, CertError> {
    let unwritable = |source| CertError::Unwritable { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(unwritable)?;
    // Some file systems have no locks, and Windows does not open directories. What remains is
    // that each file is whole, which is enough for one server at a time.
    Ok(File::open(dir).and_then(|dir| dir.lock().map(|()| dir)).ok())
}

/// Writes certificate, then key. A key that stands there and belongs to no certificate of ours is
/// set aside, not overwritten.
pub(super) fn write_pair(
    cert: &Path,
    key: &Path,
    pair: &Pair,
    now: SystemTime,
) -> Result<(), CertError> {
    if key.exists() && load::load(cert, key).is_err() {
        let secs = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let aside = key.with_extension(format!("pem.{secs}.old"));
        fs::rename(key, aside)
            .map_err(|source| CertError::Unwritable { path: key.to_owned(), source })?;
    }
    write(cert, &pair.certificate_pem, Readers::All)?;
    write(key, &pair.key_pem, Readers::Owner)
}

#[derive(Clone, Copy)]
enum Readers {
    All,
    Owner,
}

/// Writes a temporary file beside `path` and renames it.
fn write(path: &Path, text: &str, readers: Readers) -> Result<(), CertError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    // Left by a process of the same number that was killed here.
    let _ = fs::remove_file(&temporary);
    write_new(&temporary, text, readers).and_then(|()| fs::rename(&temporary, path)).map_err(
        |source| {
            let _ = fs::remove_file(&temporary);
            CertError::Unwritable { path: path.to_owned(), source }
        },
    )
}

fn write_new(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
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
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
