//! Clients that stop reading: what each costs, whether that grows, and what others notice.
//!
//! `cargo bench --bench stalled`: 1,000 clients over wss in rooms of 20 take their seats and read
//! nothing any more, while 80 others play in rooms of 4. The server is a process of its own, in which
//! the others are too, with the deadlines put off by which it would close who is stuck. `GREENROOM_BENCH_CLIENTS` and
//! `GREENROOM_BENCH_SECS` (the length of each half, 60) change that. Prints
//!
//! - bytes of the server's memory per stalled client at most, its share of the rooms included,
//! - by how much the server's memory would grow in a minute, in percent: the slope of a line through
//!   a sample each second,
//! - the lateness of the others' ticks, in milliseconds, in the half before the 1,000 came and in the
//!   half with them.
//!
//! Their rooms have no events: those wait for a client that is stuck, up to bounds of their own
//! (`events_max`, `event_bytes_max`), and then it is closed.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::disallowed_types)]

mod inside;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use greenroom::prelude::*;
use greenroom::proto::{
    JoinTarget, PROTOCOL_VERSION, Profile, SUBPROTOCOL, ToClient, ToServer, frame, wire,
};
use greenroom_client::{Client, Join, Update};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use self::inside::{Inside, Lateness, percentiles, setting};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Set: this process is the server, with others in so many rooms.
const HOSTS: &str = "GREENROOM_BENCH_HOSTS";
/// Seats in the rooms of the others.
const SEATS: u32 = 4;
/// The most that a stalled client may take.
const BYTES_MAX: f64 = 65_536.0;
/// The most by which the server may grow in a minute.
const GROWTH_MAX_PERCENT: f64 = 1.0;
/// Until then the kernel takes no more for somebody who does not read, and the allocator has given
/// back what the handshakes took.
const SETTLES: Duration = Duration::from_secs(30);

#[derive(Replicate, Serialize, Deserialize, Clone, Copy)]
struct Thing {
    x: i32,
    y: i32,
}

#[derive(Replicate, Serialize, Deserialize, Default)]
struct World {
    things: Table<Thing>,
}

/// A game in which so many things move in every tick.
macro_rules! game {
    ($Game:ident, $name:literal, $seats:expr, $things:literal) => {
        #[derive(Serialize, Deserialize, Default)]
        struct $Game(World);

        impl Game for $Game {
            const NAME: &'static str = $name;
            const TICK_HZ: u16 = 20;
            const SEATS: u32 = $seats;
            type Options = NoOptions;
            type State = World;
            type Input = ();
            type Request = Never;
            type Reply = ();
            type Event = Never;
            type Result = ();

            fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
                let mut game = Self::default();
                for x in 0..$things {
                    game.0.things.insert(Thing { x, y: 0 });
                }
                game
            }
            fn state(&self) -> &World {
                &self.0
            }
            fn tick(&mut self, ctx: &mut Ctx<Self>) {
                for thing in self.0.things.values_mut() {
                    thing.x = ctx.rng().below(1 << 16) as i32;
                    thing.y = ctx.rng().below(1 << 16) as i32;
                }
            }
        }
    };
}

game!(Calm, "calm", SEATS, 20);
game!(Crowd, "crowd", 20, 100);

/// What has become of those who play in the server's process.
#[derive(Default)]
struct Others {
    frames: AtomicU64,
    closed: AtomicU64,
}

/// Takes part until the end.
async fn play(mut client: Client, others: Arc<Others>) {
    loop {
        match client.next().await {
            Update::Frame { .. } => drop(others.frames.fetch_add(1, Ordering::Relaxed)),
            Update::Broken { .. } | Update::Closed(_) => {
                others.closed.fetch_add(1, Ordering::Relaxed);
                return;
            }
            _ => {}
        }
    }
}

/// The server's process, with those who play in so many rooms. Says where it listens, then answers
/// each line with what has become of them since the line before.
fn host(rooms: u64) {
    let lateness = Lateness::of("calm");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut crashes = PathBuf::new();
        let inside = Inside::start(Games::new().add::<Calm>().add::<Crowd>(), |config| {
            crashes.clone_from(&config.rooms.crash_dir);
            config.deadlines.write_timeout = Duration::from_secs(300);
            config.deadlines.ping_timeout = Duration::from_secs(300);
            config.deadlines.ping_interval = Duration::from_secs(300);
        })
        .await;
        let others = Arc::new(Others::default());
        for _ in 0..rooms {
            let mut to = Join::Create { game: "calm", options: "" };
            for _ in 0..SEATS {
                let mut client = Client::connect(inside.connect()).await.unwrap();
                to = Join::Room(client.join(to).await.unwrap().room);
                tokio::spawn(play(client, Arc::clone(&others)));
            }
        }
        println!("{} {}", inside.server.wss(), crashes.with_file_name("certs/ca.pem").display());
        // The threads of runtime and rooms go on meanwhile.
        for line in std::io::stdin().lines() {
            drop(line);
            let frames = others.frames.swap(0, Ordering::Relaxed);
            let closed = others.closed.load(Ordering::Relaxed);
            let lateness = percentiles(lateness.take());
            println!("{}", json!({"lateness_ms": lateness, "frames": frames, "closed": closed}));
        }
    });
    std::process::exit(0);
}

/// The server's process, from outside.
struct Hosted {
    child: Child,
    says: BufReader<std::process::ChildStdout>,
    address: SocketAddr,
    ca: PathBuf,
}

