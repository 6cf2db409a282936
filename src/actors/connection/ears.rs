//! What a connection's reader hears, passed on.

use std::sync::Arc;

use greenroom_proto::{CloseCode, Refusal, ToServer};

use super::ConnectionMsg;
use super::channels::Channels;
use crate::actors::actor::Mailbox;
use crate::directory::{Client, MOVED, Seat};
use crate::faults::Countdown;
use crate::net::link::Standing;
use crate::net::reader::Ears;

/// What somebody is told who looks on and sends inputs or requests.
const NO_SAY: &str = "whoever looks on has no say: join to play";

/// Passes on what the client says. Inputs and requests go straight into the room's inbox, which is
/// bounded; a hop through the connection's mailbox would cost more than the rest of the way.
/// Everything else goes to the connection's actor; the client's token bucket bounds how much of it
/// can wait there.
pub(super) struct ClientEars {
    pub(super) channels: Arc<Channels>,
    pub(super) mailbox: Mailbox<ConnectionMsg>,
    /// Faults that are asked for.
    pub(super) dies: Countdown,
    pub(super) panics: Countdown,
}

impl Ears for ClientEars {
    fn input(&mut self, channel: u8, tick: u16, body: &[u8]) -> Result<(), CloseCode> {
        self.strike();
        let client = self.channels.get(channel);
        match seat_of(client) {
            Some(seat) => seat.input(tick, body),
            // Unless the match ended while the input was on its way.
            None => {
                if client.watched().is_some() {
                    client.line.refuse(0, Refusal::Spectator, NO_SAY);
                }
                Ok(())
            }
        }
    }

    fn control(&mut self, channel: u8, message: ToServer) -> Result<(), CloseCode> {
        self.strike();
        let client = self.channels.get(channel);
        match message {
            ToServer::Request { id, body } => {
                let asked = match seat_of(client) {
                    Some(seat) => match seat.request(id, body.into_vec())? {
                        Err((Refusal::NoSeat, _)) if client.is_moved() => {
                            Err((Refusal::Moved, MOVED))
                        }
                        asked => asked,
                    },
                    None => no_seat(client),
                };
                if let Err((why, text)) = asked {
                    client.line.refuse(id, why, text);
                }
            }
            ToServer::Chat { id, scope, text } => {
                let said = match seat_of(client) {
                    Some(seat) => match seat.chat(id, scope, &text) {
                        Err((Refusal::NoSeat, _)) if client.is_moved() => {
                            Err((Refusal::Moved, MOVED.to_owned()))
                        }
                        said => said,
                    },
                    None => no_seat(client).map_err(|(why, text)| (why, text.to_owned())),
                };
                if let Err((why, text)) = said {
                    client.line.refuse(id, why, &text);
                }
            }
            ToServer::Ack { events, replies } => {
                if let Some(seat) = seat_of(client) {
                    seat.acknowledge(events, replies);
                }
            }
            ToServer::Arrived { room, player } => {
                client.arrive(room, player);
                seat_of(client);
            }
            message => drop(self.mailbox.cast(ConnectionMsg::Said(channel, message))),
        }
        Ok(())
    }

    fn drained(&mut self) {
        for client in self.channels.all() {
            // A room that steps on commands makes no frame by itself.
            if let Some(seat) = client.held() {
                seat.room.wake();
            } else if let Some(watch) = client.watched() {
                watch.room.audience().wake();
            }
        }
    }
}

impl ClientEars {
    /// What somebody who tries that out has asked to fail.
    fn strike(&mut self) {
        if self.dies.strikes() {
            self.mailbox.cell().kill();
        }
        assert!(!self.panics.strikes(), "a fault that was asked for: panic-reader");
    }
}

/// What becomes of what a client without a seat asks of a room, or says there.
fn no_seat(client: &Client) -> Result<(), (Refusal, &'static str)> {
    match client.line.standing() {
        // Its seat is held, or another connection has it: asked there again, it is done.
        Standing::Closing => Ok(()),
        _ if client.is_moved() => Err((Refusal::Moved, MOVED)),
        _ if client.watched().is_some() => Err((Refusal::Spectator, NO_SAY)),
        _ => Err((Refusal::NoSeat, "join a room before sending requests to it")),
    }
}

/// The client's seat, about which it has just said something.
fn seat_of(client: &Client) -> Option<Seat> {
    let seat = client.seat()?;
    if let Some(token) = client.confirms() {
        seat.confirm(token);
    }
    Some(seat)
}

/// Tells the actor that its reader ended even when the reader panicked.
pub(super) struct ReaderEnd {
    pub(super) mailbox: Mailbox<ConnectionMsg>,
    pub(super) why: CloseCode,
}

impl Drop for ReaderEnd {
    fn drop(&mut self) {
        let _ = self.mailbox.cast(ConnectionMsg::Ended(self.why));
    }
}
