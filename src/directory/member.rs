//! One seat of a room: who has it, what is owed to them.

use std::sync::Arc;
use std::time::Instant;

use greenroom_proto::{
    CloseCode, EventKind, Head, Joined, PlayerId, Refusal, RoomId, Someone, Text, Tick, ToClient,
    Visibility, frame,
};

use super::moving::Arrival;
use super::token::Claim;
use super::{Client, RoomRecord};
use crate::account::Person;
use crate::answers::{Again, Answer, Answers};
use crate::game::{Pace, People};
use crate::outbox::{Outbox, OutboxLimits};
use crate::resume::Generations;
use crate::room::origin::Origin;
use crate::room::saved::SavedMember;

/// A seat that somebody has, has asked for, or has left for a moment.
pub(super) struct Member {
    pub(super) player: PlayerId,
    /// Whose seat it is; from when the game let them in, as it admitted them.
    pub(super) person: Arc<Person>,
    /// `None`: the connection broke, or nobody has come back yet since the process started.
    pub(super) client: Option<Arc<Client>>,
    /// What the client has asked for and the game has not seen yet.
    pub(super) asked: Option<Asked>,
    /// `None` until the game has let the player in.
    pub(super) outbox: Option<Outbox>,
    pub(super) answers: Answers,
    pub(super) head: Head,
    /// Since when there is no client.
    pub(super) away_since: Option<Instant>,
    /// The tokens that were made for this seat.
    pub(super) tokens: Generations,
    /// Whether the client was told who is here, and of all changes since.
    pub(super) knows_people: bool,
    /// The player is moved here, and the game has not let them in yet.
    pub(super) arrival: Option<Arrival>,
    /// Seats whose tokens lead here, because the client may not have got one of this seat; and those
    /// in the stead of which it is, and whose rooms have not let them go yet.
    pub(super) origins: Vec<Origin>,
    /// The player was moved away: the seat is nobody's until the game has let them go.
    pub(super) moved: bool,
    /// The only schema that the client can read.
    pub(super) only_schema: Option<u64>,
}

/// A client does not keep up with what it is told.
#[derive(Debug)]
pub(super) struct TooSlow;

/// A client that waits for its seat.
pub(super) struct Asked {
    pub(super) id: u32,
    pub(super) knows_schema: bool,
    /// What it has from the time before, if it comes back.
    pub(super) back: Option<Back>,
    /// The token that it showed is of a seat in this room, from which it was moved meanwhile.
    pub(super) moved_from: Option<RoomId>,
}

/// What a client that comes back has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Back {
    /// Counts its attempts upwards.
    pub attempt: u64,
    /// Tick of its state.
    pub tick: Option<Tick>,
    /// Number of its newest event; `None`: it knows nothing of the time before.
    pub events: Option<u32>,
}

impl Member {
    /// A seat that nobody has yet.
    pub(super) fn new(player: PlayerId, person: Arc<Person>) -> Self {
        Member {
            player,
            person,
            client: None,
            asked: None,
            outbox: None,
            answers: Answers::default(),
            head: Head::default(),
            away_since: None,
            tokens: Generations::default(),
            knows_people: false,
            arrival: None,
            origins: Vec::new(),
            moved: false,
            only_schema: None,
        }
    }

    /// A seat out of the journal, whose client is not here yet.
    pub(super) fn restored(saved: SavedMember, limits: OutboxLimits, now: Instant) -> Self {
        Member {
            outbox: Some(Outbox::restore(limits, saved.mail)),
            answers: saved.answers,
            away_since: Some(now),
            tokens: Generations::restored(saved.generation, saved.confirmed),
            origins: saved.origins,
            ..Member::new(saved.player, saved.person)
        }
    }

    /// The seat for the journal; `None` if the game has not let the player in, or they were moved
    /// away.
    pub(super) fn saved(&self, asked: u32) -> Option<SavedMember> {
        if self.moved {
            return None;
        }
        Some(SavedMember {
            player: self.player,
            person: Arc::clone(&self.person),
            generation: self.tokens.newest(),
            confirmed: self.tokens.confirmed(),
            asked,
            mail: self.outbox.as_ref()?.mail().clone(),
            answers: self.answers.clone(),
            origins: self.origins.clone(),
        })
    }

    /// Whether this client has the seat, or has asked for it.
    pub(super) fn is_of(&self, client: &Arc<Client>) -> bool {
        self.client.as_ref().is_some_and(|own| Arc::ptr_eq(own, client))
    }

    /// The client that frames go to, with its outbox.
    pub(super) fn playing(&mut self) -> Option<(&Arc<Client>, &mut Outbox)> {
        match (&self.client, &mut self.outbox, &self.asked) {
            (Some(client), Some(outbox), None) => Some((client, outbox)),
            _ => None,
        }
    }

    /// Somebody as the others may know them, once the game has let them in.
    pub(super) fn someone(&self, people: People) -> Option<Someone> {
        self.outbox.as_ref().filter(|_| !self.moved)?;
        let account = match people {
            People::Known => self.person.account.id().clone(),
            People::Named | People::Hidden => Text::new(),
        };
        Some(Someone {
            player: self.player,
            account,
            profile: self.person.profile.clone(),
            connected: self.client.is_some() && self.asked.is_none(),
        })
    }

    /// The client is gone, perhaps to come back.
    pub(super) fn leave_for_now(&mut self, now: Instant) {
        self.knows_people = false;
        self.client = None;
        self.asked = None;
        self.away_since.get_or_insert(now);
        if let Some(outbox) = &mut self.outbox {
            outbox.leave();
        }
    }

