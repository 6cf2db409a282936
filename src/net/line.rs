//! One channel of a connection, as a room sees it: what is sent here says which channel it is for.

use std::sync::Arc;

use greenroom_proto::{CloseCode, Refusal, ToClient, frame};

use super::link::{Link, Standing, control_bytes, refused};

/// A link, and one of its channels.
#[derive(Clone)]
pub struct Line {
    link: Arc<Link>,
    channel: u8,
}

impl Line {
    /// A channel of this connection; 0 is the first.
    #[must_use]
    pub fn new(link: Arc<Link>, channel: u8) -> Self {
        Line { link, channel }
    }

    /// The connection, whatever the channel.
    #[must_use]
    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Whether the next frame can be sent.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.link.standing()
    }

    /// Sends a binary message made of these parts, as [`Link::send`] does.
    pub fn send(&self, parts: [&[u8]; 3]) {
        if self.channel == 0 {
            return self.link.send(parts);
        }
        let [first, second, third] = parts;
        let first = [&[frame::CHANNEL, self.channel], first].concat();
        self.link.send([&first, second, third]);
    }

    /// Sends a control message.
    pub fn control(&self, message: &ToClient) {
        self.send([&control_bytes(message), &[], &[]]);
    }

    /// Says no to a request of any kind.
    pub fn refuse(&self, id: u32, why: Refusal, text: &str) {
        self.control(&refused(id, why, text));
    }

    /// The seat that the client has here is taken away. Who uses one channel only is closed; who uses
    /// several keeps the connection, because of the others.
    pub fn dismiss(&self, code: CloseCode) {
        match self.link.has_channels() {
            true => self.control(&ToClient::Dismissed { code }),
            false => self.link.close(code),
        }
    }

    /// Asks that the connection be closed; the first code asked for counts.
    pub fn close(&self, code: CloseCode) {
        self.link.close(code);
    }

    /// Like [`Line::close`], and names the window for reconnecting, in milliseconds.
    pub fn close_with_window(&self, code: CloseCode, retry_after_ms: u32) {
        self.link.close_with_window(code, retry_after_ms);
    }
}
