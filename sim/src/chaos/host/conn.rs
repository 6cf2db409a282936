//! What the server does about what a client says, and about one that says nothing any more.

use std::sync::Arc;

use greenroom::account::Person;
use greenroom::answers::{Again, Answer};
use greenroom::game::Speech;
use greenroom::proto::{CloseCode, PlayerId, Profile, Refusal, Tick, ToClient, ToServer};
use greenroom::room::inbox::NotTaken;
use greenroom::session::Admitted;

use super::super::broken::{Broken, broken, holds};
use super::super::seat::{Asked, ConnId, Seat};
use super::super::wires::{Up, Wires};
use super::super::yard::SEATS;
use super::{Host, control, refuse};

/// What a client is told whose request is neither open nor answered.
pub(in super::super) const UNKNOWN: &str = "this request was not taken";

/// A question for a seat that one had before.
struct Back {
    id: u32,
    player: PlayerId,
    token: u32,
    attempt: u64,
    tick: Option<Tick>,
    events: Option<u32>,
}

/// A token as bytes, and back. The real one is signed; no part of these runs forges one.
pub(in super::super) fn token_bytes(player: PlayerId, generation: u32) -> Vec<u8> {
    [player.0.to_le_bytes(), generation.to_le_bytes()].concat()
}

pub(in super::super) fn token_of(bytes: &[u8]) -> Option<(PlayerId, u32)> {
    let (player, generation) = bytes.split_first_chunk::<4>()?;
    let generation = generation.try_into().ok()?;
    Some((PlayerId(u32::from_le_bytes(*player)), u32::from_le_bytes(generation)))
}

impl Host {
    /// A message has arrived.
    pub(in super::super) fn hear(
        &mut self,
        wires: &mut Wires,
        now: u64,
        id: ConnId,
        up: &Up,
    ) -> Result<(), Broken> {
        let Some(conn) = self.conns.get_mut(&id).filter(|conn| !conn.closing) else {
            return Ok(());
        };
        let heard = match conn.session.admit(now - conn.since, &up.bytes) {
            Ok((_, heard)) => heard,
            Err(code) => return broken("an honest client is heard", format!("{code:?}")),
        };
        let (player, token) = (conn.player, std::mem::take(&mut conn.unconfirmed));
        if let Some(seat) = player.and_then(|player| self.seat_mut(player)) {
            if token > 0 {
                seat.tokens.confirm(token);
            }
            if let Some((_, token)) = up.token.filter(|(of, _)| *of == seat.player) {
                seat.shown = seat.shown.max(token);
            }
        }
        match heard {
            Admitted::Input { tick, body } => {
                if let Some(player) = player {
                    self.inbox.input(player, tick, body);
                }
                Ok(())
            }
            Admitted::Control(message) => self.control(wires, now, id, message),
        }
    }

    fn control(
        &mut self,
        wires: &mut Wires,
        now: u64,
        conn: ConnId,
        message: ToServer,
    ) -> Result<(), Broken> {
        let player = self.conns.get(&conn).and_then(|conn| conn.player);
        let seat = player.and_then(|player| self.seat_mut(player));
        match (message, player, seat) {
            (ToServer::Join { id, .. }, None, _) => self.join(wires, now, conn, id),
            (ToServer::Resume { id, token, attempt, tick, events, .. }, None, _) => {
                let Some((player, token)) = token_of(&token) else {
                    return broken("a token is read back", "it is of no form");
                };
                let back = Back { id, player, token, attempt, tick, events };
                if let Err(why) = self.come_back(wires, now, conn, &back)? {
                    refuse(wires, now, conn, (id, why, ""));
                }
            }
            (ToServer::Leave, Some(player), _) => self.inbox.leave(player),
            (ToServer::Leave, None, _) => control(wires, now, conn, &ToClient::Left),
            (ToServer::Request { id, body }, Some(player), _) => {
                let taken = self.inbox.request(player, id, body.into_vec());
                self.asked(wires, now, conn, (player, id), taken)?;
            }
            (ToServer::Chat { id, scope, text }, Some(player), _) => {
                let taken = self.inbox.chat(player, id, Speech { scope, text });
                self.asked(wires, now, conn, (player, id), taken)?;
            }
            (ToServer::Request { id, .. } | ToServer::Chat { id, .. }, None, _) => {
                refuse(wires, now, conn, (id, Refusal::NoSeat, ""));
            }
            (ToServer::Resync, _, Some(seat)) => {
                if let Some(outbox) = &mut seat.outbox {
                    outbox.forget_base();
                }
            }
            (ToServer::Ack { events, replies }, _, Some(seat)) => {
                if let Some(outbox) = &mut seat.outbox {
                    outbox.acknowledge(events);
                }
                seat.answers.acknowledge(replies);
            }
            _ => {}
        }
        Ok(())
    }

