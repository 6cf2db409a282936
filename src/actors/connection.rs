//! The actor of one client.
//!
//! **Its job.** Greets the client, gets it a seat, answers what is not for a room. **Its child.**
//! The [reader](crate::net::reader), a plain task, because `stop` cannot interrupt a running
//! `handle` and reading is waiting. **What ends it.** The reader is done: the client closed, broke
//! a rule, fell silent, or was asked to go. **What happens then.** A client that closed as one who
//! is done gives its seat up. In every other case, a panic here too, the seat is held for a while.
//! Connections are never restarted: the client comes back by itself.

mod rooms;

use std::sync::Arc;
use std::time::Instant;

use greenroom_proto::{CloseCode, JoinTarget, List, Refusal, SeatCode, Text, ToClient, ToServer};
use metrics::counter;

use super::actor::{Actor, Context, Failure, Mailbox, Named};
use super::lobby::{self, Found, LobbyMsg, STOPPING};
use crate::config::Config;
use crate::directory::token::TokenKey;
use crate::directory::{Back, Client, Directory, RoomRecord, Seat};
use crate::faults::Countdown;
use crate::net::admission;
use crate::net::link::Link;
use crate::net::reader::{Ears, Reader};
use crate::registry::Games;
use crate::seating::NoSeat;
use crate::session::TokenBucket;
use crate::supervision::Slot;

/// What a client is told whose program was built for another form of the state.
const OTHER_SCHEMA: &str = "the game's state has another form than this client can read: update it";

/// What a client is told that asks too often.
const TOO_OFTEN: &str = "too many questions for rooms, or wrong codes: wait a few seconds";

/// What a client is told whose room failed, or could not be brought back by a new process.
const LOST: &str = "the match could not go on: join another";

