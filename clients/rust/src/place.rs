//! One channel of a connection: its seat, what is asked of the room, and the updates that wait.

use std::collections::VecDeque;
use std::task::Context;

use greenroom_proto::{CloseCode, Replicate, Rows, Tick, ToServer, Token, frame};
use tokio::time::Instant;

use crate::calls::{Answer, Asked, Calls};
use crate::client::noop;
use crate::closed::{Closed, Lost};
use crate::error::{CallError, OtherState};
use crate::link::Link;
use crate::roster::Roster;
use crate::seat::{Seat, SeatInfo, Spectated, Wrong};
use crate::update::{Reply, RequestId, Update};

/// Channels of a connection, the first among them.
pub(crate) const PLACES: usize = frame::CHANNELS_MAX as usize + 1;
/// Updates that wait on one channel while the caller waits for something else. More would be memory
/// for a game that is no longer played.
const UPDATES_MAX: usize = 8192;

/// What belongs to one channel.
pub(crate) struct Place {
    pub(crate) channel: u8,
    /// The last seat; its state can be looked at when it is over, too. Boxed: most places have none.
    pub(crate) seat: Option<Box<Seat>>,
    pub(crate) seated: bool,
    /// A seat was given after the caller had stopped waiting for it, and is being given back.
    pub(crate) stray: bool,
    /// The join that waits in a list, and its place there as of the last word.
    pub(crate) queued: Option<(u32, u32)>,
    /// A join that was taken out of a waiting list. It may have come through just before.
    pub(crate) unqueued: Option<u32>,
    /// Updates about moves that the caller has not taken yet.
    pub(crate) moves_untaken: u32,
    /// The caller waits for the end of the seat.
    pub(crate) leaving: bool,
    pub(crate) calls: Calls,
    /// The question that the caller waits for, and its answer.
    pub(crate) awaited: Option<u32>,
    pub(crate) answer: Option<Result<Answer, CallError>>,
    pub(crate) updates: VecDeque<Update>,
}

impl Place {
    pub(crate) fn new(channel: u8) -> Self {
        Place {
            channel,
            seat: None,
            seated: false,
            stray: false,
            queued: None,
            unqueued: None,
            moves_untaken: 0,
            leaving: false,
            calls: Calls::default(),
            awaited: None,
            answer: None,
            updates: VecDeque::new(),
        }
    }

    /// The seat, or the place among those who look on, while there is one.
    pub(crate) fn present(&self) -> Option<&Seat> {
        self.seat.as_deref().filter(|_| self.seated)
    }

    pub(crate) fn info(&self) -> Option<&SeatInfo> {
        self.present().filter(|seat| seat.delay.is_none()).map(|seat| &seat.info)
    }

    pub(crate) fn spectated(&self) -> Option<Spectated> {
        self.present().and_then(Seat::spectated)
    }

    /// The seat, if it can be had again when the connection has broken.
    pub(crate) fn held(&self) -> Option<&Seat> {
        self.present().filter(|seat| seat.token().is_some())
    }

    pub(crate) fn token(&self) -> Option<&Token> {
        self.present().and_then(Seat::token)
    }

    pub(crate) fn roster(&self) -> Option<&Roster> {
        self.present().filter(|seat| seat.delay.is_none()).map(|seat| &seat.roster)
    }

    pub(crate) fn room_code(&self) -> Option<&str> {
        self.present()?.code.as_deref()
    }

    /// Ordinal of the newest input that the room has applied.
    pub(crate) fn applied(&self) -> u32 {
        self.seat.as_ref().map_or(0, |seat| seat.inputs().applied())
    }

    /// The tick that it was for.
    pub(crate) fn applied_tick(&self) -> Option<Tick> {
        self.seat.as_ref().and_then(|seat| seat.inputs().applied_tick())
    }

    /// How many ticks before its own the newest input came.
    pub(crate) fn input_slack(&self) -> i8 {
        self.seat.as_ref().map_or(0, |seat| seat.inputs().slack())
    }

    pub(crate) fn need_seat(&self, link: &Link) -> Result<(), CallError> {
        match &link.closed {
            Some(closed) => Err(closed.clone().into()),
            None if self.info().is_some() => Ok(()),
            None => Err(CallError::NoSeat),
        }
    }

    /// Whether the caller does not know yet that the seat is another.
    pub(crate) fn is_unaware(&self) -> bool {
        self.moves_untaken > 0
    }

