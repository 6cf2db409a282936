//! The server of the tests.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use greenroom_client::proto::codec::{Snapshot, Step, Viewer, put_change_body};
use greenroom_client::proto::frame::{
    self, Base, Head, write_body_head, write_event, write_varint,
};
use greenroom_client::proto::{
    CloseCode, GameName, Joined, List, PlayerId, Replicate, RoomId, SUBPROTOCOL, Text, Tick,
    ToClient, ToServer, Token, layout_of, publish, schema_of, wire,
};
use greenroom_client::{Client, Connect, Join, SeatInfo, Trust, Update};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// Far longer than any of this takes; a test that hangs fails instead.
const DEADLINE: Duration = Duration::from_secs(20);

/// The state of the tests' game.
#[derive(Replicate, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[sync(crate = "greenroom_client::proto")]
pub struct World {
    pub round: u32,
    pub x: i32,
}

pub fn world(round: u32) -> World {
    World { round, x: -1 }
}

fn snapshot(world: World) -> (Snapshot, Step) {
    let layout = layout_of::<World>();
    Snapshot::first(&layout, |rows| {
        publish(&world, &layout, rows);
    })
}

/// Both ends of a test, with a deadline.
pub async fn both<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    within(async { tokio::join!(a, b) }).await
}

pub async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("the test hangs")
}

/// Lets the time of a paused test pass by itself, far faster, but hardly while anything happens on a
/// socket. Without it the time would leap to the next deadline whenever a socket is a
/// moment late.
pub fn time_flies() {
    tokio::spawn(async {
        loop {
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
    });
}

pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A listener with a certificate of its own.
pub struct Mock {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    /// The authority that signed the certificate.
    pub ca: String,
}

impl Mock {
    pub async fn plain() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        Mock { listener, tls: None, ca: String::new() }
    }

    pub async fn tls() -> Self {
        Self::tls_for("127.0.0.1").await
    }

    /// With a certificate for this name.
    pub async fn tls_for(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let ca = CertifiedIssuer::self_signed(params, key).expect("a CA");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let leaf = params.signed_by(&key, &ca).expect("a certificate");
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(ring)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
            )
            .expect("they match");
        let tls = Some(TlsAcceptor::from(Arc::new(config)));
        Mock { tls, ca: ca.pem(), ..Self::plain().await }
    }

    pub fn address(&self) -> String {
        self.listener.local_addr().expect("it is bound").to_string()
    }

    /// How to connect to it.
    pub fn connect(&self) -> Connect {
        let scheme = if self.tls.is_some() { "wss" } else { "ws" };
        let trust = Trust::CaPem(self.ca.clone());
        Connect { trust, ..Connect::to(format!("{scheme}://{}", self.address())) }
    }

    pub async fn accept_tcp(&self) -> TcpStream {
        let tcp = self.listener.accept().await.expect("a client").0;
        // Otherwise a second message waits until the kernel acknowledges the first: 40 ms.
        tcp.set_nodelay(true).expect("a socket");
        tcp
    }

    /// A stream on which the client's HTTP request comes.
    pub async fn accept_stream(&self) -> Option<Box<dyn Io>> {
        let tcp = self.accept_tcp().await;
        match &self.tls {
            Some(tls) => Some(Box::new(tls.accept(tcp).await.ok()?)),
            None => Some(Box::new(tcp)),
        }
    }

    /// A WebSocket whose client has not been heard yet.
    pub async fn accept(&self) -> Peer {
        upgrade(self.accept_stream().await.expect("TLS")).await.expect("an upgrade")
    }

    /// A client that was welcomed, and its peer.
    pub async fn welcomed(&self, connect: Connect) -> (Client, Peer) {
        let (client, peer) = both(Client::connect(connect), self.accept_welcome()).await;
        (client.expect("a connection"), peer)
    }

    /// A client that was welcomed.
    pub async fn accept_welcome(&self) -> Peer {
        let mut peer = self.accept().await;
        peer.welcome().await;
        peer
    }

    /// A client with a seat in a room at 20 Hz whose state is that of tick 10.
    pub async fn seated(&self, connect: Connect) -> (Client, Peer, SeatInfo) {
        let (mut client, mut peer) = self.welcomed(connect).await;
        let seat = seat(&mut client, &mut peer).await;
        (client, peer, seat)
    }

    /// The same with a seat that is held, and to which the client comes back with token 1.
    pub async fn held(&self) -> (Client, Peer) {
        self.held_by(self.connect()).await
    }

    pub async fn held_by(&self, connect: Connect) -> (Client, Peer) {
        let (mut client, mut peer) = self.welcomed(connect).await;
        seat_as(&mut client, &mut peer, |id| held(id, 1)).await;
        (client, peer)
    }

    /// A client that asks for its seat, and what it asks with.
    pub async fn accept_resume(&self) -> (Peer, Asked) {
        let mut peer = self.accept_welcome().await;
        let asked = peer.resume().await;
        (peer, asked)
    }
}