    fn asked(
        &mut self,
        wires: &mut Wires,
        now: u64,
        conn: ConnId,
        (player, id): (PlayerId, u32),
        taken: Result<(), NotTaken>,
    ) -> Result<(), Broken> {
        match taken {
            Ok(()) => {}
            Err(NotTaken::Again { open }) => self.answer_again(wires, now, player, id, open)?,
            Err(NotTaken::Busy) => refuse(wires, now, conn, (id, Refusal::Busy, "")),
            Err(NotTaken::NoSeat) => refuse(wires, now, conn, (id, Refusal::NoSeat, "")),
        }
        Ok(())
    }

    fn join(&mut self, wires: &mut Wires, now: u64, id: ConnId, asked: u32) {
        if self.is_over {
            return refuse(wires, now, id, (asked, Refusal::UnknownRoom, ""));
        }
        if self.seats.len() >= SEATS {
            return refuse(wires, now, id, (asked, Refusal::RoomFull, ""));
        }
        let Some(conn) = self.conns.get_mut(&id) else { return };
        self.last_player += 1;
        let player = PlayerId(self.last_player);
        conn.player = Some(player);
        let person = Person { account: conn.account.clone(), profile: Profile::default() };
        let mut seat = Seat::new(player, Arc::new(person));
        (seat.conn, seat.asked) = (Some(id), Some(Asked { id: asked, back: None }));
        self.inbox.join(player, Arc::clone(&seat.person));
        self.seats.push(seat);
    }

    fn come_back(
        &mut self,
        wires: &mut Wires,
        now: u64,
        id: ConnId,
        back: &Back,
    ) -> Result<Result<(), Refusal>, Broken> {
        let Some(account) = self.conns.get(&id).map(|conn| conn.account.clone()) else {
            return Ok(Ok(()));
        };
        let Some(seat) = self.seat_mut(back.player) else { return Ok(Err(Refusal::SeatGone)) };
        let Some(outbox) = &seat.outbox else { return Ok(Err(Refusal::SeatGone)) };
        if !account.has_seats_of(&seat.person.account) {
            return Ok(Err(Refusal::OtherAccount));
        }
        if !seat.tokens.hold(back.token)
            || (seat.conn.is_some() && seat.tokens.is_outrun(back.token, back.attempt))
        {
            return Ok(Err(Refusal::BadToken));
        }
        holds(
            back.token >= seat.shown,
            "a token is worth nothing once the next has arrived",
            || {
                format!(
                    "{} was taken by token {}, and had shown {}",
                    seat.player, back.token, seat.shown
                )
            },
        )?;
        if back.events.is_some_and(|events| outbox.has(events).is_err()) {
            return Ok(Err(Refusal::TooFarBehind));
        }
        seat.tokens.come_back(back.token, back.attempt);
        let before = seat.conn.take();
        seat.leave_for_now(now);
        seat.conn = Some(id);
        seat.asked = Some(Asked { id: back.id, back: Some((back.tick, back.events)) });
        self.inbox.resume(back.player);
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.player = Some(back.player);
        }
        if let Some(before) = before {
            self.close(wires, now, before, CloseCode::Replaced);
        }
        Ok(Ok(()))
    }

    fn answer_again(
        &mut self,
        wires: &mut Wires,
        now: u64,
        player: PlayerId,
        id: u32,
        open: bool,
    ) -> Result<(), Broken> {
        let answered = self.witness.answered.contains(&(player, id));
        let Some(seat) = self.seat_mut(player) else { return Ok(()) };
        let Some(conn) = seat.conn else { return Ok(()) };
        match seat.answers.again(id) {
            Again::Answered(answer) => say(wires, now, conn, id, answer),
            Again::Waits if open => {}
            Again::Waits | Again::Unknown => {
                holds(!answered, "an answer is kept until it has arrived", || {
                    format!("{player} asks again for the answer to request {id}, which is gone")
                })?;
                refuse(wires, now, conn, (id, Refusal::Failed, UNKNOWN));
            }
        }
        Ok(())
    }

    /// The connections that were closed, and those whose clients are gone, break off.
    pub(in super::super) fn reap(&mut self, now: u64, gone: &[ConnId]) {
        let closed = std::mem::take(&mut self.closed);
        for id in closed.iter().chain(gone) {
            let Some(player) = self.conns.remove(id).and_then(|conn| conn.player) else { continue };
            let Some(seat) = self.seat_mut(player).filter(|seat| seat.conn == Some(*id)) else {
                continue;
            };
            let let_in = seat.outbox.is_some();
            seat.leave_for_now(now);
            self.inbox.drop_player(player);
            if !let_in {
                self.inbox.leave(player);
            }
        }
    }
}

/// Says an answer.
pub(super) fn say(wires: &mut Wires, now: u64, conn: ConnId, id: u32, answer: &Answer) {
    match answer {
        Answer::Reply(body) => {
            if let Ok(body) = body.clone().try_into() {
                control(wires, now, conn, &ToClient::Reply { id, body });
            }
        }
        Answer::Failed => refuse(wires, now, conn, (id, Refusal::Failed, "")),
        Answer::Refused(why, text) => refuse(wires, now, conn, (id, *why, text)),
    }
}
