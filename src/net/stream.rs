//! A link as the byte stream that tungstenite reads. What tungstenite writes by itself (pongs, the
//! answer to a close) goes out through the link like everything else.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use greenroom_proto::CloseCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::link::Link;

/// The reading side of a link.
pub(super) struct LinkStream {
    link: Arc<Link>,
    /// Bytes read since the last whole message, and how many there may be.
    silent: usize,
    silent_max: usize,
}

impl LinkStream {
    /// Reads from `link`. A client that sends more than `silent_max` bytes without a whole message
    /// among them is closed: empty fragments cost no message, so no other bound sees them.
    pub(super) fn new(link: Arc<Link>, silent_max: usize) -> Self {
        LinkStream { link, silent: 0, silent_max }
    }

    /// From now on this many bytes may come, messages or not.
    pub(super) fn bound(&mut self, bytes: usize) {
        (self.silent, self.silent_max) = (0, bytes);
    }

    /// A whole message came.
    pub(super) fn heard(&mut self) {
        self.silent = 0;
    }
}

impl AsyncRead for LinkStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let LinkStream { link, silent, silent_max } = self.get_mut();
        if *silent > *silent_max {
            link.close(CloseCode::Flooding);
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        loop {
            {
                let mut socket = link.lock().ok_or(io::ErrorKind::ConnectionAborted)?;
                let read = socket.read_ready(link.tcp(), into.initialize_unfilled())?;
                if let Some(count) = read {
                    into.advance(count);
                    *silent = silent.saturating_add(count);
                    return Poll::Ready(Ok(()));
                }
                if socket.fill(link.tcp())? {
                    continue;
                }
            }
            ready!(link.tcp().poll_read_ready(cx))?;
        }
    }
}

impl AsyncWrite for LinkStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.link.frames(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.hang_up();
        Poll::Ready(Ok(()))
    }
}
