//! The rooms there are, and what of each must outlive the actors that work on it.
//!
//! A [`RoomRecord`] is owned by no actor: the room's inbox, members and log live here, so that the
//! death of a room, the lobby or a connection takes nothing along that others need.

pub mod client;
pub mod members;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use greenroom_proto::{
    CloseCode, GameName, OptionsText, PlayerId, Refusal, RoomId, RoomInfo, Text,
};

pub use self::client::Client;
use self::members::Members;
use crate::config::Config;
use crate::game::Pace;
use crate::registry::{Entry, RoomPlan};
use crate::room::inbox::{Inbox, InboxLimits, NotTaken};
use crate::room::log::Log;

/// All rooms of this process.
#[derive(Default)]
pub struct Directory {
    rooms: Mutex<BTreeMap<RoomId, Arc<RoomRecord>>>,
}

impl Directory {
    /// The room with this id.
    pub fn get(&self, id: RoomId) -> Option<Arc<RoomRecord>> {
        lock(&self.rooms).get(&id).cloned()
    }

    /// Adds a room unless there are `max` already.
    pub fn insert(&self, record: Arc<RoomRecord>, max: usize) -> bool {
        let mut rooms = lock(&self.rooms);
        let fits = rooms.len() < max;
        if fits {
            rooms.insert(record.id, record);
        }
        fits
    }

    /// Takes a room out.
    pub fn remove(&self, id: RoomId) -> Option<Arc<RoomRecord>> {
        lock(&self.rooms).remove(&id)
    }

    /// How many rooms there are.
    pub fn len(&self) -> usize {
        lock(&self.rooms).len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A seat in the first open room of the game with these options.
    pub fn book_open(&self, game: &str, options: &str) -> Option<Booked> {
        let rooms = lock(&self.rooms);
        rooms
            .values()
            .filter(|room| room.entry.game.name() == game && room.plan.options == options)
            .find_map(|room| room.book().ok())
    }

    /// The first open rooms of a game.
    pub fn list(&self, game: &str, max: usize) -> Vec<RoomInfo> {
        let rooms = lock(&self.rooms);
        let of_game = rooms.values().filter(|room| room.entry.game.name() == game);
        of_game.filter_map(|room| room.info()).take(max).collect()
    }
}

/// A room, whoever works on it.
pub struct RoomRecord {
    /// Its id.
    pub id: RoomId,
    /// Its game.
    pub entry: Entry,
    /// Its options.
    pub plan: RoomPlan,
    /// Seed of its random numbers; no client ever gets it.
    pub seed: u64,
    booking: Mutex<Booking>,
    inbox: Mutex<Inbox>,
    members: Mutex<Members>,
    log: Mutex<Option<Log>>,
    waker: OnceLock<Waker>,
    /// A wake-up is on its way to a room that steps on commands.
    woken: AtomicBool,
}

/// Tells whoever works on the room that something waits.
type Waker = Box<dyn Fn() + Send + Sync>;

struct Booking {
    open: bool,
    taken: u32,
    last_player: u32,
}

/// A seat that is booked and that nobody has taken yet. Dropped, it is free again: whoever asked
/// for it may be gone by the time it is found.
pub struct Booked {
    seat: Seat,
    taken: bool,
}

impl Booked {
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
            self.seat.room.unbook();
        }
    }
}

/// A seat in a room. It is held for its player until [`Seat::leave`].
#[derive(Clone)]
pub struct Seat {
    /// Where.
    pub room: Arc<RoomRecord>,
    /// Who.
    pub player: PlayerId,
}

impl RoomRecord {
    /// A room that is about to be started.
    pub fn new(id: RoomId, entry: Entry, plan: RoomPlan, seed: u64, config: &Config) -> Arc<Self> {
        let limits = InboxLimits {
            lead_ticks_max: config.rooms.input_lead_ticks_max,
            requests_per_player_max: config.rooms.requests_per_player_max,
        };
        Arc::new(RoomRecord {
            id,
            entry,
            plan,
            seed,
            booking: Mutex::new(Booking { open: true, taken: 0, last_player: 0 }),
            inbox: Mutex::new(Inbox::new(limits)),
            members: Mutex::default(),
            log: Mutex::default(),
            waker: OnceLock::new(),
            woken: AtomicBool::new(false),
        })
    }

