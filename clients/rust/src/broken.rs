//! What becomes of a client whose connection breaks, and of what it has under way.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use greenroom_proto::{CloseCode, Joined, Refusal, RoomId, Then, ToClient, ToServer};
use tokio::time::Instant;

use crate::client::Client;
use crate::closed::{Closed, ClosedBy, Lost};
use crate::error::CallError;
use crate::greet::Greeted;
use crate::pauses::Pauses;
use crate::resume::{Answer, Back, Coming, Plan, Resume, come_back};
use crate::seat::Wrong;
use crate::update::Update;

/// A connection that is being brought back.
pub(crate) struct Broken {
    coming: Coming,
    since: Instant,
    why: Closed,
}

impl Client {
    /// Breaks the connection as a network does that fails, without a word to the server. What follows
    /// is what follows then: [`Update::Broken`], and the client comes back to its seat by itself. For
    /// tests of just that, and for generators of load.
    pub fn break_connection(&mut self) {
        if self.socket.take().is_some() && self.closed.is_none() {
            self.lose(Closed::by_network("this program broke it", self.said));
        }
    }

    /// The connection is gone: for good, or until the client is back.
    pub(crate) fn lose(&mut self, closed: Closed) {
        let Some(within) = self.may_come_back(&closed) else { return self.end(closed) };
        let since = Instant::now();
        let Some(plan) = self.plan(&closed, since, within) else { return self.end(closed) };
        if let Err((_, why)) = self.note(Update::Broken { why: closed.clone(), within }) {
            return self.end(closed.with(Lost::Hopeless(why)));
        }
        self.socket = None;
        self.broken = Some(Broken { coming: Box::pin(come_back(plan)), since, why: closed });
    }

    /// For how long it makes sense to try.
    fn may_come_back(&self, closed: &Closed) -> Option<Duration> {
        let Resume::Within(most) = self.connect.resume else { return None };
        let seat = self.seat.as_ref().filter(|_| self.seated)?;
        seat.token()?;
        let broke = closed.by != ClosedBy::Client && closed.then != Then::Stop;
        broke.then(|| seat.info.hold.min(most)).filter(|within| !within.is_zero())
    }

    fn plan(&mut self, closed: &Closed, now: Instant, within: Duration) -> Option<Plan> {
        let seat = self.seat.as_ref()?;
        let mut connect = self.connect.clone();
        connect.schemas.clone_from(&self.schemas);
        let mut pauses = std::mem::replace(&mut self.pauses, Pauses::new(self.connect.jitter));
        pauses.broke(now, now.saturating_duration_since(self.up_at));
        Some(Plan {
            hello: connect.hello(Some(seat.info.schema_hash)).ok()?,
            connect,
            address: self.address.clone(),
            pauses,
            within,
            until: now + within,
            then: closed.then,
            window: closed.window(),
            token: seat.token()?.clone(),
            tick: seat.tick(),
            events: seat.events_seen(),
            schema: self.connect.only_schema,
        })
    }

    /// Brings the connection back, if it is broken. Ready when that has come to an end.
    pub(crate) fn poll_broken(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(broken) = &mut self.broken else { return Poll::Pending };
        let (end, pauses) = ready!(broken.coming.as_mut().poll(cx));
        self.pauses = pauses;
        let Some(Broken { since, why, .. }) = self.broken.take() else { return Poll::Pending };
        match end {
            Ok(Back { greeted, answer }) => {
                self.connected(greeted);
                match answer {
                    Answer::Joined { joined, events_lost } => {
                        let after = self.up_at.saturating_duration_since(since);
                        if let Err(wrong) = self.resumed(*joined, events_lost, after, cx) {
                            self.give_up(wrong, cx);
                        }
                    }
                    Answer::Moved { from, joined } => {
                        let after = self.up_at.saturating_duration_since(since);
                        if let Err(wrong) = self.resumed_elsewhere(from, *joined, after, cx) {
                            self.give_up(wrong, cx);
                        }
                    }
                    Answer::Refused { why: refusal, text } => self.refused(why, refusal, text, cx),
                    Answer::Ended { result } => self.ended(result),
                }
            }
            Err(lost) => self.end(why.with(lost)),
        }
        self.set_alarm();
        Poll::Ready(())
    }

    fn connected(&mut self, greeted: Greeted) {
        let now = Instant::now();
        self.socket = Some(greeted.talk.socket);
        (self.server, self.games) = (greeted.server, greeted.games);
        (self.up_at, self.heard_at, self.pinged, self.said) = (now, now, false, None);
    }

    /// The seat is back. Says what has arrived, which makes the old token void, and then once more
    /// whatever the server may not have heard.
    fn resumed(
        &mut self,
        joined: Joined,
        events_lost: bool,
        after: Duration,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        let Some(seat) = &mut self.seat else { return Ok(()) };
        self.calls.used(joined.requests);
        seat.resume(joined, &self.schemas, events_lost, self.up_at)?;
        let schema = Arc::clone(&seat.info.schema);
        let leaving = seat.leaving;
        self.learn(schema);
        self.stats.resumed += 1;
        self.stats.away += after;
        self.note(Update::Resumed { after, events_lost })?;
        self.say_ack(cx);
        let messages: Vec<_> = self.calls.messages().collect();
        for message in messages {
            // There is room for as many as there can be.
            let _ = self.send(message, cx);
        }
        if leaving {
            let _ = self.say(&ToServer::Leave, cx);
        } else if let Some(seat) = &mut self.seat
            && let Some(input) = seat.send_again(self.up_at)
            && let Some(socket) = &mut self.socket
        {
            self.stats.inputs += 1;
            socket.input(input, cx);
        }
        Ok(())
    }

    /// The connection is back, and the seat is another. What the old one was still to be told counts
    /// for nothing.
    fn resumed_elsewhere(
        &mut self,
        from: RoomId,
        joined: Joined,
        after: Duration,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        self.stats.resumed += 1;
        self.stats.away += after;
        self.note(Update::Resumed { after, events_lost: true })?;
        self.moved(from, joined, cx)?;
        self.say_ack(cx);
        if self.seat.as_ref().is_some_and(|seat| seat.leaving) {
            let _ = self.say(&ToServer::Leave, cx);
        }
        Ok(())
    }

    /// The match ended meanwhile. The connection is as good as any.
    fn ended(&mut self, result: String) {
        let open: Vec<_> = self.calls.ids().collect();
        for id in open {
            self.answered(id, Err(CallError::NoSeat));
        }
        self.seated = false;
        // There is always room for one: what waited was heard before.
        let _ = self.note(Update::Ended { result });
    }

    /// The server gives the seat back no more.
    fn refused(&mut self, closed: Closed, why: Refusal, text: String, cx: &mut Context<'_>) {
        let leaving = self.seat.as_ref().is_some_and(|seat| seat.leaving);
        if leaving && why == Refusal::SeatGone {
            // As was asked for. The connection is as good as any, and nobody need know.
            if let Some(Update::Broken { .. }) = self.updates.back() {
                self.updates.pop_back();
            }
            if let Err(wrong) = self.control(ToClient::Left, cx) {
                self.give_up(wrong, cx);
            }
            return;
        }
        let normal = CloseCode::Normal;
        if let Some(socket) = &mut self.socket {
            socket.close(normal.code(), normal.reason(), cx);
        }
        self.end(closed.with(Lost::Refused { why, text }));
    }
}
