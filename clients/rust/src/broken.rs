//! What becomes of a client whose connection breaks, and of what it has under way.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use greenroom_proto::{CloseCode, Joined, Refusal, RoomId, Then, ToClient, ToServer};
use tokio::time::Instant;

use crate::client::{Client, noop};
use crate::closed::{Closed, ClosedBy, Lost};
use crate::error::CallError;
use crate::greet::Greeted;
use crate::link::Link;
use crate::pauses::Pauses;
use crate::place::Place;
use crate::resume::{Back, Coming, Plan, Resume, come_back};
use crate::returning::{Answer, Answers, Wanted};
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
    /// is what follows then: [`Update::Broken`], and the client comes back to its seats by itself. For
    /// tests of just that, and for generators of load.
    pub fn break_connection(&mut self) {
        if self.link.socket.take().is_some() && self.link.closed.is_none() {
            self.lose(Closed::by_network("this program broke it", self.link.said));
        }
    }

    /// The connection is gone: for good, or until the client is back.
    pub(crate) fn lose(&mut self, closed: Closed) {
        let Some(most) = self.may_come_back(&closed) else { return self.end(closed) };
        let since = Instant::now();
        let Some(mut plan) = self.plan(&closed, since, most) else { return self.end(closed) };
        self.link.socket = None;
        let mut full = None;
        for place in &mut self.places {
            if let Err((_, why)) = place.broke(&closed, most) {
                place.forsake(&why, &mut self.link, &mut noop());
                full = Some(why);
            }
        }
        plan.wanted = self.places.iter().filter_map(Place::wanted).collect();
        if let Some(why) = full.filter(|_| plan.wanted.is_empty()) {
            return self.end(closed.with(Lost::Hopeless(why)));
        }
        self.broken = Some(Broken { coming: Box::pin(come_back(plan)), since, why: closed });
    }

    /// For how long this client tries at most, if it makes sense to try.
    fn may_come_back(&self, closed: &Closed) -> Option<Duration> {
        let Resume::Within(most) = self.link.connect.resume else { return None };
        let may = closed.by != ClosedBy::Client && closed.then != Then::Stop;
        Some(most).filter(|most| may && !most.is_zero())
    }

    fn plan(&mut self, closed: &Closed, now: Instant, most: Duration) -> Option<Plan> {
        let held = || self.places.iter().filter_map(Place::held);
        let within = held().map(|seat| seat.info.hold).max()?.min(most);
        let first: Vec<_> = held().map(|seat| seat.info.schema_hash).collect();
        let mut connect = self.link.connect.clone();
        connect.schemas.clone_from(&self.link.schemas);
        let hello = connect.hello(&first).ok()?;
        let mut pauses = std::mem::replace(&mut self.pauses, Pauses::new(connect.jitter));
        pauses.broke(now, now.saturating_duration_since(self.up_at));
        Some(Plan {
            hello,
            schema: connect.only_schema,
            connect,
            address: self.address.clone(),
            pauses,
            within,
            until: now + within,
            then: closed.then,
            window: closed.window(),
            wanted: Vec::new(),
        })
    }

    /// Brings the connection back, if it is broken. Ready when that has come to an end.
    pub(crate) fn poll_broken(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(broken) = &mut self.broken else { return Poll::Pending };
        let (end, pauses) = ready!(broken.coming.as_mut().poll(cx));
        self.pauses = pauses;
        let Some(Broken { since, why, .. }) = self.broken.take() else { return Poll::Pending };
        match end {
            Ok(Back { greeted, answers }) => {
                self.connected(greeted);
                let after = self.up_at.saturating_duration_since(since);
                self.returned(answers, after, why, cx);
            }
            Err(lost) => self.end(why.with(lost)),
        }
        self.set_alarm();
        Poll::Ready(())
    }

    fn connected(&mut self, greeted: Greeted) {
        let now = Instant::now();
        self.link.socket = Some(greeted.talk.socket);
        (self.server, self.games) = (greeted.server, greeted.games);
        (self.link.heard_at, self.link.said) = (now, None);
        (self.up_at, self.pinged) = (now, false);
    }

    /// The server has decided about every seat. A client without any of them has lost its connection
    /// for good, unless it would have had none by now anyway.
    fn returned(&mut self, back: Answers, after: Duration, why: Closed, cx: &mut Context<'_>) {
        let Answers { answers, kept } = back;
        let (mut resumed, mut alive, mut refused) = (false, false, Vec::new());
        for (channel, answer) in answers {
            resumed |= matches!(answer, Answer::Joined { .. } | Answer::Moved { .. });
            let place = &mut self.places[usize::from(channel)];
            match place.returned(answer, after, &mut self.link, cx) {
                Ok(None) => alive = true,
                Ok(Some(lost)) => refused.push((channel, lost)),
                Err(wrong) => {
                    if let Err(wrong) = self.relieve(channel, wrong, cx) {
                        return self.give_up(wrong, cx);
                    }
                }
            }
        }
        if resumed {
            self.link.stats.resumed += 1;
            self.link.stats.away += after;
        }
        for (channel, lost) in refused {
            if !alive {
                return self.refused(why.with(lost), cx);
            }
            // There is always room for it: what waited was heard before.
            let _ = self.places[usize::from(channel)].lose(lost);
        }
        self.said_meanwhile(cx);
        for message in kept {
            if let Err(wrong) = self.message(&message, cx) {
                return self.give_up(wrong, cx);
            }
        }
    }

    /// What was asked for without a seat while there was no connection.
    fn said_meanwhile(&mut self, cx: &mut Context<'_>) {
        for place in self.places.iter().filter(|place| place.present().is_none()) {
            for message in place.calls.messages() {
                let _ = self.link.send(message, cx);
            }
        }
    }

    /// The server gives no seat back any more.
    fn refused(&mut self, closed: Closed, cx: &mut Context<'_>) {
        let normal = CloseCode::Normal;
        if let Some(socket) = &mut self.link.socket {
            socket.close(normal.code(), normal.reason(), cx);
        }
        self.end(closed);
    }
}

