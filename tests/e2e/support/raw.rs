//! A peer that speaks bytes: what a proper client never sends, and how the server takes it.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use greenroom::proto::{
    CloseCode, JoinTarget, Joined, List, PROTOCOL_VERSION, Profile, SUBPROTOCOL, Text, ToClient,
    ToServer, frame, wire,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{TestServer, within};

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;
/// The bit of a message's last frame.
pub const FIN: u8 = 0x80;

/// What the server sent.
#[derive(Debug, PartialEq)]
pub enum Got {
    Control(ToClient),
    /// A state frame, its first byte included.
    State(Vec<u8>),
    /// One of the two on another channel than the first.
    On(u8, Box<Got>),
    Ping,
    Pong,
    Close(u16, String),
    /// The end of the stream; whether the server ended TLS properly before.
    End {
        proper: bool,
    },
}

/// A TLS connection, and what came on it.
pub struct Raw {
    stream: TlsStream<TcpStream>,
    came: Vec<u8>,
}

/// Where and with which CA.
pub struct Target {
    pub address: SocketAddr,
    tls: Arc<ClientConfig>,
}

impl Target {
    pub fn new(address: SocketAddr, ca: &std::path::Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(ring)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Target { address, tls: Arc::new(tls) }
    }

    pub fn of(server: &TestServer) -> Self {
        Self::new(server.server.wss(), &server.dir.path().join("certs/ca.pem"))
    }

    pub async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// TLS over this connection.
    pub async fn tls(&self, tcp: TcpStream) -> std::io::Result<Raw> {
        let name = ServerName::from(self.address.ip());
        let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await?;
        Ok(Raw { stream, came: Vec::new() })
    }

    /// A WebSocket on which nothing was said.
    pub async fn open(&self) -> Raw {
        let mut raw = within("TLS", self.tls(self.tcp().await)).await.unwrap();
        raw.upgrade("").await;
        raw
    }

    /// A WebSocket whose kernel takes only few bytes that nobody reads.
    pub async fn open_narrow(&self) -> Raw {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let tcp = within("TCP", socket.connect(self.address)).await.unwrap();
        let mut raw = within("TLS", self.tls(tcp)).await.unwrap();
        raw.upgrade("").await;
        raw.greet().await;
        raw
    }

    /// A WebSocket whose client was welcomed.
    pub async fn greeted(&self) -> Raw {
        let mut raw = self.open().await;
        raw.greet().await;
        raw
    }
}

impl Raw {
    /// Opens the WebSocket with these further headers.
    pub async fn upgrade(&mut self, headers: &str) {
        let head = format!("GET /ws HTTP/1.1\r\n{}{headers}\r\n", upgrade_headers());
        let answer = self.http(&head).await;
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    }

    /// Sends a request head and returns the head of the answer.
    pub async fn http(&mut self, head: &str) -> String {
        self.send(head.as_bytes()).await;
        within("an HTTP answer", async {
            loop {
                if let Some(end) = self.came.windows(4).position(|four| four == b"\r\n\r\n") {
                    return String::from_utf8(self.came.drain(..end + 4).collect()).unwrap();
                }
                assert!(self.read().await.is_none(), "the server hung up: {:?}", self.came);
            }
        })
        .await
    }

