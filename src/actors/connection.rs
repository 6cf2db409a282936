//! The actor of one client.
//!
//! **Its job.** Greets the client, gets it a seat, answers what is not for a room. **Its child.**
//! The [reader](crate::net::reader), a plain task, because `stop` cannot interrupt a running
//! `handle` and reading is waiting. **What ends it.** The reader is done: the client closed, broke
//! a rule, fell silent, or was asked to go. **What happens then.** A client that closed as one who
//! is done gives its seat up. In every other case, a panic here too, the seat is held for a while.
//! Connections are never restarted: the client comes back by itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use greenroom_proto::{CloseCode, JoinTarget, List, Refusal, Text, ToClient, ToServer};
use metrics::counter;

use super::actor::{Actor, CallError, Context, Failure, Mailbox, Named};
use super::lobby::{LobbyMsg, Refused, STOPPING, Taken};
use crate::config::Config;
use crate::directory::token::TokenKey;
use crate::directory::{Back, Booked, Client, Directory, Seat};
use crate::faults::Countdown;
use crate::net::admission;
use crate::net::link::Link;
use crate::net::reader::{Ears, Reader};
use crate::registry::Games;
use crate::supervision::Slot;

/// How long the lobby may take. It only looks up and starts rooms; this long means that the
/// server is in trouble.
const LOBBY_DEADLINE: Duration = Duration::from_secs(5);
/// Pause before a lobby that has died is looked for again.
const LOBBY_BACK: Duration = Duration::from_millis(2);

/// What a client is told whose program was built for another form of the state.
const OTHER_SCHEMA: &str = "the game's state has another form than this client can read: update it";

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
    reader: tokio::task::JoinHandle<()>,
    _place: admission::Place,
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
        Ok(Connection { client, shared, schemas: Vec::new(), reader, _place: place })
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
            ToServer::Resync => {
                counter!("greenroom_desyncs_total").increment(1);
                if let Some(seat) = self.client.seat() {
                    seat.resync();
                }
            }
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

    async fn join(&self, id: u32, to: JoinTarget, schema: Option<u64>) {
        if !self.asks(id) {
            return;
        }
        match self.ask_lobby(to).await {
            Ok(booked) if !booked.reads(schema) => {
                self.turn_away(id, Refusal::OtherSchema, OTHER_SCHEMA);
            }
            Ok(booked) => {
                let seat = booked.take();
                self.client.hold(seat.clone());
                seat.join(&self.client, id, self.knows_schema(&seat));
            }
            Err((why, text)) => self.turn_away(id, why, &text),
        }
    }

    /// Has the lobby find a seat. A lobby that dies meanwhile is there again at once, and asked
    /// again; but only once, in case it was this question that it died of.
    async fn ask_lobby(&self, to: JoinTarget) -> Result<Booked, Refused> {
        let deadline = tokio::time::Instant::now() + LOBBY_DEADLINE;
        let taken = Taken::default();
        while taken.load(Ordering::Acquire) < 2 {
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            let Some(lobby) = self.shared.lobby.get().filter(|_| !left.is_zero()) else { break };
            let ask = |reply| LobbyMsg::Seat(to.clone(), Arc::clone(&taken), reply);
            match lobby.call(left, ask).await {
                Ok(found) => return found,
                Err(CallError::TimedOut { .. }) => break,
                Err(CallError::NoReply | CallError::Ended) => {
                    tokio::time::sleep(LOBBY_BACK).await;
                }
            }
        }
        Err((Refusal::Failed, "the lobby does not answer: try again".to_owned()))
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
            let knows_schema = self.knows_schema(&seat);
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

    fn knows_schema(&self, seat: &Seat) -> bool {
        self.schemas.contains(&seat.room.entry.schema_hash)
    }

    /// The room answers with `Left` once it has let the player go.
    fn leave(&self) {
        match self.client.held() {
            Some(seat) => seat.leave(),
            None => self.client.link.control(&ToClient::Left),
        }
    }

    fn list(&self, id: u32, game: &str) {
        match self.shared.games.get(game) {
            Ok(_) => {
                let rooms = self.shared.directory.list(game, greenroom_proto::LISTING_MAX);
                self.client.link.control(&ToClient::Rooms { id, rooms: List::first(rooms) });
            }
            Err(unknown) => {
                self.client.link.refuse(id, Refusal::UnknownGame, &unknown.to_string());
            }
        }
    }
}
