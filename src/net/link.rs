//! A connection as the rest of the server sees it: something to send to and to close. Shared by
//! the connection's actor, its reader and the room that its client sits in.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use greenroom_proto::{CloseCode, Refusal, Text, ToClient, frame, wire};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::socket::{Opcode, Socket, WriteError};
use crate::faults::Countdown;

/// A connection's sending side.
pub struct Link {
    tcp: TcpStream,
    socket: Mutex<Socket>,
    stuck: AtomicBool,
    /// The close code asked for; 0 while none is.
    close: AtomicU16,
    retry_after_ms: AtomicU32,
    /// How long the last ping took to come back, in µs; 0: none did yet.
    latency_us: AtomicU32,
    /// The client has used another channel than the first.
    channels: AtomicBool,
    /// Wakes the reader: something is stuck, or a close was asked for.
    wake: Notify,
}

/// What waits for a socket.
#[derive(Clone, Copy, Default, Debug)]
pub struct Backlog {
    /// Bytes.
    pub bytes: usize,
    /// For how long it has taken none; `None`: it takes them.
    pub stuck: Option<Duration>,
}

/// Whether a client can be sent its next frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Its socket took all it was given.
    Free,
    /// Its socket takes no more for now.
    Stuck,
    /// It is being closed.
    Closing,
}

impl Link {
    /// A connection on this socket, behind TLS or not.
    #[must_use]
    pub fn new(tcp: TcpStream, tls: Option<Box<rustls::ServerConnection>>) -> Arc<Self> {
        Arc::new(Link {
            tcp,
            socket: Mutex::new(Socket::new(tls)),
            stuck: AtomicBool::new(false),
            close: AtomicU16::new(0),
            retry_after_ms: AtomicU32::new(0),
            latency_us: AtomicU32::new(0),
            channels: AtomicBool::new(false),
            wake: Notify::new(),
        })
    }

    /// Whether the next frame can be sent.
    pub fn standing(&self) -> Standing {
        if self.close.load(Ordering::Relaxed) != 0 {
            Standing::Closing
        } else if self.stuck.load(Ordering::Acquire) {
            Standing::Stuck
        } else {
            Standing::Free
        }
    }

    /// Sends a binary message made of these parts. Behind a stuck socket it waits its turn;
    /// frames of a room are not sent to those, see [`crate::outbox`].
    pub fn send(&self, parts: [&[u8]; 3]) {
        self.write(|socket, tcp| socket.message(tcp, Opcode::Binary, parts));
    }

    /// Sends a control message.
    pub fn control(&self, message: &ToClient) {
        self.send([&control_bytes(message), &[], &[]]);
    }

    /// Says no to a request of any kind.
    pub fn refuse(&self, id: u32, why: Refusal, text: &str) {
        self.control(&refused(id, why, text));
    }