    pub(crate) fn state<S: Replicate + 'static>(&self) -> Result<Option<S>, OtherState> {
        let seat = self.seat.as_deref().filter(|_| !self.is_unaware());
        seat.map_or(Ok(None), Seat::state)
    }

    pub(crate) fn rows(&self) -> Option<(Tick, &Rows)> {
        self.seat.as_deref().filter(|_| !self.is_unaware()).and_then(Seat::rows)
    }

    pub(crate) fn say(
        &self,
        message: &ToServer,
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<(), CallError> {
        link.say(self.channel, message, cx)
    }

    /// Whoever waited for an answer does so no more.
    pub(crate) fn abandon(&mut self, link: &mut Link) {
        self.awaited = None;
        self.answer = None;
        self.leaving = false;
        if let Some((id, _)) = self.queued.take() {
            self.unqueued = Some(id);
            // Out of the waiting list. A full queue means that silence ends the connection.
            let _ = self.say(&ToServer::Leave, link, &mut noop());
        }
    }

    /// The next update, if one waits.
    pub(crate) fn take_update(&mut self) -> Option<Update> {
        let update = self.updates.pop_front()?;
        self.moves_untaken -= u32::from(matches!(update, Update::Moved { .. }));
        Some(update)
    }

    /// The caller is to hear of this.
    pub(crate) fn note(&mut self, update: Update) -> Result<(), Wrong> {
        if self.updates.len() >= UPDATES_MAX {
            let why = format!("{UPDATES_MAX} updates waited for this program to take them");
            return Err((CloseCode::TooSlow, why));
        }
        self.updates.push_back(update);
        Ok(())
    }

    /// An answer; one whose question is forgotten came too late.
    pub(crate) fn answered(&mut self, id: u32, answer: Result<Answer, CallError>) {
        if let Some(asked) = self.calls.answered(id) {
            self.resolve(id, asked, answer);
        }
    }

    pub(crate) fn resolve(&mut self, id: u32, asked: Asked, answer: Result<Answer, CallError>) {
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

    /// What was asked since the seat was taken is not answered any more.
    pub(crate) fn no_answers(&mut self, why: &CallError) {
        let open: Vec<_> = self.calls.ids().collect();
        for id in open {
            self.answered(id, Err(why.clone()));
        }
    }

    pub(crate) fn sit(&mut self, seat: Seat, link: &mut Link) {
        link.learn(&seat.info.schema);
        self.seat = Some(Box::new(seat));
        self.seated = true;
        self.queued = None;
        self.answer = Some(Ok(Answer::Joined));
    }

    /// A seat is over; whether it was one that nobody waited for.
    pub(crate) fn unseat(&mut self) -> bool {
        if std::mem::take(&mut self.stray) {
            return true;
        }
        !std::mem::take(&mut self.seated)
    }

    /// The caller no longer wants the seat, and may by now be asking for another.
    pub(crate) fn give_back(
        &mut self,
        id: u32,
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        self.stray = true;
        if self.unqueued.take() == Some(id) {
            // It was given up already.
            return Ok(());
        }
        self.say(&ToServer::Leave, link, cx)
            .map_err(|_| (CloseCode::Normal, "a seat came that nobody waits for".into()))
    }

    /// The server has taken the seat away, and the connection goes on.
    pub(crate) fn dismissed(&mut self, code: CloseCode) -> Result<(), Wrong> {
        match self.unseat() {
            true => Ok(()),
            false => self.lose(Lost::Dismissed(code)),
        }
    }

    /// The seat is lost, and the connection goes on.
    pub(crate) fn lose(&mut self, lost: Lost) -> Result<(), Wrong> {
        self.seated = false;
        // What is asked of the server, for lists of rooms, is answered all the same.
        let open: Vec<_> = self.calls.of_room().collect();
        for id in open {
            self.answered(id, Err(CallError::NoSeat));
        }
        match std::mem::take(&mut self.leaving) {
            true => Ok(()),
            false => self.note(Update::Dismissed(lost)),
        }
    }

    /// The caller does not take what comes here. For the sake of the other channels only this seat is
    /// given up. Whether that makes room.
    pub(crate) fn forsake(&mut self, why: &str, link: &mut Link, cx: &mut Context<'_>) -> bool {
        // What is not of the seat is not lost with it.
        self.updates.retain(|update| matches!(update, Update::Reply { .. } | Update::Rooms { .. }));
        self.moves_untaken = 0;
        let was_seated = self.seated;
        if self.updates.len() > UPDATES_MAX / 2
            || (was_seated && self.say(&ToServer::Leave, link, cx).is_err())
            || self.lose(Lost::Hopeless(why.to_owned())).is_err()
        {
            return false;
        }
        // The server still has to say that the seat is free, unless there is no connection.
        self.stray = was_seated && link.socket.is_some();
        true
    }

    /// When the server is to be told what has arrived. It keeps that only where it holds the seat.
    pub(crate) fn ack_due(&self, link: &Link) -> Option<Instant> {
        self.held().filter(|_| link.socket.is_some())?.acks.due()
    }

    /// Tells the server what has arrived, if that is due.
    pub(crate) fn acknowledge(&mut self, now: Instant, link: &mut Link, cx: &mut Context<'_>) {
        if self.ack_due(link).is_some_and(|due| due <= now) {
            self.say_ack(link, cx);
        }
    }

    pub(crate) fn say_ack(&mut self, link: &mut Link, cx: &mut Context<'_>) {
        let Some(seat) = &mut self.seat else { return };
        seat.acks.told();
        let ack = ToServer::Ack { events: seat.events_seen(), replies: self.calls.settled() };
        // A full queue means that the server hears nothing at all: silence ends that.
        let _ = self.say(&ack, link, cx);
    }

    /// The connection is over for good; so is everything that waits for it.
    pub(crate) fn end(&mut self, closed: &Closed) {
        for id in self.calls.started() {
            let reply = Err(CallError::Closed(closed.clone()));
            self.updates.push_back(Update::Reply { id: RequestId(id), reply });
        }
        self.seated = false;
    }
}

/// The places of a new connection.
pub(crate) fn places() -> [Place; PLACES] {
    std::array::from_fn(|channel| Place::new(channel as u8))
}
