//! The bytes under a connection: TLS or plain, written and read without waiting, under one lock.
//!
//! Whoever has something to send (a room, a connection actor, the reader) seals it and writes it
//! to the kernel right there. No task is woken and nothing is queued per frame: a wake-up would
//! cost more than the write. What the kernel does not take at once waits here, at most one
//! message and the control messages behind it; while anything waits the socket is *stuck*.

use std::io::{self, IoSlice, Read, Write};
use std::time::Instant;

use rustls::ServerConnection;
use tokio::net::TcpStream;

use crate::faults::Countdown;

/// What may wait behind a stuck socket, in bytes: the replies to some large requests, or the last
/// frame of a match. With more the client is too slow. What got the socket stuck is not limited:
/// it is one message, and the rest of the server bounds those.
const WAITING_MAX: usize = 256 * 1024;
/// Capacity that stays when nothing waits any more.
const KEPT_CAPACITY: usize = 1024;

/// What is between us and the kernel.
pub(super) struct Socket {
    tls: Option<Box<ServerConnection>>,
    /// Frames not yet sealed (TLS) or not yet written (plain).
    waiting: Vec<u8>,
    stuck_since: Option<Instant>,
    /// A close frame or the end of TLS was written, and nothing may follow (RFC 6455, section
    /// 5.5.1). Known under the same lock as the order of the writes: a room writes at any moment.
    ended: bool,
    /// Bytes that the kernel took in all.
    written: u64,
    /// A fault that was asked for.
    cut: Option<Countdown>,
}

/// Why nothing can be written any more.
#[derive(Debug)]
pub(super) enum WriteError {
    /// The connection broke.
    Broken,
    /// The client reads too slowly for what must not be skipped.
    TooSlow,
}

impl Socket {
    pub(super) fn new(tls: Option<Box<ServerConnection>>) -> Self {
        Socket { tls, waiting: Vec::new(), stuck_since: None, ended: false, written: 0, cut: None }
    }