    /// An answer to a request.
    pub(super) fn answer(&mut self, id: u32, answer: Answer) {
        if let Some(client) = self.client.as_ref().filter(|_| self.asked.is_none()) {
            say(client, id, &answer);
        }
        self.answers.answer(id, answer);
    }

    /// A request came that was taken before.
    pub(super) fn answer_again(&self, id: u32, open: bool) {
        let Some(client) = &self.client else { return };
        match self.answers.again(id) {
            Again::Answered(answer) => say(client, id, answer),
            Again::Waits if open => {}
            Again::Waits | Again::Unknown => {
                let text = "this request was not taken, or its answer is not kept any more";
                client.line.refuse(id, Refusal::Failed, text);
            }
        }
    }

    /// Whether somebody may come back to the seat: it is neither on its way nor gone.
    pub(super) fn is_here(&self) -> bool {
        self.arrival.is_none() && !self.moved
    }

    /// Tells the client that it has its seat. `events`: the number of the last one before those to come.
    pub(super) fn welcome(&mut self, room: &RoomRecord, tick: Tick, events: u32) {
        if let Some(client) = &self.client
            && !client.sit(self.tokens.newest() + 1)
        {
            // Its connection is about to say that it broke, and nobody will have got a token.
            return;
        }
        self.tokens.make();
        let Some(asked) = self.asked.take() else { return };
        let Some(client) = &self.client else { return };
        let joined = self.joined(room, tick, (asked.id, asked.knows_schema), events);
        client.line.control(&match asked.moved_from {
            Some(from) => ToClient::Moved { from, joined },
            None => ToClient::Joined(joined),
        });
        tell_code(client, room);
    }

    /// Tells the client that its seat is this one now, and not the one in the room `from`. `id`: of
    /// the `Resume` that this answers, or 0.
    pub(super) fn tell_moved(&mut self, room: &RoomRecord, tick: Tick, (id, from): (u32, RoomId)) {
        self.tokens.make();
        let Some(client) = &self.client else { return };
        let knows_schema = client.knows(room.entry.schema_hash);
        let joined = self.joined(room, tick, (id, knows_schema), 0);
        client.line.control(&ToClient::Moved { from, joined });
        tell_code(client, room);
    }

    fn joined(
        &self,
        room: &RoomRecord,
        tick: Tick,
        (id, knows_schema): (u32, bool),
        events: u32,
    ) -> Joined {
        let (tick_hz, send_every) = match room.plan.pace {
            Pace::Fixed { tick_hz, send_every } => (tick_hz, send_every),
            Pace::OnCommand => (0, 1),
        };
        let (player, generation) = (self.player, self.tokens.newest());
        let inbox = room.inbox();
        let (inputs, requests) = inbox.taken_of(player);
        Joined {
            id,
            room: room.id,
            game: room.game_name(),
            player,
            tick,
            tick_hz,
            send_every,
            input_lead_ticks_max: inbox.lead_ticks_max(),
            token: room.tokens.seal(Claim { room: room.id, player, generation }),
            hold_ms: room.plan.seat_hold_ms,
            inputs,
            events,
            requests,
            schema_hash: room.entry.schema_hash,
            schema: room.entry.schema_for(knows_schema),
        }
    }

    /// Something happened. An error: too much waits for the client, which is closed.
    pub(super) fn event(
        &mut self,
        kind: EventKind,
        tick: Tick,
        body: &Arc<[u8]>,
    ) -> Result<(), TooSlow> {
        let Some(outbox) = &mut self.outbox else { return Ok(()) };
        if body.len() > frame::EVENT_BYTES_MAX {
            let (player, bytes) = (self.player.0, body.len());
            tracing::error!(player, "an event of {bytes} bytes was not sent: 4,096 are the most");
        } else if outbox.event_of(kind, tick, body).is_err()
            && let Some(client) = &self.client
        {
            client.line.close(CloseCode::TooSlow);
            return Err(TooSlow);
        }
        Ok(())
    }

    /// Tells the client, if there is one, that its seat is gone.
    pub(super) fn part(&mut self, why: &str) {
        match (&self.client, &self.asked) {
            (Some(client), None) => client.line.control(&ToClient::Left),
            _ => self.refuse(Refusal::SeatGone, why),
        }
    }

    /// Tells the client, if there is one, that it is banned.
    pub(super) fn send_away(&mut self, word: &ToClient, text: &str) {
        match (&self.client, &self.asked) {
            (Some(client), None) => {
                client.line.control(word);
                client.line.control(&ToClient::Left);
            }
            _ => self.refuse(Refusal::Banned, text),
        }
    }

    /// Says no to a client that still waits for its seat, or to the room that it is moved from.
    pub(super) fn refuse(&mut self, why: Refusal, text: &str) {
        if let Some(arrival) = self.arrival.take() {
            return arrival.stays(why);
        }
        if let (Some(client), Some(asked)) = (&self.client, &self.asked) {
            client.vacate();
            client.line.refuse(asked.id, why, text);
        }
    }
}

/// With this the client lets others into its private room.
fn tell_code(client: &Client, room: &RoomRecord) {
    if room.listing().visibility == Visibility::Private {
        client.line.control(&ToClient::RoomCode { room: room.id, code: room.code() });
    }
}

fn say(client: &Client, id: u32, answer: &Answer) {
    match answer {
        Answer::Reply(body) => match body.clone().try_into() {
            Ok(body) => client.line.control(&ToClient::Reply { id, body }),
            Err(_) => {
                let text = "the game's answer is larger than an answer may be";
                client.line.refuse(id, Refusal::Failed, text);
            }
        },
        Answer::Failed => {
            client.line.refuse(
                id,
                Refusal::Failed,
                "the game failed over this; nothing came of it",
            );
        }
        Answer::Refused(why, text) => client.line.refuse(id, *why, text),
    }
}
