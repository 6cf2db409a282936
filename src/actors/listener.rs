//! The actor that accepts connections.
//!
//! **Its job.** Keeps one accept loop per address running, and the certificate as it is in its files.
//! **Its children.** The loops, and for a moment a task per connection that is on its way in: plain
//! tasks, bounded by [`Admission`](crate::net::admission::Admission). **What ends it.** An accept loop that ended.
//! **What happens then.** Its supervisor starts it again on the same sockets, so that no
//! connection in the backlog is lost. It is started last and stopped first; an orderly stop closes
//! the sockets, so that newcomers are refused at once and not left to wait in the backlog.

pub mod door;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics::counter;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use self::door::Door;
use super::actor::{Actor, Context, Failure, Named};

/// How long to wait after an accept that failed for want of something: the cause does not go away
/// by asking again at once.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(100);
/// How often it is said that connections cannot be accepted, as long as that goes on.
const REFUSALS_TOLD_EVERY: Duration = Duration::from_secs(60);

/// What the listener starts from.
#[derive(Clone)]
pub struct ListenerArgs {
    /// The sockets.
    pub sockets: Sockets,
    /// The way in.
    pub door: Arc<Door>,
}

/// A listening socket, and whether it speaks TLS.
type Listening = (Arc<TcpListener>, bool);

/// Listening sockets. They outlive a listener that fails, and are closed by one that stops.
#[derive(Clone)]
pub struct Sockets(Arc<Mutex<Vec<Listening>>>);

impl Sockets {
    /// Sockets, and whether each speaks TLS.
    #[must_use]
    pub fn new(sockets: Vec<(TcpListener, bool)>) -> Self {
        let sockets = sockets.into_iter().map(|(socket, secure)| (Arc::new(socket), secure));
        Sockets(Arc::new(Mutex::new(sockets.collect())))
    }

    pub(super) fn all(&self) -> Vec<Listening> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// What the listener is told.
#[derive(Debug)]
pub enum ListenerMsg {
    /// An accept loop has ended, which it never should.
    LoopEnded,
}

impl Named for ListenerMsg {
    fn name(&self) -> &'static str {
        "loop ended"
    }
}

/// The actor. Dropping it ends the loops.
pub struct Listener {
    sockets: Sockets,
    loops: JoinSet<()>,
}

impl Actor for Listener {
    const CLASS: &'static str = "listener";
    type Msg = ListenerMsg;
    type Args = ListenerArgs;

    async fn start(args: ListenerArgs, ctx: &Context<ListenerMsg>) -> Result<Self, Failure> {
        let mut loops = JoinSet::new();
        let told = || {
            let mailbox = ctx.mailbox().clone();
            OnDrop(move || drop(mailbox.cast(ListenerMsg::LoopEnded)))
        };
        for (socket, secure) in args.sockets.all() {
            let (door, told) = (Arc::clone(&args.door), told());
            loops.spawn(async move {
                let _told = told;
                accept(&socket, &door, secure).await;
            });
        }
        let (door, told) = (args.door, told());
        loops.spawn(async move {
            let _told = told;
            door.identity.follow_files().await;
        });
        Ok(Listener { sockets: args.sockets, loops })
    }

    async fn handle(&mut self, _: ListenerMsg, _: &Context<ListenerMsg>) -> Result<(), Failure> {
        Err("an accept loop ended".into())
    }

    async fn stopped(&mut self, _: &Context<ListenerMsg>) {
        self.sockets.close();
        self.loops.shutdown().await;
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

async fn accept(socket: &TcpListener, door: &Arc<Door>, secure: bool) {
    let mut refusals = Refusals::default();
    loop {
        match socket.accept().await {
            Ok((tcp, from)) => {
                tokio::spawn(Arc::clone(door).enter(tcp, from, secure));
            }
            Err(error) => refusals.wait_after(&error).await,
        }
    }
}

/// What the system refuses to an accept loop.
#[derive(Default)]
pub(super) struct Refusals {
    told: Option<Instant>,
}

impl Refusals {
    /// Counts one, says so now and then, and waits before the next try.
    pub(super) async fn wait_after(&mut self, error: &std::io::Error) {
        counter!("greenroom_accept_errors_total").increment(1);
        if self.told.is_none_or(|told| told.elapsed() >= REFUSALS_TOLD_EVERY) {
            self.told = Some(Instant::now());
            let advice = match error.raw_os_error() {
                // EMFILE, ENFILE.
                Some(23 | 24) if cfg!(unix) => {
                    ": raise the limit of open files (`LimitNOFILE=` in systemd), or lower \
                     connections_max"
                }
                _ => "",
            };
            tracing::warn!("connections cannot be accepted: {error}{advice}");
        }
        tokio::time::sleep(ACCEPT_BACK_OFF).await;
    }
}

/// Opens a listening socket with room for a crowd that comes back at once.
pub fn listen(address: SocketAddr, backlog: usize) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    // A restarted server takes its port back while old connections linger.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog.try_into().unwrap_or(u32::MAX))
}
