//! A link as the byte stream that tungstenite reads. What tungstenite writes by itself (pongs, the
//! answer to a close) goes out through the link like everything else.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::link::Link;

/// The reading side of a link.
pub(super) struct LinkStream(pub(super) Arc<Link>);

impl AsyncRead for LinkStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let link = &self.0;
        loop {
            {
                let mut socket = link.lock().ok_or(io::ErrorKind::ConnectionAborted)?;
                let read = socket.read_ready(link.tcp(), into.initialize_unfilled())?;
                if let Some(count) = read {
                    into.advance(count);
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
        self.0.frames(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.hang_up();
        Poll::Ready(Ok(()))
    }
}
