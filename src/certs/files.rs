//! Writes certificates and keys, so that no reader ever sees half a file and nobody else a key.

use std::fs::{self, File};
use std::path::Path;
use std::time::SystemTime;

use super::CertError;
use super::issue::Pair;
use super::load;
use crate::whole_file::{self, Readers};

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

fn write(path: &Path, text: &str, readers: Readers) -> Result<(), CertError> {
    whole_file::write(path, text.as_bytes(), readers)
        .map_err(|source| CertError::Unwritable { path: path.to_owned(), source })
}