impl Place {
    /// The seat to ask for when there is a connection again.
    fn wanted(&self) -> Option<Wanted> {
        let seat = self.held()?;
        let (channel, token) = (self.channel, seat.token()?.clone());
        Some(Wanted { channel, token, tick: seat.tick(), events: seat.events_seen() })
    }

    /// The connection broke, and is being brought back because of some seat, perhaps this one.
    fn broke(&mut self, closed: &Closed, most: Duration) -> Result<(), Wrong> {
        (self.stray, self.unqueued, self.queued) = (false, None, None);
        match self.held() {
            Some(seat) => {
                let within = seat.info.hold.min(most);
                self.note(Update::Broken { why: closed.clone(), within })
            }
            None if self.seated => self.lose(Lost::Hopeless("the server does not hold it".into())),
            None => {
                // Whether it was done is not known, and to do it again may be too much.
                self.no_answers(&CallError::Closed(closed.clone()));
                Ok(())
            }
        }
    }

    /// The server has decided about the seat: why it is lost, if it is.
    fn returned(
        &mut self,
        answer: Answer,
        after: Duration,
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<Option<Lost>, Wrong> {
        match answer {
            Answer::Joined { joined, events_lost } => {
                self.resumed(*joined, events_lost, after, link, cx)?;
            }
            Answer::Moved { from, joined } => {
                self.resumed_elsewhere(from, *joined, after, link, cx)?;
            }
            Answer::Ended { result } => self.ended(result),
            Answer::Refused { why: Refusal::SeatGone, .. }
                if self.seat.as_ref().is_some_and(|seat| seat.leaving) =>
            {
                // As was asked for, and nobody need know that the connection broke.
                if let Some(Update::Broken { .. }) = self.updates.back() {
                    self.updates.pop_back();
                }
                self.control(ToClient::Left, link, cx)?;
            }
            Answer::Refused { why, text } => return Ok(Some(Lost::Refused { why, text })),
        }
        Ok(None)
    }

    /// The seat is back. Says what has arrived, which makes the old token void, and then once more
    /// whatever the server may not have heard.
    fn resumed(
        &mut self,
        joined: Joined,
        events_lost: bool,
        after: Duration,
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        let Some(seat) = &mut self.seat else { return Ok(()) };
        self.calls.used(joined.requests);
        seat.resume(joined, &link.schemas, events_lost, link.heard_at)?;
        link.learn(&seat.info.schema);
        let leaving = seat.leaving;
        self.note(Update::Resumed { after, events_lost })?;
        self.say_ack(link, cx);
        for message in self.calls.messages() {
            // There is room for as many as there can be.
            let _ = link.send(message, cx);
        }
        if leaving {
            let _ = self.say(&ToServer::Leave, link, cx);
        } else if let Some(seat) = &mut self.seat
            && let Some(input) = seat.send_again(link.heard_at)
            && let Some(socket) = &mut link.socket
        {
            link.stats.inputs += 1;
            socket.input(self.channel, input, cx);
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
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        self.note(Update::Resumed { after, events_lost: true })?;
        self.moved(from, joined, link, cx)?;
        self.say_ack(link, cx);
        if self.seat.as_ref().is_some_and(|seat| seat.leaving) {
            let _ = self.say(&ToServer::Leave, link, cx);
        }
        Ok(())
    }

    /// The match ended meanwhile. The connection is as good as any.
    fn ended(&mut self, result: String) {
        self.no_answers(&CallError::NoSeat);
        self.seated = false;
        // There is always room for one: what waited was heard before.
        let _ = self.note(Update::Ended { result });
    }
}
