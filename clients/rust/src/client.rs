//! A connection as a game sees it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use greenroom_proto::{
    BODY_MAX, Body, CloseCode, Profile, Replicate, RoomId, RoomInfo, Rows, Schema, Tick, ToServer,
    Token, TooLong, frame, wire,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep, timeout};

use crate::address::Address;
use crate::broken::Broken;
use crate::calls::{Answer, Asked, Calls};
use crate::closed::Closed;
use crate::connect::Connect;
use crate::error::{CallError, ConnectError, OtherState};
use crate::greet::{Greeted, greet};
use crate::inputs::Sent;
use crate::pauses::Pauses;
use crate::roster::Roster;
use crate::seat::{Seat, SeatInfo, Spectated};
use crate::socket::{Heard, Socket};
use crate::stats::Stats;
use crate::update::{Join, Reply, RequestId, Update, bounded, game_name};

/// How long [`Client::close`] waits for the server to agree.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// A connection to a server, with at most one seat in a room at a time.
///
/// Nothing happens behind its back: see [the crate's page](crate#who-drives-the-socket). When the
/// connection breaks it [comes back](crate#when-the-connection-breaks) to its seat. Dropping it
/// breaks the connection, and the server holds the seat for a while; [`Client::close`] gives it up.
pub struct Client {
    pub(crate) connect: Connect,
    pub(crate) address: Address,
    /// `None` while the connection is broken, and when it is gone.
    pub(crate) socket: Option<Socket>,
    /// There while the connection is being brought back.
    pub(crate) broken: Option<Broken>,
    pub(crate) pauses: Pauses,
    /// When the connection came up.
    pub(crate) up_at: Instant,
    /// Set to the next deadline, or to when silence has lasted too long.
    pub(crate) alarm: Pin<Box<Sleep>>,
    pub(crate) heard_at: Instant,
    pub(crate) pinged: bool,
    pub(crate) server: String,
    pub(crate) games: Vec<String>,
    pub(crate) schemas: Vec<Arc<Schema>>,
    /// The last seat; its state can be looked at when it is over, too.
    pub(crate) seat: Option<Seat>,
    pub(crate) seated: bool,
    /// A seat was given after the caller had stopped waiting for it, and is being given back.
    pub(crate) stray: bool,
    /// The join that waits in a list, and its place there as of the last word.
    pub(crate) queued: Option<(u32, u32)>,
    /// A join that was taken out of a waiting list. It may have come through just before.
    pub(crate) unqueued: Option<u32>,
    /// Updates about moves that the caller has not taken yet.
    pub(crate) moves_untaken: u32,
    /// The caller waits for the end of the seat.
    pub(crate) leaving: bool,
    pub(crate) calls: Calls,
    /// The question that the caller waits for, and its answer.
    pub(crate) awaited: Option<u32>,
    pub(crate) answer: Option<Result<Answer, CallError>>,
    pub(crate) updates: VecDeque<Update>,
    /// What the server said about closing.
    pub(crate) said: Option<(CloseCode, u32)>,
    pub(crate) closed: Option<Closed>,
    pub(crate) stats: Stats,
}

impl Client {
    /// Connects and greets.
    pub async fn connect(mut connect: Connect) -> Result<Self, ConnectError> {
        let address = Address::parse(&connect.url)?;
        let hello = connect.hello(None)?;
        let Greeted { talk, server, games } = greet(&mut connect, &address, &hello).await?;
        let now = Instant::now();
        Ok(Client {
            alarm: Box::pin(tokio::time::sleep_until(now + connect.silence_max)),
            socket: Some(talk.socket),
            broken: None,
            pauses: Pauses::new(connect.jitter),
            up_at: now,
            heard_at: now,
            pinged: false,
            server,
            games,
            schemas: connect.schemas.clone(),
            seat: None,
            seated: false,
            stray: false,
            queued: None,
            unqueued: None,
            moves_untaken: 0,
            leaving: false,
            calls: Calls::default(),
            awaited: None,
            answer: None,
            updates: VecDeque::new(),
            said: None,
            closed: None,
            stats: Stats::default(),
            connect,
            address,
        })
    }