/// The server's side of the handshake.
pub async fn upgrade(stream: Box<dyn Io>) -> Option<Peer> {
    // The error's size is tungstenite's choice.
    #[allow(clippy::result_large_err)]
    let name_protocol = |request: &Request, mut response: Response| {
        assert_eq!(request.uri().path(), "/ws");
        assert_eq!(request.headers()["sec-websocket-protocol"], SUBPROTOCOL);
        let protocol = HeaderValue::from_static(SUBPROTOCOL);
        response.headers_mut().insert("sec-websocket-protocol", protocol);
        Ok(response)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, name_protocol).await.ok()?;
    Some(Peer { socket, hello: None })
}

/// Gets the client a seat and a first frame, of tick 10.
pub async fn seat(client: &mut Client, peer: &mut Peer) -> SeatInfo {
    seat_as(client, peer, joined).await
}

pub async fn seat_as(
    client: &mut Client,
    peer: &mut Peer,
    joined: impl Fn(u32) -> Joined,
) -> SeatInfo {
    let join = Join::OpenOrCreate { game: "test", options: "" };
    let (seat, ()) = both(client.join(join), async {
        let ToServer::Join { id, .. } = peer.control().await else { panic!("no join") };
        peer.say(&ToClient::Joined(joined(id))).await;
        peer.full(10, world(1)).await;
    })
    .await;
    assert_eq!(within(client.next()).await, Update::Frame { tick: Tick(10), full: true });
    seat.expect("a seat")
}

pub fn welcome(server: &str, games: List<GameName, 256>) -> ToClient {
    let server = Text::cut(server);
    ToClient::Welcome { server, games, messages_per_sec: 150, ping_interval_ms: 10_000 }
}

pub fn joined(id: u32) -> Joined {
    let schema = schema_of::<World>();
    Joined {
        id,
        room: RoomId(77),
        game: Text::cut("test"),
        player: PlayerId(3),
        tick: Tick(9),
        tick_hz: 20,
        send_every: 1,
        input_lead_ticks_max: 32,
        token: Token::new(),
        hold_ms: 0,
        inputs: 0,
        events: 0,
        requests: 0,
        schema_hash: schema.hash(),
        schema: Some(wire::encode(&schema).try_into().expect("it is small")),
    }
}

/// A seat that is held for a minute.
pub fn held(id: u32, token: u8) -> Joined {
    Joined { token: token_of(token), hold_ms: 60_000, ..joined(id) }
}

pub fn token_of(byte: u8) -> Token {
    Token::cut(&[byte; 16])
}

/// What a client asks for its seat with.
#[derive(Debug, PartialEq)]
pub struct Asked {
    pub id: u32,
    pub token: Token,
    pub tick: Option<u32>,
    pub events: Option<u32>,
    pub schema: Option<u64>,
}

/// What a client says.
#[derive(Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // there are few
pub enum Said {
    Control(ToServer),
    Input {
        tick: u16,
        body: Vec<u8>,
    },
    /// The close frame's code.
    Closed(u16),
    Ping,
    Gone,
}

fn said(message: &[u8]) -> Said {
    match message.split_first() {
        Some((&frame::CONTROL, rest)) => Said::Control(wire::decode(rest).expect("it decodes")),
        Some((&frame::INPUT, rest)) => {
            let (tick, body) = frame::read_input(rest).expect("an input");
            Said::Input { tick, body: body.to_vec() }
        }
        other => panic!("the client sent {other:?}"),
    }
}

/// The server's end of a connection.
pub struct Peer {
    pub socket: WebSocketStream<Box<dyn Io>>,
    pub hello: Option<ToServer>,
}

impl Peer {
    pub async fn welcome(&mut self) {
        self.hello = Some(self.control().await);
        let games = List::first([Text::cut("test"), Text::cut("other")]);
        self.say(&welcome("mock/1", games)).await;
    }

