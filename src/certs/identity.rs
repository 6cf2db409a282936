//! What the server shows to those who connect: a certificate with its key, taken anew when the files are.
//!
//! Certificates live for weeks, and whoever renews them (certbot, a mounted secret, `greenroom certs`)
//! writes to the same files. These are read every [`LOOK_EVERY`], and what is in them is shown from the
//! next handshake on, if it can be used: connections that there are stay. What cannot be used is said,
//! and the certificate before it is shown on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{CertError, load};

/// Two small files; a renewed certificate is early by days.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// What is read of a file at most: a chain of certificates has some 10 KB.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A certificate chain with its key, and the files in which they are renewed.
#[derive(Debug)]
pub struct Identity {
    shown: RwLock<Arc<CertifiedKey>>,
    files: Option<Files>,
}

#[derive(Clone, Debug)]
struct Files {
    cert: PathBuf,
    key: PathBuf,
    /// What was in them.
    read: [Vec<u8>; 2],
}

/// Why the files are of no use.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Wrong {
    error: String,
    was_said: bool,
}

/// One that stays as it is.
impl From<CertifiedKey> for Identity {
    fn from(certified: CertifiedKey) -> Self {
        Identity { shown: RwLock::new(Arc::new(certified)), files: None }
    }
}

impl Identity {
    /// Out of two PEM files, in which it may be renewed while the server runs.
    ///
    /// # Errors
    /// As [`load`].
    pub fn of_files(cert: &Path, key: &Path) -> Result<Self, CertError> {
        // Before: if they are renewed just now, that is noticed the next time.
        let files = Files { cert: cert.to_owned(), key: key.to_owned(), read: read(cert, key) };
        Ok(Identity { files: Some(files), ..load(cert, key)?.into() })
    }

    /// Renews it whenever the files are, for ever.
    pub async fn follow_files(&self) {
        let Some(mut files) = self.files.clone() else { return std::future::pending().await };
        let mut wrong = None;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // Off the runtime: the files may be on a disk that is slow.
            let looked = tokio::task::spawn_blocking(move || {
                let renewed = files.renewed();
                (files, renewed)
            });
            let Ok((looked_at, renewed)) = looked.await else { return };
            files = looked_at;
            wrong = self.take(&files, renewed, wrong);
        }
    }

    /// Shows what was renewed. What is `wrong` with it is said once, and only if it still is the next time:
    /// two files are not written at once.
    fn take(
        &self,
        files: &Files,
        renewed: Result<Option<CertifiedKey>, CertError>,
        wrong: Option<Wrong>,
    ) -> Option<Wrong> {
        match renewed {
            Ok(None) => None,
            Ok(Some(certified)) => {
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
                let cert = files.cert.display();
                tracing::info!("the certificate in {cert} was renewed: it is shown from now on");
                None
            }
            Err(error) => {
                let error = error.to_string();
                let before = wrong.filter(|it| it.error == error);
                if before.as_ref().is_some_and(|it| !it.was_said) {
                    tracing::warn!(
                        "the certificate was not renewed, the one before is shown on: {error}"
                    );
                }
                Some(Wrong { error, was_said: before.is_some() })
            }
        }
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Files {
    /// What is in them, if that is something else than before.
    fn renewed(&mut self) -> Result<Option<CertifiedKey>, CertError> {
        let now = read(&self.cert, &self.key);
        if now == self.read {
            return Ok(None);
        }
        let certified = load(&self.cert, &self.key)?;
        self.read = now;
        Ok(Some(certified))
    }
}

/// What is in both. A file that cannot be read is as an empty one: what is wrong, [`load`] says.
fn read(cert: &Path, key: &Path) -> [Vec<u8>; 2] {
    use std::io::Read;
    [cert, key].map(|path| {
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path)
            .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
        if read.is_err() {
            bytes.clear();
        }
        bytes
    })
}

#[cfg(test)]
mod tests {
    use super::super::{CertPaths, ensure};
    use super::*;

    /// The certificate files of a directory, of a CA of their own.
    fn made(dir: &Path) -> (PathBuf, PathBuf) {
        ensure(dir, false).unwrap();
        let CertPaths { server, server_key, .. } = CertPaths::of(dir);
        (server, server_key)
    }

    #[test]
    fn what_is_written_to_the_files_is_taken_once_both_belong_together() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let ((cert, key), (new_cert, new_key)) = (made(dir.path()), made(other.path()));
        let identity = Identity::of_files(&cert, &key).unwrap();
        let mut files = identity.files.clone().unwrap();
        assert!(matches!(files.renewed(), Ok(None)));
        std::fs::copy(&new_cert, &cert).unwrap();
        assert!(matches!(files.renewed(), Err(CertError::KeyMismatch { .. })));
        std::fs::copy(&new_key, &key).unwrap();
        let renewed = files.renewed().unwrap().unwrap();
        assert_eq!(renewed.cert, load(&new_cert, &new_key).unwrap().cert);
        assert!(matches!(files.renewed(), Ok(None)));
        std::fs::remove_file(&key).unwrap();
        assert!(matches!(files.renewed(), Err(CertError::Missing { .. })));
        std::fs::copy(&new_key, &key).unwrap();
        assert!(matches!(files.renewed(), Ok(None)));
    }

    #[test]
    fn what_is_wrong_is_said_the_second_time_and_then_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let (cert, key) = made(dir.path());
        let identity = Identity::of_files(&cert, &key).unwrap();
        let files = identity.files.clone().unwrap();
        let missing = || Err(CertError::Missing { path: key.clone() });
        let mut wrong = None;
        let said = [false, true, true].map(|_| {
            wrong = identity.take(&files, missing(), wrong.take());
            wrong.as_ref().is_some_and(|wrong| wrong.was_said)
        });
        assert_eq!(said, [false, true, true]);
        assert_eq!(identity.take(&files, Ok(None), wrong), None);
    }
}
