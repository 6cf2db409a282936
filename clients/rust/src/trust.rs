//! Whose certificates are accepted.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::ConnectError;

/// Whose certificates a client accepts.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// The authorities that the operating system trusts.
    #[default]
    System,
    /// The authorities in a PEM file, and no others. A development server writes its own to
    /// `certs/ca.pem`.
    CaFile(PathBuf),
    /// The authorities in a PEM text, and no others.
    CaPem(String),
    /// What [`Trust::prepare`] returned.
    Prepared(PreparedTrust),
    /// Anybody's. Whoever sits between client and server can then read and change everything, so
    /// this is for tests only.
    DangerAcceptAnyCertificate,
}

/// Certificates that were read once, for many connections.
#[derive(Clone)]
pub struct PreparedTrust {
    config: Arc<ClientConfig>,
    pub(crate) name: Arc<str>,
}

impl fmt::Debug for PreparedTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedTrust({})", self.name)
    }
}

impl Trust {
    /// Reads and checks the certificates now, so that many connections need not. Connections made
    /// with the same prepared trust share TLS session tickets.
    pub fn prepare(&self) -> Result<Trust, ConnectError> {
        self.resolve().map(Trust::Prepared)
    }

    pub(crate) fn resolve(&self) -> Result<PreparedTrust, ConnectError> {
        let provider = Arc::new(ring::default_provider());
        let (verifier, name): (Arc<dyn ServerCertVerifier>, String) = match self {
            Trust::Prepared(prepared) => return Ok(prepared.clone()),
            Trust::System => {
                (webpki(system_roots()?, &provider)?, "a CA that this system trusts".into())
            }
            Trust::CaFile(path) => {
                let name = format!("the CA in {}", path.display());
                (webpki(roots_of(&read(path)?, &name)?, &provider)?, name)
            }
            Trust::CaPem(pem) => {
                let name = "the given CA";
                (webpki(roots_of(pem.as_bytes(), name)?, &provider)?, name.into())
            }
            Trust::DangerAcceptAnyCertificate => {
                (Arc::new(AcceptAny(Arc::clone(&provider))), "anybody".into())
            }
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| ConnectError::Trust(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(PreparedTrust { config: Arc::new(config), name: name.into() })
    }
}

impl PreparedTrust {
    /// The configuration; without `resumption` each handshake is a full one.
    pub(crate) fn config(&self, resumption: bool) -> Arc<ClientConfig> {
        if resumption {
            return Arc::clone(&self.config);
        }
        let mut config = ClientConfig::clone(&self.config);
        config.resumption = Resumption::disabled();
        Arc::new(config)
    }
}

fn webpki(
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, ConnectError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| ConnectError::Trust(error.to_string()))
}

fn system_roots() -> Result<RootCertStore, ConnectError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A system may hold single certificates that do not parse; the others still count.
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = found.errors.first().map_or("it lists none".into(), ToString::to_string);
        return Err(ConnectError::Trust(format!(
            "this system has no CA certificates ({why}): install them, or name the server's CA \
             file (--ca, Trust::CaFile)"
        )));
    }
    Ok(roots)
}

fn read(path: &Path) -> Result<Vec<u8>, ConnectError> {
    std::fs::read(path).map_err(|error| {
        ConnectError::Trust(format!(
            "cannot read {}: {error}: name the CA file of this server (--ca, Trust::CaFile); a \
             development server writes certs/ca.pem at its first start",
            path.display()
        ))
    })
}

fn roots_of(pem: &[u8], name: &str) -> Result<RootCertStore, ConnectError> {
    let bad = |why: String| ConnectError::Trust(format!("{name} is not usable: {why}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("it holds no certificate in PEM format (BEGIN CERTIFICATE)".into()));
    }
    Ok(roots)
}

/// Checks that the server holds the key of the certificate it shows, and nothing else.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not spoken here".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
