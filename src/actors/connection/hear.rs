//! What a client asks for that is not for a room: seats and lists.

use std::sync::Arc;

use greenroom_proto::{JoinTarget, Profile, Refusal, Text, ToClient, ToServer};
use metrics::counter;

use super::Connection;
use super::look_on::look_away;
use crate::account::{Account, Person};
use crate::actors::lobby::{self, Found, LobbyMsg, STOPPING, Wish};
use crate::auth::name;
use crate::directory::{Back, Client, RoomRecord};
use crate::seating::NoSeat;

/// What a client is told that asks too often.
pub(super) const TOO_OFTEN: &str =
    "too many questions for rooms, or wrong codes: wait a few seconds";

/// What a client is told whose program was built for another form of the state.
pub(super) const OTHER_SCHEMA: &str =
    "the game's state has another form than this client can read: update it";

/// What a client is told that plays already, and wants another game beside that.
pub(super) const NOT_BESIDE: &str =
    "this game is not played beside another one: leave that first, or connect once more";

/// What a client is told whose room failed, or could not be brought back by a new process.
const LOST: &str = "the match could not go on: join another";

/// What a client is told who has the token of somebody else's seat.
const OTHER_ACCOUNT: &str = "the seat is another account's: connect as the one who has it";

impl Connection {
    pub(super) async fn hear(&mut self, channel: u8, message: ToServer) {
        let client = &Arc::clone(self.channels.get(channel));
        match message {
            ToServer::Join { id, to, schema, profile } => {
                self.join(client, id, to, schema, &profile).await;
            }
            ToServer::Resume { id, token, attempt, tick, events, schema } => {
                self.come_back(client, id, &token, Back { attempt, tick, events }, schema);
            }
            ToServer::Leave => leave(client),
            ToServer::List { id, game } => self.list(id, &game),
            ToServer::Reserve { id, to, seats } => self.reserve(id, to, seats).await,
            ToServer::Unreserve { code } => self.unreserve(&code),
            ToServer::Find { id, query } => self.find(id, &query),
            ToServer::Watch { id, query } => self.watch(id, &query),
            ToServer::Unwatch { id } => {
                self.shared.directory.unwatch(self.channels.link(), Some(id));
            }
            ToServer::Resync => {
                counter!("greenroom_desyncs_total").increment(1);
                if let Some(seat) = client.seat() {
                    seat.resync();
                } else if let Some(watch) = client.watched() {
                    watch.resync();
                }
            }
            ToServer::Spectate { id, room, schema } => self.look_on(client, id, room, schema).await,
            // It comes once; the ears pass the others to the room.
            ToServer::Hello { .. }
            | ToServer::Request { .. }
            | ToServer::Ack { .. }
            | ToServer::Arrived { .. }
            | ToServer::Chat { .. } => {}
        }
    }

    async fn join(
        &mut self,
        client: &Arc<Client>,
        id: u32,
        to: JoinTarget,
        schema: Option<u64>,
        profile: &Profile,
    ) {
        let Some(account) = self.asks(client, id).cloned() else { return };
        let profile = match name::clean(profile) {
            Ok(profile) => profile,
            Err(why) => return turn_away(client, id, Refusal::BadProfile, &why),
        };
        let person = Person { account, profile };
        if !self.may_try(&to) {
            return turn_away(client, id, Refusal::Busy, TOO_OFTEN);
        }
        client.reads(schema);
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
        if room.is_some_and(|room| !self.channels.may_enter(client, room)) {
            return turn_away(client, id, Refusal::NotBeside, NOT_BESIDE);
        }
        if room.is_some_and(|room| schema.is_some_and(|own| own != room.entry.schema_hash)) {
            return turn_away(client, id, Refusal::OtherSchema, OTHER_SCHEMA);
        }
        match found {
            Ok(Found::Queue(room)) => {
                let knows_schema = self.knows_schema(&room);
                if let Err(why) = room.wait(client, person, id, knows_schema) {
                    no_queue(client, id, why);
                }
            }
            Ok(Found::Seat(booked)) => {
                let seat = booked.take();
                client.hold(seat.clone());
                seat.join(client, person, id, self.knows_schema(&seat.room));
            }
            Err((why, text)) => turn_away(client, id, why, &text),
        }
    }

    /// Gives a client its seat back.
    fn come_back(
        &self,
        client: &Arc<Client>,
        id: u32,
        token: &[u8],
        back: Back,
        schema: Option<u64>,
    ) {
        let Some(account) = self.asks(client, id) else { return };
        let shared = &self.shared;
        let claim = shared.tokens.open(token);
        let room = claim.map(|claim| claim.room);
        let lost = room.is_some_and(|room| shared.directory.over().is_lost(room));
        client.reads(schema);
        let outcome = claim.ok_or(Refusal::BadToken).and_then(|claim| {
            shared.directory.come_back(claim, |seat| {
                if schema.is_some_and(|schema| schema != seat.room.entry.schema_hash) {
                    return Err(Refusal::OtherSchema);
                }
                if !self.channels.may_enter(client, &seat.room) {
                    return Err(Refusal::NotBeside);
                }
                let knows_schema = self.knows_schema(&seat.room);
                seat.come_back((client, account), claim, (id, knows_schema), back)
            })
        });
        let Err(why) = outcome else {
            counter!("greenroom_seats_resumed_total").increment(1);
            return;
        };
        // Looked for afterwards: the match may have ended just now.
        let seat = claim.map(|claim| (claim.room, claim.player));
        if let Some(result) = seat.and_then(|seat| shared.directory.over().result_of(seat)) {
            let result = Text::cut(&result);
            client.line.control(&ToClient::Ended { result });
        }
        turn_away(
            client,
            id,
            why,
            match why {
                Refusal::OtherSchema => OTHER_SCHEMA,
                Refusal::NotBeside => NOT_BESIDE,
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

    /// Who asks for a seat, if they may now.
    fn asks(&self, client: &Client, id: u32) -> Option<&Account> {
        let account = &self.known.as_ref()?.account;
        if !account.role().may_play() {
            let text = "a spectator takes no seat: connect with the token of a player";
            client.line.refuse(id, Refusal::NotAllowed, text);
            return None;
        }
        is_free(client, id).then_some(account)
    }

    pub(super) fn knows_schema(&self, room: &RoomRecord) -> bool {
        self.channels.get(0).knows(room.entry.schema_hash)
    }
}

/// Whether the client may have another place.
pub(super) fn is_free(client: &Client, id: u32) -> bool {
    let is_free = client.ask();
    if !is_free {
        let text = "this connection has a seat already, looks on, or waits for that: leave first";
        client.line.refuse(id, Refusal::AlreadySeated, text);
    }
    is_free
}

pub(super) fn turn_away(client: &Client, id: u32, why: Refusal, text: &str) {
    client.vacate();
    client.line.refuse(id, why, text);
}

fn no_queue(client: &Client, id: u32, why: NoSeat) {
    match why {
        NoSeat::WaitingFull => {
            let text = "the room is full, and so is its waiting list, if its game has one";
            turn_away(client, id, Refusal::WaitingFull, text);
        }
        _ => turn_away(client, id, Refusal::UnknownRoom, "the match is over: join another"),
    }
}

/// The room answers with `Left` once it has let the player go.
fn leave(client: &Client) {
    match client.held() {
        Some(seat) => {
            seat.leave();
            // It may have been moved out of that one just before.
            if let Some(seat) = client.held() {
                seat.leave();
            }
        }
        None => {
            look_away(client);
            // Out of the queue, if it was in one.
            client.stop_waiting();
            client.line.control(&ToClient::Left);
        }
    }
}
