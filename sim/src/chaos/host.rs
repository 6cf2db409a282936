//! The server's process: one room and all that the server has around it. What decides is the server's
//! own code (room, course, inbox, history, outbox, answers, session, tokens, journal records); this file
//! and its neighbours pass values between them in the order in which the server does.

mod back;
pub(super) mod conn;
mod revive;
mod step;
mod tell;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use greenroom::account::Account;
use greenroom::game::Said;
use greenroom::intensity::{Intensity, RestartWindow};
use greenroom::outbox::OutboxLimits;
use greenroom::proto::layout_of;
use greenroom::proto::{CloseCode, Layout, PlayerId, Refusal, Text, Tick, ToClient, frame, wire};
use greenroom::room::course::Course;
use greenroom::room::fault::RoomFault;
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::inbox::{Inbox, InboxLimits};
use greenroom::room::log::Log;
use greenroom::room::recovery::Progress;
use greenroom::room::saved::Saved;
use greenroom::room::{AnyRoom, Command, Room};
use greenroom::session::{Session, SessionLimits};

use super::broken::Broken;
use super::disk::{Disk, Journal, RoomJournal};
use super::seat::{ConnId, Seat};
use super::wires::{Down, Wires};
use super::yard::{State, Yard};

pub(super) use self::step::{Death, Stepped};

/// A seat is held for so long without a connection.
pub(super) const HOLD_MS: u64 = 4000;
/// Bytes of its log a room keeps in memory.
const LOG_BYTES_MAX: usize = 16 * 1024;
const INBOX: InboxLimits = InboxLimits { lead_ticks_max: 8, requests_per_player_max: 4 };
const SESSION: SessionLimits =
    SessionLimits { messages_per_sec: 400, messages_burst: 400, pings_per_sec: 1 };

/// Bounds that a run chooses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) outbox: OutboxLimits,
    pub(super) history: HistoryLimits,
    pub(super) restarts: Intensity,
}

/// One connection, from the server's side.
struct Conn {
    account: Account,
    session: Session,
    since: u64,
    /// The seat that it has or asks for.
    player: Option<PlayerId>,
    /// Number of the token that it was sent, while it has said nothing since; else 0.
    unconfirmed: u32,
    closing: bool,
}

/// What the rest of the world is to know of what the room did.
#[derive(Default)]
pub(super) struct Witness {
    /// Requests that were answered by the game.
    pub(super) answered: BTreeSet<(PlayerId, u32)>,
    /// The newest step that somebody may have seen.
    pub(super) told: Tick,
    /// Of these steps none is lost whenever the process dies.
    pub(super) kept: Tick,
    /// The step told last, and the room's hash after it.
    pub(super) hash: (Tick, u64),
    /// The process before died while its disk failed: what was seen last is undone.
    pub(super) rolled_back: bool,
    pub(super) steps: u64,
    pub(super) panics: u64,
    pub(super) deaths: u64,
    /// When the game panicked in this process.
    restarts: Vec<u64>,
    /// Processes that have died while they brought the room back.
    tries: u32,
}

impl Witness {
    /// What was seen last is undone.
    fn undo(&mut self) {
        self.rolled_back = true;
        self.answered.clear();
    }
}

/// A process.
pub(super) struct Host {
    pub(super) room: Room<Yard>,
    pub(super) course: Course<RoomJournal>,
    pub(super) seats: Vec<Seat>,
    /// Faults of the next step.
    pub(super) faults: Vec<RoomFault>,
    pub(super) journal: Rc<RefCell<Journal>>,
    pub(super) witness: Witness,
    /// The room failed too often, and is no more.
    pub(super) is_over: bool,
    restarts: RestartWindow,
    /// Processes that are to die while they bring the room back.
    dies_again: u32,
    /// Effects that run, and when something comes of them.
    effects: Vec<(u32, u64)>,
    inbox: Inbox,
    history: History,
    conns: BTreeMap<ConnId, Conn>,
    closed: Vec<ConnId>,
    last_player: u32,
    layout: Layout,
    bounds: Bounds,
    progress: Progress,
    commands: Vec<Command>,
    said: Vec<Said>,
}

