//! A connection: what it is made of, and what belongs to no seat on it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use greenroom_proto::{CloseCode, RoomInfo, ToServer};
use tokio::time::{Instant, Sleep, timeout};

use crate::address::Address;
use crate::beside::Beside;
use crate::broken::Broken;
use crate::calls::{Answer, Asked};
use crate::closed::Closed;
use crate::connect::Connect;
use crate::error::{CallError, ConnectError};
use crate::greet::{Greeted, greet};
use crate::link::Link;
use crate::pauses::Pauses;
use crate::place::{PLACES, Place, places};
use crate::socket::Heard;
use crate::stats::Stats;
use crate::update::{Update, game_name};

/// How long [`Client::close`] waits for the server to agree.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// A connection to a server, with a seat in a room, and perhaps [others beside it](Client::beside).
///
/// Nothing happens behind its back: see [the crate's page](crate#who-drives-the-socket). When the
/// connection breaks it [comes back](crate#when-the-connection-breaks) to its seats. Dropping it
/// breaks the connection, and the server holds the seats for a while; [`Client::close`] gives them
/// up.
pub struct Client {
    pub(crate) link: Link,
    pub(crate) places: [Place; PLACES],
    pub(crate) address: Address,
    /// There while the connection is being brought back.
    pub(crate) broken: Option<Broken>,
    pub(crate) pauses: Pauses,
    /// When the connection came up.
    pub(crate) up_at: Instant,
    /// Set to the next deadline, or to when silence has lasted too long.
    pub(crate) alarm: Pin<Box<Sleep>>,
    pub(crate) pinged: bool,
    pub(crate) server: String,
    pub(crate) games: Vec<String>,
}

impl Client {
    /// Connects and greets.
    pub async fn connect(mut connect: Connect) -> Result<Self, ConnectError> {
        let address = Address::parse(&connect.url)?;
        let hello = connect.hello(&[])?;
        let Greeted { talk, server, games } = greet(&mut connect, &address, &hello).await?;
        let now = Instant::now();
        Ok(Client {
            places: places(),
            broken: None,
            pauses: Pauses::new(connect.jitter),
            up_at: now,
            alarm: Box::pin(tokio::time::sleep_until(now + connect.silence_max)),
            pinged: false,
            server,
            games,
            address,
            link: Link {
                socket: Some(talk.socket),
                schemas: connect.schemas.clone(),
                heard_at: now,
                said: None,
                closed: None,
                stats: Stats::default(),
                connect,
            },
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
        match self.ask_server(Asked::List, message).await? {
            (_, Answer::Rooms(rooms)) => Ok(rooms),
            (_, other) => Err(unfitting(&other)),
        }
    }

    /// Says who this is from the next connection on: before a token expires, so that the client can
    /// still come back when the connection breaks.
    pub fn set_token(&mut self, token: impl Into<String>) {
        self.link.connect.token = Some(token.into());
    }

    /// Another channel of this connection, 1 to 3, with a seat of its own: a party beside a match. 0 is
    /// the first, the one that the methods of this type mean. See
    /// [the crate's page](crate#several-rooms-at-once).
    pub fn beside(&mut self, channel: u8) -> Result<Beside<'_>, CallError> {
        let on = usize::from(channel);
        if on >= PLACES {
            return Err(CallError::NoChannel(channel));
        }
        Ok(Beside { client: self, on })
    }

    /// Waits for the next update of any channel, and says of which. In the order in which they came on
    /// each; between channels only as long as nothing else than updates is waited for. Cancel-safe.
    pub async fn next_any(&mut self) -> (u8, Update) {
        self.abandon();
        poll_fn(|cx| self.poll_update(0..PLACES, cx)).await
    }

    /// The next update of any channel if one is there, without waiting: see [`Client::try_next`].
    pub fn try_next_any(&mut self) -> Option<(u8, Update)> {
        self.abandon();
        match self.poll_update(0..PLACES, &mut noop()) {
            Poll::Ready(update) => Some(update),
            Poll::Pending => None,
        }
    }

    /// What was counted so far, on all channels.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.link.stats
    }

    /// Whether there is a connection now; not while it is broken, and when it is gone.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link.socket.is_some() && self.link.closed.is_none()
    }

    /// How the connection ended, if it has for good.
    #[must_use]
    pub fn closed(&self) -> Option<&Closed> {
        self.link.closed.as_ref()
    }

    /// Ends the connection and gives every seat up: says so to the server and waits two seconds at
    /// most for its word. While the connection is broken there is nobody to say it to.
    pub async fn close(mut self) {
        let Some(socket) = self.link.open_socket() else { return };
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

    /// Asks the server what is not for a room, and waits. With the question's number.
    pub(crate) async fn ask_server(
        &mut self,
        asked: Asked,
        message: impl FnOnce(u32) -> ToServer,
    ) -> Result<(u32, Answer), CallError> {
        self.call(0, asked, self.link.connect.call_deadline, message).await
    }

    /// Asks on a channel and waits. The deadline is kept by the alarm.
    pub(crate) async fn call(
        &mut self,
        on: usize,
        asked: Asked,
        deadline: Duration,
        message: impl FnOnce(u32) -> ToServer,
    ) -> Result<(u32, Answer), CallError> {
        self.abandon();
        let id = self.ask(on, asked, deadline, message)?;
        self.places[on].awaited = Some(id);
        let answer = poll_fn(|cx| {
            loop {
                if let Some(answer) = self.answer(on) {
                    return Poll::Ready(answer);
                }
                ready!(self.poll_turn(cx));
            }
        });
        answer.await.map(|answer| (id, answer))
    }

    /// The answer that is waited for on a channel, once there is one.
    pub(crate) fn answer(&mut self, on: usize) -> Option<Result<Answer, CallError>> {
        let place = &mut self.places[on];
        if let Some(answer) = place.answer.take() {
            place.awaited = None;
            return Some(answer);
        }
        self.link.closed.clone().map(|closed| Err(closed.into()))
    }
}

/// For writing without waiting: whoever drives the client next writes the rest.
pub(crate) fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

pub(crate) fn unfitting(answer: &Answer) -> CallError {
    CallError::Malformed(format!("{answer:?}"))
}