    /// Since when something waits for the kernel.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        self.stuck_since
    }

    /// Bytes that wait for the kernel.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting.len()
    }

    /// Writes a WebSocket message that is `parts` in a row, or lets it wait behind what waits.
    /// Behind the end it is dropped.
    pub(super) fn message(
        &mut self,
        tcp: &TcpStream,
        opcode: Opcode,
        parts: [&[u8]; 3],
    ) -> Result<(), WriteError> {
        let length = parts.iter().map(|part| part.len()).sum();
        let (header, header_length) = frame_header(opcode, length);
        let slices = [
            IoSlice::new(&header[..header_length]),
            IoSlice::new(parts[0]),
            IoSlice::new(parts[1]),
            IoSlice::new(parts[2]),
        ];
        if self.cut.as_mut().is_some_and(Countdown::strikes) {
            return self.cut(tcp, &slices);
        }
        self.write(tcp, &slices, opcode == Opcode::Close)
    }

    /// See [`super::link::Link::cut_after`].
    pub(super) fn cut_after(&mut self, countdown: Countdown) {
        self.cut = Some(countdown);
    }

    /// Half of the message goes out, in the middle of a TLS record, and then nothing any more.
    fn cut(&mut self, tcp: &TcpStream, slices: &[IoSlice<'_>]) -> Result<(), WriteError> {
        let mut bytes = slices.iter().flat_map(|slice| slice.iter().copied()).collect::<Vec<_>>();
        if let Some(tls) = &mut self.tls {
            let _ = tls.writer().write(&bytes);
            bytes.clear();
            while tls.wants_write() && tls.write_tls(&mut bytes).is_ok() {}
        }
        if self.stuck_since.is_none() {
            let _ = tcp.try_write(&bytes[..bytes.len() / 2]);
        }
        let _ = socket2::SockRef::from(tcp).shutdown(std::net::Shutdown::Both);
        Err(WriteError::Broken)
    }

    /// Writes whole control frames that tungstenite made, like [`Socket::message`].
    pub(super) fn frames(&mut self, tcp: &TcpStream, bytes: &[u8]) -> Result<(), WriteError> {
        self.write(tcp, &[IoSlice::new(bytes)], has_close(bytes))
    }

    fn write(
        &mut self,
        tcp: &TcpStream,
        slices: &[IoSlice<'_>],
        last: bool,
    ) -> Result<(), WriteError> {
        if self.ended {
            return Ok(());
        }
        self.ended = last;
        let taken = if self.stuck_since.is_some() {
            0
        } else {
            match &mut self.tls {
                Some(tls) => tls.writer().write_vectored(slices).map_err(|_| WriteError::Broken)?,
                None => or_none(tcp.try_write_vectored(slices))?.unwrap_or(0),
            }
        };
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        if taken < total {
            if self.stuck_since.is_some() && self.waiting.len() + total > WAITING_MAX {
                return Err(WriteError::TooSlow);
            }
            let mut skip = taken;
            for slice in slices {
                let from = skip.min(slice.len());
                skip -= from;
                self.waiting.extend_from_slice(&slice[from..]);
            }
        }
        if self.stuck_since.is_some() { Ok(()) } else { self.flush(tcp) }
    }

    /// Hands the kernel as much as it takes.
    pub(super) fn flush(&mut self, tcp: &TcpStream) -> Result<(), WriteError> {
        let before = self.written;
        let emptied = self.flush_all(tcp)?;
        if emptied {
            self.stuck_since = None;
            if self.waiting.capacity() > KEPT_CAPACITY {
                self.waiting = Vec::new();
            }
        } else if self.stuck_since.is_none() || self.written > before {
            // The write deadline runs from the last progress.
            let now = Instant::now();
            self.stuck_since = Some(now);
        }
        Ok(())
    }

    fn flush_all(&mut self, tcp: &TcpStream) -> Result<bool, WriteError> {
        let Some(tls) = &mut self.tls else {
            while !self.waiting.is_empty() {
                match or_none(tcp.try_write(&self.waiting))? {
                    Some(taken) => {
                        self.written += taken as u64;
                        self.waiting.drain(..taken);
                    }
                    None => return Ok(false),
                }
            }
            return Ok(true);
        };
        loop {
            while tls.wants_write() {
                match or_none(tls.write_tls(&mut Nonblocking(tcp)))? {
                    Some(0) => return Err(WriteError::Broken),
                    Some(taken) => self.written += taken as u64,
                    None => return Ok(false),
                }
            }
            if self.waiting.is_empty() {
                return Ok(true);
            }
            let taken = tls.writer().write(&self.waiting).map_err(|_| WriteError::Broken)?;
            self.waiting.drain(..taken);
        }
    }

    /// Plain bytes that are here already; `None` when more must be read from the kernel first.
    pub(super) fn read_ready(
        &mut self,
        tcp: &TcpStream,
        into: &mut [u8],
    ) -> io::Result<Option<usize>> {
        let Some(tls) = &mut self.tls else {
            return match tcp.try_read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                other => other.map(Some),
            };
        };
        match tls.reader().read(into) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            // A peer that ends TCP without saying so in TLS is as gone as one that does.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Some(0)),
            other => other.map(Some),
        }
    }

    /// Takes sealed bytes from the kernel. `false` when there are none now.
    pub(super) fn fill(&mut self, tcp: &TcpStream) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(false) };
        match tls.read_tls(&mut Nonblocking(tcp)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        let processed = tls.process_new_packets();
        if tls.wants_write() {
            // Alerts, answers to key updates.
            let _ = self.flush(tcp);
        }
        processed.map_err(io::Error::other)?;
        Ok(true)
    }

    /// Says in TLS that nothing follows.
    pub(super) fn close_notify(&mut self, tcp: &TcpStream) {
        self.ended = true;
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = self.flush(tcp);
        }
    }
}

fn or_none(result: io::Result<usize>) -> Result<Option<usize>, WriteError> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(_) => Err(WriteError::Broken),
    }
}

/// A socket whose reads and writes never wait.
struct Nonblocking<'a>(&'a TcpStream);

impl Read for Nonblocking<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(into)
    }
}

impl Write for Nonblocking<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }
    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            // Nearly always, and the simpler call costs less.
            [one] => self.0.try_write(one),
            many => self.0.try_write_vectored(many),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Kinds of frames that we make ourselves.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Opcode {
    Binary = 2,
    Close = 8,
    Ping = 9,
}

/// Whether a close frame is among these unmasked control frames, of at most 125 bytes each.
fn has_close(mut frames: &[u8]) -> bool {
    while let [first, length, rest @ ..] = frames {
        if first & 0x0f == Opcode::Close as u8 {
            return true;
        }
        frames = rest.get(usize::from(length & 0x7f)..).unwrap_or_default();
    }
    false
}

/// The header of an unmasked, unfragmented frame (RFC 6455, section 5.2).
fn frame_header(opcode: Opcode, length: usize) -> ([u8; 10], usize) {
    let mut header = [0; 10];
    header[0] = 0x80 | opcode as u8;
    let used = match length {
        0..=125 => {
            header[1] = length as u8;
            2
        }
        126..=0xffff => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        _ => {
            header[1] = 127;
            header[2..10].copy_from_slice(&(length as u64).to_be_bytes());
            10
        }
    };
    (header, used)
}