    /// Name and version of the server.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The games that the server hosts.
    #[must_use]
    pub fn games(&self) -> &[String] {
        &self.games
    }

    /// The open rooms of a game, oldest first, at most 100.
    pub async fn list(&mut self, game: &str) -> Result<Vec<RoomInfo>, CallError> {
        let game = game_name(game)?;
        let message = |id| ToServer::List { id, game };
        match self.call(Asked::List, self.connect.call_deadline, message).await? {
            Answer::Rooms(rooms) => Ok(rooms),
            other => Err(unfitting(&other)),
        }
    }

    /// Takes a seat. The first [`Update::Frame`] brings the room's state.
    ///
    /// When it is given up (by its deadline, or because the future is dropped) and the server
    /// gives the seat after all, the seat is given back at once.
    pub async fn join(&mut self, to: Join<'_>) -> Result<SeatInfo, CallError> {
        self.join_as(to, Profile::default()).await
    }

    /// The same as somebody with a name, see [`Profile::named`].
    pub async fn join_as(&mut self, to: Join<'_>, profile: Profile) -> Result<SeatInfo, CallError> {
        if self.seated {
            return Err(CallError::AlreadySeated);
        }
        let to = to.target()?;
        let schema = self.connect.only_schema;
        let message = |id| ToServer::Join { id, to, schema, profile };
        match (self.call(Asked::Join, self.connect.call_deadline, message).await?, &self.seat) {
            (Answer::Joined, Some(seat)) => Ok(seat.info.clone()),
            (other, _) => Err(unfitting(&other)),
        }
    }

    /// Looks on at a room without a seat, as a spectator: the state is what the game shows to those,
    /// and events are those for everybody. [`Client::leave`] ends it; a connection that breaks does,
    /// too: then connect and look on anew.
    ///
    /// ```no_run
    /// # use greenroom_client::{CallError, Client, Update};
    /// # use greenroom_client::proto::Replicate;
    /// # async fn watch<World: Replicate + std::fmt::Debug + 'static>(
    /// #     mut client: Client,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let rooms = client.list("ships").await?;
    /// let first = rooms.first().ok_or("nobody plays")?;
    /// let spectated = client.spectate(first.room).await?;
    /// println!("{} of {}, {:?} late", spectated.room, spectated.game, spectated.delay);
    /// loop {
    ///     match client.next().await {
    ///         Update::Frame { .. } => println!("{:?}", client.state::<World>()?),
    ///         Update::Ended { .. } | Update::Left | Update::Closed(_) => break,
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn spectate(&mut self, room: RoomId) -> Result<Spectated, CallError> {
        if self.seated {
            return Err(CallError::AlreadySeated);
        }
        let schema = self.connect.only_schema;
        let message = |id| ToServer::Spectate { id, room, schema };
        let answer = self.call(Asked::Spectate, self.connect.call_deadline, message).await?;
        match (answer, self.spectated()) {
            (Answer::Joined, Some(spectated)) => Ok(spectated),
            (other, _) => Err(unfitting(&other)),
        }
    }

    /// Where this client looks on, while it does.
    #[must_use]
    pub fn spectated(&self) -> Option<Spectated> {
        self.seat.as_ref().filter(|_| self.seated).and_then(Seat::spectated)
    }

    /// Takes back a seat that this program had before it was started anew, with the
    /// [`Client::seat_token`] from then. The state comes whole; events are those from now on.
    /// Whoever else has the seat loses it: a connection of the same player.
    ///
    /// When it is given up before the server has answered, the connection is closed, and the token
    /// holds: connect again.
    pub async fn resume(&mut self, token: &Token) -> Result<SeatInfo, CallError> {
        if self.seated {
            return Err(CallError::AlreadySeated);
        }
        let (token, schema) = (token.clone(), self.connect.only_schema);
        let attempt = self.pauses.attempt();
        let (tick, events) = (None, None);
        let message = |id| ToServer::Resume { id, token, attempt, tick, events, schema };
        match (self.call(Asked::Resume, self.connect.call_deadline, message).await?, &self.seat) {
            (Answer::Joined, Some(seat)) => Ok(seat.info.clone()),
            (other, _) => Err(unfitting(&other)),
        }
    }

