//! One turn of a client: take one thing from the socket or the clock, and note what it means.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use greenroom_proto::{CloseCode, Joined, Roster, Schema, Spectating, ToClient, ToServer, frame};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Bytes;

use crate::calls::{Answer, Asked};
use crate::client::Client;
use crate::closed::Closed;
use crate::error::CallError;
use crate::greet::{control_bytes, decode_control, unknown_kind};
use crate::moved::moved_away;
use crate::rooms::{Page, Reservation, WatchId};
use crate::seat::{Seat, Wrong};
use crate::socket::Heard;
use crate::update::{Reply, RequestId, Update};

/// Updates that wait while the caller waits for something else. More would be memory for a game
/// that is no longer played.
const UPDATES_MAX: usize = 8192;
/// Schemas kept to be found by their hash: one for each game that a client plays in a session.
const SCHEMAS_MAX: usize = 8;
/// When the alarm rings if there is nothing to wait for.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

impl Client {
    /// Whoever waited for an answer does so no more.
    pub(crate) fn abandon(&mut self) {
        self.awaited = None;
        self.answer = None;
        self.leaving = false;
        if let Some((id, _)) = self.queued.take() {
            self.unqueued = Some(id);
            // Out of the waiting list. A full queue means that silence ends the connection.
            let _ = self.say(&ToServer::Leave, &mut crate::client::noop());
        }
        if self.calls.waits_for(Asked::Resume) {
            self.forgo();
        }
    }

    /// Nobody waits any more for the seat that another client had. If it came now, it would have to
    /// be given up, and the token would be void. No close frame: that would give the seat up, too.
    fn forgo(&mut self) {
        if self.closed.is_none() {
            self.socket = None;
            let why = "nobody waited any more for the seat to be given back".into();
            self.end(Closed::by_client(CloseCode::Normal, why));
        }
    }

    pub(crate) fn poll_update(&mut self, cx: &mut Context<'_>) -> Poll<Update> {
        loop {
            if let Some(update) = self.updates.pop_front() {
                self.moves_untaken -= u32::from(matches!(update, Update::Moved { .. }));
                return Poll::Ready(update);
            }
            if let Some(closed) = &self.closed {
                return Poll::Ready(Update::Closed(closed.clone()));
            }
            ready!(self.poll_turn(cx));
        }
    }

