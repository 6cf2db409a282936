//! One turn of a client: take one thing from the socket or the clock, and note what it means.

use std::future::Future;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use greenroom_proto::{CloseCode, ToServer, frame};
use tokio::time::Instant;

use crate::calls::Asked;
use crate::client::{Client, noop};
use crate::closed::Closed;
use crate::error::CallError;
use crate::greet::control_bytes;
use crate::moved::moved_away;
use crate::place::Place;
use crate::seat::Wrong;
use crate::socket::Heard;
use crate::update::Update;

/// When the alarm rings if there is nothing to wait for.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

impl Client {
    /// Whoever waited for an answer does so no more.
    pub(crate) fn abandon(&mut self) {
        for on in 0..self.places.len() {
            self.places[on].abandon(&mut self.link);
            if self.places[on].calls.waits_for(Asked::Resume) {
                self.places[on].calls.forget(Asked::Resume);
                self.forgo();
            }
        }
    }

    /// Nobody waits any more for the seat that another client had. If it came now, it would have to
    /// be given up, and the token would be void. No close frame: that would give the seat up, too.
    /// With other seats the client comes back to those.
    fn forgo(&mut self) {
        // While the connection is broken it was not asked for yet.
        if self.link.closed.is_some() || self.link.socket.is_none() {
            return;
        }
        let why = "nobody waited any more for the seat to be given back";
        self.link.socket = None;
        self.lose(match self.places.iter().any(|place| place.held().is_some()) {
            true => Closed::by_network(why, None),
            false => Closed::by_client(CloseCode::Normal, why.into()),
        });
    }

    /// The next update of these channels, with its channel.
    pub(crate) fn poll_update(
        &mut self,
        on: std::ops::Range<usize>,
        cx: &mut Context<'_>,
    ) -> Poll<(u8, Update)> {
        loop {
            for place in &mut self.places[on.clone()] {
                if let Some(update) = place.take_update() {
                    return Poll::Ready((place.channel, update));
                }
            }
            if let Some(closed) = &self.link.closed {
                return Poll::Ready((on.start as u8, Update::Closed(closed.clone())));
            }
            ready!(self.poll_turn(cx));
        }
    }

    /// Ready when something has changed.
    pub(crate) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll_broken(cx).is_ready() {
            return Poll::Ready(());
        }
        if let Some(socket) = &mut self.link.socket
            && let Poll::Ready(heard) = socket.poll(cx)
        {
            self.link.heard_at = Instant::now();
            self.pinged = false;
            self.hear(heard, cx);
            // A stream that never pauses must not keep a deadline from being seen.
            if self.link.heard_at >= self.alarm.deadline() {
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
        for on in 0..self.places.len() {
            self.expire(on, now);
        }
        let (silence, max) =
            (now.saturating_duration_since(self.link.heard_at), self.link.connect.silence_max);
        if let Some(socket) = &mut self.link.socket {
            if silence >= 2 * max {
                let why = format!("nothing came from the server for {} s", silence.as_secs());
                self.lose(Closed::by_network(&why, self.link.said));
            } else if silence >= max && !self.pinged {
                self.pinged = true;
                socket.ping(cx);
            }
        }
        for place in &mut self.places {
            place.acknowledge(now, &mut self.link, cx);
        }
        self.set_alarm();
    }

    /// Ends the questions of a channel that are over their deadlines.
    fn expire(&mut self, on: usize, now: Instant) {
        while let Some((id, asked, deadline)) = self.places[on].calls.expire(now) {
            self.places[on].resolve(id, asked, Err(CallError::Deadline(deadline)));
            if asked == Asked::Resume {
                self.forgo();
            }
        }
    }

    pub(crate) fn set_alarm(&mut self) {
        let patience = if self.pinged { 2 } else { 1 } * self.link.connect.silence_max;
        let silent = match self.link.socket {
            Some(_) => self.link.heard_at + patience,
            None => Instant::now() + NEVER,
        };
        let due = |place: &Place| [place.calls.next_due(), place.ack_due(&self.link)];
        let dues = self.places.iter().flat_map(due).flatten();
        let next = dues.fold(silent, Instant::min);
        self.alarm.as_mut().reset(next);
    }

    /// Sees to it that the alarm rings in time.
    fn wake_at(&mut self, due: Option<Instant>) {
        if due.is_some_and(|due| due < self.alarm.deadline()) {
            self.set_alarm();
        }
    }

    fn hear(&mut self, heard: Heard, cx: &mut Context<'_>) {
        let heard = match heard {
            Heard::Message(message) => self.message(&message, cx),
            Heard::Life => Ok(()),
            Heard::Close(code, reason) => {
                // Lets the answer to the close frame go out.
                if let Some(socket) = &mut self.link.socket {
                    let _ = socket.poll(cx);
                }
                self.lose(Closed::by_server(code, &reason, self.link.said));
                Ok(())
            }
            Heard::Broken(why) => {
                self.lose(Closed::by_network(&why, self.link.said));
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
        if let Some(socket) = &mut self.link.socket {
            socket.close(code.code(), &why, cx);
        }
        self.end(Closed::by_client(code, why));
    }

    pub(crate) fn message(&mut self, message: &[u8], cx: &mut Context<'_>) -> Result<(), Wrong> {
        let Some((channel, message)) = frame::read_channel(message) else {
            let why = format!("the server sent a message on channel {:?}", message.get(1));
            return Err((CloseCode::Malformed, why));
        };
        let place = &mut self.places[usize::from(channel)];
        let heard = place.hear(message, &mut self.link, cx);
        let due = place.ack_due(&self.link);
        heard.or_else(|wrong| self.relieve(channel, wrong, cx))?;
        self.wake_at(due);
        Ok(())
    }

    /// When too much waits for the caller on one channel, and there are seats on others, only its seat
    /// is given up.
    pub(crate) fn relieve(
        &mut self,
        channel: u8,
        wrong: Wrong,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        let (code, why) = &wrong;
        let others = self.places.iter().filter(|place| place.channel != channel);
        let is_alone = others.filter_map(Place::present).next().is_none();
        let place = &mut self.places[usize::from(channel)];
        let relieved = *code == CloseCode::TooSlow
            && !is_alone
            && place.present().is_some()
            && place.forsake(why, &mut self.link, cx);
        if relieved { Ok(()) } else { Err(wrong) }
    }

    /// Sends a question and sees to its deadline.
    pub(crate) fn ask(
        &mut self,
        on: usize,
        asked: Asked,
        deadline: Duration,
        message: impl FnOnce(u32) -> ToServer,
    ) -> Result<u32, CallError> {
        if let Some(closed) = &self.link.closed {
            return Err(closed.clone().into());
        }
        let all: usize = self.places.iter().map(|place| place.calls.len()).sum();
        let place = &mut self.places[on];
        if matches!(asked, Asked::Request | Asked::Started) && place.is_unaware() {
            return Err(moved_away());
        }
        let channel = place.channel;
        let message = |id| control_bytes(channel, &message(id)).into();
        let others = all - place.calls.len();
        let (id, message) = place.calls.ask(others, asked, deadline, message)?;
        if let Err(error) = self.link.send(message, &mut noop()) {
            place.calls.answered(id);
            return Err(error);
        }
        let due = place.calls.next_due();
        self.wake_at(due);
        Ok(id)
    }

    /// The connection is over for good; so is everything that waits for it.
    pub(crate) fn end(&mut self, closed: Closed) {
        for place in &mut self.places {
            place.end(&closed);
        }
        self.link.closed = Some(closed);
    }
}
