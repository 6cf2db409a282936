//! What a step came to is handed out.

use std::rc::Rc;
use std::sync::Arc;

use greenroom::answers::Answer;
use greenroom::game::{Said, To};
use greenroom::outbox::Outbox;
use greenroom::proto::{
    ChatLine, CloseCode, EventKind, Joined, PlayerId, Refusal, RoomEvent, RoomId, Sight, Text,
    Tick, ToClient, wire,
};
use greenroom::room::AnyRoom;
use greenroom::room::views::ViewKey;

use super::super::broken::{Broken, holds};
use super::super::disk::ROOM;
use super::super::wires::{Down, Expected, Wires};
use super::super::yard::TICK_HZ;
use super::conn::{say, token_bytes};
use super::{HOLD_MS, Host, control, refuse};

impl Host {
    /// Hands out what was said, and frames to so many clients.
    pub(super) fn tell(
        &mut self,
        wires: &mut Wires,
        now: u64,
        tick: Tick,
        sights: &[(PlayerId, Sight)],
        clients: usize,
    ) -> Result<(), Broken> {
        for said in std::mem::take(&mut self.said) {
            match &said {
                Said::Reply { player, id, .. } => {
                    self.witness.answered.insert((*player, *id));
                }
                Said::Effect { number, .. } => {
                    self.effects.push((*number, now + u64::from(number % 8) * 100));
                }
                Said::Kick(player) => self.inbox.leave(*player),
                _ => {}
            }
            self.hand_out(wires, now, tick, &said);
        }
        for seat in &mut self.seats {
            seat.head = self.inbox.head(seat.player);
        }
        self.send_frames(wires, now, sights, clients)
    }

    pub(super) fn hand_out(&mut self, wires: &mut Wires, now: u64, tick: Tick, said: &Said) {
        match said {
            Said::Joined(player, _) => {
                let limits = self.bounds.outbox;
                let Some(seat) = self.seat_mut(*player) else { return };
                let mut outbox = Outbox::new(limits);
                if seat.conn.is_none() {
                    outbox.leave();
                }
                seat.outbox = Some(outbox);
                self.welcome(wires, now, tick, *player, 0);
            }
            Said::JoinRefused(player, _) => self.turn_away(wires, now, *player, Refusal::Game),
            Said::JoinFailed(player) => self.turn_away(wires, now, *player, Refusal::Failed),
            Said::ResumeRefused(player) => self.turn_away(wires, now, *player, Refusal::SeatGone),
            Said::Resumed(player) => self.seat_again(wires, now, tick, *player),
            Said::Left(player) => self.turn_away(wires, now, *player, Refusal::SeatGone),
            Said::Reply { player, id, body } => {
                self.answer(wires, now, *player, *id, Answer::Reply(body.clone()));
            }
            Said::RequestFailed { player, id } => {
                self.answer(wires, now, *player, *id, Answer::Failed);
            }
            Said::Refused { player, id, why, text } => {
                let answer = Answer::Refused(*why, text.clone());
                self.answer(wires, now, *player, *id, answer);
            }
            Said::Event { to, body } => {
                self.event(wires, now, (EventKind::Game, tick), to, &body.as_slice().into());
            }
            Said::Chat { to, line } => {
                let body = wire::encode(&RoomEvent::Chat(ChatLine::clone(line)));
                self.event(wires, now, (EventKind::Room, tick), to, &body.into());
            }
            _ => {}
        }
    }

    fn event(
        &mut self,
        wires: &mut Wires,
        now: u64,
        (kind, tick): (EventKind, Tick),
        to: &To,
        body: &Arc<[u8]>,
    ) {
        let mut slow = Vec::new();
        for seat in self.seats.iter_mut().filter(|seat| to.includes(seat.player)) {
            let Some(outbox) = &mut seat.outbox else { continue };
            if outbox.event_of(kind, tick, body).is_err() {
                slow.extend(seat.conn);
            }
        }
        slow.into_iter().for_each(|conn| self.close(wires, now, conn, CloseCode::TooSlow));
    }

    fn seat_again(&mut self, wires: &mut Wires, now: u64, tick: Tick, player: PlayerId) {
        let Some(seat) = self.seat_mut(player) else { return };
        let asked = seat.asked.and_then(|asked| Some((asked.id, asked.back?)));
        let (Some((id, back)), Some(outbox)) = (asked, &mut seat.outbox) else {
            seat.tokens.make();
            return;
        };
        match outbox.come_back(back.0, back.1) {
            Ok(events) => {
                seat.away_since = None;
                self.welcome(wires, now, tick, player, events);
            }
            Err(_) => {
                let conn = seat.conn;
                seat.leave_for_now(now);
                if let Some(conn) = conn {
                    if let Some(conn) = self.conns.get_mut(&conn) {
                        conn.player = None;
                    }
                    refuse(wires, now, conn, (id, Refusal::TooFarBehind, ""));
                }
            }
        }
    }

