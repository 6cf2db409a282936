//! What all places of a connection share.

use std::sync::Arc;
use std::task::Context;

use greenroom_proto::{CloseCode, Schema, ToServer};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Bytes;

use crate::closed::Closed;
use crate::connect::Connect;
use crate::error::CallError;
use crate::greet::control_bytes;
use crate::socket::Socket;
use crate::stats::Stats;

/// Schemas kept to be found by their hash: one for each game that a client plays in a session.
const SCHEMAS_MAX: usize = 8;

/// The socket, and what the seats on it have in common.
pub(crate) struct Link {
    pub(crate) connect: Connect,
    /// `None` while the connection is broken, and when it is gone.
    pub(crate) socket: Option<Socket>,
    pub(crate) schemas: Vec<Arc<Schema>>,
    pub(crate) heard_at: Instant,
    /// What the server said about closing.
    pub(crate) said: Option<(CloseCode, u32)>,
    pub(crate) closed: Option<Closed>,
    pub(crate) stats: Stats,
}

impl Link {
    /// Sends a control message on a channel.
    pub(crate) fn say(
        &mut self,
        channel: u8,
        message: &ToServer,
        cx: &mut Context<'_>,
    ) -> Result<(), CallError> {
        self.send(control_bytes(channel, message).into(), cx)
    }

    /// While the connection is broken nothing is sent: what is to be said then is known by itself.
    pub(crate) fn send(&mut self, message: Bytes, cx: &mut Context<'_>) -> Result<(), CallError> {
        match &mut self.socket {
            Some(socket) => socket.control(message, cx).map_err(|_| CallError::Busy),
            None => Ok(()),
        }
    }

    /// The socket, unless the connection is over.
    pub(crate) fn open_socket(&mut self) -> Option<&mut Socket> {
        self.socket.as_mut().filter(|_| self.closed.is_none())
    }

    /// A schema that need not be sent again.
    pub(crate) fn learn(&mut self, schema: &Arc<Schema>) {
        if self.schemas.len() < SCHEMAS_MAX && !self.schemas.contains(schema) {
            self.schemas.push(Arc::clone(schema));
        }
    }
}