    /// On the first channel.
    pub async fn heard(&mut self) -> Said {
        let (channel, said) = self.heard_on().await;
        assert_eq!(channel, 0, "{said:?}");
        said
    }

    pub async fn heard_on(&mut self) -> (u8, Said) {
        let said = match self.socket.next().await {
            Some(Ok(Message::Binary(bytes))) => {
                let (channel, message) = frame::read_channel(&bytes).expect("a channel");
                return (channel, said(message));
            }
            Some(Ok(Message::Close(close))) => {
                Said::Closed(close.map_or(1005, |close| close.code.into()))
            }
            Some(Ok(Message::Ping(_))) => Said::Ping,
            Some(Ok(other)) => panic!("the client sent {other:?}"),
            Some(Err(_)) | None => Said::Gone,
        };
        (0, said)
    }

    pub async fn control_on(&mut self, channel: u8) -> ToServer {
        match self.heard_on().await {
            (on, Said::Control(message)) if on == channel => message,
            other => panic!("not a control message on {channel}: {other:?}"),
        }
    }

    pub async fn control(&mut self) -> ToServer {
        match self.heard().await {
            Said::Control(message) => message,
            other => panic!("not a control message: {other:?}"),
        }
    }

    pub async fn resume(&mut self) -> Asked {
        match self.control().await {
            ToServer::Resume { id, token, tick, events, schema, .. } => {
                Asked { id, token, tick: tick.map(|tick| tick.0), events, schema }
            }
            other => panic!("it does not come back: {other:?}"),
        }
    }

    /// The number of a request.
    pub async fn request(&mut self) -> u32 {
        match self.control().await {
            ToServer::Request { id, .. } => id,
            other => panic!("not a request: {other:?}"),
        }
    }

    pub async fn say(&mut self, message: &ToClient) {
        self.say_on(0, message).await;
    }

    pub async fn say_on(&mut self, channel: u8, message: &ToClient) {
        let mut bytes = vec![frame::CONTROL];
        wire::encode_into(message, &mut bytes);
        self.send_on(channel, bytes).await;
    }

    pub async fn send_on(&mut self, channel: u8, bytes: Vec<u8>) {
        let bytes = match channel {
            0 => bytes,
            channel => [&[frame::CHANNEL, channel], &bytes[..]].concat(),
        };
        self.send(bytes).await;
    }

    pub async fn send(&mut self, bytes: Vec<u8>) {
        let _ = self.socket.send(Message::Binary(bytes.into())).await;
    }

    pub async fn reply(&mut self, id: u32, reply: &str) {
        let body = wire::encode(reply).try_into().expect("it is short");
        self.say(&ToClient::Reply { id, body }).await;
    }

    /// A whole state.
    pub async fn full(&mut self, tick: u32, world: World) {
        self.send(Frame { tick, world, ..Frame::default() }.bytes()).await;
    }

    /// A change from one state to another.
    pub async fn delta(&mut self, from: (u32, World), tick: u32, world: World) {
        self.send(Frame { from: Some(from), tick, world, ..Frame::default() }.bytes()).await;
    }

    pub async fn close(&mut self, code: CloseCode) {
        let frame = CloseFrame { code: code.code().into(), reason: code.reason().into() };
        let _ = self.socket.send(Message::Close(Some(frame))).await;
    }
}

/// A state frame in the making.
#[derive(Default)]
pub struct Frame {
    pub from: Option<(u32, World)>,
    pub tick: u32,
    pub world: World,
    pub head: Head,
    /// Number, age in ticks, body.
    pub events: Vec<(u32, u32, u8)>,
}

impl Frame {
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.head.to_bytes(!self.events.is_empty()).to_vec();
        if !self.events.is_empty() {
            write_varint(self.events.len() as u32, &mut out);
        }
        for (number, age, body) in &self.events {
            write_event(*number, *age, &[*body], &mut out);
        }
        let layout = layout_of::<World>();
        let (now, step) = snapshot(self.world);
        let (base, before) = match self.from {
            Some((tick, world)) => (Base::Older(Tick(tick)), snapshot(world).0),
            None => (Base::Nothing, Snapshot::initial(&layout)),
        };
        write_body_head(base, Tick(self.tick), Some(now.rows().hash()), &mut out);
        put_change_body(&layout, &before, (&now, &step), Viewer::All, &mut out);
        out
    }
}
