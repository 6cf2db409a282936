//! The actor of one client.
//!
//! **Its job.** Greets the client, gets it a seat, answers what is not for a room. **Its child.**
//! The [reader](crate::net::reader), a plain task, because `stop` cannot interrupt a running
//! `handle` and reading is waiting. **What ends it.** The reader is done: the client closed, broke
//! a rule, fell silent, or was asked to go. **What happens then.** A client that closed as one who
//! is done gives its seat up. In every other case, a panic here too, the seat is held for a while.
//! Connections are never restarted: the client comes back by itself.

mod channels;
mod ears;
mod hear;
mod look_on;
mod rooms;

use std::sync::Arc;
use std::time::Instant;

use greenroom_proto::{AuthToken, CloseCode, List, SeatCode, Text, ToClient, ToServer};
use metrics::counter;
use tokio::task::JoinHandle;

use self::channels::Channels;
use self::ears::{ClientEars, ReaderEnd};
use super::actor::{Actor, Context, Failure, Mailbox, Named};
use super::audience::Audiences;
use super::lobby::LobbyMsg;
use crate::account::Account;
use crate::auth::accounts::{Accounts, Presence};
use crate::auth::gate::Gate;
use crate::config::Config;
use crate::directory::Directory;
use crate::directory::token::TokenKey;
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
    /// By its client, on a channel.
    Said(u8, ToServer),
    /// By the gate: who the client is, or the code to close it with.
    Known(Result<Account, CloseCode>),
    /// By its reader: the connection has ended, for this reason.
    Ended(CloseCode),
}

impl Named for ConnectionMsg {
    fn name(&self) -> &'static str {
        match self {
            ConnectionMsg::Said(_, ToServer::Hello { .. }) => "hello",
            ConnectionMsg::Said(_, ToServer::Join { .. }) => "join",
            ConnectionMsg::Said(_, ToServer::Leave) => "leave",
            ConnectionMsg::Said(_, ToServer::List { .. }) => "list",
            ConnectionMsg::Said(_, ToServer::Request { .. }) => "request",
            ConnectionMsg::Said(_, ToServer::Resync) => "resync",
            ConnectionMsg::Said(_, ToServer::Resume { .. }) => "resume",
            ConnectionMsg::Said(_, ToServer::Ack { .. }) => "ack",
            ConnectionMsg::Said(_, ToServer::Find { .. }) => "find",
            ConnectionMsg::Said(_, ToServer::Watch { .. }) => "watch",
            ConnectionMsg::Said(_, ToServer::Unwatch { .. }) => "unwatch",
            ConnectionMsg::Said(_, ToServer::Reserve { .. }) => "reserve",
            ConnectionMsg::Said(_, ToServer::Unreserve { .. }) => "unreserve",
            ConnectionMsg::Said(_, ToServer::Spectate { .. }) => "spectate",
            ConnectionMsg::Said(_, ToServer::Arrived { .. }) => "arrived",
            ConnectionMsg::Said(_, ToServer::Chat { .. }) => "chat",
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
    channels: Arc<Channels>,
    shared: Arc<Shared>,
    /// Finds out who the client is.
    asking: Option<JoinHandle<()>>,
    /// What the client has said meanwhile, and on which channel.
    early: Vec<(u8, ToServer)>,
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
        let ConnectionArgs { link, reader, mut place, number, shared } = args;
        place.connect();
        let channels = Channels::new(link);
        let mailbox = ctx.mailbox().clone();
        let faults = &shared.config.dev.faults;
        let ears = ClientEars {
            channels: Arc::clone(&channels),
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
            channels,
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
            ConnectionMsg::Said(_, ToServer::Hello { token, schemas, .. }) => {
                self.channels.get(0).has_schemas(schemas.into_vec());
                self.ask_who(token, ctx.mailbox().clone());
            }
            ConnectionMsg::Said(channel, message) if self.known.is_none() => {
                self.keep_for_later(channel, message);
            }
            // Boxed while they last: else room for the largest question stays with every connection.
            ConnectionMsg::Said(channel, message) => Box::pin(self.hear(channel, message)).await,
            ConnectionMsg::Known(Ok(account)) => Box::pin(self.welcome(account)).await,
            ConnectionMsg::Known(Err(code)) => self.channels.link().close(code),
            ConnectionMsg::Ended(why) => {
                if why == CloseCode::Normal {
                    let seats = self.channels.all().filter_map(|client| client.depart());
                    seats.for_each(|seat| self.shared.directory.leave(&seat));
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
        self.channels.link().close_with_window(CloseCode::GoingAway, window_ms);
        let _ = (&mut self.reader).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(asking) = &self.asking {
            asking.abort();
        }
        if self.watches {
            self.shared.directory.unwatch(self.channels.link(), None);
        }
        self.channels.link().close(CloseCode::Failed);
        for client in self.channels.all() {
            if let Some(watch) = client.watched() {
                watch.leave();
            }
            if let Some(seat) = client.depart() {
                seat.break_off(client);
            }
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

    fn keep_for_later(&mut self, channel: u8, message: ToServer) {
        match self.early.len() < EARLY_MAX {
            true => self.early.push((channel, message)),
            false => self.channels.link().close(CloseCode::OutOfOrder),
        }
    }

    async fn welcome(&mut self, account: Account) {
        self.asking = None;
        let link = self.channels.link();
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
        for (channel, message) in std::mem::take(&mut self.early) {
            self.hear(channel, message).await;
        }
    }
}
