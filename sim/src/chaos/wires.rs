//! The connections there are, with what is on its way in both directions.

use std::collections::BTreeMap;
use std::rc::Rc;

use greenroom::proto::{CloseCode, PlayerId, Rows, Tick};

use super::pipe::Pipe;
use super::seat::ConnId;
use super::yard::State;

/// What a client has to have after a frame.
pub(super) struct Expected {
    pub(super) tick: Tick,
    pub(super) rows: Rows,
    pub(super) state: State,
}

/// What is on its way to a client.
pub(super) enum Down {
    /// A binary message.
    Control(Vec<u8>),
    /// A frame.
    Frame(Vec<u8>, Rc<Expected>),
    /// The server closes.
    Close(CloseCode),
}

/// What is on its way to the server.
pub(super) struct Up {
    /// A binary message.
    pub(super) bytes: Vec<u8>,
    /// The seat and the token that the client had when it said this.
    pub(super) token: Option<(PlayerId, u32)>,
}

pub(super) struct Wire {
    pub(super) up: Pipe<Up>,
    pub(super) down: Pipe<Down>,
    /// Bytes that the kernel takes for a client that does not read.
    pub(super) buffer: usize,
    /// The client is gone, and the server learns of it then.
    pub(super) gone_at: Option<u64>,
}

impl Wire {
    /// Whether it takes no more for now.
    pub(super) fn is_stuck(&self) -> bool {
        self.down.bytes() > self.buffer
    }

    pub(super) fn send(&mut self, now: u64, message: Down) {
        // What is sent to nobody is lost.
        if self.gone_at.is_none() {
            let bytes = match &message {
                Down::Control(bytes) | Down::Frame(bytes, _) => bytes.len(),
                Down::Close(_) => 0,
            };
            self.down.push(now, bytes, message);
        }
    }

    /// When something happens on it.
    pub(super) fn next(&self) -> Option<u64> {
        [self.up.next(), self.down.next(), self.gone_at].into_iter().flatten().min()
    }
}

/// By their ids.
pub(super) type Wires = BTreeMap<ConnId, Wire>;
