//! A crowd of lean clients: they speak the protocol and count, and do not look into frames, so
//! that the machine measures the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use greenroom_proto::{
    JoinTarget, List, PROTOCOL_VERSION, Profile, SUBPROTOCOL, Text, ToServer, frame, wire,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::server::Server;

type Ws = WebSocketStream<TlsStream<TcpStream>>;

#[derive(Clone, Copy)]
pub struct Counts {
    pub frames: u64,
    pub payload_bytes: u64,
    pub wire_bytes: u64,
    pub inputs: u64,
}

#[derive(Default)]
struct Shared {
    joined: AtomicU64,
    frames: AtomicU64,
    payload_bytes: AtomicU64,
    wire_bytes: AtomicU64,
    inputs: AtomicU64,
    stop: AtomicBool,
}

/// Connected clients without a seat.
pub struct Crowd {
    sockets: Vec<Ws>,
}

/// Clients that play.
pub struct Playing {
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Crowd {
    pub async fn connect(server: &Server, count: usize) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&server.ca).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let mut sockets = Vec::new();
        for _ in 0..count {
            sockets.push(connect(&server.wss, &connector).await);
        }
        Crowd { sockets }
    }

    pub async fn join(self, _: &Server) -> Playing {
        let shared = Arc::new(Shared::default());
        let mut tasks = Vec::new();
        let count = self.sockets.len() as u64;
        for (number, ws) in self.sockets.into_iter().enumerate() {
            tasks.push(tokio::spawn(play(ws, number as u64, Arc::clone(&shared))));
        }
        while shared.joined.load(Ordering::Relaxed) < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Playing { shared, tasks }
    }
}

impl Playing {
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            frames: read(&self.shared.frames),
            payload_bytes: read(&self.shared.payload_bytes),
            wire_bytes: read(&self.shared.wire_bytes),
            inputs: read(&self.shared.inputs),
        }
    }

    pub async fn leave(self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

async fn connect(url: &str, connector: &TlsConnector) -> Ws {
    let address = url.trim_start_matches("wss://").trim_end_matches("/ws");
    let tcp = TcpStream::connect(address).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let tls = connector.connect(name, tcp).await.unwrap();
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let (mut ws, _) = client_async_with_config(request, tls, Some(config)).await.unwrap();
    let hello = ToServer::Hello {
        protocol: PROTOCOL_VERSION,
        client: Text::cut("bench"),
        token: None,
        schemas: List::default(),
    };
    say(&mut ws, &hello).await;
    let welcome = ws.next().await.unwrap().unwrap();
    assert_eq!(welcome.into_data()[0], frame::CONTROL);
    ws
}

async fn say(ws: &mut Ws, message: &ToServer) {
    let mut bytes = vec![frame::CONTROL];
    wire::encode_into(message, &mut bytes);
    ws.send(Message::binary(bytes)).await.unwrap();
}

async fn play(mut ws: Ws, number: u64, shared: Arc<Shared>) {
    let options = r#"{"tick_hz":20,"max_players":20,"time_limit_secs":3600,"score_limit":1000}"#;
    let to = JoinTarget::OpenOrCreate { game: Text::cut("arena"), options: Text::cut(options) };
    say(&mut ws, &ToServer::Join { id: 1, to, schema: None, profile: Profile::default() }).await;
    let interval = Duration::from_millis(100);
    let start = tokio::time::Instant::now() + interval * (number % 100) as u32 / 100;
    let mut clock = tokio::time::interval_at(start, interval);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut joined = false;
    while !shared.stop.load(Ordering::Relaxed) {
        tokio::select! {
            message = ws.next() => {
                let payload = message.unwrap().unwrap().into_data();
                match payload.first() {
                    Some(&frame::STATE | &frame::STATE_EVENTS) => {
                        if !joined {
                            joined = true;
                            shared.joined.fetch_add(1, Ordering::Relaxed);
                        }
                        shared.frames.fetch_add(1, Ordering::Relaxed);
                        let length = payload.len() as u64;
                        shared.payload_bytes.fetch_add(length, Ordering::Relaxed);
                        // WebSocket header; TLS record header, type and tag.
                        let framing = if length < 126 { 2 } else { 4 } + 22;
                        shared.wire_bytes.fetch_add(length + framing, Ordering::Relaxed);
                    }
                    _ => assert_eq!(payload[0], frame::CONTROL),
                }
            }
            _ = clock.tick(), if joined => {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let input = (random & 3 != 0, (random >> 8) as i8, random >> 16 & 3 == 0, 0u8);
                let mut bytes = Vec::with_capacity(8);
                frame::write_input(greenroom_proto::Tick(0), &wire::encode(&input), &mut bytes);
                ws.send(Message::binary(bytes)).await.unwrap();
                shared.inputs.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    let _ = ws.close(None).await;
    let rest = async { while let Some(Ok(_)) = ws.next().await {} };
    let _ = tokio::time::timeout(Duration::from_secs(2), rest).await;
}
