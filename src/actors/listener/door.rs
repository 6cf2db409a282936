//! The way in: a TCP connection becomes a connection actor, or is told why not.
//!
//! Every step has a deadline, since nothing is cheaper for an attacker than a connection that goes
//! on slowly. A client that cannot stay but opened its WebSocket properly is told so by a close
//! code; a browser shows a page nothing of a refused upgrade but 1006.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use greenroom_proto::CloseCode;
use metrics::{counter, histogram};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::actors::connection::{Connection, ConnectionArgs, Shared};
use crate::certs::Identity;
use crate::config::{Config, StopTimes};
use crate::faults::Countdown;
use crate::net::admission::{Admission, Place};
use crate::net::head::{self, Upgraded};
use crate::net::link::Link;
use crate::net::origin::Origins;
use crate::net::pages::Pages;
use crate::net::reader::Reader;
use crate::net::tls;
use crate::supervision::{ChildSpec, Partitioned, Shutdown};

/// Clients that cannot stay come back spread over this time, in milliseconds.
const FULL_WINDOW_MS: u32 = 10_000;

/// What every connection goes through.
pub struct Door {
    /// Ends TLS.
    pub tls: TlsAcceptor,
    /// What is shown there.
    pub identity: Arc<Identity>,
    /// Counts connections.
    pub admission: Arc<Admission>,
    /// Which pages may connect.
    pub origins: Origins,
    /// What there is to read beside the WebSocket.
    pub pages: Pages,
    /// Where connections are started.
    pub connections: Partitioned,
    /// What they share.
    pub shared: Arc<Shared>,
    /// Numbers them.
    pub numbers: AtomicU64,
}

impl Door {
    /// Takes one connection in. `secure`: it speaks TLS.
    pub async fn enter(self: Arc<Self>, tcp: TcpStream, from: SocketAddr, secure: bool) {
        let Some(place) = self.admission.admit(from.ip()) else {
            counter!("greenroom_connections_refused_total", "why" => "flood").increment(1);
            return;
        };
        let (config, since) = (Arc::clone(&self.shared.config), Instant::now());
        set_options(&tcp, &config);
        if secure {
            self.enter_tls(tcp, place, &config, since).await;
        } else {
            self.enter_plain(tcp, place, &config, since).await;
        }
    }

    async fn enter_tls(&self, tcp: TcpStream, place: Place, config: &Config, since: Instant) {
        let buffer_max = config.edge.tls_buffer_bytes_max;
        let accept =
            self.tls.accept_with(tcp, |connection| tls::bound_buffers(connection, buffer_max));
        // What fails here is a scanner, or a client that does not trust us and says why itself.
        let Ok(Ok(stream)) = timeout(config.deadlines.tls_timeout, accept).await else {
            counter!("greenroom_connections_refused_total", "why" => "tls").increment(1);
            return;
        };
        let Some(upgraded) = self.head(stream, config).await else { return };
        shook_hands("tls", since);
        let upgraded = upgraded.map(|stream| {
            let (tcp, connection) = stream.into_inner();
            Link::new(tcp, Some(Box::new(connection)))
        });
        self.seat(upgraded, place, config).await;
    }

    async fn enter_plain(&self, tcp: TcpStream, place: Place, config: &Config, since: Instant) {
        let Some(upgraded) = self.head(tcp, config).await else { return };
        shook_hands("plain", since);
        self.seat(upgraded.map(|tcp| Link::new(tcp, None)), place, config).await;
    }

    async fn head<IO>(&self, io: IO, config: &Config) -> Option<Upgraded<IO>>
    where
        IO: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let (bytes_max, deadline) = (config.edge.head_bytes_max, config.deadlines.head_timeout);
        head::serve(io, bytes_max, deadline, &self.pages).await
    }

    /// Starts the actor; from here on the connection is in the tree.
    async fn seat(&self, upgraded: Upgraded<Arc<Link>>, place: Place, config: &Config) {
        let Upgraded { io: link, early, origin, host } = upgraded;
        if place.is_refusal() {
            counter!("greenroom_connections_refused_total", "why" => "full").increment(1);
            link.close_with_window(CloseCode::Full, FULL_WINDOW_MS);
        } else if !self.origins.allow(origin.as_deref(), host.as_deref()) {
            counter!("greenroom_connections_refused_total", "why" => "origin").increment(1);
            let origin = origin.unwrap_or_default();
            tracing::warn!(
                "refused a page from {origin:?}: to let it in, start the server with --origins {origin}"
            );
            link.close(CloseCode::RefusedOrigin);
        }
        let reader = Reader::new(Arc::clone(&link), early, config).await;
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        if config.dev.faults.cut_frame.is_some() {
            link.cut_after(Countdown::of(config.dev.faults.cut_frame, number ^ number << 32));
        }
        let shared = Arc::clone(&self.shared);
        let args = ConnectionArgs { link, reader, place, number, shared };
        let spec = ChildSpec::once::<Connection>(number.to_string(), args)
            .shutdown(Shutdown::Within(StopTimes::of(config).connections));
        if let Err(error) = self.connections.start_child(number, spec).await {
            tracing::warn!("a connection could not be started: {error}");
        }
    }
}

/// A connection is upgraded.
fn shook_hands(transport: &'static str, since: Instant) {
    histogram!("greenroom_handshake_seconds", "transport" => transport)
        .record(since.elapsed().as_secs_f64());
}

/// Small answers at once, and little that is already old in the kernel: what lies there cannot be
/// replaced by something newer.
fn set_options(tcp: &TcpStream, config: &Config) {
    let socket = socket2::SockRef::from(tcp);
    let _ = socket.set_tcp_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ =
        socket.set_tcp_notsent_lowat(config.edge.send_buffer_bytes.try_into().unwrap_or(u32::MAX));
    // Besides what is unsent this holds what is on its way, so it is larger.
    let _ = socket.set_send_buffer_size(config.edge.send_buffer_bytes.saturating_mul(4));
}
