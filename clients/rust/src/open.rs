//! From an address to a WebSocket: TCP, TLS, upgrade; each step with its deadline.

use std::io;

use greenroom_proto::SUBPROTOCOL;
use rustls::CertificateError;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::address::Address;
use crate::connect::Connect;
use crate::error::{ConnectError, Step};
use crate::stream::Stream;
use crate::trust::{PreparedTrust, Trust};

/// Bytes of a message from the server at most: what a large room's full state may take.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Bytes read at once: a usual frame is some hundred, and the buffer is there for each client.
const READ_BYTES: usize = 4 << 10;
/// Bytes that wait for a socket that takes no more; beyond, messages wait in our own queue.
const WRITE_BYTES_MAX: usize = 64 << 10;
/// Characters of an HTTP error's body that are shown.
const BODY_SHOWN_MAX: usize = 200;

/// Takes all steps up to the WebSocket.
pub(crate) async fn open(
    connect: &mut Connect,
    address: &Address,
) -> Result<WebSocketStream<Stream>, ConnectError> {
    let tcp = within(connect, address, Step::Tcp, tcp(address)).await?;
    let stream = if address.tls {
        let trust = connect.trust.resolve()?;
        let tls = within(connect, address, Step::Tls, tls(connect, address, &trust, tcp)).await?;
        // Read once: the next connection of this client need not, and resumes the TLS session.
        connect.trust = Trust::Prepared(trust);
        Stream::Tls(Box::new(tls))
    } else {
        Stream::Plain(tcp)
    };
    within(connect, address, Step::Upgrade, upgrade(connect, address, stream)).await
}

/// A step with its deadline.
pub(crate) async fn within<T>(
    connect: &Connect,
    address: &Address,
    step: Step,
    work: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    let after = connect.step_deadline;
    timeout(after, work)
        .await
        .unwrap_or_else(|_| Err(ConnectError::Deadline { step, address: address.name(), after }))
}

async fn tcp(address: &Address) -> Result<TcpStream, ConnectError> {
    let unresolved = |why: String| ConnectError::Unresolved { host: address.host.clone(), why };
    let found = tokio::net::lookup_host((address.host.as_str(), address.port))
        .await
        .map_err(|error| unresolved(error.to_string()))?;
    let mut failure = None;
    for socket in found {
        match TcpStream::connect(socket).await {
            Ok(stream) => {
                // Inputs are small and must not wait for an acknowledgement.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => failure = Some((socket, error)),
        }
    }
    let (socket, error) = failure.ok_or_else(|| unresolved("the resolver found none".into()))?;
    let why = match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        _ => error.to_string(),
    };
    Err(ConnectError::Unreachable { address: socket.to_string(), why })
}

async fn tls(
    connect: &Connect,
    address: &Address,
    trust: &PreparedTrust,
    tcp: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, ConnectError> {
    let name = ServerName::try_from(address.host.clone()).map_err(|error| {
        ConnectError::BadUrl { url: connect.url.clone(), why: format!("{error}") }
    })?;
    TlsConnector::from(trust.config(connect.tls_resumption))
        .connect(name, tcp)
        .await
        .map_err(|error| tls_error(&error, address, &trust.name))
}

fn tls_error(error: &io::Error, address: &Address, trusted: &str) -> ConnectError {
    use rustls::Error as Tls;
    let address = address.name();
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Tls>());
    match cause {
        Some(Tls::InvalidCertificate(
            bad @ (CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }),
        )) => ConnectError::Certificate {
            address,
            why: format!("{bad}: renew it, or set this machine's clock"),
        },
        Some(Tls::InvalidCertificate(
            bad @ (CertificateError::NotValidForName
            | CertificateError::NotValidForNameContext { .. }),
        )) => ConnectError::Certificate {
            address,
            why: format!("{bad}: connect by a name that it holds"),
        },
        Some(Tls::InvalidCertificate(bad)) => {
            ConnectError::Untrusted { address, trusted: trusted.into(), why: bad.to_string() }
        }
        Some(Tls::InvalidMessage(_)) => ConnectError::Tls {
            address,
            why: "what answers there is not TLS: does this server speak ws:// only?".into(),
        },
        Some(other) => ConnectError::Tls { address, why: other.to_string() },
        None if error.kind() == io::ErrorKind::UnexpectedEof => ConnectError::Tls {
            address,
            why: "the server hung up during the handshake: it may be full or stopping".into(),
        },
        None => ConnectError::Tls { address, why: error.to_string() },
    }
}

async fn upgrade(
    connect: &Connect,
    address: &Address,
    stream: Stream,
) -> Result<WebSocketStream<Stream>, ConnectError> {
    let mut request = Request::builder()
        .uri(format!("{}{}", address.name(), address.path))
        .header("Host", &address.authority)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", generate_key())
        .header("Sec-WebSocket-Protocol", SUBPROTOCOL);
    if let Some(origin) = &connect.origin {
        let origin = HeaderValue::from_str(origin).map_err(|error| ConnectError::BadText {
            what: "the Origin",
            why: error.to_string(),
        })?;
        request = request.header("Origin", origin);
    }
    let request = request.body(()).map_err(|error| ConnectError::BadUrl {
        url: connect.url.clone(),
        why: error.to_string(),
    })?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BYTES_MAX)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    tokio_tungstenite::client_async_with_config(request, stream, Some(config))
        .await
        .map(|(socket, _)| socket)
        .map_err(|error| upgrade_error(error, address))
}

fn upgrade_error(error: WsError, address: &Address) -> ConnectError {
    let url = format!("{}{}", address.name(), address.path);
    match error {
        WsError::Http(response) => {
            let status = response.status();
            let body = response.body().as_deref().unwrap_or_default();
            let body = String::from_utf8_lossy(body);
            let body: String = body.trim().chars().take(BODY_SHOWN_MAX).collect();
            let body = match body.as_str() {
                "" => status.canonical_reason().unwrap_or("no reason given").to_owned(),
                _ => body,
            };
            ConnectError::Http { url, status: status.as_u16(), body }
        }
        WsError::Protocol(ProtocolError::SecWebSocketSubProtocolError(why)) => {
            ConnectError::WrongProtocol { url, why: why.to_string() }
        }
        WsError::Protocol(ProtocolError::HandshakeIncomplete) => ConnectError::NotHttp {
            url,
            why: "the server hung up before it answered: it may be full, or want wss://".into(),
        },
        WsError::Protocol(ProtocolError::HttparseError(_)) => ConnectError::NotHttp {
            url,
            why: "the answer is not HTTP: does this server want wss://?".into(),
        },
        other => ConnectError::NotHttp { url, why: other.to_string() },
    }
}
