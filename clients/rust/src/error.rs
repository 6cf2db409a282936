//! What can go wrong, one type per boundary, each a sentence that says what to do.

use std::time::Duration;

use greenroom_proto::frame::CHANNELS_MAX;
use greenroom_proto::{Refusal, Then, TooLong};

use crate::closed::Closed;

/// A step on the way to a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Name look-up and TCP.
    Tcp,
    /// The TLS handshake.
    Tls,
    /// The HTTP request that becomes a WebSocket.
    Upgrade,
    /// `Hello` and `Welcome`.
    Hello,
    /// `Resume` and its answer.
    Resume,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Step::Tcp => "TCP connection",
            Step::Tls => "TLS handshake",
            Step::Upgrade => "WebSocket handshake",
            Step::Hello => "greeting",
            Step::Resume => "return to the seat",
        })
    }
}

/// There is no connection.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL is not one.
    #[error("{url:?} is not a URL to connect to: {why}: it looks like wss://host:port")]
    BadUrl {
        /// As given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A text of the greeting or the `Origin` cannot be sent.
    #[error("{what} cannot be sent: {why}")]
    BadText {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The certificates to trust cannot be had.
    #[error("no certificates to trust: {0}")]
    Trust(String),
    /// The name has no address.
    #[error("there is no address for {host}: {why}: check the name in the URL")]
    Unresolved {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// Nobody answers there.
    #[error("cannot connect to {address}: {why}: is the server running, and is this its address?")]
    Unreachable {
        /// Host and port.
        address: String,
        /// What the operating system said.
        why: String,
    },
    /// The server's certificate is from a CA that is not trusted.
    #[error(
        "the certificate of {address} is not from {trusted} ({why}): name the CA file of this \
         server (--ca, Trust::CaFile); a development server keeps its own in certs/ca.pem"
    )]
    Untrusted {
        /// Host and port.
        address: String,
        /// What was trusted.
        trusted: String,
        /// What was wrong.
        why: String,
    },
    /// The certificate is trusted, but is not this server's or not valid now.
    #[error("the certificate of {address} does not hold: {why}")]
    Certificate {
        /// Host and port.
        address: String,
        /// What was wrong.
        why: String,
    },
    /// TLS failed for another reason.
    #[error("no TLS with {address}: {why}")]
    Tls {
        /// Host and port.
        address: String,
        /// What went wrong.
        why: String,
    },
    /// The server answered the upgrade with another status.
    #[error("{url} answered HTTP {status} instead of becoming a WebSocket: {body}")]
    Http {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
        /// The beginning of its body, or the name of the status.
        body: String,
    },
    /// The server upgraded but does not speak the protocol.
    #[error("{url} does not speak greenroom.v1 ({why}): is it a Greenroom server of this version?")]
    WrongProtocol {
        /// What was asked for.
        url: String,
        /// What it did instead.
        why: String,
    },
    /// The server did not answer the upgrade with HTTP.
    #[error("no WebSocket at {url}: {why}")]
    NotHttp {
        /// What was asked for.
        url: String,
        /// What came.
        why: String,
    },
    /// A step took too long.
    #[error(
        "the {step} with {address} was not done within {after:?}: the server may be overloaded, or it is another service"
    )]
    Deadline {
        /// Which step.
        step: Step,
        /// Host and port.
        address: String,
        /// The deadline.
        after: Duration,
    },
    /// The server closed the connection instead of welcoming the client.
    #[error("{address} did not welcome this client: {closed}")]
    Closed {
        /// Host and port.
        address: String,
        /// How.
        closed: Closed,
    },
}

impl ConnectError {
    /// What to do next: [`Then::Stop`] when it would end the same way at every attempt.
    #[must_use]
    pub fn then(&self) -> Then {
        match self {
            ConnectError::BadUrl { .. }
            | ConnectError::BadText { .. }
            | ConnectError::Trust(_)
            | ConnectError::Untrusted { .. }
            | ConnectError::Certificate { .. }
            | ConnectError::WrongProtocol { .. } => Then::Stop,
            ConnectError::Closed { closed, .. } => closed.then,
            ConnectError::Unresolved { .. }
            | ConnectError::Unreachable { .. }
            | ConnectError::Tls { .. }
            | ConnectError::Http { .. }
            | ConnectError::NotHttp { .. }
            | ConnectError::Deadline { .. } => Then::BackOff,
        }
    }
}

/// A call has no answer, or not the one asked for.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum CallError {
    /// The server or the game said no.
    #[error("refused: {text}{}", hint(*why))]
    Refused {
        /// Why, for a program.
        why: Refusal,
        /// Why, for a person.
        text: String,
    },
    /// No answer in time. It may have been done all the same.
    #[error("no answer within {0:?}")]
    Deadline(Duration),
    /// The connection is closed.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The answer is not of the type that was asked for.
    #[error("the answer is not of this type: {0}")]
    Malformed(String),
    /// There is no seat: join a room first.
    #[error("there is no seat: join a room first")]
    NoSeat,
    /// There is a seat already: leave it first.
    #[error("there is a seat already: leave it first")]
    AlreadySeated,
    /// The socket does not take more, or too many requests are under way.
    #[error("too much waits for the server already: wait for updates, then try again")]
    Busy,
    /// A connection has no such channel.
    #[error("there is no channel {0}: 0 is the first, and there are {CHANNELS_MAX} beside it")]
    NoChannel(u8),
    /// More bytes than the protocol allows.
    #[error("the {what} is too long: {why}")]
    TooLong {
        /// What.
        what: &'static str,
        /// How long it is and may be.
        why: TooLong,
    },
}

/// The room's state is not of the type asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the state of {game} (schema {theirs:016x}) is not a {name} (schema {ours:016x}): build client \
     and server from the same game types"
)]
pub struct OtherState {
    /// The room's game.
    pub game: String,
    /// The type asked for.
    pub name: &'static str,
    /// Schema hash of the room.
    pub theirs: u64,
    /// Schema hash of the type.
    pub ours: u64,
}

/// What a person can do about a refusal.
pub(crate) fn hint(why: Refusal) -> &'static str {
    match why {
        Refusal::OtherSchema => {
            ": update the client, or build it from the game types of this server"
        }
        _ => "",
    }
}
