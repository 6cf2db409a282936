//! What can go wrong, one type per boundary, each a sentence that says what to do.

use std::time::Duration;

use greenroom_proto::{CloseCode, Refusal, Then, TooLong};

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
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Step::Tcp => "TCP connection",
            Step::Tls => "TLS handshake",
            Step::Upgrade => "WebSocket handshake",
            Step::Hello => "greeting",
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

/// Who ended a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClosedBy {
    /// The server, with a close frame.
    Server,
    /// The network, or a server that died: no close frame came.
    Network,
    /// This client, because the caller asked for it or the server did what it must not.
    Client,
}

/// How a connection ended.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct Closed {
    /// Who ended it.
    pub by: ClosedBy,
    /// The code; 1006 when there was no close frame, 1005 when it had no code.
    pub code: u16,
    /// Why, for a person.
    pub reason: String,
    /// What to do next.
    pub then: Then,
    /// The server asks to connect again after a random time up to this.
    pub retry_after_ms: Option<u32>,
}

impl Closed {
    /// What a close frame, and perhaps a `Closing` before it, said.
    pub(crate) fn by_server(code: u16, reason: &str, said: Option<(CloseCode, u32)>) -> Self {
        let known = CloseCode::of(code).map(CloseCode::reason);
        let reason = if reason.is_empty() { known.unwrap_or("no reason given") } else { reason };
        Closed {
            by: ClosedBy::Server,
            code,
            reason: reason.to_owned(),
            then: CloseCode::then(code),
            retry_after_ms: said.map(|(_, retry_after_ms)| retry_after_ms),
        }
    }

    /// The connection broke. What the server said before it did so still counts.
    pub(crate) fn by_network(why: &str, said: Option<(CloseCode, u32)>) -> Self {
        match said {
            Some((code, _)) => Closed::by_server(code.code(), "", said),
            None => Closed {
                by: ClosedBy::Network,
                code: 1006,
                reason: why.to_owned(),
                then: CloseCode::then(1006),
                retry_after_ms: None,
            },
        }
    }

    /// This client gives up on what the server does.
    pub(crate) fn by_client(code: CloseCode, why: String) -> Self {
        let then = CloseCode::then(code.code());
        let by = ClosedBy::Client;
        Closed { by, code: code.code(), reason: why, then, retry_after_ms: None }
    }

    fn sentence(&self) -> String {
        let then = match self.then {
            Then::Stop => String::new(),
            Then::BackOff => ": connect again after a while".into(),
            Then::Reconnect => ": connect again".into(),
        };
        match self.by {
            ClosedBy::Server => {
                format!("the server closed the connection ({}): {}{then}", self.code, self.reason)
            }
            ClosedBy::Network => format!("the connection broke: {}{then}", self.reason),
            ClosedBy::Client => format!("the connection was closed here: {}{then}", self.reason),
        }
    }
}

/// A call has no answer, or not the one asked for.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum CallError {
    /// The server or the game said no.
    #[error("refused: {text}")]
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