    /// Takes a free seat, or says why there is none.
    pub fn book(self: &Arc<Self>) -> Result<Booked, Refusal> {
        let mut booking = lock(&self.booking);
        if !booking.open {
            return Err(Refusal::UnknownRoom);
        }
        if booking.taken >= self.plan.seats {
            return Err(Refusal::RoomFull);
        }
        booking.taken += 1;
        booking.last_player += 1;
        let seat = Seat { room: Arc::clone(self), player: PlayerId(booking.last_player) };
        Ok(Booked { seat, taken: false })
    }

    /// Frees a seat.
    pub fn unbook(&self) {
        let mut booking = lock(&self.booking);
        booking.taken = booking.taken.saturating_sub(1);
    }

    /// Closes the room to newcomers.
    pub fn shut(&self) {
        lock(&self.booking).open = false;
    }

    /// Closes the room to newcomers if nobody has a seat or is about to get one.
    pub fn shut_if_empty(&self) -> bool {
        let mut booking = lock(&self.booking);
        booking.open &= booking.taken != 0;
        !booking.open
    }

    fn info(&self) -> Option<RoomInfo> {
        let booking = lock(&self.booking);
        booking.open.then(|| RoomInfo {
            room: self.id,
            players: booking.taken,
            players_max: self.plan.seats,
            options: OptionsText::cut(&self.plan.options),
        })
    }

    /// The room's name on the wire.
    pub fn game_name(&self) -> GameName {
        Text::cut(self.entry.game.name())
    }

    /// Where the room's commands wait.
    pub fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }

    /// Who is here.
    pub fn members(&self) -> MutexGuard<'_, Members> {
        lock(&self.members)
    }

    /// The room's log, once it has begun.
    pub fn log(&self) -> MutexGuard<'_, Option<Log>> {
        lock(&self.log)
    }

    /// Somebody works on the room now; `waker` tells them that something waits.
    pub fn started(&self, waker: impl Fn() + Send + Sync + 'static) {
        let _ = self.waker.set(Box::new(waker));
        self.wake();
    }

    /// Something waits in the inbox, or a member can be sent frames again. A room with a fixed
    /// rate sees it at its next tick and needs no word.
    pub fn wake(&self) {
        if self.plan.pace == Pace::OnCommand
            && let Some(waker) = self.waker.get()
            && !self.woken.swap(true, Ordering::AcqRel)
        {
            waker();
        }
    }

    /// The room looks at its inbox now.
    pub fn awake(&self) {
        self.woken.store(false, Ordering::Release);
    }

    /// The room is gone: sends its members away.
    pub fn fail(&self, code: CloseCode) {
        self.shut();
        self.members().fail(code);
    }
}

impl Seat {
    /// The client asks the room for its seat.
    pub fn join(&self, client: &Arc<Client>, id: u32, knows_schema: bool) {
        self.room.members().join(self.player, client, id, knows_schema);
        self.room.inbox().join(self.player);
        self.room.wake();
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
        Ok(match taken {
            Ok(()) => {
                self.room.wake();
                Ok(())
            }
            Err(NotTaken::Busy) => {
                Err((Refusal::Busy, "too many requests wait already: await the answers"))
            }
            Err(NotTaken::NoSeat) => Err((Refusal::NoSeat, "the seat was given up")),
        })
    }

    /// The client cannot trust its state: the next frame is a full one.
    pub fn resync(&self) {
        self.room.members().resync(self.player);
        self.room.wake();
    }

    /// The player goes. `dropped`: because the connection broke.
    pub fn leave(&self, dropped: bool) {
        let mut inbox = self.room.inbox();
        if dropped {
            inbox.drop_player(self.player);
        }
        inbox.leave(self.player);
        drop(inbox);
        self.room.wake();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is changed in single steps that do not panic half-way; a room
    // that panicked is ended by its supervisor.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
