//! A client: what it holds, what it says, and what it finds wrong.

use std::collections::BTreeMap;
use std::rc::Rc;

use greenroom::proto::{
    Blob, EventKind, HashCheck, JoinTarget, Joined, Layout, List, PROTOCOL_VERSION, PlayerId,
    Profile, Refusal, Replica, RoomId, Text, Tick, ToClient, ToServer, frame, recover, wire,
};

use super::broken::{Broken, broken, holds};
use super::host::conn::{token_bytes, token_of};
use super::seat::ConnId;
use super::wires::{Down, Expected, Up};
use super::yard::{Card, Event, Input, Pawn, Reply, Request, State, Wish};

/// Events after which what has arrived is confirmed.
const ACK_EVENTS: u32 = 8;
/// Requests that a client has open at most.
const OPEN_MAX: usize = 12;

/// What a client is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// It has no seat and asks for none.
    Away,
    /// It has asked for one.
    Joining(u32),
    /// It has asked for the one that it had.
    Resuming(u32),
    Seated,
}

pub(super) struct Player {
    pub(super) number: u32,
    pub(super) conn: Option<ConnId>,
    /// Of the newest seat, until it is gone.
    pub(super) token: Option<(PlayerId, u32)>,
    /// All that it ever got for that seat.
    pub(super) tokens: Vec<(PlayerId, u32)>,
    /// A number over all that it was sent.
    pub(super) digest: u64,
    pub(super) frames: u64,
    phase: Phase,
    replica: Replica,
    layout: Layout,
    /// Number of its newest event.
    events: u32,
    /// Newest word and bell; `None`: the next may be any.
    word: Option<u32>,
    bell: Option<u32>,
    /// It comes back without what it had: some events are gone.
    forgets: bool,
    open: BTreeMap<u32, Request>,
    newest_request: u32,
    unconfirmed: u32,
    questions: u32,
    attempt: u64,
    /// What it says next.
    says: Vec<Up>,
}

impl Player {
    pub(super) fn new(number: u32, layout: Layout) -> Self {
        Player {
            number,
            conn: None,
            token: None,
            tokens: Vec::new(),
            digest: 0,
            frames: 0,
            phase: Phase::Away,
            replica: Replica::new(layout.clone()),
            layout,
            events: 0,
            word: None,
            bell: None,
            forgets: false,
            open: BTreeMap::new(),
            newest_request: 0,
            unconfirmed: 0,
            questions: 0,
            attempt: 0,
            says: Vec::new(),
        }
    }

    /// What it says, to be sent.
    pub(super) fn says(&mut self) -> Vec<Up> {
        std::mem::take(&mut self.says)
    }

    pub(super) fn is_seated(&self) -> bool {
        self.phase == Phase::Seated && self.conn.is_some()
    }

    /// Whether it waits for a seat.
    pub(super) fn is_asking(&self) -> bool {
        matches!(self.phase, Phase::Joining(_) | Phase::Resuming(_))
    }

    /// Whether nothing is owed to it.
    pub(super) fn is_quiet(&self) -> bool {
        self.token.is_none() || (self.is_seated() && self.open.is_empty() && !self.forgets)
    }

    fn say(&mut self, message: &ToServer) {
        let mut bytes = vec![frame::CONTROL];
        wire::encode_into(message, &mut bytes);
        self.says.push(Up { bytes, token: self.token });
    }

    /// It has a connection, and asks for its seat, or for one. `holds`: it has kept its state.
    pub(super) fn connected(&mut self, conn: ConnId, holds: bool) {
        self.conn = Some(conn);
        let hello = ToServer::Hello {
            protocol: PROTOCOL_VERSION,
            client: Text::cut("chaos"),
            token: None,
            schemas: List::default(),
        };
        self.say(&hello);
        // What it knows of its token shows with what it says on the new seat only.
        self.questions += 1;
        let id = self.questions;
        let Some((player, generation)) = self.token else {
            self.phase = Phase::Joining(id);
            let to = JoinTarget::Room(RoomId(1));
            self.say(&ToServer::Join { id, to, schema: None, profile: Profile::default() });
            return;
        };
        self.phase = Phase::Resuming(id);
        self.attempt += 1;
        if !holds || self.forgets {
            self.replica = Replica::new(self.layout.clone());
        }
        let resume = ToServer::Resume {
            id,
            token: Blob::cut(&token_bytes(player, generation)),
            attempt: self.attempt,
            tick: self.replica.tick(),
            events: (!self.forgets).then_some(self.events),
            schema: None,
        };
        self.say(&resume);
    }

