//! The seats of one room and their clients: who gets which of the things that the room says.
//!
//! Nothing in here runs a game's code, so it cannot panic half-way, whatever the game does.

mod moves;
mod seen;
mod tell;

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::{CloseCode, PlayerId, Refusal, RoomId, Text, Tick, ToClient};

pub(super) use self::moves::Going;
pub use self::seen::{ClientPace, SeenMember};
pub use self::tell::{FramesSent, Sent, Sights};
use super::member::{Asked, Back, Member};
use super::over::LastSeats;
use super::roster::Told;
use super::token::Claim;
use super::{Client, RoomRecord};
use crate::account::{Account, AccountId, Person};
use crate::outbox::{Outbox, OutboxLimits};
use crate::room::inbox::Inbox;
use crate::room::origin::Origin;
use crate::room::saved::SavedMember;

/// Everybody who has a seat or has asked for one, in the order of asking.
#[derive(Default)]
pub struct Members {
    members: Vec<Member>,
    told: Told,
    /// Those whom the game has let in, and who have yet to change places.
    arrived: Vec<PlayerId>,
    /// Somebody has come, gone, or was not told of it.
    stirred: bool,
    scratch: Vec<u8>,
    /// Nobody works on the room any more: whoever comes now is told this.
    ended: Option<(Refusal, &'static str)>,
}

/// What somebody is told whose seat is in a room that is over.
const ENDED: &str = "the match ended before you came in: join another";

/// A seat that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenSeat {
    /// Whose.
    pub player: PlayerId,
    /// Whether there is a client.
    pub connected: bool,
}

impl Members {
    /// A client has asked for a seat.
    pub fn join(
        &mut self,
        player: PlayerId,
        person: Arc<Person>,
        client: &Arc<Client>,
        (id, knows_schema): (u32, bool),
    ) {
        let mut member = Member::new(player, person);
        member.client = Some(Arc::clone(client));
        member.only_schema = client.only_schema();
        member.asked = Some(Asked { id, knows_schema, back: None, moved_from: None });
        if let Some((why, text)) = self.ended {
            return member.refuse(why, text);
        }
        self.members.push(member);
    }

    /// Seats out of the journal.
    pub fn restore(&mut self, saved: Vec<SavedMember>, limits: OutboxLimits) {
        let now = Instant::now();
        let restored = saved.into_iter().map(|saved| Member::restored(saved, limits, now));
        self.members.extend(restored);
    }

    /// Somebody joined before the process was started anew.
    pub fn expect(&mut self, player: PlayerId, person: Arc<Person>, from: &[Origin]) {
        if self.find(player).is_none() {
            let mut member = Member::new(player, person);
            member.away_since = Some(Instant::now());
            member.origins = from.to_vec();
            self.members.push(member);
        }
    }

    /// The seats for the journal.
    #[must_use]
    pub fn saved(&self, inbox: &Inbox) -> Vec<SavedMember> {
        let saved = |member: &Member| member.saved(inbox.logged_of(member.player));
        self.members.iter().filter_map(saved).collect()
    }

    /// Everybody whom the game has let in.
    pub fn seats(&self) -> impl Iterator<Item = TakenSeat> {
        let is_seated = |member: &&Member| member.outbox.is_some() && !member.moved;
        let seated = self.members.iter().filter(is_seated);
        seated.map(|m| TakenSeat { player: m.player, connected: m.client.is_some() })
    }

    /// The players whose clients are away.
    pub fn away(&self) -> impl Iterator<Item = PlayerId> {
        let is_away = |member: &&Member| member.client.is_none() && member.is_here();
        self.members.iter().filter(is_away).map(|member| member.player)
    }

    /// A client wants a player's seat back, by a token of it or of one of its origins. Returns the
    /// client that has it so far, which is to be closed.
    pub fn come_back(
        &mut self,
        (room, player): (RoomId, PlayerId),
        claim: Claim,
        (client, account): (&Arc<Client>, &Account),
        (id, knows_schema): (u32, bool),
        back: Back,
    ) -> Result<Option<Arc<Client>>, Refusal> {
        let member = self.find(player).filter(|m| m.is_here()).ok_or(Refusal::SeatGone)?;
        // Before all else: a stolen token changes nothing.
        if !account.has_seats_of(&member.person.account) {
            return Err(Refusal::OtherAccount);
        }
        let outbox = member.outbox.as_ref().ok_or(Refusal::SeatGone)?;
        let is_own = (claim.room, claim.player) == (room, player);
        let (generation, back) = match is_own {
            true => (claim.generation, back),
            // What the client has is of another room.
            false => (0, Back { tick: None, events: None, ..back }),
        };
        let holds = match is_own {
            true => member.tokens.hold(generation),
            false => member
                .origins
                .iter()
                .any(|origin| origin.admits((claim.room, claim.player), claim.generation)),
        };
        if !holds {
            return Err(Refusal::BadToken);
        }
        if member.client.is_some() && member.tokens.is_outrun(generation, back.attempt) {
            return Err(Refusal::BadToken);
        }
        if back.events.is_some_and(|events| outbox.has(events).is_err()) {
            return Err(Refusal::TooFarBehind);
        }
        member.tokens.come_back(generation, back.attempt);
        member.only_schema = client.only_schema();
        let now = Instant::now();
        let before = member.client.take();
        member.leave_for_now(now);
        member.client = Some(Arc::clone(client));
        let moved_from = (!is_own).then_some(claim.room);
        member.asked = Some(Asked { id, knows_schema, back: Some(back), moved_from });
        self.stirred = true;
        Ok(before)
    }