    /// Asks that the connection be closed; the first code asked for counts.
    pub fn close(&self, code: CloseCode) {
        let _ = self.close.compare_exchange(0, code.code(), Ordering::AcqRel, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// Like [`Link::close`], and names the window for reconnecting, in milliseconds.
    pub fn close_with_window(&self, code: CloseCode, retry_after_ms: u32) {
        self.retry_after_ms.store(retry_after_ms, Ordering::Release);
        self.close(code);
    }

    /// The client uses another channel than the first.
    pub fn use_channels(&self) {
        self.channels.store(true, Ordering::Relaxed);
    }

    /// Whether it ever did.
    pub fn has_channels(&self) -> bool {
        self.channels.load(Ordering::Relaxed)
    }

    /// The message with which the countdown ends is cut, and with it the connection: a fault that
    /// was asked for.
    pub fn cut_after(&self, countdown: Countdown) {
        if let Some(mut socket) = self.lock() {
            socket.cut_after(countdown);
        }
    }

    /// How long the last ping took to come back; `None`: none did yet.
    pub fn latency(&self) -> Option<Duration> {
        let latency_us = self.latency_us.load(Ordering::Relaxed);
        (latency_us > 0).then(|| Duration::from_micros(latency_us.into()))
    }

    /// What waits for the socket.
    pub fn backlog(&self) -> Backlog {
        if !self.is_stuck() {
            return Backlog::default();
        }
        let Some(socket) = self.lock() else { return Backlog::default() };
        let stuck = socket.stuck_since().map(|since| since.elapsed());
        Backlog { bytes: socket.waiting_bytes(), stuck }
    }

    /// A ping came back after so long.
    pub(super) fn ponged(&self, after: Duration) {
        let us = after.as_micros().try_into().unwrap_or(u32::MAX);
        self.latency_us.store(us.max(1), Ordering::Relaxed);
    }

    pub(super) fn ping(&self) {
        self.write(|socket, tcp| socket.message(tcp, Opcode::Ping, [&[], &[], &[]]));
    }

    /// Sends whole frames that tungstenite made: pongs, answers to a close.
    pub(super) fn frames(&self, bytes: &[u8]) {
        self.write(|socket, tcp| socket.frames(tcp, bytes));
    }

    /// Sends the close frame, after a message with the window for those who cannot see the frame.
    pub(super) fn goodbye(&self, code: CloseCode) {
        let retry_after_ms = self.retry_after_ms.load(Ordering::Acquire);
        self.control(&ToClient::Closing { code, retry_after_ms });
        let number = code.code().to_be_bytes();
        let reason = code.reason().as_bytes();
        self.write(|socket, tcp| socket.message(tcp, Opcode::Close, [&number, reason, &[]]));
    }

    /// Nothing follows from this side; the client may still be read.
    pub(super) fn finish(&self) {
        self.hang_up();
        // Fails only where the connection is gone already.
        let _ = socket2::SockRef::from(&self.tcp).shutdown(std::net::Shutdown::Write);
    }

    /// The end of everything: says so in TLS.
    pub(super) fn hang_up(&self) {
        if let Ok(mut socket) = self.socket.lock() {
            socket.close_notify(&self.tcp);
        }
    }

    /// The close code asked for.
    pub(super) fn close_asked(&self) -> Option<CloseCode> {
        CloseCode::of(self.close.load(Ordering::Acquire))
    }

    /// Completes when the link got stuck or is to be closed; the caller looks which.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Waits until the kernel takes bytes again and hands it what waits. `true` once nothing waits
    /// any more, `false` when the connection broke.
    pub(super) async fn drain(&self) -> bool {
        while self.is_stuck() {
            let mut intact = self.tcp.writable().await.is_ok();
            self.write(|socket, tcp| socket.flush(tcp).inspect_err(|_| intact = false));
            if !intact {
                self.close(CloseCode::Failed);
                return false;
            }
        }
        true
    }

    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Acquire)
    }

    /// Since when the socket takes nothing.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        self.lock().and_then(|socket| socket.stuck_since())
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    pub(super) fn lock(&self) -> Option<MutexGuard<'_, Socket>> {
        // Somebody panicked while it wrote: half a record may be out, so only this connection ends.
        self.socket.lock().map_err(|_| self.close(CloseCode::Failed)).ok()
    }

    fn write(&self, write: impl FnOnce(&mut Socket, &TcpStream) -> Result<(), WriteError>) {
        let Some(mut socket) = self.lock() else { return };
        match write(&mut socket, &self.tcp) {
            Ok(()) => {
                let stuck = socket.stuck_since().is_some();
                let was = self.stuck.swap(stuck, Ordering::AcqRel);
                if stuck && !was {
                    self.wake.notify_one();
                }
            }
            Err(WriteError::TooSlow) => self.close(CloseCode::TooSlow),
            // The reader sees the same and ends the connection.
            Err(WriteError::Broken) => self.close(CloseCode::Failed),
        }
    }
}

/// A control message, its first byte included.
pub(super) fn control_bytes(message: &ToClient) -> Vec<u8> {
    let mut bytes = vec![frame::CONTROL];
    wire::encode_into(message, &mut bytes);
    bytes
}

/// No to a request of any kind; the text is cut where it is too long.
pub(super) fn refused(id: u32, why: Refusal, text: &str) -> ToClient {
    ToClient::Refused { id, why, text: Text::cut(text) }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// Rooms write whenever they tick. Hidden behind luck: hence many rounds.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nothing_follows_a_close_frame() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let pong_and_close = [0x8a, 1, 7, 0x88, 2, 3, 0xe8];
        for round in 0..200 {
            let mut peer = TcpStream::connect(address).await.unwrap();
            let link = Link::new(listener.accept().await.unwrap().0, None);
            let room = std::thread::spawn({
                let link = Arc::clone(&link);
                move || (0..200).for_each(|_| link.send([b"a frame of a room", b"", b""]))
            });
            match round % 2 {
                0 => link.goodbye(CloseCode::Malformed),
                _ => link.frames(&pong_and_close),
            }
            room.join().unwrap();
            link.hang_up();
            drop(link);
            let mut came = Vec::new();
            peer.read_to_end(&mut came).await.unwrap();
            let mut rest = came.as_slice();
            while let [first, length, after @ ..] = rest {
                rest = &after[usize::from(*length)..];
                assert!(first & 0x0f != 8 || rest.is_empty(), "behind the close frame: {rest:?}");
            }
        }
    }
}