    /// With this the same program, started anew, has its seat again: see [`Client::resume`]. It
    /// changes when the client comes back, so it is to be kept after each [`Update::Resumed`]. A
    /// secret: whoever has it has the seat.
    ///
    /// `None` without a seat, and where seats are not held.
    #[must_use]
    pub fn seat_token(&self) -> Option<&Token> {
        self.seat.as_ref().filter(|_| self.seated).and_then(Seat::token)
    }

    /// Says who this is from the next connection on: before a token expires, so that the client can
    /// still come back when the connection breaks.
    pub fn set_token(&mut self, token: impl Into<String>) {
        self.connect.token = Some(token.into());
    }

    /// Gives the seat up and waits until it is free, or looks on no more. While the connection is broken, this waits for
    /// it to be back.
    pub async fn leave(&mut self) -> Result<(), CallError> {
        self.abandon();
        if self.spectated().is_none() {
            self.need_seat()?;
        }
        self.say(&ToServer::Leave, &mut noop())?;
        if let Some(seat) = &mut self.seat {
            seat.leaving = true;
        }
        self.leaving = true;
        let deadline = self.connect.call_deadline;
        let left = poll_fn(|cx| {
            loop {
                // First: a connection that ends takes the seat along.
                if let Some(closed) = &self.closed {
                    return Poll::Ready(Err(CallError::Closed(closed.clone())));
                }
                if !self.seated {
                    return Poll::Ready(Ok(()));
                }
                ready!(self.poll_turn(cx));
            }
        });
        timeout(deadline, left).await.unwrap_or(Err(CallError::Deadline(deadline)))
    }

    /// The seat, while there is one.
    #[must_use]
    pub fn seat(&self) -> Option<&SeatInfo> {
        self.seat.as_ref().filter(|seat| self.seated && seat.delay.is_none()).map(|seat| &seat.info)
    }

    /// The people in the room, as far as the game tells: nobody where it does not, and without a seat.
    /// Kept up to date; [`Update::People`] says what has changed.
    ///
    /// ```no_run
    /// # use greenroom_client::{Client, PersonChange, Update};
    /// # async fn greet(mut client: Client) {
    /// while let Update::People(changes) = client.next().await {
    ///     for change in changes {
    ///         match change {
    ///             PersonChange::Joined(someone) => println!("{} is here", someone.profile.name),
    ///             PersonChange::Left(someone) => println!("{} has gone", someone.profile.name),
    ///             PersonChange::Dropped(player) | PersonChange::Resumed(player) => {
    ///                 println!("{:?}", client.roster().and_then(|roster| roster.get(player)));
    ///             }
    ///         }
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn roster(&self) -> Option<&Roster> {
        self.seat().and(self.seat.as_ref()).map(|seat| &seat.roster)
    }