    /// A connection broke. Returns whether its player may come back, by a token that was sent them;
    /// `None` if somebody else has the seat by now.
    pub fn break_off(&mut self, player: PlayerId, client: &Arc<Client>) -> Option<bool> {
        let member = self.find(player).filter(|member| member.is_of(client))?;
        member.leave_for_now(Instant::now());
        // Or by a token of a seat before this one.
        let has_token = member.tokens.newest() > 0 || !member.origins.is_empty();
        let may_come_back = member.outbox.is_some() && has_token;
        self.stirred = true;
        Some(may_come_back)
    }

    /// The players whose seats have been held for as long as they may be. Each is named once: giving
    /// up a seat may take some steps.
    pub fn take_expired(&mut self, hold: Duration, now: Instant) -> Vec<PlayerId> {
        let away = self.members.iter_mut().filter(|member| member.client.is_none());
        away.filter_map(|member| {
            member.away_since.take_if(|since| now >= *since + hold).map(|_| member.player)
        })
        .collect()
    }

    /// The player's seat is taken away; the room learns of it by a `Leave`. `false`: there is no
    /// such player.
    pub fn kick(&mut self, player: PlayerId) -> bool {
        let Some(member) = self.find(player) else { return false };
        if let Some(client) = member.client.clone() {
            member.leave_for_now(Instant::now());
            client.dismiss(CloseCode::Kicked);
        }
        true
    }

    /// Whose seat this is.
    pub fn account_of(&self, player: PlayerId) -> Option<AccountId> {
        let member = self.members.iter().find(|member| member.player == player)?;
        Some(member.person.account.id().clone())
    }

    /// Since when somebody has been away for the longest.
    pub fn away_since(&self) -> Option<Instant> {
        let away = self.members.iter().filter(|member| member.client.is_none());
        away.filter_map(|member| member.away_since).min()
    }

    /// The player's next frame is a full one.
    pub fn resync(&mut self, player: PlayerId) {
        if let Some(outbox) = self.find(player).and_then(|member| member.outbox.as_mut()) {
            outbox.forget_base();
        }
    }

    /// The room was restored: its history is gone, so the next frames are full ones.
    pub fn resync_all(&mut self) {
        for outbox in self.members.iter_mut().filter_map(|member| member.outbox.as_mut()) {
            outbox.forget_base();
        }
    }

    /// What has arrived at the player's client.
    pub fn acknowledge(&mut self, player: PlayerId, events: u32, replies: u32) {
        let Some(member) = self.find(player) else { return };
        if let Some(outbox) = &mut member.outbox {
            outbox.acknowledge(events);
        }
        member.answers.acknowledge(replies);
    }

    /// The player's token of this number has arrived. Returns the seats whose tokens lead here no
    /// more.
    pub fn confirm(&mut self, room: &RoomRecord, player: PlayerId, token: u32) -> Vec<Origin> {
        let Some(member) = self.find(player) else { return Vec::new() };
        member.tokens.confirm(token);
        if member.tokens.confirmed() == 0 {
            return Vec::new();
        }
        let origins = std::mem::take(&mut member.origins);
        let going = origins.iter().filter(|origin| room.is_going(origin));
        member.origins = going.copied().map(Origin::without_tokens).collect();
        origins
    }

