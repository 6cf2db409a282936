//! A seat that another takes the place of, because the game has moved the player.

use std::task::Context;

use greenroom_proto::{CloseCode, Joined, Refusal, RoomId, ToServer};

use crate::calls::Asked;
use crate::error::CallError;
use crate::link::Link;
use crate::place::Place;
use crate::seat::{Seat, Wrong};
use crate::update::Update;

impl Place {
    /// The server has given this client another seat: says that it has arrived, and gives up what it
    /// waits for in the one before.
    pub(crate) fn moved(
        &mut self,
        from: RoomId,
        joined: Joined,
        link: &mut Link,
        cx: &mut Context<'_>,
    ) -> Result<(), Wrong> {
        let (id, room, player) = (joined.id, joined.room, joined.player);
        let asked = self.calls.answered(id).filter(|_| self.awaited == Some(id));
        self.say(&ToServer::Arrived { room, player }, link, cx)
            .map_err(|_| (CloseCode::TooSlow, "too much waits for the socket".into()))?;
        let resumed = asked == Some(Asked::Resume);
        if !resumed && !self.seated {
            // Nobody waits for the seat: it is being given back.
            return Ok(());
        }
        self.refuse_requests();
        self.calls.used(joined.requests);
        self.calls.seated();
        let (keep_state, lead) = (link.connect.keep_state, link.connect.lead);
        let mut seat = Seat::new(joined, &link.schemas, keep_state, lead, link.heard_at)?;
        if resumed {
            self.sit(seat, link);
            self.say_ack(link, cx);
            return Ok(());
        }
        seat.leaving = self.seat.as_ref().is_some_and(|seat| seat.leaving);
        let info = seat.info.clone();
        link.learn(&info.schema);
        self.seat = Some(Box::new(seat));
        // They tell of a state that is not there any more.
        self.updates.retain(|update| !matches!(update, Update::Frame { .. }));
        self.moves_untaken += 1;
        self.note(Update::Moved { from, seat: info })
    }

    fn refuse_requests(&mut self) {
        let open: Vec<_> = self.calls.requests().collect();
        for id in open {
            self.answered(id, Err(moved_away()));
        }
    }
}

/// What becomes of requests to the room before.
pub(crate) fn moved_away() -> CallError {
    let text = "the player was moved to another room before this was answered".into();
    CallError::Refused { why: Refusal::Moved, text }
}
