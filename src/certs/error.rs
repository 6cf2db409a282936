//! What can be wrong with certificate files. Each message says the path, what is wrong, and what
//! to do.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A fault of certificates or keys.
#[derive(Debug, Error)]
pub enum CertError {
    /// The file does not exist.
    #[error("{}: there is no such file: give --cert and --key, or run `greenroom certs`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error("{}: cannot be read: {source}: it must be readable for the user that runs the server", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file has no block of the wanted kind.
    #[error("{}: holds no {wanted} in PEM (a block that starts with -----BEGIN {begin}-----): \
             is it another file, or DER? `openssl {convert} -inform DER` converts it", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        wanted: &'static str,
        /// How such a block begins.
        begin: &'static str,
        /// The openssl command for such files.
        convert: &'static str,
    },
    /// The file has a block of the wanted kind with nonsense inside.
    #[error("{}: the {wanted} in it is damaged: {reason}: copy or make it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        wanted: &'static str,
        /// What the parser says.
        reason: String,
    },
    /// The key has a passphrase.
    #[error("{}: the key is encrypted and the server has nobody to ask: \
             `openssl pkcs8 -topk8 -nocrypt -in {} -out plain.pem` decrypts it", path.display(), path.display())]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// Key and certificate are of two pairs.
    #[error("{}: this key does not belong to the certificate {}: give the two that were made together", key.display(), cert.display())]
    KeyMismatch {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The directory or file cannot be written.
    #[error("{}: cannot be written: {source}: make it writable, or choose another place with --certs-dir", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A certificate stands where ours would go, and somebody else made it.
    #[error("{}: was not made by `greenroom certs` and is left alone: give --cert and --key, or choose another place with --certs-dir", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// A key stands where ours would go, without the certificate that says whose it is.
    #[error("{}: this key has no {} beside it and is left alone: move it away, or choose another place with --certs-dir", key.display(), cert.display())]
    KeyWithoutCertificate {
        /// The key.
        key: PathBuf,
        /// The certificate that is missing.
        cert: PathBuf,
    },
    /// Making keys or certificates failed.
    #[error("making a certificate failed: {0}: does the system give random numbers?")]
    Generate(#[from] rcgen::Error),
}
