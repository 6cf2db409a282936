//! The actor of one client.
//!
//! **Its job.** Greets the client, gets it a seat, answers what is not for a room. **Its child.**
//! The [reader](crate::net::reader), a plain task, because `stop` cannot interrupt a running
//! `handle` and reading is waiting. **What ends it.** The reader is done: the client closed, broke
//! a rule, fell silent, or was asked to go. **What happens then.** A client that closed as one who
//! is done gives its seat up. In every other case, a panic here too, the seat is held for a while.
//! Connections are never restarted: the client comes back by itself.

mod ears;
mod hear;
mod look_on;
mod rooms;

use std::sync::Arc;
use std::time::Instant;

use greenroom_proto::{AuthToken, CloseCode, List, SeatCode, Text, ToClient, ToServer};
use metrics::counter;
use tokio::task::JoinHandle;

use self::ears::{ClientEars, ReaderEnd};
use super::actor::{Actor, Context, Failure, Mailbox, Named};
use super::audience::Audiences;
use super::lobby::LobbyMsg;
use crate::account::Account;
use crate::auth::accounts::{Accounts, Presence};
use crate::auth::gate::Gate;
use crate::config::Config;
use crate::directory::token::TokenKey;
use crate::directory::{Client, Directory};
use crate::faults::Countdown;
use crate::net::admission;
use crate::net::link::Link;
use crate::net::reader::Reader;
use crate::registry::Games;
use crate::session::TokenBucket;
use crate::supervision::Slot;

/// Messages of a client that wait until it is known who it is. A proper client waits for `Welcome`;
/// one that says more is closed as out of order.
const EARLY_MAX: usize = 8;

/// What a connection is told.
#[derive(Debug)]
pub enum ConnectionMsg {
    /// By its client.
    Said(ToServer),
    /// By the gate: who the client is, or the code to close it with.
    Known(Result<Account, CloseCode>),
    /// By its reader: the connection has ended, for this reason.
    Ended(CloseCode),
}

impl Named for ConnectionMsg {
    fn name(&self) -> &'static str {
        match self {
            ConnectionMsg::Said(ToServer::Hello { .. }) => "hello",
            ConnectionMsg::Said(ToServer::Join { .. }) => "join",
            ConnectionMsg::Said(ToServer::Leave) => "leave",
            ConnectionMsg::Said(ToServer::List { .. }) => "list",
            ConnectionMsg::Said(ToServer::Request { .. }) => "request",
            ConnectionMsg::Said(ToServer::Resync) => "resync",
            ConnectionMsg::Said(ToServer::Resume { .. }) => "resume",
            ConnectionMsg::Said(ToServer::Ack { .. }) => "ack",
            ConnectionMsg::Said(ToServer::Find { .. }) => "find",
            ConnectionMsg::Said(ToServer::Watch { .. }) => "watch",
            ConnectionMsg::Said(ToServer::Unwatch { .. }) => "unwatch",
            ConnectionMsg::Said(ToServer::Reserve { .. }) => "reserve",
            ConnectionMsg::Said(ToServer::Unreserve { .. }) => "unreserve",
            ConnectionMsg::Said(ToServer::Spectate { .. }) => "spectate",
            ConnectionMsg::Said(ToServer::Arrived { .. }) => "arrived",
            ConnectionMsg::Known(_) => "known",
            ConnectionMsg::Ended(_) => "ended",
        }
    }
}

/// What all connections share.
pub struct Shared {
    /// The games there are.
    pub games: Games,
    /// The rooms there are.
    pub directory: Arc<Directory>,
    /// Where those are who look on.
    pub audiences: Audiences,
    /// Who finds seats.
    pub lobby: Slot<Mailbox<LobbyMsg>>,
    /// Knows the tokens of seats.
    pub tokens: Arc<TokenKey>,
    /// Finds out who clients are.
    pub gate: Gate,
    /// The accounts that are connected.
    pub accounts: Arc<Accounts>,
    /// The server's configuration.
    pub config: Arc<Config>,
}

/// What a connection starts from.
pub struct ConnectionArgs {
    /// Its socket.
    pub link: Arc<Link>,
    /// Reads from it.
    pub reader: Reader,
    /// Its place among the connections.
    pub place: admission::Place,
    /// Its number.
    pub number: u64,
    /// What all connections share.
    pub shared: Arc<Shared>,
}

/// The actor.
pub struct Connection {
    client: Arc<Client>,
    shared: Arc<Shared>,
    /// Finds out who the client is.
    asking: Option<JoinHandle<()>>,
    /// What the client has said meanwhile.
    early: Vec<ToServer>,
    /// `None` until the client is welcomed.
    known: Option<Known>,
    /// Codes of the seats that it had kept last.
    reserved: Vec<SeatCode>,
    /// How often it may have all rooms of a game looked at.
    finds: TokenBucket,
    since: Instant,
    /// It has watched something.
    watches: bool,
    reader: JoinHandle<()>,
    place: admission::Place,
}