    /// Ready when something has changed.
    pub(crate) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll_broken(cx).is_ready() {
            return Poll::Ready(());
        }
        if let Some(socket) = &mut self.socket
            && let Poll::Ready(heard) = socket.poll(cx)
        {
            self.heard_at = Instant::now();
            self.pinged = false;
            self.hear(heard, cx);
            // A stream that never pauses must not keep a deadline from being seen.
            if self.heard_at >= self.alarm.deadline() {
                self.ring(cx);
            }
            return Poll::Ready(());
        }
        ready!(self.alarm.as_mut().poll(cx));
        self.ring(cx);
        Poll::Ready(())
    }

    /// The alarm: a deadline is over, the server has been silent, or is to be told what arrived.
    fn ring(&mut self, cx: &mut Context<'_>) {
        let now = Instant::now();
        while let Some((id, asked, deadline)) = self.calls.expire(now) {
            self.resolve(id, asked, Err(CallError::Deadline(deadline)));
            if asked == Asked::Resume {
                self.forgo();
            }
        }
        let (silence, max) =
            (now.saturating_duration_since(self.heard_at), self.connect.silence_max);
        if let Some(socket) = &mut self.socket {
            if silence >= 2 * max {
                let why = format!("nothing came from the server for {} s", silence.as_secs());
                self.lose(Closed::by_network(&why, self.said));
            } else if silence >= max && !self.pinged {
                self.pinged = true;
                socket.ping(cx);
            }
        }
        self.acknowledge(now, cx);
        self.set_alarm();
    }

    pub(crate) fn set_alarm(&mut self) {
        let patience = if self.pinged { 2 } else { 1 } * self.connect.silence_max;
        let silent = match self.socket {
            Some(_) => self.heard_at + patience,
            None => Instant::now() + NEVER,
        };
        let dues = [self.calls.next_due(), self.ack_due()];
        let next = dues.into_iter().flatten().fold(silent, Instant::min);
        self.alarm.as_mut().reset(next);
    }

    /// Sees to it that the alarm rings in time.
    fn wake_at(&mut self, due: Option<Instant>) {
        if due.is_some_and(|due| due < self.alarm.deadline()) {
            self.set_alarm();
        }
    }

    /// When the server is to be told what has arrived. It keeps that only where it holds the seat.
    fn ack_due(&self) -> Option<Instant> {
        let seat = self.seat.as_ref().filter(|_| self.seated && self.socket.is_some())?;
        seat.acks.due().filter(|_| seat.token().is_some())
    }

    /// Tells the server what has arrived, if that is due.
    fn acknowledge(&mut self, now: Instant, cx: &mut Context<'_>) {
        if self.ack_due().is_some_and(|due| due <= now) {
            self.say_ack(cx);
        }
    }

    pub(crate) fn say_ack(&mut self, cx: &mut Context<'_>) {
        let Some(seat) = &mut self.seat else { return };
        seat.acks.told();
        let ack = ToServer::Ack { events: seat.events_seen(), replies: self.calls.settled() };
        // A full queue means that the server hears nothing at all: silence ends that.
        let _ = self.say(&ack, cx);
    }

    fn hear(&mut self, heard: Heard, cx: &mut Context<'_>) {
        let heard = match heard {
            Heard::Message(message) => self.message(&message, cx),
            Heard::Life => Ok(()),
            Heard::Close(code, reason) => {
                // Lets the answer to the close frame go out.
                if let Some(socket) = &mut self.socket {
                    let _ = socket.poll(cx);
                }
                self.lose(Closed::by_server(code, &reason, self.said));
                Ok(())
            }
            Heard::Broken(why) => {
                self.lose(Closed::by_network(&why, self.said));
                Ok(())
            }
            Heard::Wrong(code, why) => Err((code, why)),
        };
        if let Err(wrong) = heard {
            self.give_up(wrong, cx);
        }
    }

    /// The server has done what it must not, or too much for this program.
    pub(crate) fn give_up(&mut self, (code, why): Wrong, cx: &mut Context<'_>) {
        if let Some(socket) = &mut self.socket {
            socket.close(code.code(), &why, cx);
        }
        self.end(Closed::by_client(code, why));
    }

    fn message(&mut self, message: &[u8], cx: &mut Context<'_>) -> Result<(), Wrong> {
        match message.split_first() {
            Some((&frame::CONTROL, control)) => self.control(decode_control(control)?, cx),
            Some((&(frame::STATE | frame::STATE_EVENTS), _)) => self.frame(message, cx),
            other => Err(unknown_kind(other.map(|(kind, _)| *kind))),
        }
    }

    fn frame(&mut self, message: &[u8], cx: &mut Context<'_>) -> Result<(), Wrong> {
        let Some(seat) = self.seat.as_mut().filter(|_| self.seated) else {
            self.stats.frames_ignored += 1;
            return Ok(());
        };
        self.stats.frames += 1;
        self.stats.frame_bytes += message.len() as u64;
        let took = seat.frame(message, self.heard_at)?;
        if took.desync {
            self.stats.desyncs += 1;
            // A full queue means that the server hears nothing at all: silence ends that.
            let _ = self.say(&ToServer::Resync, cx);
        }
        if let Some((tick, full)) = took.frame {
            self.stats.frames_full += u64::from(full);
            self.stats.frames_merged += u64::from(took.merged);
            match self.updates.back_mut() {
                Some(Update::Frame { tick: last, full: was }) => {
                    *last = tick;
                    *was |= full;
                }
                _ => self.note(Update::Frame { tick, full })?,
            }
        }
        took.events.into_iter().try_for_each(|event| self.note(event))?;
        self.arrived(cx);
        Ok(())
    }

    /// Events or a reply came.
    fn arrived(&mut self, cx: &mut Context<'_>) {
        self.acknowledge(self.heard_at, cx);
        self.wake_at(self.ack_due());
    }

    fn count_reply(&mut self, bytes: usize) {
        if let Some(seat) = &mut self.seat {
            seat.acks.arrived(bytes, self.heard_at);
        }
    }

    pub(crate) fn control(&mut self, message: ToClient, cx: &mut Context<'_>) -> Result<(), Wrong> {
        match message {
            ToClient::Closing { code, retry_after_ms } => self.said = Some((code, retry_after_ms)),
            ToClient::Welcome { .. } => {
                return Err((CloseCode::OutOfOrder, "the server sent a second Welcome".into()));
            }
            ToClient::Joined(joined) => self.joined(joined, cx)?,
            ToClient::Moved { from, joined } => self.moved(from, joined, cx)?,
            ToClient::Roster(message) => self.people(message)?,
            ToClient::Spectating(spectating) => self.spectating(spectating, cx)?,
            ToClient::Refused { id, why, text } => {
                let refused = CallError::Refused { why, text: text.into_string() };
                self.count_reply(0);
                self.answered(id, Err(refused));
                self.arrived(cx);
            }
            ToClient::Reply { id, body } => {
                self.count_reply(body.len());
                self.answered(id, Ok(Answer::Reply(body.into_vec())));
                self.arrived(cx);
            }
            ToClient::Rooms { id, rooms } => self.answered(id, Ok(Answer::Rooms(rooms.into_vec()))),
            ToClient::Found { id, rooms, next } => {
                let page = Page { rooms: rooms.into_vec(), next };
                self.answered(id, Ok(Answer::Found(page)));
            }
            ToClient::Watched { id, added, changed, removed } => {
                self.answered(id, Ok(Answer::Watching));
                let watch = WatchId(id);
                let (added, changed) = (added.into_vec(), changed.into_vec());
                let removed = removed.into_vec();
                self.note(Update::Rooms { watch, added, changed, removed })?;
            }
            ToClient::Reserved { id, room, codes, expires_ms } => {
                let codes = codes.iter().map(|code| code.to_string()).collect();
                let expires_in = Duration::from_millis(expires_ms.into());
                let reservation = Reservation { room, codes, expires_in };
                self.answered(id, Ok(Answer::Reserved(reservation)));
            }
            ToClient::Waiting { id, place } => {
                if self.awaited == Some(id) {
                    self.queued = Some((id, place));
                }
            }
            ToClient::RoomCode { room, code } => {
                if let Some(seat) = self.seat.as_mut().filter(|seat| seat.info.room == room) {
                    seat.code = Some(code.to_string());
                }
            }
            ToClient::Notice { text } => self.note(Update::Notice { text: text.into_string() })?,
            ToClient::Dismissed { .. } => {
                let why = "the server took a seat away on a channel that is not in use";
                return Err((CloseCode::OutOfOrder, why.into()));
            }
            ToClient::Banned { room, for_ms, text } => {
                let (time, text) = (Duration::from_millis(for_ms), text.into_string());
                self.note(Update::Banned { room, time, text })?;
            }
            ToClient::Left => {
                if !self.unseat() && !std::mem::take(&mut self.leaving) {
                    self.note(Update::Left)?;
                }
            }
            ToClient::Ended { result } => {
                // Also of a seat that was asked for again, and is over.
                if !self.unseat() || self.calls.waits_for(Asked::Resume) {
                    self.note(Update::Ended { result: result.into_string() })?;
                }
            }
        }
        Ok(())
    }

    fn joined(&mut self, joined: Joined, cx: &mut Context<'_>) -> Result<(), Wrong> {
        let id = joined.id;
        let asked = self.calls.answered(id).filter(|_| self.awaited == Some(id));
        let resumed = asked == Some(Asked::Resume);
        if asked != Some(Asked::Join) && !resumed {
            return self.give_back(id, cx);
        }
        self.calls.used(joined.requests);
        self.calls.seated();
        let (keep_state, lead) = (self.connect.keep_state, self.connect.lead);
        let seat = Seat::new(joined, &self.schemas, keep_state, lead, self.heard_at)?;
        self.sit(seat);
        if resumed {
            self.say_ack(cx);
        }
        Ok(())
    }

    fn spectating(&mut self, spectating: Spectating, cx: &mut Context<'_>) -> Result<(), Wrong> {
        let id = spectating.id;
        let asked = self.calls.answered(id).filter(|_| self.awaited == Some(id));
        if asked != Some(Asked::Spectate) {
            return self.give_back(id, cx);
        }
        let keep_state = self.connect.keep_state;
        let seat = Seat::spectating(spectating, &self.schemas, keep_state, self.heard_at)?;
        self.sit(seat);
        Ok(())
    }

    fn people(&mut self, message: Roster) -> Result<(), Wrong> {
        let Some(seat) = self.seat.as_mut().filter(|_| self.seated) else { return Ok(()) };
        let changes = seat.roster.take(message);
        if changes.is_empty() { Ok(()) } else { self.note(Update::People(changes)) }
    }

    pub(crate) fn sit(&mut self, seat: Seat) {
        self.learn(Arc::clone(&seat.info.schema));
        self.seat = Some(seat);
        self.seated = true;
        self.queued = None;
        self.answer = Some(Ok(Answer::Joined));
    }

    /// The caller no longer wants the seat, and may by now be asking for another.
    fn give_back(&mut self, id: u32, cx: &mut Context<'_>) -> Result<(), Wrong> {
        self.stray = true;
        if self.unqueued.take() == Some(id) {
            // It was given up already.
            return Ok(());
        }
        self.say(&ToServer::Leave, cx)
            .map_err(|_| (CloseCode::Normal, "a seat came that nobody waits for".into()))
    }

    /// A schema that need not be sent again.
    pub(crate) fn learn(&mut self, schema: Arc<Schema>) {
        if self.schemas.len() < SCHEMAS_MAX && !self.schemas.contains(&schema) {
            self.schemas.push(schema);
        }
    }

    /// A seat is over; whether it was one that nobody waited for.
    fn unseat(&mut self) -> bool {
        if std::mem::take(&mut self.stray) {
            return true;
        }
        !std::mem::take(&mut self.seated)
    }

    /// An answer; one whose question is forgotten came too late.
    pub(crate) fn answered(&mut self, id: u32, answer: Result<Answer, CallError>) {
        if let Some(asked) = self.calls.answered(id) {
            self.resolve(id, asked, answer);
        }
    }

    fn resolve(&mut self, id: u32, asked: Asked, answer: Result<Answer, CallError>) {
        if asked == Asked::Started {
            let reply = answer.and_then(|answer| match answer {
                Answer::Reply(body) => Ok(Reply(body)),
                other => Err(CallError::Malformed(format!("{other:?}"))),
            });
            // Bounded by the number of requests under way.
            self.updates.push_back(Update::Reply { id: RequestId(id), reply });
        } else if self.awaited == Some(id) {
            self.answer = Some(answer);
        }
    }

    pub(crate) fn note(&mut self, update: Update) -> Result<(), Wrong> {
        if self.updates.len() >= UPDATES_MAX {
            let why = format!("{UPDATES_MAX} updates waited for this program to take them");
            return Err((CloseCode::TooSlow, why));
        }
        self.updates.push_back(update);
        Ok(())
    }

    /// Sends a question and sees to its deadline.
    pub(crate) fn ask(
        &mut self,
        asked: Asked,
        deadline: Duration,
        message: impl FnOnce(u32) -> ToServer,
    ) -> Result<u32, CallError> {
        if let Some(closed) = &self.closed {
            return Err(closed.clone().into());
        }
        if matches!(asked, Asked::Request | Asked::Started) && self.is_unaware() {
            return Err(moved_away());
        }
        let message = |id| control_bytes(&message(id)).into();
        let (id, message) = self.calls.ask(asked, deadline, message)?;
        if let Err(error) = self.send(message, &mut crate::client::noop()) {
            self.calls.answered(id);
            return Err(error);
        }
        self.wake_at(self.calls.next_due());
        Ok(id)
    }

    pub(crate) fn say(
        &mut self,
        message: &ToServer,
        cx: &mut Context<'_>,
    ) -> Result<(), CallError> {
        self.send(control_bytes(message).into(), cx)
    }

    /// While the connection is broken nothing is sent: what is to be said then is known by itself.
    pub(crate) fn send(&mut self, message: Bytes, cx: &mut Context<'_>) -> Result<(), CallError> {
        match &mut self.socket {
            Some(socket) => socket.control(message, cx).map_err(|_| CallError::Busy),
            None => Ok(()),
        }
    }

    /// The connection is over for good; so is everything that waits for it.
    pub(crate) fn end(&mut self, closed: Closed) {
        for id in self.calls.started() {
            let reply = Err(CallError::Closed(closed.clone()));
            self.updates.push_back(Update::Reply { id: RequestId(id), reply });
        }
        self.seated = false;
        self.closed = Some(closed);
    }
}
