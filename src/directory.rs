//! The rooms there are, and what of each must outlive the actors that work on it.
//!
//! A [`RoomRecord`] is owned by no actor: the room's inbox, members and log live here, so that the
//! death of a room, the lobby or a connection takes nothing along that others need.

// The shell may read clocks.
#![allow(clippy::disallowed_methods)]

pub mod audience;
pub mod backend;
mod booking;
pub mod client;
pub mod clock;
mod conduct;
mod finding;
pub mod finished;
pub mod forwards;
pub mod leaving;
mod member;
pub mod members;
mod moved;
mod moving;
pub mod operator;
pub mod over;
mod record;
pub mod reservations;
mod rooms;
mod roster;
pub mod seat;
pub mod spectator;
pub mod token;
mod waiting;
pub mod watches;
pub mod words;
pub mod work;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use greenroom_proto::{JoinCode, RoomId, RoomInfo};

use self::audience::Watching;
pub use self::client::Client;
use self::finished::FinishedMatches;
use self::forwards::Forwards;
use self::leaving::Leaving;
pub use self::member::Back;
pub use self::moving::{MOVED, Mover};
use self::operator::Observed;
use self::over::Over;
pub use self::record::RoomRecord;
pub use self::rooms::NotInserted;
use self::rooms::Rooms;
pub use self::seat::{Booked, Seat};
use self::watches::{Changes, Watches};

/// All rooms of this process.
pub struct Directory {
    rooms: Mutex<Rooms>,
    over: Over,
    leaving: Leaving,
    watching: Watching,
    observed: Observed,
    finished: FinishedMatches,
    forwards: Arc<Forwards>,
    /// Since when time is counted.
    epoch: Instant,
    changes: Arc<Changes>,
    watches: Mutex<Watches>,
}

impl Default for Directory {
    fn default() -> Self {
        Directory {
            rooms: Mutex::default(),
            watching: Watching::default(),
            observed: Observed::default(),
            over: Over::default(),
            leaving: Leaving::default(),
            finished: FinishedMatches::default(),
            forwards: Arc::default(),
            epoch: Instant::now(),
            changes: Arc::default(),
            watches: Mutex::default(),
        }
    }
}

impl Directory {
    /// The room with this id.
    pub fn get(&self, id: RoomId) -> Option<Arc<RoomRecord>> {
        lock(&self.rooms).get(id).cloned()
    }

    /// Adds a room unless there are `max` already, or as many of its game as may be.
    pub fn insert(&self, record: &Arc<RoomRecord>, max: usize) -> Result<(), NotInserted> {
        lock(&self.rooms).insert(record, max)?;
        let _ = record.changes.set(Arc::clone(&self.changes));
        let _ = record.forwards.set(Arc::clone(&self.forwards));
        record.changed();
        Ok(())
    }

    /// Matches that ended while some of their players were away.
    pub fn over(&self) -> &Over {
        &self.over
    }

    /// How the last matches ended.
    pub fn finished(&self) -> &FinishedMatches {
        &self.finished
    }

    /// So many rooms behind this one, by id.
    pub fn after(
        &self,
        id: Option<RoomId>,
        max: usize,
        wanted: impl Fn(&RoomRecord) -> bool,
    ) -> Vec<Arc<RoomRecord>> {
        let rooms = lock(&self.rooms);
        rooms.after(id).filter(|room| wanted(room)).take(max).cloned().collect()
    }

    /// Whether newcomers are taken.
    pub fn leaving(&self) -> &Leaving {
        &self.leaving
    }

    /// Those who look on, at any room.
    pub fn watching(&self) -> &Watching {
        &self.watching
    }

    /// Whether an operator looks on at all of it.
    pub fn observed(&self) -> &Observed {
        &self.observed
    }

    /// Takes a room out.
    pub fn remove(&self, id: RoomId) -> Option<Arc<RoomRecord>> {
        let removed = lock(&self.rooms).remove(id);
        self.forwards.forget(id);
        self.changes.note(id);
        removed
    }

    /// The room that others come into by this code.
    pub fn by_code(&self, code: &str) -> Option<Arc<RoomRecord>> {
        let code = JoinCode::try_from(code).ok()?;
        lock(&self.rooms).by_code(&code).cloned()
    }

    /// All rooms.
    pub fn all(&self) -> Vec<Arc<RoomRecord>> {
        lock(&self.rooms).all().cloned().collect()
    }

    /// How many rooms there are.
    pub fn len(&self) -> usize {
        lock(&self.rooms).len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rooms of a game, oldest first.
    pub fn of_game(&self, game: &str) -> Vec<Arc<RoomRecord>> {
        lock(&self.rooms).of_game(game).cloned().collect()
    }

    /// What the first open and listed room of the game with these options gives.
    pub fn first_open<T>(
        &self,
        game: &str,
        options: &str,
        take: impl Fn(&Arc<RoomRecord>) -> Option<T>,
    ) -> Option<T> {
        let rooms = lock(&self.rooms);
        rooms
            .of_game(game)
            .filter(|room| room.plan.options == options && room.is_listed())
            .find_map(take)
    }

    /// The first open rooms of a game.
    pub fn list(&self, game: &str, max: usize) -> Vec<RoomInfo> {
        let rooms = lock(&self.rooms);
        rooms.of_game(game).filter_map(|room| room.info()).take(max).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is changed in single steps that do not panic half-way, and no
    // game's code runs under them.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