    /// A request came that was taken before, or was left out by its client. `open`: it is still to
    /// be answered.
    pub fn answer_again(&mut self, player: PlayerId, id: u32, open: bool) {
        if let Some(member) = self.find(player) {
            member.answer_again(id, open);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Players of a restored room whom nobody here knows, and clients in here of whom the room
    /// knows nothing: both have lost their seat. Returns the former; the latter are told.
    pub fn reconcile(&mut self, room: &RoomRecord, seated: &[PlayerId]) -> Vec<PlayerId> {
        let lost = |member: &Member| member.outbox.is_some() && !seated.contains(&member.player);
        let gone: Vec<_> = self.members.iter().filter(|m| lost(m)).map(|m| m.player).collect();
        for player in gone {
            if let Some(mut member) = self.remove(room, player) {
                member.part("the seat was lost when the room was brought back");
            }
        }
        let known = |player: &PlayerId| self.members.iter().any(|member| member.player == *player);
        seated.iter().copied().filter(|player| !known(player)).collect()
    }

    /// The room is gone: closes everybody's connection. Who waits for a seat only gets a refusal.
    pub fn fail(&mut self, code: CloseCode) {
        self.close((Refusal::Failed, code.reason()), |client| client.dismiss(code));
    }

    /// The server goes: closes everybody's connection. Who waits for a seat only gets a refusal.
    pub fn go_away(&mut self, window_ms: u32) {
        let refusal = (Refusal::Stopping, CloseCode::GoingAway.reason());
        self.close(refusal, |client| client.send_away(window_ms));
    }

    fn close(&mut self, refusal: (Refusal, &'static str), close: impl Fn(&Client)) {
        let (why, text) = *self.ended.get_or_insert(refusal);
        for mut member in self.members.drain(..) {
            match (&member.client, &member.asked) {
                (Some(client), None) => close(client),
                _ => member.refuse(why, text),
            }
        }
    }

    /// The match is over before a request was looked at: its player must not wait for the answer.
    pub fn refuse(&mut self, player: PlayerId, id: u32) {
        let text = "the match ended before this was looked at";
        if let Some(client) = self.find(player).and_then(|member| member.client.as_ref()) {
            client.line.refuse(id, Refusal::NoSeat, text);
        }
    }

    /// The match is over: tells everybody who is there and frees them. Returns who had a seat.
    pub fn end(&mut self, result: &str) -> LastSeats {
        let mut last = LastSeats::default();
        self.ended = Some((Refusal::UnknownRoom, ENDED));
        let result = Text::cut(result);
        for mut member in self.members.drain(..) {
            if member.is_here() {
                last.any = true;
                last.before.extend(member.origins.iter().map(|seat| (seat.room, seat.player)));
            }
            let Some(client) = member.client.clone() else {
                member.refuse(Refusal::UnknownRoom, ENDED);
                continue;
            };
            client.vacate();
            if member.outbox.is_some() {
                client.line.control(&ToClient::Ended { result: result.clone() });
            }
            match member.asked {
                Some(Asked { back: Some(_), .. }) => member.refuse(Refusal::SeatGone, ENDED),
                _ if member.outbox.is_none() => member.refuse(Refusal::UnknownRoom, ENDED),
                _ => {}
            }
        }
        last
    }

    /// The game has let a player in.
    fn seat(
        &mut self,
        room: &Arc<RoomRecord>,
        tick: Tick,
        (player, person): (PlayerId, &Arc<Person>),
        limits: OutboxLimits,
    ) {
        self.stirred = true;
        let Some(member) = self.find(player) else { return };
        member.person = Arc::clone(person);
        let mut outbox = Outbox::new(limits);
        if member.arrival.is_some() {
            member.outbox = Some(outbox);
            self.arrived.push(player);
            return;
        }
        if member.client.is_none() {
            outbox.leave();
        }
        member.outbox = Some(outbox);
        member.welcome(room, tick, 0);
    }

    /// A player is back in the seat.
    fn seat_again(&mut self, room: &Arc<RoomRecord>, tick: Tick, player: PlayerId) {
        self.stirred = true;
        let Some(member) = self.find(player) else { return };
        let back = member.asked.as_ref().and_then(|asked| asked.back);
        let (Some(back), Some(outbox)) = (back, &mut member.outbox) else {
            // The connection broke once more.
            member.tokens.make();
            return;
        };
        match outbox.come_back(back.tick, back.events) {
            Ok(events) => {
                member.away_since = None;
                member.welcome(room, tick, events);
            }
            // Too much has happened since it was asked for.
            Err(_) => {
                let text = "more happened meanwhile than is kept: come back without it";
                member.refuse(Refusal::TooFarBehind, text);
                member.leave_for_now(Instant::now());
            }
        }
    }

    fn turn_away(&mut self, room: &RoomRecord, player: PlayerId, why: Refusal, text: &str) {
        if let Some(mut member) = self.remove(room, player) {
            member.refuse(why, text);
        }
    }

    pub(super) fn find(&mut self, player: PlayerId) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.player == player)
    }

    fn remove(&mut self, room: &RoomRecord, player: PlayerId) -> Option<Member> {
        let place = self.members.iter().position(|member| member.player == player)?;
        let member = self.members.remove(place);
        self.stirred = true;
        room.inbox().leave(player);
        room.lead_here_no_more(player, &member.origins);
        if member.moved {
            room.went(player);
        }
        room.unbook(None);
        if member.asked.is_none()
            && let Some(client) = &member.client
        {
            client.vacate();
        }
        Some(member)
    }
}
