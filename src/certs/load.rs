//! Reads certificates and keys, and says what is wrong with those that do not work.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use webpki::EndEntityCert;

use super::CertError;
use super::issue::{self, Authority};

/// Reads a certificate chain and its key, both PEM, and checks that they belong together.
///
/// # Errors
/// See [`CertError`]: missing, unreadable, not PEM, damaged, encrypted, of two pairs.
pub fn load(cert: &Path, key: &Path) -> Result<CertifiedKey, CertError> {
    let chain = chain(cert)?;
    let key_der = private_key(key)?;
    let signer = any_supported_type(&key_der).map_err(|error| CertError::Damaged {
        path: key.to_owned(),
        wanted: "private key",
        reason: error.to_string(),
    })?;
    let certified = CertifiedKey::new(chain, signer);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(_) => Err(CertError::KeyMismatch { cert: cert.to_owned(), key: key.to_owned() }),
    }
}

/// The certificate at `cert`, or `None` if neither it nor its key is there.
pub(super) fn existing(
    cert: &Path,
    key: &Path,
) -> Result<Option<CertificateDer<'static>>, CertError> {
    match chain(cert) {
        Ok(chain) => Ok(chain.into_iter().next()),
        Err(CertError::Missing { .. }) if key.exists() => {
            Err(CertError::KeyWithoutCertificate { key: key.to_owned(), cert: cert.to_owned() })
        }
        Err(CertError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The CA, if it can still sign: its key is there and belongs to it, and it lives beyond `at`.
pub(super) fn authority(
    ca: Option<CertificateDer<'static>>,
    key: &Path,
    at: SystemTime,
) -> Result<Option<Authority>, CertError> {
    let Some(ca) = ca.filter(|ca| issue::expired(ca, at).is_none()) else {
        return Ok(None);
    };
    match read(key) {
        Ok(pem) => Ok(Authority::of(ca, &String::from_utf8_lossy(&pem))),
        Err(CertError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CertError> {
    fs::read(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => CertError::Missing { path: path.to_owned() },
        _ => CertError::Unreadable { path: path.to_owned(), source },
    })
}

/// At least one certificate, the first of which can be parsed.
fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertError> {
    let pem = read(path)?;
    let damaged = |reason: String| CertError::Damaged {
        path: path.to_owned(),
        wanted: "certificate",
        reason,
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| damaged(error.to_string()))?;
    let Some(first) = chain.first() else {
        return Err(CertError::NotPem {
            path: path.to_owned(),
            wanted: "certificate",
            begin: "CERTIFICATE",
            convert: "x509",
        });
    };
    EndEntityCert::try_from(first).map_err(|error| damaged(error.to_string()))?;
    Ok(chain)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertError> {
    let pem = read(path)?;
    let text = String::from_utf8_lossy(&pem);
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(CertError::EncryptedKey { path: path.to_owned() });
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        PemError::NoItemsFound => CertError::NotPem {
            path: path.to_owned(),
            wanted: "private key",
            begin: "PRIVATE KEY",
            convert: "pkey",
        },
        error => CertError::Damaged {
            path: path.to_owned(),
            wanted: "private key",
            reason: error.to_string(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certs::CertPaths;
    use crate::certs::handshake::identity;

    #[test]
    fn load_says_what_is_wrong_with_which_file() {
        let (dir, _) = identity();
        let paths = CertPaths::of(dir.path());
        let (cert, key) = (paths.server, paths.server_key);
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let none = dir.path().join("none.pem");
        let text = file("text.pem", "hello");
        let damaged_cert =
            file("damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        let damaged_key = file(
            "damaged-key.pem",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        );
        let cut = file("cut.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n");
        let secret =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let secret = file("secret.pem", secret);
        let old_secret = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        let old_secret = file("old-secret.pem", old_secret);
        let directory = dir.path().to_owned();

        let cases: [(&Path, &Path, &str); 12] = [
            (
                &none,
                &key,
                "none.pem: there is no such file: give --cert and --key, or run `greenroom certs`",
            ),
            (&cert, &none, "none.pem: there is no such file"),
            (&directory, &key, "cannot be read: Is a directory"),
            (
                &text,
                &key,
                "text.pem: holds no certificate in PEM (a block that starts with -----BEGIN CERTIFICATE-----)",
            ),
            (&key, &key, "server-key.pem: holds no certificate"),
            (&cert, &text, "text.pem: holds no private key in PEM"),
            (&cert, &cert, "server.pem: holds no private key in PEM"),
            (&damaged_cert, &key, "damaged.pem: the certificate in it is damaged"),
            (&cut, &key, "cut.pem: the certificate in it is damaged"),
            (&cert, &damaged_key, "damaged-key.pem: the private key in it is damaged"),
            (
                &cert,
                &secret,
                "secret.pem: the key is encrypted and the server has nobody to ask: `openssl pkcs8",
            ),
            (&cert, &old_secret, "old-secret.pem: the key is encrypted"),
        ];
        for (cert, key, expected) in cases {
            let error = load(cert, key).unwrap_err().to_string();
            assert!(error.contains(expected), "{expected}\n{error}");
            assert!(!error.contains('\n') && !error.contains("  "), "{error}");
        }
        let error = load(&cert, &paths.ca_key).unwrap_err();
        assert!(matches!(error, CertError::KeyMismatch { .. }));
        let text = error.to_string();
        assert!(text.contains("ca-key.pem: this key does not belong to the certificate"), "{text}");
    }
}
