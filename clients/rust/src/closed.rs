//! How connections end, and why a seat is lost.

use std::time::Duration;

use greenroom_proto::{CloseCode, Refusal, Then};

use crate::error::hint;

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
    /// Why the seat was not had again, if that was tried.
    pub lost: Option<Lost>,
}

/// Why a seat is lost: it was not had again after its connection broke, or was taken away while the
/// connection went on because of [other seats](crate#several-rooms-at-once).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Lost {
    /// The server said no.
    #[error("the server refused it: {text}{}", hint(*why))]
    Refused {
        /// Why, for a program.
        why: Refusal,
        /// Why, for a person.
        text: String,
    },
    /// The time for which the seat is held, or for which the client may try, is over.
    #[error("it could not be had again within {within:?}: {last}")]
    TimeOver {
        /// How long it was tried.
        within: Duration,
        /// What became of the last attempt.
        last: String,
    },
    /// The server took it away, for this reason.
    #[error("the server took it away ({}): {}", .0.code(), .0.reason())]
    Dismissed(CloseCode),
    /// Trying again would end the same way.
    #[error("{0}")]
    Hopeless(String),
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
            lost: None,
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
                lost: None,
            },
        }
    }

    /// This client gives up on what the server does.
    pub(crate) fn by_client(code: CloseCode, why: String) -> Self {
        let then = CloseCode::then(code.code());
        let by = ClosedBy::Client;
        Closed { by, code: code.code(), reason: why, then, retry_after_ms: None, lost: None }
    }

    /// The connection is over for good: the seat was not had again.
    pub(crate) fn with(mut self, lost: Lost) -> Self {
        let hopeless = match &lost {
            Lost::Refused { why, .. } => *why == Refusal::OtherSchema,
            Lost::TimeOver { .. } | Lost::Dismissed(_) => false,
            Lost::Hopeless(_) => true,
        };
        if hopeless {
            self.then = Then::Stop;
        }
        self.lost = Some(lost);
        self
    }

    /// The time over which the server spreads those that come back.
    pub(crate) fn window(&self) -> Option<Duration> {
        self.retry_after_ms.map(|ms| Duration::from_millis(ms.into()))
    }

    fn sentence(&self) -> String {
        let then = match (self.then, &self.lost) {
            (_, Some(lost)) => format!(", and the seat is lost: {lost}"),
            (Then::Stop, None) => String::new(),
            (Then::BackOff, None) => ": connect again after a while".into(),
            (Then::Reconnect, None) => ": connect again".into(),
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
