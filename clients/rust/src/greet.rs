//! The first words on a connection: `Hello` and `Welcome`, and `Resume` and its answer.

use std::future::poll_fn;

use greenroom_proto::{CloseCode, ToClient, ToServer, frame, wire};
use tokio_tungstenite::tungstenite::Bytes;

use crate::address::Address;
use crate::closed::Closed;
use crate::connect::Connect;
use crate::error::{ConnectError, Step};
use crate::open::{open, within};
use crate::seat::Wrong;
use crate::socket::{Heard, Socket};

/// A connection on which the server has said `Welcome`.
pub(crate) struct Greeted {
    pub(crate) talk: Talk,
    /// Name and version of the server.
    pub(crate) server: String,
    /// The games that it hosts.
    pub(crate) games: Vec<String>,
}

/// Connects and greets.
pub(crate) async fn greet(
    connect: &mut Connect,
    address: &Address,
    hello: &ToServer,
) -> Result<Greeted, ConnectError> {
    let mut talk = Talk { socket: Socket::new(open(connect, address).await?), said: None };
    let welcome = async {
        talk.say(0, hello);
        match talk.answer().await.map_err(|closed| closed_by(address, closed))? {
            ToClient::Welcome { server, games, .. } => Ok((server, games)),
            _ => {
                let why = "the server said something before its Welcome";
                Err(closed_by(address, talk.give_up((CloseCode::OutOfOrder, why.into()))))
            }
        }
    };
    let (server, games) = within(connect, address, Step::Hello, welcome).await?;
    Ok(Greeted {
        talk,
        server: if server.is_empty() { "unnamed".into() } else { server.into_string() },
        games: games.into_vec().into_iter().map(|name| name.into_string()).collect(),
    })
}

/// The server closed the connection before there was a client.
pub(crate) fn closed_by(address: &Address, closed: Closed) -> ConnectError {
    ConnectError::Closed { address: address.name(), closed }
}

/// Question and answer, before there are frames and updates.
pub(crate) struct Talk {
    pub(crate) socket: Socket,
    /// What the server said about closing.
    said: Option<(CloseCode, u32)>,
}

impl Talk {
    /// Says something on a channel.
    pub(crate) fn say(&mut self, channel: u8, message: &ToServer) {
        // One question for each channel waits at most, so there is room for it.
        let bytes = control_bytes(channel, message).into();
        let _ = self.socket.control(bytes, &mut crate::client::noop());
    }

    /// The next control message, on the first channel.
    async fn answer(&mut self) -> Result<ToClient, Closed> {
        let message = self.message().await?;
        read_control(&message).map_err(|wrong| self.give_up(wrong))
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Result<Bytes, Closed> {
        loop {
            let wrong = match poll_fn(|cx| self.socket.poll(cx)).await {
                Heard::Message(message) => match read_control(&message) {
                    Ok(ToClient::Closing { code, retry_after_ms }) => {
                        self.said = Some((code, retry_after_ms));
                        continue;
                    }
                    _ => return Ok(message),
                },
                Heard::Life => continue,
                Heard::Close(code, reason) => {
                    // Lets the answer to the close frame go out.
                    let _ = self.socket.poll(&mut crate::client::noop());
                    return Err(Closed::by_server(code, &reason, self.said));
                }
                Heard::Broken(why) => return Err(Closed::by_network(&why, self.said)),
                Heard::Wrong(code, why) => (code, why),
            };
            return Err(self.give_up(wrong));
        }
    }

    /// The server has done what it must not.
    pub(crate) fn give_up(&mut self, (code, why): Wrong) -> Closed {
        self.socket.close(code.code(), &why, &mut crate::client::noop());
        Closed::by_client(code, why)
    }
}

/// The WebSocket message of what a client says on a channel.
pub(crate) fn control_bytes(channel: u8, message: &ToServer) -> Vec<u8> {
    let mut bytes = on_channel(channel);
    bytes.push(frame::CONTROL);
    wire::encode_into(message, &mut bytes);
    bytes
}

/// What comes before a message on this channel.
pub(crate) fn on_channel(channel: u8) -> Vec<u8> {
    let mut message = Vec::with_capacity(32);
    if channel > 0 {
        message.extend([frame::CHANNEL, channel]);
    }
    message
}

/// What the server said, where no frame is due.
pub(crate) fn read_control(message: &[u8]) -> Result<ToClient, Wrong> {
    match message.split_first() {
        Some((&frame::CONTROL, control)) => decode_control(control),
        Some((&(frame::STATE | frame::STATE_EVENTS), _)) => {
            Err((CloseCode::OutOfOrder, "the server sent a state frame without a seat".into()))
        }
        other => Err(unknown_kind(other.map(|(kind, _)| *kind))),
    }
}

/// A control message without its first byte.
pub(crate) fn decode_control(control: &[u8]) -> Result<ToClient, Wrong> {
    wire::decode(control)
        .map_err(|error| (CloseCode::Malformed, format!("the server sent a {error}")))
}

/// A message with no or another first byte.
pub(crate) fn unknown_kind(kind: Option<u8>) -> Wrong {
    let why = match kind {
        Some(kind) => format!("the server sent a message of kind {kind:#04x}"),
        None => "the server sent an empty message".into(),
    };
    (CloseCode::Malformed, why)
}
