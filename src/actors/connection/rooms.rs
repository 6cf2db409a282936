//! What a client asks about rooms that it has no seat in.

use greenroom_proto::{Condition, Fact, JoinTarget, List, PARTY_MAX, Query, Refusal, ToClient};

use super::Connection;
use super::hear::TOO_OFTEN;
use crate::actors::lobby::{self, Refused, Wish};
use crate::directory::reservations::Reservation;
use crate::directory::watches::NotWatched;
use crate::finding;

impl Connection {
    /// Has seats kept for the client's party, in the stead of those that it had kept before.
    pub(super) async fn reserve(&mut self, id: u32, to: JoinTarget, seats: u32) {
        if !(1..=PARTY_MAX as u32).contains(&seats) {
            let text = format!("seats is {seats}: choose 1 to {PARTY_MAX}");
            return self.channels.link().refuse(id, Refusal::BadQuery, &text);
        }
        if !self.may_try(&to) {
            return self.channels.link().refuse(id, Refusal::Busy, TOO_OFTEN);
        }
        let by_code = matches!(to, JoinTarget::Code(_));
        let (lobby, expiry) = (&self.shared.lobby, self.shared.config.rooms.reservation);
        let by = self.known.as_ref().map(|known| known.account.id().clone());
        let reserved = lobby::reserve(lobby, Wish { to, by }, seats, expiry).await;
        if by_code {
            self.tried(reserved.as_ref().err());
        }
        match reserved {
            Ok(Reservation { room, codes, expires_in }) => {
                let before = std::mem::replace(&mut self.reserved, codes.clone());
                before.iter().for_each(|code| self.unreserve(code));
                self.channels.link().control(&ToClient::Reserved {
                    id,
                    room,
                    codes: List::first(codes),
                    expires_ms: expires_in.as_millis() as u32,
                });
            }
            Err((why, text)) => self.channels.link().refuse(id, why, &text),
        }
    }

    /// Whether the client may try such a place now. A code that was tried is to be [`tried`](Self::tried).
    pub(super) fn may_try(&mut self, to: &JoinTarget) -> bool {
        match to {
            JoinTarget::Code(_) => self.place.guess(),
            JoinTarget::Match { .. } => self.may_look(),
            _ => true,
        }
    }

    /// What came of a code: only wrong ones count.
    pub(super) fn tried(&self, refused: Option<&Refused>) {
        if refused.is_none_or(|(why, _)| *why != Refusal::BadCode) {
            self.place.guessed_right();
        }
    }

    /// Whether the client may have all rooms of a game looked at.
    fn may_look(&mut self) -> bool {
        self.finds.take(self.since.elapsed().as_millis() as u64)
    }

    /// Whether the query can be answered, now and at all.
    fn may_ask(&mut self, id: u32, query: &Query) -> bool {
        let unknown = self.shared.games.get(&query.game).err();
        let refusal = match (unknown, finding::check(query)) {
            (Some(unknown), _) => Some((Refusal::UnknownGame, unknown.to_string())),
            (_, Err(why)) => Some((Refusal::BadQuery, why)),
            _ if !self.may_look() => Some((Refusal::Busy, TOO_OFTEN.to_owned())),
            _ => None,
        };
        if let Some((why, text)) = &refusal {
            self.channels.link().refuse(id, *why, text);
        }
        refusal.is_none()
    }

    pub(super) fn find(&mut self, id: u32, query: &Query) {
        if !self.may_ask(id, query) {
            return;
        }
        match self.shared.directory.find(query) {
            Ok((rooms, next)) => {
                self.channels.link().control(&ToClient::Found {
                    id,
                    rooms: List::first(rooms),
                    next,
                });
            }
            Err(why) => self.channels.link().refuse(id, Refusal::BadQuery, &why),
        }
    }

    pub(super) fn watch(&mut self, id: u32, query: &Query) {
        let by_age = |condition: &Condition| condition.fact == Fact::Age;
        if query.cursor.is_some() || query.conditions.iter().any(by_age) {
            let text = "what is watched has no cursor and no condition on the age";
            return self.channels.link().refuse(id, Refusal::BadQuery, text);
        }
        if !self.may_ask(id, query) {
            return;
        }
        let (link, queries_max) =
            (self.channels.link(), self.shared.config.rooms.watch_queries_max);
        match self.shared.directory.watch(query, link, id, queries_max) {
            Ok(()) => self.watches = true,
            Err(NotWatched::TooMany) => {
                let text = "this connection watches 4 queries already: unwatch one";
                link.refuse(id, Refusal::Busy, text);
            }
            Err(NotWatched::Full) => {
                let text = "too many different queries are watched: ask a common one, or find";
                link.refuse(id, Refusal::Busy, text);
            }
        }
    }

    pub(super) fn unreserve(&self, code: &str) {
        self.shared.directory.cancel_reservation(code);
    }

    pub(super) fn list(&self, id: u32, game: &str) {
        match self.shared.games.get(game) {
            Ok(_) => {
                let rooms = self.shared.directory.list(game, greenroom_proto::LISTING_MAX);
                self.channels.link().control(&ToClient::Rooms { id, rooms: List::first(rooms) });
            }
            Err(unknown) => {
                self.channels.link().refuse(id, Refusal::UnknownGame, &unknown.to_string());
            }
        }
    }
}