    /// Sends bytes as they are. A server that has hung up is not an error.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        within("the bytes are sent", sent).await.is_ok()
    }

    /// Sends a masked frame; `first` is its first byte.
    pub async fn frame(&mut self, first: u8, payload: &[u8]) -> bool {
        self.send(&masked(first, payload)).await
    }

    /// Sends a binary message.
    pub async fn message(&mut self, payload: &[u8]) -> bool {
        self.frame(FIN | BINARY, payload).await
    }

    pub async fn say(&mut self, message: &ToServer) -> bool {
        let mut bytes = vec![frame::CONTROL];
        wire::encode_into(message, &mut bytes);
        self.message(&bytes).await
    }

    /// Says something on a channel.
    pub async fn say_on(&mut self, channel: u8, message: &ToServer) -> bool {
        let mut bytes = vec![frame::CHANNEL, channel, frame::CONTROL];
        wire::encode_into(message, &mut bytes);
        self.message(if channel == 0 { &bytes[2..] } else { &bytes }).await
    }

    pub async fn greet(&mut self) {
        self.say(&hello(PROTOCOL_VERSION)).await;
        let Got::Control(ToClient::Welcome { .. }) = self.next().await else {
            panic!("no welcome")
        };
    }

    /// Takes a seat.
    pub async fn join(&mut self, to: JoinTarget) -> Joined {
        self.say(&ToServer::Join { id: 1, to, schema: None, profile: Profile::default() }).await;
        within("a seat", async {
            loop {
                match self.next().await {
                    Got::Control(ToClient::Joined(joined)) => return joined,
                    Got::Ping | Got::Pong | Got::State(_) => {}
                    other => panic!("not a seat: {other:?}"),
                }
            }
        })
        .await
    }

    /// The next state frame; control messages before it are left out.
    pub async fn state(&mut self) -> Vec<u8> {
        loop {
            match self.next().await {
                Got::State(message) => return message,
                Got::Control(_) | Got::Ping | Got::Pong => {}
                end => panic!("no state frame comes any more: {end:?}"),
            }
        }
    }

    /// Lets the kernel take as much as usual again: a window of a few bytes is slow, too.
    pub fn widen(&self) {
        let socket = socket2::SockRef::from(self.stream.get_ref().0);
        socket.set_recv_buffer_size(1 << 18).unwrap();
    }

    /// The next thing that the server says. Pings are answered.
    pub async fn next(&mut self) -> Got {
        within("something from the server", async {
            loop {
                if let Some(got) = self.take() {
                    if got == Got::Ping {
                        self.frame(FIN | PONG, &[]).await;
                    }
                    return got;
                }
                if let Some(proper) = self.read().await {
                    assert!(self.came.is_empty(), "the stream ends inside of a frame");
                    return Got::End { proper };
                }
            }
        })
        .await
    }

    /// Reads on to the close frame, answers it, and sees the proper end behind it. Returns the code,
    /// and the window that was named in the message before.
    pub async fn close_code(&mut self) -> (u16, Option<u32>) {
        let mut window = None;
        loop {
            match self.next().await {
                Got::Control(ToClient::Closing { retry_after_ms, .. }) => {
                    window = Some(retry_after_ms);
                }
                Got::Close(code, reason) => {
                    let known = CloseCode::of(code).map(CloseCode::reason);
                    assert_eq!(known, Some(reason.as_str()), "code {code}");
                    self.frame(FIN | CLOSE, &code.to_be_bytes()).await;
                    let end = self.next().await;
                    assert_eq!(end, Got::End { proper: true }, "after {code}");
                    return (code, window);
                }
                Got::End { proper } => panic!("no close frame before the end (proper: {proper})"),
                _ => {}
            }
        }
    }

    /// Reads on to the end, whatever it is like.
    pub async fn end(&mut self) {
        within("the end", async { while self.read().await.is_none() {} }).await;
    }

    /// Reads bytes. `Some` at the end: whether it was a proper one.
    async fn read(&mut self) -> Option<bool> {
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes).await {
            Ok(0) => Some(true),
            Ok(count) => {
                self.came.extend_from_slice(&bytes[..count]);
                None
            }
            Err(error) => {
                let broken = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset];
                assert!(broken.contains(&error.kind()), "{error}");
                Some(false)
            }
        }
    }

    /// The next whole frame of those that came.
    fn take(&mut self) -> Option<Got> {
        let [first, second, ..] = *self.came.as_slice() else { return None };
        let (start, length) = match second {
            126 => (4, u16::from_be_bytes(self.came.get(2..4)?.try_into().unwrap()).into()),
            127 => (10, u64::from_be_bytes(self.came.get(2..10)?.try_into().unwrap()) as usize),
            short => (2, usize::from(short)),
        };
        let payload = self.came.get(start..start + length)?.to_vec();
        self.came.drain(..start + length);
        assert_eq!(first & 0x70, 0, "reserved bits");
        assert_eq!(first & FIN, FIN, "the server does not fragment");
        Some(match first & 15 {
            BINARY => match frame::read_channel(&payload).unwrap() {
                (0, message) => content(message),
                (channel, message) => Got::On(channel, Box::new(content(message))),
            },
            PING => Got::Ping,
            PONG => Got::Pong,
            CLOSE => {
                let code = u16::from_be_bytes([payload[0], payload[1]]);
                Got::Close(code, String::from_utf8(payload[2..].to_vec()).unwrap())
            }
            opcode => panic!("the server sent opcode {opcode}"),
        })
    }
}

fn content(message: &[u8]) -> Got {
    match message[0] {
        frame::CONTROL => Got::Control(wire::decode(&message[1..]).unwrap()),
        _ => Got::State(message.to_vec()),
    }
}

pub fn hello(protocol: u16) -> ToServer {
    ToServer::Hello { protocol, client: Text::cut("raw"), token: None, schemas: List::default() }
}

/// Where rooms of the tests' game are created.
pub fn create(options: &str) -> JoinTarget {
    JoinTarget::Create { game: Text::cut("probe"), options: Text::cut(options) }
}

/// The headers of a proper upgrade, behind the request line.
pub fn upgrade_headers() -> String {
    format!(
        "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n"
    )
}

/// A frame as clients send it; `first` is its first byte.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        short @ 0..126 => out.push(0x80 | short as u8),
        middle @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    let mask = [0x12, 0x34, 0x56, 0x78];
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}
