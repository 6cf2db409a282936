//! What the server says on a channel, and what that means for its place.

use std::task::Context;
use std::time::Duration;

use greenroom_proto::{CloseCode, Joined, Roster, Spectating, ToClient, ToServer, frame};

use crate::calls::{Answer, Asked};
use crate::error::CallError;
use crate::greet::{decode_control, unknown_kind};
use crate::link::Link;
use crate::place::Place;
use crate::rooms::{Page, Reservation, WatchId};
use crate::seat::{Seat, Wrong};
use crate::update::Update;

impl Place {
    /// Takes a message of its channel.
    pub(crate) fn hear(
        &mut self,
        message: &[u8],
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        match message.split_first() {
            Some((&frame::CONTROL, control)) => self.control(decode_control(control)?, link, cx),
            Some((&(frame::STATE | frame::STATE_EVENTS), _)) => self.frame(message, link, cx),
            other => Err(unknown_kind(other.map(|(kind, _)| *kind))),
        }
    }

    fn frame(
        &mut self,
        message: &[u8],
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        let Some(seat) = self.seat.as_mut().filter(|_| self.seated) else {
            link.stats.frames_ignored += 1;
            return Ok(());
        };
        link.stats.frames += 1;
        link.stats.frame_bytes += message.len() as u64;
        let took = seat.frame(message, link.heard_at)?;
        if took.desync {
            link.stats.desyncs += 1;
            // A full queue means that the server hears nothing at all: silence ends that.
            let _ = self.say(&ToServer::Resync, link, cx);
        }
        if let Some((tick, full)) = took.frame {
            link.stats.frames_full += u64::from(full);
            link.stats.frames_merged += u64::from(took.merged);
            match self.updates.back_mut() {
                Some(Update::Frame { tick: last, full: was }) => {
                    *last = tick;
                    *was |= full;
                }
                _ => self.note(Update::Frame { tick, full })?,
            }
        }
        took.events.into_iter().try_for_each(|event| self.note(event))?;
        self.acknowledge(link.heard_at, link, cx);
        Ok(())
    }

    /// A reply came.
    fn replied(
        &mut self,
        id: u32,
        answer: Result<Answer, CallError>,
        link: &mut Link,
        cx: &mut Context<'_>,
    ) {
        let bytes = match &answer {
            Ok(Answer::Reply(body)) => body.len(),
            _ => 0,
        };
        if let Some(seat) = &mut self.seat {
            seat.acks.arrived(bytes, link.heard_at);
        }
        self.answered(id, answer);
        self.acknowledge(link.heard_at, link, cx);
    }

    pub(crate) fn control(
        &mut self,
        message: ToClient,
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        match message {
            ToClient::Closing { code, retry_after_ms } => link.said = Some((code, retry_after_ms)),
            ToClient::Welcome { .. } => {
                return Err((CloseCode::OutOfOrder, "the server sent a second Welcome".into()));
            }
            ToClient::Joined(joined) => self.joined(joined, link, cx)?,
            ToClient::Moved { from, joined } => self.moved(from, joined, link, cx)?,
            ToClient::Roster(message) => self.people(message)?,
            ToClient::Spectating(spectating) => self.spectating(spectating, link, cx)?,
            ToClient::Refused { id, why, text } => {
                let refused = CallError::Refused { why, text: text.into_string() };
                self.replied(id, Err(refused), link, cx);
            }
            ToClient::Reply { id, body } => {
                self.replied(id, Ok(Answer::Reply(body.into_vec())), link, cx);
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
            ToClient::Dismissed { code } => self.dismissed(code)?,
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

    fn joined(
        &mut self,
        joined: Joined,
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        let id = joined.id;
        let asked = self.calls.answered(id).filter(|_| self.awaited == Some(id));
        let resumed = asked == Some(Asked::Resume);
        if asked != Some(Asked::Join) && !resumed {
            return self.give_back(id, link, cx);
        }
        self.calls.used(joined.requests);
        self.calls.seated();
        let (keep_state, lead) = (link.connect.keep_state, link.connect.lead);
        let seat = Seat::new(joined, &link.schemas, keep_state, lead, link.heard_at)?;
        self.sit(seat, link);
        if resumed {
            self.say_ack(link, cx);
        }
        Ok(())
    }

    fn spectating(
        &mut self,
        spectating: Spectating,
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        let id = spectating.id;
        let asked = self.calls.answered(id).filter(|_| self.awaited == Some(id));
        if asked != Some(Asked::Spectate) {
            return self.give_back(id, link, cx);
        }
        let keep_state = link.connect.keep_state;
        let seat = Seat::spectating(spectating, &link.schemas, keep_state, link.heard_at)?;
        self.sit(seat, link);
        Ok(())
    }

    fn people(&mut self, message: Roster) -> Result<(), Wrong> {
        let Some(seat) = self.seat.as_mut().filter(|_| self.seated) else { return Ok(()) };
        let changes = seat.roster.take(message);
        if changes.is_empty() { Ok(()) } else { self.note(Update::People(changes)) }
    }
}
