//! The seat on one channel: what a program does with it.

use std::future::poll_fn;
use std::task::{Poll, ready};
use std::time::Duration;

use greenroom_proto::{
    BODY_MAX, Body, JoinTarget, Profile, Replicate, RoomId, Rows, Tick, ToServer, Token, TooLong,
    frame, wire,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout};

use crate::calls::{Answer, Asked};
use crate::client::{Client, noop, unfitting};
use crate::error::{CallError, OtherState};
use crate::greet::on_channel;
use crate::inputs::Sent;
use crate::place::Place;
use crate::roster::Roster;
use crate::seat::{SeatInfo, Spectated};
use crate::socket::Socket;
use crate::update::{Join, Reply, RequestId, Update, bounded};

/// One channel of a connection, see [`Client::beside`]. It does what the methods of [`Client`] with
/// the same names do on the first, which say more about it.
pub struct Beside<'a> {
    pub(crate) client: &'a mut Client,
    pub(crate) on: usize,
}

impl Beside<'_> {
    fn place(&self) -> &Place {
        &self.client.places[self.on]
    }

    fn place_mut(&mut self) -> &mut Place {
        &mut self.client.places[self.on]
    }

    /// Its number; 0 is the first.
    #[must_use]
    pub fn channel(&self) -> u8 {
        self.place().channel
    }

    /// Takes a seat, see [`Client::join`].
    pub async fn join(&mut self, to: Join<'_>) -> Result<SeatInfo, CallError> {
        self.join_as(to, Profile::default()).await
    }

    /// Takes a seat as somebody with a name, see [`Client::join_as`].
    pub async fn join_as(&mut self, to: Join<'_>, profile: Profile) -> Result<SeatInfo, CallError> {
        self.need_none()?;
        let to = to.target()?;
        let schema = self.client.link.connect.only_schema;
        let message = |id| ToServer::Join { id, to, schema, profile };
        let answer = self.call(Asked::Join, message).await?;
        self.taken(answer)
    }

    /// Takes a seat or waits for one, see [`Client::wait_for_seat`].
    pub async fn wait_for_seat(
        &mut self,
        room: RoomId,
        profile: Profile,
        deadline: Duration,
        mut told: impl FnMut(u32),
    ) -> Result<SeatInfo, CallError> {
        self.need_none()?;
        self.client.abandon();
        let (to, schema) = (JoinTarget::Wait(room), self.client.link.connect.only_schema);
        let message = |id| ToServer::Join { id, to, schema, profile };
        let id = self.client.ask(self.on, Asked::Join, deadline, message)?;
        self.place_mut().awaited = Some(id);
        let mut last = None;
        let answer = poll_fn(|cx| {
            loop {
                let place = self.place().queued.map(|(_, place)| place);
                if place != last {
                    last = place;
                    last.into_iter().for_each(&mut told);
                }
                if let Some(answer) = self.client.answer(self.on) {
                    return Poll::Ready(answer);
                }
                ready!(self.client.poll_turn(cx));
            }
        })
        .await;
        // Out of the list, if it is still in it.
        self.client.abandon();
        self.taken(answer?)
    }

    /// Looks on without a seat, see [`Client::spectate`].
    pub async fn spectate(&mut self, room: RoomId) -> Result<Spectated, CallError> {
        self.need_none()?;
        let schema = self.client.link.connect.only_schema;
        let message = |id| ToServer::Spectate { id, room, schema };
        match (self.call(Asked::Spectate, message).await?, self.spectated()) {
            (Answer::Joined, Some(spectated)) => Ok(spectated),
            (other, _) => Err(unfitting(&other)),
        }
    }

    /// Where this client looks on, see [`Client::spectated`].
    #[must_use]
    pub fn spectated(&self) -> Option<Spectated> {
        self.place().spectated()
    }

    /// Takes a seat back that this program had before, on whichever channel: see [`Client::resume`].
    pub async fn resume(&mut self, token: &Token) -> Result<SeatInfo, CallError> {
        self.need_none()?;
        let (token, schema) = (token.clone(), self.client.link.connect.only_schema);
        let attempt = self.client.pauses.attempt();
        let (tick, events) = (None, None);
        let message = |id| ToServer::Resume { id, token, attempt, tick, events, schema };
        let answer = self.call(Asked::Resume, message).await?;
        self.taken(answer)
    }

    /// With this the program, started anew, has the seat again: see [`Client::seat_token`].
    #[must_use]
    pub fn seat_token(&self) -> Option<&Token> {
        self.place().token()
    }

    /// Gives the seat up, or looks on no more: see [`Client::leave`].
    pub async fn leave(&mut self) -> Result<(), CallError> {
        self.client.abandon();
        let Client { places, link, .. } = &mut *self.client;
        let place = &mut places[self.on];
        if place.spectated().is_none() {
            place.need_seat(link)?;
        }
        place.say(&ToServer::Leave, link, &mut noop())?;
        if let Some(seat) = &mut place.seat {
            seat.leaving = true;
        }
        place.leaving = true;
        let deadline = link.connect.call_deadline;
        let left = poll_fn(|cx| {
            loop {
                // First: a connection that ends takes the seat along.
                if let Some(closed) = &self.client.link.closed {
                    return Poll::Ready(Err(CallError::Closed(closed.clone())));
                }
                if !self.place().seated {
                    return Poll::Ready(Ok(()));
                }
                ready!(self.client.poll_turn(cx));
            }
        });
        timeout(deadline, left).await.unwrap_or(Err(CallError::Deadline(deadline)))
    }

    /// The seat, while there is one.
    #[must_use]
    pub fn seat(&self) -> Option<&SeatInfo> {
        self.place().info()
    }

    /// The people in the room, see [`Client::roster`].
    #[must_use]
    pub fn roster(&self) -> Option<&Roster> {
        self.place().roster()
    }

    /// With this others come into the private room, see [`Client::room_code`].
    #[must_use]
    pub fn room_code(&self) -> Option<&str> {
        self.place().room_code()
    }

    /// The state as of the last [`Update::Frame`] of this channel, see [`Client::state`].
    pub fn state<S: Replicate + 'static>(&self) -> Result<Option<S>, OtherState> {
        self.place().state()
    }

    /// The same as rows, see [`Client::rows`].
    #[must_use]
    pub fn rows(&self) -> Option<(Tick, &Rows)> {
        self.place().rows()
    }

    /// Sends an input, see [`Client::input`].
    pub fn input<I: Serialize>(&mut self, input: &I) -> Result<Sent, CallError> {
        self.input_with(None, |message| wire::encode_into(input, message))
    }

    /// Sends an input for that tick, see [`Client::input_for`].
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
        let Client { places, link, .. } = &mut *self.client;
        let place = &mut places[self.on];
        place.need_seat(link)?;
        if place.is_unaware() {
            // For a room that the player is in no more.
            return Ok(Sent { ordinal: 0, tick: Tick(0), replaced: true, kept: false });
        }
        let channel = place.channel;
        let seat = place.seat.as_mut().ok_or(CallError::NoSeat)?;
        let mut message = on_channel(channel);
        frame::write_input(Tick(0), &[], &mut message);
        let head = message.len();
        body(&mut message);
        let length = message.len() - head;
        if length > BODY_MAX {
            let why = TooLong { length, max: BODY_MAX };
            return Err(CallError::TooLong { what: "input", why });
        }
        let waits = link.socket.as_ref().map(|socket: &Socket| socket.input_waits(channel));
        let (sent, bytes) = seat.send(message, waits, tick, Instant::now());
        link.stats.inputs += u64::from(!sent.replaced && !sent.kept);
        link.stats.inputs_replaced += u64::from(sent.replaced);
        if let Some(socket) = &mut link.socket {
            socket.input(channel, bytes, &mut noop());
        }
        Ok(sent)
    }

    /// The newest input that the room has applied, see [`Client::applied`].
    #[must_use]
    pub fn applied(&self) -> u32 {
        self.place().applied()
    }

    /// The tick that it was for, see [`Client::applied_tick`].
    #[must_use]
    pub fn applied_tick(&self) -> Option<Tick> {
        self.place().applied_tick()
    }

    /// How early the newest input came, see [`Client::input_slack`].
    #[must_use]
    pub fn input_slack(&self) -> i8 {
        self.place().input_slack()
    }

    /// Asks the room something and waits for the answer, see [`Client::request`].
    pub async fn request<Q: Serialize, R: DeserializeOwned>(
        &mut self,
        request: &Q,
        deadline: Duration,
    ) -> Result<R, CallError> {
        self.place().need_seat(&self.client.link)?;
        let body = request_body(wire::encode(request))?;
        let message = |id| ToServer::Request { id, body };
        match self.client.call(self.on, Asked::Request, deadline, message).await?.1 {
            Answer::Reply(body) => Reply(body).decode(),
            other => Err(unfitting(&other)),
        }
    }

    /// Says something to the others in the room, see [`Client::chat`].
    pub async fn chat(&mut self, scope: u8, text: &str) -> Result<(), CallError> {
        self.place().need_seat(&self.client.link)?;
        let text = bounded("line", text)?;
        let message = |id| ToServer::Chat { id, scope, text };
        match self.call(Asked::Chat, message).await? {
            Answer::Reply(_) => Ok(()),
            other => Err(unfitting(&other)),
        }
    }

    /// Asks the room something without waiting, see [`Client::start`].
    pub fn start<Q: Serialize>(
        &mut self,
        request: &Q,
        deadline: Duration,
    ) -> Result<RequestId, CallError> {
        self.start_bytes(wire::encode(request), deadline)
    }

    /// The same with a request that the game's own code encoded.
    pub fn start_bytes(
        &mut self,
        request: Vec<u8>,
        deadline: Duration,
    ) -> Result<RequestId, CallError> {
        self.place().need_seat(&self.client.link)?;
        let body = request_body(request)?;
        let message = |id| ToServer::Request { id, body };
        self.client.ask(self.on, Asked::Started, deadline, message).map(RequestId)
    }

    /// Waits for the next update of this channel, see [`Client::next`].
    pub async fn next(&mut self) -> Update {
        self.client.abandon();
        let on = self.on..self.on + 1;
        poll_fn(|cx| self.client.poll_update(on.clone(), cx)).await.1
    }

    /// The next update of this channel if one is there, see [`Client::try_next`].
    pub fn try_next(&mut self) -> Option<Update> {
        self.client.abandon();
        match self.client.poll_update(self.on..self.on + 1, &mut noop()) {
            Poll::Ready((_, update)) => Some(update),
            Poll::Pending => None,
        }
    }

    fn need_none(&self) -> Result<(), CallError> {
        if self.place().seated { Err(CallError::AlreadySeated) } else { Ok(()) }
    }

    async fn call(
        &mut self,
        asked: Asked,
        message: impl FnOnce(u32) -> ToServer,
    ) -> Result<Answer, CallError> {
        let deadline = self.client.link.connect.call_deadline;
        self.client.call(self.on, asked, deadline, message).await.map(|(_, answer)| answer)
    }

    /// The seat that an answer has brought.
    fn taken(&self, answer: Answer) -> Result<SeatInfo, CallError> {
        match (answer, &self.place().seat) {
            (Answer::Joined, Some(seat)) => Ok(seat.info.clone()),
            (other, _) => Err(unfitting(&other)),
        }
    }
}

fn request_body(body: Vec<u8>) -> Result<Body, CallError> {
    Body::try_from(body).map_err(|why| CallError::TooLong { what: "request", why })
}
