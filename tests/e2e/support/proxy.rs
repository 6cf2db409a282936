//! A TCP link to the server that can be cut: between two bytes, whenever a test wants.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes bytes on, both ways, until it is told to stop.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    /// Where connections go; it may change when the server is started anew.
    to: Mutex<SocketAddr>,
    /// Counts cuts: each ends all connections that there are.
    cuts: watch::Sender<u64>,
    /// Each connection is cut after so many bytes, both ways together; 0: it is not.
    budget: AtomicU64,
}

impl Proxy {
    pub async fn to(address: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap();
        let (to, budget) = (Mutex::new(address), AtomicU64::new(0));
        let shared = Arc::new(Shared { to, cuts: watch::channel(0).0, budget });
        let of_task = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                tokio::spawn(pass(client, Arc::clone(&of_task)));
            }
        });
        Proxy { address: own, shared, task }
    }

    /// Cuts all connections.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// From now on each new connection is cut after so many bytes; 0: it is not.
    pub fn cut_after(&self, bytes: u64) {
        self.shared.budget.store(bytes, Ordering::Relaxed);
    }

    /// The server is elsewhere now.
    pub fn goes_to(&self, address: SocketAddr) {
        *self.shared.to.lock().unwrap() = address;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn pass(client: TcpStream, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    let to = *shared.to.lock().unwrap();
    let Ok(server) = TcpStream::connect(to).await else { return };
    let (_, _) = (client.set_nodelay(true), server.set_nodelay(true));
    let budget = shared.budget.load(Ordering::Relaxed);
    let left = AtomicU64::new(if budget == 0 { u64::MAX } else { budget });
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    tokio::select! {
        () = copy(client_read, server_write, &left) => {}
        () = copy(server_read, client_write, &left) => {}
        _ = cuts.changed() => {}
    }
}

/// Passes on until an end, or until the budget is used up: then in the middle of whatever it is.
async fn copy(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    left: &AtomicU64,
) {
    let mut bytes = [0; 4096];
    loop {
        let Ok(count @ 1..) = from.read(&mut bytes).await else { return };
        let before = left.load(Ordering::Relaxed);
        let passes = (count as u64).min(before);
        left.store(before - passes, Ordering::Relaxed);
        if to.write_all(&bytes[..passes as usize]).await.is_err() || passes < count as u64 {
            return;
        }
    }
}