    /// Its connection is gone.
    pub(super) fn broke(&mut self) {
        self.conn = None;
        self.phase = Phase::Away;
        self.says.clear();
    }

    pub(super) fn push(&mut self, push: i8) {
        if self.is_seated() {
            let mut bytes = Vec::new();
            let tick = Tick(self.replica.newest().0.wrapping_add(2));
            frame::write_input(tick, &wire::encode(&Input { push }), &mut bytes);
            self.says.push(Up { bytes, token: self.token });
        }
    }

    pub(super) fn ask(&mut self, wish: Wish) {
        if self.is_seated() && self.open.len() < OPEN_MAX {
            self.newest_request += 1;
            let request = Request { id: self.newest_request, wish };
            self.open.insert(request.id, request);
            self.request(request);
        }
    }

    fn request(&mut self, request: Request) {
        let body = Blob::cut(&wire::encode(&request));
        self.say(&ToServer::Request { id: request.id, body });
    }

    pub(super) fn resync(&mut self) {
        if self.is_seated() {
            self.say(&ToServer::Resync);
        }
    }

    pub(super) fn leave(&mut self) {
        if self.is_seated() {
            self.say(&ToServer::Leave);
        }
    }

    fn confirm(&mut self) {
        self.unconfirmed = 0;
        // It waits for no answer to any request before the first that is open.
        let replies = self.open.keys().next().map_or(self.newest_request, |first| first - 1);
        self.say(&ToServer::Ack { events: self.events, replies });
    }