/// What a connection is told.
#[derive(Debug)]
pub enum ConnectionMsg {
    /// By its client.
    Said(ToServer),
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
    /// Who finds seats.
    pub lobby: Slot<Mailbox<LobbyMsg>>,
    /// Knows the tokens of seats.
    pub tokens: Arc<TokenKey>,
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
    schemas: Vec<u64>,
    /// Codes of the seats that it had kept last.
    reserved: Vec<SeatCode>,
    /// How often it may have all rooms of a game looked at.
    finds: TokenBucket,
    since: Instant,
    /// It has watched something.
    watches: bool,
    reader: tokio::task::JoinHandle<()>,
    place: admission::Place,
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
            schemas: Vec::new(),
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
            ConnectionMsg::Said(message) => self.hear(message).await,
            ConnectionMsg::Ended(why) => {
                if why == CloseCode::Normal
                    && let Some(seat) = self.client.depart()
                {
                    seat.leave();
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

/// Passes on what the client says. Inputs and requests go straight into the room's inbox, which is
/// bounded; a hop through the connection's mailbox would cost more than the rest of the way.
/// Everything else goes to the connection's actor; the client's token bucket bounds how much of it
/// can wait there.
struct ClientEars {
    client: Arc<Client>,
    mailbox: Mailbox<ConnectionMsg>,
    /// Faults that are asked for.
    dies: Countdown,
    panics: Countdown,
}

impl Ears for ClientEars {
    fn input(&mut self, tick: u16, body: &[u8]) -> Result<(), CloseCode> {
        self.strike();
        match self.seat() {
            Some(seat) => seat.input(tick, body),
            // The match ended while the input was on its way.
            None => Ok(()),
        }
    }

    fn control(&mut self, message: ToServer) -> Result<(), CloseCode> {
        self.strike();
        match message {
            ToServer::Request { id, body } => {
                let asked = match self.seat() {
                    Some(seat) => seat.request(id, body.into_vec())?,
                    None => Err((Refusal::NoSeat, "join a room before sending requests to it")),
                };
                if let Err((why, text)) = asked {
                    self.client.link.refuse(id, why, text);
                }
            }
            ToServer::Ack { events, replies } => {
                if let Some(seat) = self.seat() {
                    seat.acknowledge(events, replies);
                }
            }
            message => drop(self.mailbox.cast(ConnectionMsg::Said(message))),
        }
        Ok(())
    }

    fn drained(&mut self) {
        // A room that steps on commands makes no frame by itself.
        if let Some(seat) = self.client.seat() {
            seat.room.wake();
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

    /// The client's seat, about which it has just said something.
    fn seat(&self) -> Option<Seat> {
        let seat = self.client.seat()?;
        if let Some(token) = self.client.confirms() {
            seat.confirm(token);
        }
        Some(seat)
    }
}

/// Tells the actor that its reader ended even when the reader panicked.
struct ReaderEnd {
    mailbox: Mailbox<ConnectionMsg>,
    why: CloseCode,
}

impl Drop for ReaderEnd {
    fn drop(&mut self) {
        let _ = self.mailbox.cast(ConnectionMsg::Ended(self.why));
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.watches {
            self.shared.directory.unwatch(&self.client.link, None);
        }
        self.client.link.close(CloseCode::Failed);
        if let Some(seat) = self.client.depart() {
            seat.break_off(&self.client);
        }
    }
}

impl Connection {
    async fn hear(&mut self, message: ToServer) {
        match message {
            ToServer::Hello { schemas, .. } => self.hello(schemas.into_vec()),
            ToServer::Join { id, to, schema } => self.join(id, to, schema).await,
            ToServer::Resume { id, token, attempt, tick, events, schema } => {
                self.come_back(id, &token, Back { attempt, tick, events }, schema);
            }
            ToServer::Leave => self.leave(),
            ToServer::List { id, game } => self.list(id, &game),
            ToServer::Reserve { id, to, seats } => self.reserve(id, to, seats).await,
            ToServer::Unreserve { code } => self.unreserve(&code),
            ToServer::Resync => {
                counter!("greenroom_desyncs_total").increment(1);
                if let Some(seat) = self.client.seat() {
                    seat.resync();
                }
            }
            ToServer::Find { id, query } => self.find(id, &query),
            ToServer::Watch { id, query } => self.watch(id, &query),
            ToServer::Unwatch { id } => self.shared.directory.unwatch(&self.client.link, Some(id)),
            // The ears pass these to the room.
            ToServer::Request { .. } | ToServer::Ack { .. } => {}
        }
    }

    fn hello(&mut self, schemas: Vec<u64>) {
        self.schemas = schemas;
        let config = &self.shared.config;
        self.client.link.control(&ToClient::Welcome {
            server: Text::cut(concat!("greenroom/", env!("CARGO_PKG_VERSION"))),
            games: List::first(self.shared.games.names().map(Text::cut)),
            messages_per_sec: config.edge.messages_per_sec,
            ping_interval_ms: config.deadlines.ping_interval.as_millis() as u32,
        });
    }

    async fn join(&mut self, id: u32, to: JoinTarget, schema: Option<u64>) {
        if !self.asks(id) {
            return;
        }
        if !self.may_try(&to) {
            return self.turn_away(id, Refusal::Busy, TOO_OFTEN);
        }
        let by_code = matches!(to, JoinTarget::Code(_));
        let found =
            lobby::ask(&self.shared.lobby, |taken, reply| LobbyMsg::Seat(to.clone(), taken, reply))
                .await;
        if by_code {
            self.tried(found.as_ref().err());
        }
        let room = match &found {
            Ok(Found::Seat(booked)) => Some(booked.room()),
            Ok(Found::Queue(room)) => Some(room),
            Err(_) => None,
        };
        if room.is_some_and(|room| schema.is_some_and(|own| own != room.entry.schema_hash)) {
            return self.turn_away(id, Refusal::OtherSchema, OTHER_SCHEMA);
        }
        match found {
            Ok(Found::Queue(room)) => {
                if let Err(why) = room.wait(&self.client, id, self.knows_schema(&room)) {
                    self.no_queue(id, why);
                }
            }
            Ok(Found::Seat(booked)) => {
                let seat = booked.take();
                self.client.hold(seat.clone());
                seat.join(&self.client, id, self.knows_schema(&seat.room));
            }
            Err((why, text)) => self.turn_away(id, why, &text),
        }
    }

    /// Gives a client its seat back.
    fn come_back(&self, id: u32, token: &[u8], back: Back, schema: Option<u64>) {
        if !self.asks(id) {
            return;
        }
        let shared = &self.shared;
        let room = shared.tokens.open(token).map(|claim| claim.room);
        let lost = room.is_some_and(|room| shared.directory.over().is_lost(room));
        let outcome = self.seat_of(token).and_then(|(seat, generation)| {
            if schema.is_some_and(|schema| schema != seat.room.entry.schema_hash) {
                return Err(Refusal::OtherSchema);
            }
            let knows_schema = self.knows_schema(&seat.room);
            seat.come_back(&self.client, generation, (id, knows_schema), back)
        });
        let Err(why) = outcome else {
            counter!("greenroom_seats_resumed_total").increment(1);
            return;
        };
        // Looked for afterwards: the match may have ended just now.
        if let Some(result) = room.and_then(|room| shared.directory.over().result_of(room)) {
            let result = Text::cut(&result);
            self.client.link.control(&ToClient::Ended { result });
        }
        self.turn_away(
            id,
            why,
            match why {
                Refusal::OtherSchema => OTHER_SCHEMA,
                Refusal::TooFarBehind => {
                    "more happened meanwhile than is kept: come back without it"
                }
                Refusal::Stopping => STOPPING,
                Refusal::SeatGone if lost => LOST,
                Refusal::SeatGone => "the seat was given up, or its match is over: join again",
                _ => "this token gives no seat here: use the newest one, or join again",
            },
        );
    }

    fn seat_of(&self, token: &[u8]) -> Result<(Seat, u32), Refusal> {
        let claim = self.shared.tokens.open(token).ok_or(Refusal::BadToken)?;
        let directory = &self.shared.directory;
        let room = directory.get(claim.room).ok_or(match directory.leaving().is_closing() {
            // It is kept, and goes on in the next process.
            true => Refusal::Stopping,
            false => Refusal::SeatGone,
        })?;
        Ok((Seat { room, player: claim.player }, claim.generation))
    }

    /// Whether the client may ask for a seat now.
    fn asks(&self, id: u32) -> bool {
        let may = self.client.ask();
        if !may {
            let text = "this connection has a seat already, or waits for one: leave it first";
            self.client.link.refuse(id, Refusal::AlreadySeated, text);
        }
        may
    }

    fn turn_away(&self, id: u32, why: Refusal, text: &str) {
        self.client.vacate();
        self.client.link.refuse(id, why, text);
    }

    fn no_queue(&self, id: u32, why: NoSeat) {
        match why {
            NoSeat::WaitingFull => {
                let text = "the room is full, and so is its waiting list, if its game has one";
                self.turn_away(id, Refusal::WaitingFull, text);
            }
            _ => self.turn_away(id, Refusal::UnknownRoom, "the match is over: join another"),
        }
    }

    fn knows_schema(&self, room: &RoomRecord) -> bool {
        self.schemas.contains(&room.entry.schema_hash)
    }

    /// The room answers with `Left` once it has let the player go.
    fn leave(&self) {
        match self.client.held() {
            Some(seat) => seat.leave(),
            // Out of the queue, if it was in one.
            None if self.client.stop_waiting() => self.client.link.control(&ToClient::Left),
            None => self.client.link.control(&ToClient::Left),
        }
    }
}
