//! From a URL to a WebSocket: address, TCP, TLS, upgrade; each step with its deadline.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::{SUBPROTOCOL, Schema};
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
use crate::error::{ConnectError, Step};
use crate::inputs::Lead;
use crate::stream::Stream;
use crate::trust::Trust;

/// Bytes of a message from the server at most: what a large room's full state may take.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Bytes read at once: a usual frame is some hundred, and the buffer is there for each client.
const READ_BYTES: usize = 4 << 10;
/// Bytes that wait for a socket that takes no more; beyond, messages wait in our own queue.
const WRITE_BYTES_MAX: usize = 64 << 10;
/// Characters of an HTTP error's body that are shown.
const BODY_SHOWN_MAX: usize = 200;

/// How to connect: [`Connect::to`] and then what differs.
///
/// ```
/// use greenroom_client::{Connect, Trust};
///
/// let connect = Connect {
///     trust: Trust::CaFile("certs/ca.pem".into()),
///     client: "my-game/1.2".into(),
///     ..Connect::to("wss://127.0.0.1:8443")
/// };
/// ```
#[derive(Clone)]
pub struct Connect {
    /// `wss://host:port` or `ws://host:port`; the path is `/ws` if there is none.
    pub url: String,
    /// Whose certificates are accepted.
    pub trust: Trust,
    /// Name and version of this program, for the server's log.
    pub client: String,
    /// Who this is.
    pub token: Option<String>,
    /// The `Origin` header. Browsers send one, programs need none.
    pub origin: Option<String>,
    /// Schemas that this program has already, at most [`greenroom_proto::SCHEMAS_MAX`]: the server
    /// does not send them again.
    pub schemas: Vec<Arc<Schema>>,
    /// For which tick inputs are sent.
    pub lead: Lead,
    /// Whether frames are applied to a copy of the state. Without, they are taken apart and
    /// counted, there is no state and no desync is noticed: for generators of load.
    pub keep_state: bool,
    /// Whether TLS sessions are resumed, with a [`Trust::prepare`]d trust. Off for a program that
    /// plays many clients, whose handshakes would be cheaper than theirs.
    pub tls_resumption: bool,
    /// For each of the steps TCP, TLS, upgrade and greeting.
    pub step_deadline: Duration,
    /// For the answers to join, list and leave.
    pub call_deadline: Duration,
    /// After so much silence the server is pinged, and after as much again given up.
    pub silence_max: Duration,
}

impl Connect {
    /// The defaults: certificates that the system trusts, 10 s for each step and call.
    #[must_use]
    pub fn to(url: impl Into<String>) -> Self {
        Connect {
            url: url.into(),
            trust: Trust::default(),
            client: concat!("greenroom-client/", env!("CARGO_PKG_VERSION")).into(),
            token: None,
            origin: None,
            schemas: Vec::new(),
            lead: Lead::Auto,
            keep_state: true,
            tls_resumption: true,
            step_deadline: Duration::from_secs(10),
            call_deadline: Duration::from_secs(10),
            silence_max: Duration::from_secs(15),
        }
    }
}

/// Without the token.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("url", &self.url)
            .field("trust", &self.trust)
            .field("client", &self.client)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Takes all steps up to the WebSocket.
pub(crate) async fn open(
    connect: &Connect,
    address: &Address,
) -> Result<WebSocketStream<Stream>, ConnectError> {
    let tcp = within(connect, address, Step::Tcp, tcp(address)).await?;
    let stream = if address.tls {
        let tls = tls(connect, address, tcp);
        Stream::Tls(Box::new(within(connect, address, Step::Tls, tls).await?))
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
    tcp: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, ConnectError> {
    let trust = connect.trust.resolve()?;
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