    /// Something has arrived.
    pub(super) fn hear(&mut self, down: Down) -> Result<(), Broken> {
        match down {
            Down::Frame(bytes, expected) => {
                self.note(&bytes);
                self.frame(&bytes, &expected)
            }
            Down::Control(bytes) => {
                self.note(&bytes);
                match bytes.split_first().map(|(_, rest)| wire::decode::<ToClient>(rest)) {
                    Some(Ok(message)) => self.control(message),
                    _ => broken("what the server says is read", "a control message is not"),
                }
            }
            Down::Close(_) => {
                self.broke();
                Ok(())
            }
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.digest = self.digest.rotate_left(7);
    }

    fn control(&mut self, message: ToClient) -> Result<(), Broken> {
        match message {
            ToClient::Joined(joined) => self.joined(&joined),
            ToClient::Refused { id, why, .. } => self.refused(id, why),
            ToClient::Reply { id, body } => {
                let reply: Reply = match wire::decode(&body) {
                    Ok(reply) => reply,
                    Err(error) => return broken("what the server says is read", error),
                };
                holds(reply.id == id && !reply.again, "a request is done once", || {
                    format!("client {} is answered {reply:?} to request {id}", self.number)
                })?;
                self.open.remove(&id);
                Ok(())
            }
            ToClient::Left => {
                self.lose_seat();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn joined(&mut self, joined: &Joined) -> Result<(), Broken> {
        let promise = "who asks for a seat gets that seat";
        let resumes = match self.phase {
            Phase::Joining(id) if id == joined.id => false,
            Phase::Resuming(id) if id == joined.id => true,
            other => return broken(promise, format!("{other:?}, and joined by {}", joined.id)),
        };
        let Some(token) = token_of(&joined.token) else { return broken(promise, "no token") };
        if resumes {
            let own = self.token.map(|(player, _)| player);
            holds(own == Some(joined.player), promise, || {
                format!("{own:?} comes back as {}", joined.player)
            })?;
            holds(
                self.forgets || joined.events == self.events,
                "events go on without a gap",
                || {
                    format!(
                        "client {} has {}, the room goes on after {}",
                        self.number, self.events, joined.events
                    )
                },
            )?;
            if std::mem::take(&mut self.forgets) {
                (self.word, self.bell) = (None, None);
            }
        } else {
            self.replica = Replica::new(self.layout.clone());
            (self.word, self.bell) = (Some(0), None);
            self.tokens.clear();
            self.newest_request = 0;
        }
        self.token = Some(token);
        self.tokens.push(token);
        self.events = joined.events;
        self.phase = Phase::Seated;
        if resumes {
            self.confirm();
            let open: Vec<_> = self.open.values().copied().collect();
            open.into_iter().for_each(|request| self.request(request));
        }
        Ok(())
    }

    fn refused(&mut self, id: u32, why: Refusal) -> Result<(), Broken> {
        match self.phase {
            Phase::Joining(asked) if asked == id => {
                self.phase = Phase::Away;
                match why {
                    Refusal::RoomFull | Refusal::Game | Refusal::Failed => Ok(()),
                    _ => broken("an honest client is heard", format!("its join: {why:?}")),
                }
            }
            Phase::Resuming(asked) if asked == id => {
                self.phase = Phase::Away;
                match why {
                    Refusal::SeatGone => self.lose_seat(),
                    Refusal::TooFarBehind => self.forgets = true,
                    _ => {
                        let found = format!("client {} by its newest token: {why:?}", self.number);
                        return broken("the newest token gives the seat back", found);
                    }
                }
                Ok(())
            }
            _ => {
                self.open.remove(&id);
                Ok(())
            }
        }
    }

    fn lose_seat(&mut self) {
        self.token = None;
        self.tokens.clear();
        self.open.clear();
        self.forgets = false;
        self.phase = Phase::Away;
    }

    fn frame(&mut self, bytes: &[u8], expected: &Rc<Expected>) -> Result<(), Broken> {
        let who = self.number;
        let frame = match self.replica.apply(bytes) {
            Ok(frame) => frame,
            Err(error) => {
                return broken(
                    "a frame brings its client forward",
                    format!("client {who}: {error}"),
                );
            }
        };
        self.frames += 1;
        let same = frame.tick == expected.tick
            && frame.hash != HashCheck::Differs
            && *self.replica.rows() == expected.rows;
        holds(same, "a replica is what its room published", || {
            format!("client {who} in {}: the hash {:?}", expected.tick, frame.hash)
        })?;
        let state: State = match recover(self.replica.rows(), &self.layout) {
            Some(state) => state,
            None => return broken("a replica is what its room published", "it is no state"),
        };
        holds(is_same(&state, &expected.state), "a client sees what it may, and no more", || {
            format!("client {who} in {}: {state:?} and not {:?}", expected.tick, expected.state)
        })?;
        for event in frame.events {
            let next = self.events.wrapping_add(1);
            holds(
                event.number == next && event.kind == EventKind::Game,
                "events go on without a gap",
                || format!("client {who} got {} after {}", event.number, self.events),
            )?;
            self.events = next;
            self.unconfirmed += 1;
            match wire::decode(&event.body) {
                Ok(event) => self.event(event)?,
                Err(error) => return broken("what the server says is read", error),
            }
        }
        if self.unconfirmed >= ACK_EVENTS {
            self.confirm();
        }
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<(), Broken> {
        let (counted, number) = match event {
            Event::Word(number) => (&mut self.word, number),
            Event::Bell(number) => (&mut self.bell, number),
        };
        let before = counted.replace(number);
        let who = self.number;
        holds(before.is_none_or(|before| before + 1 == number), "each event comes once", || {
            format!("client {who} heard {event:?} after {before:?}")
        })
    }

    /// Whether it has heard all that was said to it, and holds what is now.
    pub(super) fn check_all(&self, words: u32, bells: u32, tick: Tick) -> Result<(), Broken> {
        let heard =
            (self.word.is_none_or(|word| word == words), self.bell.is_none_or(|b| b == bells));
        holds(heard == (true, true), "no event is lost", || {
            let (word, bell) = (self.word, self.bell);
            format!("client {} heard {word:?} of {words}, {bell:?} of {bells}", self.number)
        })?;
        holds(self.replica.tick() == Some(tick), "everybody is in step in the end", || {
            format!("client {} is at {:?}, the room at {tick}", self.number, self.replica.tick())
        })
    }
}

/// Whether both hold the same entities, wherever in their tables.
fn is_same(one: &State, other: &State) -> bool {
    fn pawns(state: &State) -> BTreeMap<PlayerId, &Pawn> {
        state.pawns.values().map(|pawn| (pawn.owner, pawn)).collect()
    }
    fn cards(state: &State) -> BTreeMap<u32, &Card> {
        state.cards.values().map(|card| (card.id, card)).collect()
    }
    (one.round, one.wind) == (other.round, other.wind)
        && one.pawns.len() == other.pawns.len()
        && one.cards.len() == other.cards.len()
        && pawns(one) == pawns(other)
        && cards(one) == cards(other)
}
