//! One turn of a client: take one thing from the socket or the clock, and note what it means.

use std::future::{Future, poll_fn};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use greenroom_proto::{CloseCode, Joined, ToClient, ToServer, frame, wire};
use tokio::time::Instant;

use crate::calls::{Answer, Asked};
use crate::client::Client;
use crate::error::{CallError, Closed};
use crate::seat::{Seat, Wrong};
use crate::socket::Heard;
use crate::update::{Reply, RequestId, Update};

/// Updates that wait while the caller waits for something else. More would be memory for a game
/// that is no longer played.
const UPDATES_MAX: usize = 8192;
/// Schemas kept to be found by their hash: one for each game that a client plays in a session.
const SCHEMAS_MAX: usize = 8;

impl Client {
    /// Says `Hello` and waits for `Welcome`.
    pub(crate) async fn greet(&mut self, hello: &ToServer) -> Result<(), Closed> {
        // The queue is empty, so this cannot be refused.
        let _ = poll_fn(|cx| Poll::Ready(self.say(hello, cx))).await;
        poll_fn(|cx| {
            while self.server.is_empty() {
                if let Some(closed) = &self.closed {
                    return Poll::Ready(Err(closed.clone()));
                }
                ready!(self.poll_turn(cx));
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Whoever waited for an answer does so no more.
    pub(crate) fn abandon(&mut self) {
        self.awaited = None;
        self.answer = None;
        self.leaving = false;
    }

    pub(crate) fn poll_update(&mut self, cx: &mut Context<'_>) -> Poll<Update> {
        loop {
            if let Some(update) = self.updates.pop_front() {
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
        if let Poll::Ready(heard) = self.socket.poll(cx) {
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

    /// The alarm: a deadline is over, or the server has been silent.
    fn ring(&mut self, cx: &mut Context<'_>) {
        let now = Instant::now();
        while let Some((id, asked, deadline)) = self.calls.expire(now) {
            self.resolve(id, asked, Err(CallError::Deadline(deadline)));
        }
        let silence = now.saturating_duration_since(self.heard_at);
        if silence >= 2 * self.silence_max {
            let why = format!("nothing came from the server for {} s", silence.as_secs());
            self.end(Closed::by_network(&why, self.said));
        } else if silence >= self.silence_max && !self.pinged {
            self.pinged = true;
            self.socket.ping(cx);
        }
        self.set_alarm();
    }

    fn set_alarm(&mut self) {
        let patience = if self.pinged { 2 * self.silence_max } else { self.silence_max };
        let silent = self.heard_at + patience;
        let next = self.calls.next_due().map_or(silent, |due| due.min(silent));
        self.alarm.as_mut().reset(next);
    }

    fn hear(&mut self, heard: Heard, cx: &mut Context<'_>) {
        let heard = match heard {
            Heard::Message(message) => self.message(&message, cx),
            Heard::Life => Ok(()),
            Heard::Close(code, reason) => {
                // Lets the answer to the close frame go out.
                let _ = self.socket.poll(cx);
                self.end(Closed::by_server(code, &reason, self.said));
                Ok(())
            }
            Heard::Broken(why) => {
                self.end(Closed::by_network(&why, self.said));
                Ok(())
            }
            Heard::Wrong(code, why) => Err((code, why)),
        };
        if let Err((code, why)) = heard {
            self.socket.close(code.code(), &why, cx);
            self.end(Closed::by_client(code, why));
        }
    }

    fn message(&mut self, message: &[u8], cx: &mut Context<'_>) -> Result<(), Wrong> {
        match message.split_first() {
            Some((&frame::CONTROL, control)) => {
                let control = wire::decode(control).map_err(|error| {
                    (CloseCode::Malformed, format!("the server sent a {error}"))
                })?;
                self.control(control, cx)
            }
            Some((&(frame::STATE | frame::STATE_EVENTS), _)) => self.frame(message, cx),
            Some((kind, _)) => Err((
                CloseCode::Malformed,
                format!("the server sent a message of kind {kind:#04x}"),
            )),
            None => Err((CloseCode::Malformed, "the server sent an empty message".into())),
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
            match self.updates.back_mut() {
                Some(Update::Frame { tick: last, full: was }) => {
                    *last = tick;
                    *was |= full;
                }
                _ => self.note(Update::Frame { tick, full })?,
            }
        }
        took.events.into_iter().try_for_each(|event| self.note(Update::Event(event)))
    }

    fn control(&mut self, message: ToClient, cx: &mut Context<'_>) -> Result<(), Wrong> {
        match message {
            ToClient::Welcome { server, games, .. } if self.server.is_empty() => {
                // A server without a name has still welcomed us.
                self.server =
                    if server.is_empty() { "unnamed".into() } else { server.into_string() };
                self.games = games.into_vec().into_iter().map(|name| name.into_string()).collect();
            }
            ToClient::Closing { code, retry_after_ms } => self.said = Some((code, retry_after_ms)),
            ToClient::Welcome { .. } => {
                return Err((CloseCode::OutOfOrder, "the server sent a second Welcome".into()));
            }
            _ if self.server.is_empty() => {
                let why = "the server said something before its Welcome".into();
                return Err((CloseCode::OutOfOrder, why));
            }
            ToClient::Joined(joined) => self.joined(joined, cx)?,
            ToClient::Refused { id, why, text } => {
                let refused = CallError::Refused { why, text: text.into_string() };
                self.answered(id, Err(refused));
            }
            ToClient::Reply { id, body } => self.answered(id, Ok(Answer::Reply(body.into_vec()))),
            ToClient::Rooms { id, rooms } => self.answered(id, Ok(Answer::Rooms(rooms.into_vec()))),
            ToClient::Left => {
                if !self.unseat() && !std::mem::take(&mut self.leaving) {
                    self.note(Update::Left)?;
                }
            }
            ToClient::Ended { result } => {
                if !self.unseat() {
                    self.note(Update::Ended { result: result.into_string() })?;
                }
            }
        }
        Ok(())
    }

    fn joined(&mut self, joined: Joined, cx: &mut Context<'_>) -> Result<(), Wrong> {
        let id = joined.id;
        let asked = self.calls.answered(id);
        if asked != Some(Asked::Join) || self.awaited != Some(id) {
            // The caller no longer wants it, and may by now be asking for another.
            self.stray = true;
            return self
                .say(&ToServer::Leave, cx)
                .map_err(|_| (CloseCode::Normal, "a seat came that nobody waits for".into()));
        }
        let seat = Seat::new(joined, &self.schemas, self.keep_state, self.lead, self.heard_at)?;
        let schema = &seat.info.schema;
        if self.schemas.len() < SCHEMAS_MAX && !self.schemas.contains(schema) {
            self.schemas.push(schema.clone());
        }
        self.seat = Some(seat);
        self.seated = true;
        self.answer = Some(Ok(Answer::Joined));
        Ok(())
    }

    /// A seat is over; whether it was one that nobody waited for.
    fn unseat(&mut self) -> bool {
        if std::mem::take(&mut self.stray) {
            return true;
        }
        !std::mem::take(&mut self.seated)
    }

    /// An answer; one whose question is forgotten came too late.
    fn answered(&mut self, id: u32, answer: Result<Answer, CallError>) {
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

    fn note(&mut self, update: Update) -> Result<(), Wrong> {
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
        let id = self.calls.ask(asked, deadline)?;
        if let Err(error) = self.say(&message(id), &mut crate::client::noop()) {
            self.calls.answered(id);
            return Err(error);
        }
        if self.calls.next_due().is_some_and(|due| due < self.alarm.deadline()) {
            self.set_alarm();
        }
        Ok(id)
    }

    pub(crate) fn say(
        &mut self,
        message: &ToServer,
        cx: &mut Context<'_>,
    ) -> Result<(), CallError> {
        let mut bytes = vec![frame::CONTROL];
        wire::encode_into(message, &mut bytes);
        self.socket.control(bytes, cx).map_err(|_| CallError::Busy)
    }

    /// The connection is over; so is everything that waits for it.
    fn end(&mut self, closed: Closed) {
        for id in self.calls.started() {
            let reply = Err(CallError::Closed(closed.clone()));
            self.updates.push_back(Update::Reply { id: RequestId(id), reply });
        }
        self.seated = false;
        self.closed = Some(closed);
    }
}
