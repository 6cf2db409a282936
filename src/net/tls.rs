//! The TLS settings of the wss listener.
//!
//! rustls with *ring*, TLS 1.3 only. Everything that rustls leaves to its defaults and that
//! matters here is set in [`server_config`], beside its reason.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{self, Ticketer, cipher_suite};
use rustls::server::NoServerSessionStorage;
use rustls::{ServerConfig, ServerConnection};

use crate::certs::Identity;

/// The protocol named in ALPN. WebSockets over HTTP/2 (RFC 8441) are another code path in server
/// and browser; with only this on offer no client picks it.
const ALPN_HTTP_1_1: &[u8] = b"http/1.1";

/// Tickets after a handshake. A client opens one connection at a time and each resumption brings
/// the next ticket, so rustls's two would seal and send some 200 bytes more for every client of a
/// reconnect storm and never be used.
const TICKETS: usize = 1;

/// Makes the configuration that all wss connections share.
///
/// # Errors
/// When the system gives no random bytes for the ticket keys.
pub fn server_config(identity: Arc<Identity>) -> Result<Arc<ServerConfig>, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        // 1.3 alone: one round trip less, no renegotiation, no old ciphers. Every browser that
        // runs current JavaScript has it (2018 to 2020).
        .with_protocol_versions(&[&rustls::version::TLS13])?
        // Players prove who they are in the first message, not with a certificate.
        .with_no_client_auth()
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![ALPN_HTTP_1_1.to_vec()];
    // Our order, because the server seals each frame once per client and the client opens one.
    config.ignore_client_order = true;
    // The state of a session travels with the client, sealed: when a crowd comes back after a
    // network fault, resuming takes no signature and no certificate, and the server keeps nothing.
    // rustls has tickets off and a cache for 256 sessions instead, which such a crowd overruns.
    // The keys rotate every 6 hours and die with the process: after a restart clients make a full
    // handshake.
    config.ticketer = Ticketer::new()?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = TICKETS;
    // 0-RTT data can be replayed by anybody who recorded it, and an upgrade request followed by a
    // hello is not safe to repeat. Zero is the default; it is here so that nobody raises it unseen.
    config.max_early_data_size = 0;
    Ok(Arc::new(config))
}

/// The cryptography: *ring* with the cipher suites in our order.
///
/// Passed explicitly everywhere. A process-wide default would be whatever crate installs one first.
///
/// Key exchange stays ring's: X25519 first, and no post-quantum hybrid. That protects traffic
/// recorded today from computers to come; game inputs are not worth its 2 KB a handshake.
#[must_use]
pub fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            // About a fifth cheaper than AES-256 for the same practical strength.
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            // For clients without AES instructions that offer nothing else.
            cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ],
        ..ring::default_provider()
    }
}

/// Bounds what one connection keeps of unsent records; rustls alone allows 64 KiB, and `None`
/// would be no bound. To be called between accept and handshake.
///
/// Incoming records are bounded by TLS itself, at 16 KiB and some bytes.
pub fn bound_buffers(connection: &mut ServerConnection, tls_buffer_bytes_max: usize) {
    connection.set_buffer_limit(Some(tls_buffer_bytes_max));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certs::handshake::{Client, handshake, identity};
    use rustls::{CipherSuite, HandshakeKind, ProtocolVersion};

    #[test]
    fn speaks_tls_1_3_with_aes_128_and_http_1_1() {
        let (dir, identity) = identity();
        let server = server_config(identity).unwrap();
        let client = Client::trusting(&dir.path().join("ca.pem"));
        let (client, server) = handshake(&client, &server, "localhost").unwrap();
        assert_eq!(server.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(client.alpn_protocol(), Some(ALPN_HTTP_1_1));
        // The client's own order has AES-256 first.
        let suite = server.negotiated_cipher_suite().unwrap().suite();
        assert_eq!(suite, CipherSuite::TLS13_AES_128_GCM_SHA256);
    }

    #[test]
    fn client_that_comes_back_resumes_with_its_one_ticket() {
        let (dir, identity) = identity();
        let server = server_config(identity).unwrap();
        let client = Client::trusting(&dir.path().join("ca.pem"));
        let (first, _) = handshake(&client, &server, "localhost").unwrap();
        assert_eq!(first.tls13_tickets_received(), 1);
        let (second, _) = handshake(&client, &server, "localhost").unwrap();
        assert_eq!(second.handshake_kind(), Some(HandshakeKind::Resumed));
    }

    #[test]
    fn refuses_other_protocols_than_http_1_1() {
        let (dir, identity) = identity();
        let server = server_config(identity).unwrap();
        let client = Client::trusting(&dir.path().join("ca.pem")).offering(b"h2");
        let error = handshake(&client, &server, "localhost").unwrap_err();
        assert_eq!(error, rustls::Error::NoApplicationProtocol);
    }

    #[test]
    fn unsent_records_are_bounded() {
        use std::io::Write;
        let (dir, identity) = identity();
        let server = server_config(identity).unwrap();
        let client = Client::trusting(&dir.path().join("ca.pem"));
        let (_, mut server) = handshake(&client, &server, "localhost").unwrap();
        bound_buffers(&mut server, 32_768);
        let taken = server.writer().write(&[0; 200_000]).unwrap();
        assert!((16_384..=32_768).contains(&taken), "{taken}");
    }
}