    fn welcome(&mut self, wires: &mut Wires, now: u64, tick: Tick, player: PlayerId, events: u32) {
        let (inputs, requests) = self.inbox.taken_of(player);
        let schema_hash = self.course.log().header.schema_hash;
        let lead = self.inbox.lead_ticks_max();
        let Some(seat) = self.seat_mut(player) else { return };
        let token = seat.tokens.make();
        let Some(asked) = seat.asked.take() else { return };
        let Some(id) = seat.conn else { return };
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.unconfirmed = token;
        }
        let joined = Joined {
            id: asked.id,
            room: RoomId(ROOM.0),
            game: Text::cut("yard"),
            player,
            tick,
            tick_hz: TICK_HZ,
            send_every: 1,
            input_lead_ticks_max: lead,
            token: greenroom::proto::Blob::cut(&token_bytes(player, token)),
            hold_ms: HOLD_MS as u32,
            inputs,
            events,
            requests,
            schema_hash,
            schema: None,
        };
        control(wires, now, id, &ToClient::Joined(joined));
    }

    fn answer(&mut self, wires: &mut Wires, now: u64, player: PlayerId, id: u32, answer: Answer) {
        let Some(seat) = self.seat_mut(player) else { return };
        if let Some(conn) = seat.conn.filter(|_| seat.asked.is_none()) {
            say(wires, now, conn, id, &answer);
        }
        seat.answers.answer(id, answer);
    }

    /// A seat is no more, or never was.
    fn turn_away(&mut self, wires: &mut Wires, now: u64, player: PlayerId, why: Refusal) {
        let Some(place) = self.seats.iter().position(|seat| seat.player == player) else { return };
        let seat = self.seats.remove(place);
        self.inbox.leave(player);
        let Some(id) = seat.conn else { return };
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.player = None;
        }
        match seat.asked {
            Some(asked) => refuse(wires, now, id, (asked.id, why, "")),
            None => control(wires, now, id, &ToClient::Left),
        }
    }

    /// Sends the newest frame to everybody who can take it and has not got it.
    fn send_frames(
        &mut self,
        wires: &mut Wires,
        now: u64,
        sights: &[(PlayerId, Sight)],
        clients: usize,
    ) -> Result<(), Broken> {
        let tick = self.room.tick();
        let mut scratch = Vec::new();
        for seat in self.seats.iter_mut().take(clients) {
            let (player, head, conn) = (seat.player, seat.head, seat.playing());
            let (Some(conn), Some(outbox)) = (conn, &mut seat.outbox) else { continue };
            let closing = self.conns.get(&conn).is_none_or(|conn| conn.closing);
            let Some(wire) = wires.get_mut(&conn).filter(|wire| !closing && !wire.is_stuck())
            else {
                continue;
            };
            let Some((_, sight)) = sights.iter().find(|(of, _)| *of == player) else { continue };
            let view = ViewKey::of(player, sight);
            outbox.look(view);
            let Some((body, _)) = self.history.body(outbox.base(), view, sight) else { continue };
            scratch.clear();
            let head = head.to_bytes(outbox.has_events());
            outbox.hand_over(tick, &mut scratch);
            let bytes = [&head[..], &scratch, body].concat();
            let Some(rows) = self.history.seen(view, sight) else { continue };
            let state = self.room.game().shown_to(player);
            wire.send(now, Down::Frame(bytes, Rc::new(Expected { tick, rows, state })));
        }
        let outboxes = self.seats.iter().filter_map(|seat| seat.outbox.as_ref());
        let bases = outboxes.filter_map(|outbox| Some((outbox.view()?, outbox.base()?)));
        let bases: Vec<_> = bases.collect();
        self.history.keep_bases(bases.iter().copied());
        let mut ticks: Vec<_> = bases.iter().map(|(_, tick)| *tick).collect();
        ticks.sort_unstable();
        ticks.dedup();
        let (frames, most) = (self.history.frames(), self.bounds.history.frames_max.max(1));
        holds(frames <= most && frames <= ticks.len() + 1, "a history has a bound", || {
            format!("{frames} frames for {} bases, {most} at most", ticks.len())
        })
    }
}
