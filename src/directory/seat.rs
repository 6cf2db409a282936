//! A seat in a room, as the connection that has it sees it.

use std::sync::Arc;

use greenroom_proto::{CloseCode, PlayerId, Refusal, RoomId};

use super::token::Claim;
use super::{Back, Client, RoomRecord};
use crate::account::{Account, Person};
use crate::auth::name::clean_line;
use crate::game::Speech;
use crate::room::inbox::NotTaken;
use crate::seating::Reserved;

/// A seat that is booked and that nobody has taken yet. Dropped, it is free again, or kept for
/// whoever has its code: whoever asked for it may be gone by the time it is found.
pub struct Booked {
    seat: Seat,
    taken: bool,
    /// What it was reserved by.
    kept: Option<Reserved>,
}

impl Booked {
    pub(super) fn new(seat: Seat, kept: Option<Reserved>) -> Self {
        Booked { seat, taken: false, kept }
    }

    /// Where.
    #[must_use]
    pub fn room(&self) -> &Arc<RoomRecord> {
        &self.seat.room
    }

    /// Takes the seat, for [`Seat::join`].
    #[must_use]
    pub fn take(mut self) -> Seat {
        self.taken = true;
        self.seat.clone()
    }
}

impl Drop for Booked {
    fn drop(&mut self) {
        if !self.taken {
            self.seat.room.unbook(self.kept);
        }
    }
}

/// A seat in a room. It is held for its player until [`Seat::leave`], or until its connection has
/// been broken for too long.
///
/// Who comes and who goes is noted among the members and queued for the game under one lock: with a
/// break and a comeback at once, the game would else be told of them in another order.
#[derive(Clone)]
pub struct Seat {
    /// Where.
    pub room: Arc<RoomRecord>,
    /// Who.
    pub player: PlayerId,
}

impl Seat {
    /// Whether it is this one.
    #[must_use]
    pub fn is(&self, room: RoomId, player: PlayerId) -> bool {
        (self.room.id, self.player) == (room, player)
    }

    /// The client asks the room for its seat.
    pub fn join(&self, client: &Arc<Client>, person: Person, id: u32, knows_schema: bool) {
        let person = Arc::new(person);
        let mut members = self.room.members();
        members.join(self.player, Arc::clone(&person), client, (id, knows_schema));
        self.room.inbox().join(self.player, person);
        drop(members);
        self.room.wake();
    }

    /// The client wants its seat back, by this token, or by that of a seat in the stead of which it
    /// is. Whoever has it so far, is
    /// closed: the newest connection counts.
    pub fn come_back(
        &self,
        (client, account): (&Arc<Client>, &Account),
        claim: Claim,
        (id, knows_schema): (u32, bool),
        back: Back,
    ) -> Result<(), Refusal> {
        let Seat { room, player } = self;
        client.hold(self.clone());
        let mut members = room.members();
        let own = (room.id, *player);
        let before = members.come_back(own, claim, (client, account), (id, knows_schema), back)?;
        let led_here = members.confirm(room, *player, 0);
        room.inbox().resume(*player);
        drop(members);
        room.lead_here_no_more(*player, &led_here);
        if let Some(before) = before {
            before.dismiss(CloseCode::Replaced);
        }
        room.wake();
        Ok(())
    }

    /// The client says what it does.
    pub fn input(&self, tick: u16, body: &[u8]) -> Result<(), CloseCode> {
        if !self.room.entry.game.is_input(body) {
            return Err(CloseCode::Malformed);
        }
        self.room.inbox().input(self.player, tick, body);
        self.room.wake();
        Ok(())
    }

    /// The client asks for something. The inner error is a refusal with the reason for a person.
    pub fn request(
        &self,
        id: u32,
        body: Vec<u8>,
    ) -> Result<Result<(), (Refusal, &'static str)>, CloseCode> {
        if !self.room.entry.game.is_request(&body) {
            return Err(CloseCode::Malformed);
        }
        let taken = self.room.inbox().request(self.player, id, body);
        Ok(self.taken(id, taken))
    }

    /// The client says something to the others. The error is a refusal with the reason for a person.
    pub fn chat(&self, id: u32, scope: u8, text: &str) -> Result<(), (Refusal, String)> {
        let no_chat = || (Refusal::NoChat, "nobody talks in this room".to_owned());
        let chat = self.room.plan.chat.ok_or_else(no_chat)?;
        let text = clean_line(text, &chat).map_err(|why| (Refusal::BadText, why))?;
        let taken = self.room.inbox().chat(self.player, id, Speech { scope, text });
        self.taken(id, taken).map_err(|(why, text)| (why, text.to_owned()))
    }

    fn taken(&self, id: u32, taken: Result<(), NotTaken>) -> Result<(), (Refusal, &'static str)> {
        match taken {
            Ok(()) => {
                self.room.wake();
                Ok(())
            }
            Err(NotTaken::Again { open }) => {
                self.room.members().answer_again(self.player, id, open);
                Ok(())
            }
            Err(NotTaken::Busy) => {
                Err((Refusal::Busy, "too many requests wait already: await the answers"))
            }
            Err(NotTaken::NoSeat) => Err((Refusal::NoSeat, "the seat was given up")),
        }
    }

    /// What has arrived at the client.
    pub fn acknowledge(&self, events: u32, replies: u32) {
        self.room.members().acknowledge(self.player, events, replies);
    }

    /// The token of this number has arrived at the client.
    pub fn confirm(&self, token: u32) {
        let led_here = self.room.members().confirm(&self.room, self.player, token);
        self.room.lead_here_no_more(self.player, &led_here);
    }

    /// The client cannot trust its state: the next frame is a full one.
    pub fn resync(&self) {
        self.room.members().resync(self.player);
        self.room.wake();
    }

    /// The player goes.
    pub fn leave(&self) {
        // Under the lock: it may be taking another place just now, and then it leaves from there.
        let members = self.room.members();
        self.room.give_up(self.player);
        drop(members);
        self.room.wake();
    }

    /// The connection broke. The seat is held for a while, unless somebody else has it by now, the
    /// game holds none, or nobody was sent a token of it. One that was sent and did not arrive holds it
    /// all the same: from here the two look alike.
    pub fn break_off(&self, client: &Arc<Client>) {
        let mut members = self.room.members();
        let Some(may_come_back) = members.break_off(self.player, client) else { return };
        self.room.inbox().drop_player(self.player);
        if !may_come_back || self.room.seat_hold().is_zero() {
            self.room.give_up(self.player);
        }
        drop(members);
        self.room.wake();
    }
}
