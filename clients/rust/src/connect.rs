//! How to connect: everything that a program can choose.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::{
    AuthToken, List, PROTOCOL_VERSION, Replicate, Schema, Text, ToServer, TooLong, schema_of,
};

use crate::error::ConnectError;
use crate::inputs::Lead;
use crate::resume::Resume;
use crate::trust::Trust;

/// How to connect: [`Connect::to`] and then what differs.
///
/// ```
/// use greenroom_client::{Connect, Trust};
///
/// let connect = Connect {
///     trust: Trust::CaFile("certs/ca.pem".into()),
///     client: "my-game/1.2".into(),
///     ..Connect::to("wss://127.0.0.1:8443")
/// };
/// ```
#[derive(Clone)]
pub struct Connect {
    /// `wss://host:port` or `ws://host:port`; the path is `/ws` if there is none.
    pub url: String,
    /// Whose certificates are accepted.
    pub trust: Trust,
    /// Name and version of this program, for the server's log.
    pub client: String,
    /// Who this is: what the server's operator or backend gave the person. It is sent with each new
    /// connection, so it has to hold for as long as the client is to come back; see
    /// [`Client::set_token`](crate::Client::set_token).
    pub token: Option<String>,
    /// The `Origin` header. Browsers send one, programs need none.
    pub origin: Option<String>,
    /// Schemas that this program has already, at most [`greenroom_proto::SCHEMAS_MAX`]: the server
    /// does not send them again.
    pub schemas: Vec<Arc<Schema>>,
    /// Hash of the only schema that this program can read, see [`Connect::expects`]; `None`: it
    /// takes any.
    pub only_schema: Option<u64>,
    /// For which tick inputs are sent.
    pub lead: Lead,
    /// Whether frames are applied to a copy of the state. Without, they are taken apart and
    /// counted, there is no state and no desync is noticed: for generators of load.
    pub keep_state: bool,
    /// Whether TLS sessions are resumed, with a [`Trust::prepare`]d trust. Off for a program that
    /// plays many clients, whose handshakes would be cheaper than theirs.
    pub tls_resumption: bool,
    /// For each of the steps TCP, TLS, upgrade and greeting.
    pub step_deadline: Duration,
    /// For the answers to join, list and leave.
    pub call_deadline: Duration,
    /// After so much silence the server is pinged, and after as much again given up.
    pub silence_max: Duration,
    /// Whether the client comes back to its seat by itself when the connection breaks.
    pub resume: Resume,
    /// Seed of the random pauses before attempts to come back; `None`: each client has its own.
    pub jitter: Option<u64>,
}

impl Connect {
    /// The defaults: certificates that the system trusts, 10 s for each step and call.
    #[must_use]
    pub fn to(url: impl Into<String>) -> Self {
        Connect {
            url: url.into(),
            trust: Trust::default(),
            client: concat!("greenroom-client/", env!("CARGO_PKG_VERSION")).into(),
            token: None,
            origin: None,
            schemas: Vec::new(),
            only_schema: None,
            lead: Lead::Auto,
            keep_state: true,
            tls_resumption: true,
            step_deadline: Duration::from_secs(10),
            call_deadline: Duration::from_secs(10),
            silence_max: Duration::from_secs(15),
            resume: Resume::default(),
            jitter: None,
        }
    }

    /// Says that this program reads a state of the type `S` and no other: the server need not send
    /// its schema, and refuses seats in rooms of another version of the game
    /// ([`Refusal::OtherSchema`](greenroom_proto::Refusal::OtherSchema)), so that
    /// [`Client::state`](crate::Client::state) cannot fail in the middle of a match.
    ///
    /// For programs that play one game. Others leave it and look at [`crate::SeatInfo`].
    #[must_use]
    pub fn expects<S: Replicate>(mut self) -> Self {
        self.only_schema = Some(schema_of::<S>().hash());
        self.knows::<S>()
    }

    /// Says that this program can read a state of the type `S`, among others: the server need not send
    /// its schema. For programs that play several games.
    #[must_use]
    pub fn knows<S: Replicate>(mut self) -> Self {
        let schema = schema_of::<S>();
        let hash = schema.hash();
        if self.schemas.iter().all(|known| known.hash() != hash) {
            // First, because only so many are said.
            self.schemas.insert(0, Arc::new(schema));
        }
        self
    }

    /// The first message. `first` are schemas that have to be among those that it names.
    pub(crate) fn hello(&self, first: &[u64]) -> Result<ToServer, ConnectError> {
        let token = match &self.token {
            Some(token) => Some(AuthToken::try_from(token.as_str()).map_err(|why: TooLong| {
                ConnectError::BadText { what: "the token", why: why.to_string() }
            })?),
            None => None,
        };
        let known = self.schemas.iter().map(|schema| schema.hash());
        let known = first.iter().copied().chain(known.filter(|hash| !first.contains(hash)));
        Ok(ToServer::Hello {
            protocol: PROTOCOL_VERSION,
            client: Text::cut(&self.client),
            token,
            schemas: List::first(known),
        })
    }
}

/// Without the token.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("url", &self.url)
            .field("trust", &self.trust)
            .field("client", &self.client)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
