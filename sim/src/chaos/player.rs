//! A client: what it holds, what it says, and what it finds wrong.

mod hear;

use std::collections::BTreeMap;

use greenroom::proto::{
    Blob, JoinTarget, Layout, List, PROTOCOL_VERSION, PlayerId, Profile, Replica, RoomId, Text,
    Tick, ToServer, frame, wire,
};

use super::broken::{Broken, holds};
use super::host::conn::token_bytes;
use super::seat::ConnId;
use super::wires::Up;
use super::yard::{Input, Request, Wish};

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
    /// Newest word, bell and line; `None`: the next may be any.
    word: Option<u32>,
    bell: Option<u32>,
    line: Option<u32>,
    /// It comes back without what it had: some events are gone.
    forgets: bool,
    /// What it saw last was undone: it may find its seat gone, or given to somebody else. It does not
    /// come back to a state that never was, though other clients may: they notice by its hash.
    undone: bool,
    /// What it has asked for; `None`: to say a line.
    open: BTreeMap<u32, Option<Wish>>,
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
            line: None,
            forgets: false,
            undone: false,
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
        if !holds || self.forgets || self.undone {
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

    /// The process has died with a disk that failed: what happened last is undone.
    pub(super) fn undo(&mut self) {
        self.undone = true;
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
        self.start(Some(wish));
    }

    /// Says a line.
    pub(super) fn talk(&mut self) {
        self.start(None);
    }

    fn start(&mut self, wish: Option<Wish>) {
        if self.is_seated() && self.open.len() < OPEN_MAX {
            self.newest_request += 1;
            self.open.insert(self.newest_request, wish);
            self.request(self.newest_request, wish);
        }
    }

    fn request(&mut self, id: u32, wish: Option<Wish>) {
        self.say(&match wish {
            Some(wish) => {
                let body = Blob::cut(&wire::encode(&Request { id, wish }));
                ToServer::Request { id, body }
            }
            None => ToServer::Chat { id, scope: 0, text: Text::cut("well") },
        });
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

    /// Whether it has heard all that was said to it, and holds what is now.
    pub(super) fn check_all(&self, said: [u32; 3], tick: Tick) -> Result<(), Broken> {
        let heard = [self.word, self.bell, self.line];
        let all = heard.iter().zip(&said).all(|(heard, said)| heard.is_none_or(|it| it == *said));
        holds(all, "no event is lost", || {
            format!("client {} heard {heard:?} of {said:?}: words, bells, lines", self.number)
        })?;
        holds(self.replica.tick() == Some(tick), "everybody is in step in the end", || {
            format!("client {} is at {:?}, the room at {tick}", self.number, self.replica.tick())
        })
    }
}