    /// The state as of the last [`Update::Frame`], as the game's own type; also when the seat is
    /// over. `None` before the first frame and while the state is being sent anew.
    pub fn state<S: Replicate + 'static>(&self) -> Result<Option<S>, OtherState> {
        let seat = self.seat.as_ref().filter(|_| !self.is_unaware());
        seat.map_or(Ok(None), Seat::state)
    }

    /// The same as rows, with their tick, for a program that does not know the game's types.
    #[must_use]
    pub fn rows(&self) -> Option<(Tick, &Rows)> {
        self.seat.as_ref().filter(|_| !self.is_unaware()).and_then(Seat::rows)
    }

    /// Sends an input. Never waits: see [`Sent`] for what happens when the socket takes no more, or
    /// the connection is broken.
    pub fn input<I: Serialize>(&mut self, input: &I) -> Result<Sent, CallError> {
        self.input_with(None, |message| wire::encode_into(input, message))
    }

    /// Sends an input for that tick: for a program that keeps a pace of its own, see [`crate::feel`].
    pub fn input_for<I: Serialize>(&mut self, tick: Tick, input: &I) -> Result<Sent, CallError> {
        self.input_with(Some(tick), |message| wire::encode_into(input, message))
    }

    /// Sends an input that the game's own code encoded.
    pub fn input_bytes(&mut self, input: &[u8]) -> Result<Sent, CallError> {
        self.input_with(None, |message| message.extend_from_slice(input))
    }

    fn input_with(
        &mut self,
        tick: Option<Tick>,
        body: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Sent, CallError> {
        self.need_seat()?;
        if self.is_unaware() {
            // For a room that the player is in no more.
            return Ok(Sent { ordinal: 0, tick: Tick(0), replaced: true, kept: false });
        }
        let seat = self.seat.as_mut().ok_or(CallError::NoSeat)?;
        let mut message = Vec::with_capacity(32);
        frame::write_input(Tick(0), &[], &mut message);
        body(&mut message);
        let length = message.len() - frame::INPUT_HEAD_BYTES;
        if length > BODY_MAX {
            let why = TooLong { length, max: BODY_MAX };
            return Err(CallError::TooLong { what: "input", why });
        }
        let waits = self.socket.as_ref().map(Socket::input_waits);
        let (sent, bytes) = seat.send(message, waits, tick, Instant::now());
        self.stats.inputs += u64::from(!sent.replaced && !sent.kept);
        self.stats.inputs_replaced += u64::from(sent.replaced);
        if let Some(socket) = &mut self.socket {
            socket.input(bytes, &mut noop());
        }
        Ok(sent)
    }

    /// The [`Sent::ordinal`] of the newest input that the room has applied, as of the last frame.
    #[must_use]
    pub fn applied(&self) -> u32 {
        self.seat.as_ref().map_or(0, |seat| seat.inputs().applied())
    }

    /// The tick that this input was for; `None` if none is applied yet.
    #[must_use]
    pub fn applied_tick(&self) -> Option<Tick> {
        self.seat.as_ref().and_then(|seat| seat.inputs().applied_tick())
    }

    /// How many ticks before its own the newest input came, as of the last frame; below 0: late.
    #[must_use]
    pub fn input_slack(&self) -> i8 {
        self.seat.as_ref().map_or(0, |seat| seat.inputs().slack())
    }

    /// Asks the room something and waits for the answer. Updates that come meanwhile are kept for
    /// [`Client::next`]. When the future is dropped, the answer is thrown away.
    pub async fn request<Q: Serialize, R: DeserializeOwned>(
        &mut self,
        request: &Q,
        deadline: Duration,
    ) -> Result<R, CallError> {
        self.need_seat()?;
        let body = request_body(wire::encode(request))?;
        let message = |id| ToServer::Request { id, body };
        match self.call(Asked::Request, deadline, message).await? {
            Answer::Reply(body) => Reply(body).decode(),
            other => Err(unfitting(&other)),
        }
    }

    /// Says something to the others in the room, where its game has a chat, and waits until it is said
    /// or refused. It is heard as [`Update::Chat`], here too. `scope` says to whom, in the terms of the
    /// game: 0 as it is usual.
    ///
    /// It is said once, also when the connection breaks meanwhile and comes back.
    ///
    /// ```no_run
    /// # use greenroom_client::{CallError, Client, Update, proto::Refusal};
    /// # async fn talk(mut client: Client) -> Result<(), CallError> {
    /// match client.chat(0, "gg").await {
    ///     Err(CallError::Refused { why: Refusal::Muted | Refusal::TooFast, text }) => {
    ///         println!("not now: {text}");
    ///     }
    ///     other => other?,
    /// }
    /// loop {
    ///     match client.next().await {
    ///         Update::Chat(line) => println!("{}: {}", line.name, line.text),
    ///         Update::Closed(_) => return Ok(()),
    ///         _ => {}
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn chat(&mut self, scope: u8, text: &str) -> Result<(), CallError> {
        self.need_seat()?;
        let text = bounded("line", text)?;
        let message = |id| ToServer::Chat { id, scope, text };
        match self.call(Asked::Chat, self.connect.call_deadline, message).await? {
            Answer::Reply(_) => Ok(()),
            other => Err(unfitting(&other)),
        }
    }

    /// Asks the room something without waiting: the answer, or what became of it, is an
    /// [`Update::Reply`].
    pub fn start<Q: Serialize>(
        &mut self,
        request: &Q,
        deadline: Duration,
    ) -> Result<RequestId, CallError> {
        self.start_bytes(wire::encode(request), deadline)
    }

    /// [`Client::start`] with a request that the game's own code encoded.
    pub fn start_bytes(
        &mut self,
        request: Vec<u8>,
        deadline: Duration,
    ) -> Result<RequestId, CallError> {
        self.need_seat()?;
        let body = request_body(request)?;
        let message = |id| ToServer::Request { id, body };
        self.ask(Asked::Started, deadline, message).map(RequestId)
    }

    /// Waits for the next update. Cancel-safe: nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Update {
        self.abandon();
        poll_fn(|cx| self.poll_update(cx)).await
    }

    /// The next update if one is there, without waiting. For a loop that draws; it has to run
    /// inside of a tokio runtime of which another thread is awake.
    pub fn try_next(&mut self) -> Option<Update> {
        self.abandon();
        match self.poll_update(&mut noop()) {
            Poll::Ready(update) => Some(update),
            Poll::Pending => None,
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether there is a connection now; not while it is broken, and when it is gone.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.socket.is_some() && self.closed.is_none()
    }

    /// How the connection ended, if it has for good.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// Ends the connection and gives the seat up: says so to the server and waits two seconds at
    /// most for its word. While the connection is broken there is nobody to say it to.
    pub async fn close(mut self) {
        let Some(socket) = self.socket.as_mut().filter(|_| self.closed.is_none()) else { return };
        let normal = CloseCode::Normal;
        socket.close(normal.code(), normal.reason(), &mut noop());
        let end = poll_fn(|cx| {
            loop {
                match ready!(socket.poll(cx)) {
                    Heard::Message(_) | Heard::Life => {}
                    Heard::Close(..) | Heard::Broken(_) | Heard::Wrong(..) => {
                        return Poll::Ready(());
                    }
                }
            }
        });
        let _ = timeout(CLOSE_DEADLINE, end).await;
    }

    fn need_seat(&self) -> Result<(), CallError> {
        match &self.closed {
            Some(closed) => Err(closed.clone().into()),
            None if self.seat().is_some() => Ok(()),
            None => Err(CallError::NoSeat),
        }
    }

    /// Asks and waits. The deadline is kept by the alarm.
    pub(crate) async fn call(
        &mut self,
        asked: Asked,
        deadline: Duration,
        message: impl FnOnce(u32) -> ToServer,
    ) -> Result<Answer, CallError> {
        self.call_numbered(asked, deadline, message).await.map(|(_, answer)| answer)
    }

    /// The same, with the question's number.
    pub(crate) async fn call_numbered(
        &mut self,
        asked: Asked,
        deadline: Duration,
        message: impl FnOnce(u32) -> ToServer,
    ) -> Result<(u32, Answer), CallError> {
        self.abandon();
        let id = self.ask(asked, deadline, message)?;
        self.awaited = Some(id);
        poll_fn(|cx| {
            loop {
                if let Some(answer) = self.answer.take() {
                    self.awaited = None;
                    return Poll::Ready(answer.map(|answer| (id, answer)));
                }
                if let Some(closed) = &self.closed {
                    return Poll::Ready(Err(closed.clone().into()));
                }
                ready!(self.poll_turn(cx));
            }
        })
        .await
    }
}

/// For writing without waiting: whoever drives the client next writes the rest.
pub(crate) fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn request_body(body: Vec<u8>) -> Result<Body, CallError> {
    Body::try_from(body).map_err(|why| CallError::TooLong { what: "request", why })
}

pub(crate) fn unfitting(answer: &Answer) -> CallError {
    CallError::Malformed(format!("{answer:?}"))
}