impl Hosted {
    fn start(rooms: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .env(HOSTS, rooms.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut says = BufReader::new(child.stdout.take().unwrap());
        let line = line_of(&mut says);
        let (address, ca) = line.trim().split_once(' ').unwrap();
        Hosted { address: address.parse().unwrap(), ca: ca.into(), child, says }
    }

    /// What has become of the others since it was last asked.
    fn others(&mut self) -> Value {
        writeln!(self.child.stdin.as_mut().unwrap()).unwrap();
        serde_json::from_str(&line_of(&mut self.says)).unwrap()
    }

    /// Resident memory in bytes.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
    }

    /// Memory once a second, for so long.
    async fn samples(&self, lasts: Duration) -> Vec<f64> {
        let mut samples = vec![self.memory()];
        for _ in 0..lasts.as_secs() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            samples.push(self.memory());
        }
        samples
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line_of(says: &mut impl BufRead) -> String {
    let mut line = String::new();
    says.read_line(&mut line).unwrap();
    line
}

type Ws = WebSocketStream<TlsStream<TcpStream>>;

fn connector(ca: &Path) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// A client that has its seat, and whose kernel takes a few KiB that nobody reads.
async fn seated(address: SocketAddr, connector: &TlsConnector) -> Ws {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let tcp = socket.connect(address).await.unwrap();
    let tls = connector.connect(ServerName::from(address.ip()), tcp).await.unwrap();
    let mut request = format!("wss://{address}/ws").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let (mut ws, _) = client_async_with_config(request, tls, Some(config)).await.unwrap();
    let (client, token) = (Text::cut("stalled"), None);
    let hello = ToServer::Hello {
        protocol: PROTOCOL_VERSION,
        client,
        token,
        schemas: greenroom::proto::List::default(),
    };
    let to = JoinTarget::OpenOrCreate { game: Text::cut("crowd"), options: Text::default() };
    for message in [hello, ToServer::Join { id: 1, to, schema: None, profile: Profile::default() }]
    {
        let mut bytes = vec![frame::CONTROL];
        wire::encode_into(&message, &mut bytes);
        ws.send(WsMessage::binary(bytes)).await.unwrap();
    }
    loop {
        let message = ws.next().await.unwrap().unwrap().into_data();
        if message[0] == frame::CONTROL
            && let ToClient::Joined(_) = wire::decode(&message[1..]).unwrap()
        {
            return ws;
        }
    }
}

/// Reads again, until a frame makes up for those that were skipped; how many ticks that is.
async fn gap(ws: &mut Ws) -> u32 {
    let mut last = Tick(0);
    loop {
        let message = ws.next().await.unwrap().unwrap().into_data();
        if !matches!(message.first(), Some(&frame::STATE | &frame::STATE_EVENTS)) {
            continue;
        }
        let tick = frame::read(&message, last).unwrap().tick;
        let before = std::mem::replace(&mut last, tick);
        if before.0 != 0 && tick.0 > before.0 + 1 {
            return tick.0 - before.0;
        }
    }
}

/// By how much a line through samples, a second apart, rises in a minute, in percent of their mean.
fn growth_percent(samples: &[f64]) -> f64 {
    let count = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / count;
    let middle = (count - 1.0) / 2.0;
    let (mut with, mut square) = (0.0, 0.0);
    for (second, sample) in (0..).map(f64::from).zip(samples) {
        with += (second - middle) * (sample - mean);
        square += (second - middle) * (second - middle);
    }
    with / square * 60.0 / mean * 100.0
}

fn main() {
    if let Ok(rooms) = std::env::var(HOSTS) {
        return host(rooms.parse().unwrap());
    }
    let check = std::env::args().any(|argument| argument == "--test");
    let (stalled, rooms, secs) = match check {
        true => (40, 2, 2),
        false => {
            (setting("GREENROOM_BENCH_CLIENTS", 1_000), 20, setting("GREENROOM_BENCH_SECS", 60))
        }
    };
    let secs = Duration::from_secs(secs);
    let settles = if check { SETTLES / 5 } else { SETTLES };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut server = Hosted::start(rooms);
        tokio::time::sleep(Duration::from_secs(1)).await;
        server.others();
        tokio::time::sleep(secs).await;
        let quiet = server.others();

        let empty = server.memory();
        let connector = connector(&server.ca);
        let mut crowd = Vec::new();
        for _ in 0..stalled {
            crowd.push(seated(server.address, &connector).await);
        }
        tokio::time::sleep(settles).await;
        server.others();
        let samples = server.samples(secs).await;
        let with_stalled = server.others();
        // They were stuck indeed, all the time.
        let mut gaps = Vec::new();
        for ws in crowd.iter_mut().take(5) {
            gaps.push(tokio::time::timeout(Duration::from_secs(20), gap(ws)).await.unwrap());
        }
        let most = samples.iter().copied().fold(empty, f64::max);
        let bytes = (most - empty) / stalled as f64;
        let growth = growth_percent(&samples);
        println!(
            "{}",
            json!({
                "stalled": stalled, "secs_each": secs.as_secs(),
                "bytes_per_stalled_client": bytes.round(),
                "server_mib": {"without": empty / 1048576.0, "with": most / 1048576.0},
                "growth_percent_per_minute": growth,
                "others": rooms * u64::from(SEATS), "quiet": quiet, "with_stalled": with_stalled,
                "ticks_made_up_for": gaps,
            })
        );
        assert!(gaps.iter().all(|gap| u64::from(*gap) > secs.as_secs() * 10), "they did not stall");
        assert_eq!(with_stalled["closed"], 0, "the others were thrown out");
        assert!(with_stalled["frames"].as_u64() > Some(0), "the others do not play");
        // The page size of the allocator hides what a few take, and a few seconds are no slope.
        if !check {
            assert!(bytes <= BYTES_MAX, "a stalled client takes {bytes} bytes");
            assert!(growth < GROWTH_MAX_PERCENT, "the server grows by {growth} % in a minute");
        }
    });
}