/// Who the client is.
struct Known {
    account: Account,
    _presence: Presence,
}

impl Actor for Connection {
    const CLASS: &'static str = "connection";
    type Msg = ConnectionMsg;
    type Args = ConnectionArgs;

    async fn start(args: ConnectionArgs, ctx: &Context<ConnectionMsg>) -> Result<Self, Failure> {
        let ConnectionArgs { link, reader, place, number, shared } = args;
        let client = Client::new(link);
        let mailbox = ctx.mailbox().clone();
        let faults = &shared.config.dev.faults;
        let ears = ClientEars {
            client: Arc::clone(&client),
            mailbox: mailbox.clone(),
            dies: Countdown::of(faults.kill_connection, number),
            panics: Countdown::of(faults.panic_reader, !number),
        };
        let reader = tokio::spawn(async move {
            let mut end = ReaderEnd { mailbox, why: CloseCode::Failed };
            end.why = reader.run(ears).await;
        });
        counter!("greenroom_connections_total").increment(1);
        let finds_per_sec = shared.config.edge.finds_per_sec;
        Ok(Connection {
            client,
            shared,
            asking: None,
            early: Vec::new(),
            known: None,
            reserved: Vec::new(),
            finds: TokenBucket::new(finds_per_sec, finds_per_sec.saturating_mul(4)),
            since: Instant::now(),
            watches: false,
            reader,
            place,
        })
    }

    async fn handle(
        &mut self,
        msg: ConnectionMsg,
        ctx: &Context<ConnectionMsg>,
    ) -> Result<(), Failure> {
        match msg {
            ConnectionMsg::Said(ToServer::Hello { token, schemas, .. }) => {
                self.client.has_schemas(schemas.into_vec());
                self.ask_who(token, ctx.mailbox().clone());
            }
            ConnectionMsg::Said(message) if self.known.is_none() => self.keep_for_later(message),
            // Boxed while they last: else room for the largest question stays with every connection.
            ConnectionMsg::Said(message) => Box::pin(self.hear(message)).await,
            ConnectionMsg::Known(Ok(account)) => Box::pin(self.welcome(account)).await,
            ConnectionMsg::Known(Err(code)) => self.client.link.close(code),
            ConnectionMsg::Ended(why) => {
                if why == CloseCode::Normal
                    && let Some(seat) = self.client.depart()
                {
                    self.shared.directory.leave(&seat);
                }
                tracing::debug!(connection = ctx.name(), code = why.code(), "{}", why.reason());
                counter!("greenroom_connections_closed_total", "code" => why.code().to_string())
                    .increment(1);
                ctx.stop();
            }
        }
        Ok(())
    }

    /// The server is stopping, or the connection has ended already.
    async fn stopped(&mut self, _: &Context<ConnectionMsg>) {
        let window_ms = self.shared.directory.leaving().window_ms();
        self.client.link.close_with_window(CloseCode::GoingAway, window_ms);
        let _ = (&mut self.reader).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(asking) = &self.asking {
            asking.abort();
        }
        if self.watches {
            self.shared.directory.unwatch(&self.client.link, None);
        }
        self.client.link.close(CloseCode::Failed);
        if let Some(watch) = self.client.watched() {
            watch.leave();
        }
        if let Some(seat) = self.client.depart() {
            seat.break_off(&self.client);
        }
    }
}

impl Connection {
    /// Beside the actor, which goes on hearing how its client is.
    fn ask_who(&mut self, token: Option<AuthToken>, mailbox: Mailbox<ConnectionMsg>) {
        let shared = Arc::clone(&self.shared);
        self.asking = Some(tokio::spawn(async move {
            let who = shared.gate.ask(token).await;
            let _ = mailbox.cast(ConnectionMsg::Known(who));
        }));
    }

    fn keep_for_later(&mut self, message: ToServer) {
        match self.early.len() < EARLY_MAX {
            true => self.early.push(message),
            false => self.client.link.close(CloseCode::OutOfOrder),
        }
    }

    async fn welcome(&mut self, account: Account) {
        self.asking = None;
        let link = &self.client.link;
        match self.shared.accounts.enter(&account, Arc::clone(link) as _) {
            Ok(presence) => self.known = Some(Known { account, _presence: presence }),
            Err(code) => return link.close(code),
        }
        let config = &self.shared.config;
        link.control(&ToClient::Welcome {
            server: Text::cut(concat!("greenroom/", env!("CARGO_PKG_VERSION"))),
            games: List::first(self.shared.games.names().map(Text::cut)),
            messages_per_sec: config.edge.messages_per_sec,
            ping_interval_ms: config.deadlines.ping_interval.as_millis() as u32,
        });
        for message in std::mem::take(&mut self.early) {
            self.hear(message).await;
        }
    }
}
