//! The WebSocket with what waits to be written, polled by whoever drives the client.
//!
//! Writing never waits: what the socket does not take now stays here, bounded, and goes out during
//! later polls.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Sink, Stream as _};
use greenroom_proto::CloseCode;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::stream::Stream;

/// Control messages that wait for the socket at most: all questions that can be under way, which are
/// said again after a break, and some that the client says by itself.
const CONTROL_MAX: usize = 72;

/// Too much waits for the socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Full;

/// What came from the server.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A binary message.
    Message(Bytes),
    /// Proof that it lives.
    Life,
    /// The close frame: code and reason.
    Close(u16, String),
    /// The stream ended without one.
    Broken(String),
    /// What no server may send; the code to close with, and why.
    Wrong(CloseCode, String),
}

pub(crate) struct Socket {
    socket: WebSocketStream<Stream>,
    waiting: VecDeque<Waiting>,
    controls: usize,
    unflushed: bool,
}

struct Waiting {
    /// The channel of an input.
    input: Option<u8>,
    bytes: Bytes,
}

impl Socket {
    pub(crate) fn new(socket: WebSocketStream<Stream>) -> Self {
        Socket { socket, waiting: VecDeque::new(), controls: 0, unflushed: false }
    }

    /// Sends now or later, in order.
    pub(crate) fn control(&mut self, message: Bytes, cx: &mut Context<'_>) -> Result<(), Full> {
        if self.controls >= CONTROL_MAX {
            return Err(Full);
        }
        self.controls += 1;
        self.waiting.push_back(Waiting { input: None, bytes: message });
        self.write(cx);
        Ok(())
    }

    /// Sends now or later. While it waits and no control message was said after it, a newer input of
    /// its channel takes its place.
    pub(crate) fn input(&mut self, channel: u8, bytes: Bytes, cx: &mut Context<'_>) {
        match self.newest_input(channel) {
            Some(place) => self.waiting[place].bytes = bytes,
            None => self.waiting.push_back(Waiting { input: Some(channel), bytes }),
        }
        self.write(cx);
    }

    /// Whether the next input of this channel would take the place of one that still waits.
    pub(crate) fn input_waits(&self, channel: u8) -> bool {
        self.newest_input(channel).is_some()
    }

    /// Among those after the last control message: one for each channel at most.
    fn newest_input(&self, channel: u8) -> Option<usize> {
        let inputs = self.waiting.iter().enumerate().rev();
        inputs
            .take_while(|(_, waiting)| waiting.input.is_some())
            .find(|(_, waiting)| waiting.input == Some(channel))
            .map(|(place, _)| place)
    }

    /// Writes as much as the socket takes. What fails is found by the next read, after anything
    /// that the server said before: its reason is worth more than a broken pipe.
    fn write(&mut self, cx: &mut Context<'_>) {
        while !self.waiting.is_empty() {
            match Pin::new(&mut self.socket).poll_ready(cx) {
                Poll::Pending => return,
                Poll::Ready(Err(_)) => return self.forget(),
                Poll::Ready(Ok(())) => {}
            }
            if let Some(next) = self.waiting.pop_front() {
                self.controls -= usize::from(next.input.is_none());
                if Pin::new(&mut self.socket).start_send(Message::Binary(next.bytes)).is_err() {
                    return self.forget();
                }
                self.unflushed = true;
            }
        }
        if self.unflushed && Pin::new(&mut self.socket).poll_flush(cx).is_ready() {
            self.unflushed = false;
        }
    }

    fn forget(&mut self) {
        self.waiting.clear();
        self.controls = 0;
        self.unflushed = false;
    }

    /// Asks for a sign of life.
    pub(crate) fn ping(&mut self, cx: &mut Context<'_>) {
        if let Poll::Ready(Ok(())) = Pin::new(&mut self.socket).poll_ready(cx)
            && Pin::new(&mut self.socket).start_send(Message::Ping(Bytes::new())).is_ok()
        {
            self.unflushed = true;
            self.write(cx);
        }
    }

    /// Sends a close frame, as far as the socket takes it.
    pub(crate) fn close(&mut self, code: u16, reason: &str, cx: &mut Context<'_>) {
        self.forget();
        let reason = &reason[..reason.floor_char_boundary(123)];
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        if Pin::new(&mut self.socket).start_send(Message::Close(Some(frame))).is_ok() {
            self.unflushed = true;
            self.write(cx);
        }
    }

    /// Writes what waits, then waits for something to read.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Heard> {
        self.write(cx);
        let heard = ready!(Pin::new(&mut self.socket).poll_next(cx));
        Poll::Ready(match heard {
            Some(Ok(Message::Binary(bytes))) => Heard::Message(bytes),
            Some(Ok(Message::Close(Some(frame)))) => {
                Heard::Close(frame.code.into(), frame.reason.as_str().to_owned())
            }
            Some(Ok(Message::Close(None))) => Heard::Close(1005, String::new()),
            Some(Ok(Message::Text(_))) => {
                Heard::Wrong(CloseCode::NotText, "the server sent a text message".into())
            }
            Some(Ok(_)) => Heard::Life,
            None => Heard::Broken("the server hung up".into()),
            Some(Err(error)) => failure(error),
        })
    }
}

fn failure(error: WsError) -> Heard {
    match error {
        WsError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Heard::Broken("the server hung up".into())
        }
        WsError::Io(error) => Heard::Broken(error.to_string()),
        WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            Heard::Broken("the server hung up".into())
        }
        WsError::Capacity(CapacityError::MessageTooLong { size, max_size }) => Heard::Wrong(
            CloseCode::TooLarge,
            format!("the server sent a message of {size} bytes, and {max_size} are accepted"),
        ),
        WsError::Utf8(_) => {
            Heard::Wrong(CloseCode::BadUtf8, "the server sent text that is not UTF-8".into())
        }
        WsError::Protocol(error) => Heard::Wrong(
            CloseCode::BadFrame,
            format!("the server sent what is not a WebSocket frame: {error}"),
        ),
        other => Heard::Broken(other.to_string()),
    }
}
