//! What a client asks for that is not for a room: seats and lists.

use greenroom_proto::{JoinTarget, Profile, Refusal, Text, ToClient, ToServer};
use metrics::counter;

use super::Connection;
use crate::account::{Account, Person};
use crate::actors::lobby::{self, Found, LobbyMsg, STOPPING, Wish};
use crate::auth::name;
use crate::directory::{Back, RoomRecord, Seat};
use crate::seating::NoSeat;

/// What a client is told that asks too often.
pub(super) const TOO_OFTEN: &str =
    "too many questions for rooms, or wrong codes: wait a few seconds";

/// What a client is told whose program was built for another form of the state.
pub(super) const OTHER_SCHEMA: &str =
    "the game's state has another form than this client can read: update it";

/// What a client is told whose room failed, or could not be brought back by a new process.
const LOST: &str = "the match could not go on: join another";

/// What a client is told who has the token of somebody else's seat.
const OTHER_ACCOUNT: &str = "the seat is another account's: connect as the one who has it";

impl Connection {
    pub(super) async fn hear(&mut self, message: ToServer) {
        match message {
            ToServer::Join { id, to, schema, profile } => {
                self.join(id, to, schema, &profile).await;
            }
            ToServer::Resume { id, token, attempt, tick, events, schema } => {
                self.come_back(id, &token, Back { attempt, tick, events }, schema);
            }
            ToServer::Leave => self.leave(),
            ToServer::List { id, game } => self.list(id, &game),
            ToServer::Reserve { id, to, seats } => self.reserve(id, to, seats).await,
            ToServer::Unreserve { code } => self.unreserve(&code),
            ToServer::Find { id, query } => self.find(id, &query),
            ToServer::Watch { id, query } => self.watch(id, &query),
            ToServer::Unwatch { id } => self.shared.directory.unwatch(&self.client.link, Some(id)),
            ToServer::Resync => {
                counter!("greenroom_desyncs_total").increment(1);
                if let Some(seat) = self.client.seat() {
                    seat.resync();
                } else if let Some(watch) = self.client.watched() {
                    watch.resync();
                }
            }
            ToServer::Spectate { id, room, schema } => self.look_on(id, room, schema).await,
            // It comes once; the ears pass the others to the room.
            ToServer::Hello { .. } | ToServer::Request { .. } | ToServer::Ack { .. } => {}
        }
    }

    async fn join(&mut self, id: u32, to: JoinTarget, schema: Option<u64>, profile: &Profile) {
        let Some(account) = self.asks(id).cloned() else { return };
        let profile = match name::clean(profile) {
            Ok(profile) => profile,
            Err(why) => return self.turn_away(id, Refusal::BadProfile, &why),
        };
        let person = Person { account, profile };
        if !self.may_try(&to) {
            return self.turn_away(id, Refusal::Busy, TOO_OFTEN);
        }
        let by_code = matches!(to, JoinTarget::Code(_));
        let wish = Wish { to, by: Some(person.account.id().clone()) };
        let ask = |taken, reply| LobbyMsg::Seat(wish.clone(), taken, reply);
        let found = lobby::ask(&self.shared.lobby, ask).await;
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
                let knows_schema = self.knows_schema(&room);
                if let Err(why) = room.wait(&self.client, person, id, knows_schema) {
                    self.no_queue(id, why);
                }
            }
            Ok(Found::Seat(booked)) => {
                let seat = booked.take();
                self.client.hold(seat.clone());
                seat.join(&self.client, person, id, self.knows_schema(&seat.room));
            }
            Err((why, text)) => self.turn_away(id, why, &text),
        }
    }

    /// Gives a client its seat back.
    fn come_back(&self, id: u32, token: &[u8], back: Back, schema: Option<u64>) {
        let Some(account) = self.asks(id) else { return };
        let shared = &self.shared;
        let room = shared.tokens.open(token).map(|claim| claim.room);
        let lost = room.is_some_and(|room| shared.directory.over().is_lost(room));
        let outcome = self.seat_of(token).and_then(|(seat, generation)| {
            if schema.is_some_and(|schema| schema != seat.room.entry.schema_hash) {
                return Err(Refusal::OtherSchema);
            }
            let knows_schema = self.knows_schema(&seat.room);
            seat.come_back((&self.client, account), generation, (id, knows_schema), back)
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
                Refusal::OtherAccount => OTHER_ACCOUNT,
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

    /// Who asks for a seat, if they may now.
    fn asks(&self, id: u32) -> Option<&Account> {
        let account = &self.known.as_ref()?.account;
        if !account.role().may_play() {
            let text = "a spectator takes no seat: connect with the token of a player";
            self.client.link.refuse(id, Refusal::NotAllowed, text);
            return None;
        }
        self.is_free(id).then_some(account)
    }

    /// Whether the connection may have another place.
    pub(super) fn is_free(&self, id: u32) -> bool {
        let is_free = self.client.ask();
        if !is_free {
            let text =
                "this connection has a seat already, looks on, or waits for that: leave first";
            self.client.link.refuse(id, Refusal::AlreadySeated, text);
        }
        is_free
    }

    pub(super) fn turn_away(&self, id: u32, why: Refusal, text: &str) {
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

    pub(super) fn knows_schema(&self, room: &RoomRecord) -> bool {
        self.schemas.contains(&room.entry.schema_hash)
    }

    /// The room answers with `Left` once it has let the player go.
    fn leave(&self) {
        match self.client.held() {
            Some(seat) => seat.leave(),
            None => {
                self.look_away();
                // Out of the queue, if it was in one.
                self.client.stop_waiting();
                self.client.link.control(&ToClient::Left);
            }
        }
    }
}
