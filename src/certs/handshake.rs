//! For tests: a client and a server of rustls that shake hands in memory.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use tempfile::TempDir;

use super::{CertPaths, Identity, ensure};

/// A client that trusts one CA and nothing else, and keeps its tickets.
pub(crate) struct Client(Arc<ClientConfig>);

impl Client {
    pub(crate) fn trusting(ca: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(Arc::new(config)).offering(b"http/1.1")
    }

    pub(crate) fn offering(self, protocol: &[u8]) -> Self {
        let mut config = (*self.0).clone();
        config.alpn_protocols = vec![protocol.to_vec()];
        Self(Arc::new(config))
    }
}

/// Shakes hands over two buffers, until neither side has anything to say.
pub(crate) fn handshake(
    client: &Client,
    server: &Arc<ServerConfig>,
    name: &str,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(client.0.clone(), name)?;
    let mut server = ServerConnection::new(server.clone())?;
    while client.wants_write() || server.wants_write() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        wire.clear();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok((client, server))
}

/// A fresh directory of certificates, and the server's.
pub(crate) fn identity() -> (TempDir, Arc<Identity>) {
    let dir = tempfile::tempdir().unwrap();
    ensure(dir.path(), false).unwrap();
    let paths = CertPaths::of(dir.path());
    let identity = Identity::of_files(&paths.server, &paths.server_key).unwrap();
    (dir, Arc::new(identity))
}