impl Host {
    /// The first process, with a new room.
    pub(super) fn new(seed: u64, salt: u32, bounds: Bounds) -> Result<Self, Broken> {
        let games = greenroom::Games::new().add::<Yard>();
        let options = format!("{{\"salt\":{salt}}}");
        let made = games.get("yard").map_err(|error| error.to_string()).and_then(|entry| {
            let plan = entry.game.plan(&options)?;
            let room = Room::<Yard>::new(&plan.options, seed).map_err(|error| error.to_string())?;
            Ok((entry.header(&plan, seed), room))
        });
        let (header, room) =
            made.map_err(|found| Broken { promise: "a room can be made", found })?;
        let log = Log::new(header, &room);
        let journal = Rc::new(RefCell::new(Journal::open(Disk::default())));
        let course = Course::new(log, Some(RoomJournal(Rc::clone(&journal))));
        let witness = Witness { hash: (Tick(0), room.hash()), ..Witness::default() };
        let mut host = Self::with(room, course, bounds, journal, witness);
        let saved = host.saved(Tick(0));
        host.course.begin(saved);
        Ok(host)
    }

    fn with(
        room: Room<Yard>,
        course: Course<RoomJournal>,
        bounds: Bounds,
        journal: Rc<RefCell<Journal>>,
        witness: Witness,
    ) -> Self {
        let layout = layout_of::<State>();
        Host {
            room,
            course,
            seats: Vec::new(),
            faults: Vec::new(),
            journal,
            witness,
            is_over: false,
            restarts: RestartWindow::new(bounds.restarts),
            dies_again: 0,
            effects: Vec::new(),
            inbox: Inbox::new(INBOX),
            history: History::new(layout.clone(), bounds.history),
            conns: BTreeMap::new(),
            closed: Vec::new(),
            last_player: 0,
            layout,
            bounds,
            progress: Progress::default(),
            commands: Vec::new(),
            said: Vec::new(),
        }
    }

    /// The layout of the state.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// A client has connected.
    pub(super) fn accept(&mut self, id: ConnId, account: Account, now: u64) {
        let session = Session::new(SESSION);
        let conn =
            Conn { account, session, since: now, player: None, unconfirmed: 0, closing: false };
        self.conns.insert(id, conn);
    }

    fn seat_mut(&mut self, player: PlayerId) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.player == player)
    }

    fn saved(&self, tick: Tick) -> Saved {
        let saved = |seat: &Seat| seat.saved(self.inbox.logged_of(seat.player));
        Saved {
            header: self.course.log().header.clone(),
            tick,
            end: tick,
            time_ms: self.room.time_ms(),
            epoch: self.course.epoch(),
            attempts: 0,
            last_player: self.last_player,
            members: self.seats.iter().filter_map(saved).collect(),
        }
    }
}

/// Sends a control message.
fn control(wires: &mut Wires, now: u64, conn: ConnId, message: &ToClient) {
    if let Some(wire) = wires.get_mut(&conn) {
        let mut bytes = vec![frame::CONTROL];
        wire::encode_into(message, &mut bytes);
        wire.send(now, Down::Control(bytes));
    }
}

fn refuse(wires: &mut Wires, now: u64, conn: ConnId, (id, why, text): (u32, Refusal, &str)) {
    control(wires, now, conn, &ToClient::Refused { id, why, text: Text::cut(text) });
}

impl Host {
    /// Has a connection closed.
    fn close(&mut self, wires: &mut Wires, now: u64, conn: ConnId, code: CloseCode) {
        let Some(of) = self.conns.get_mut(&conn).filter(|conn| !conn.closing) else { return };
        of.closing = true;
        self.closed.push(conn);
        if let Some(wire) = wires.get_mut(&conn) {
            wire.send(now, Down::Close(code));
        }
    }
}
