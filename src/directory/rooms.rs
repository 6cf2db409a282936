//! All rooms: by id, and by game in the order in which they came.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use greenroom_proto::{JoinCode, RoomId};

use super::RoomRecord;

/// All rooms of a process.
#[derive(Default)]
pub struct Rooms {
    by_id: BTreeMap<RoomId, (u64, Arc<RoomRecord>)>,
    by_game: BTreeMap<&'static str, BTreeMap<u64, Arc<RoomRecord>>>,
    by_code: BTreeMap<JoinCode, RoomId>,
    last: u64,
}

/// Why a room is not added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotInserted {
    /// There are as many rooms as there may be.
    Full,
    /// There are as many of its game as there may be.
    GameFull,
    /// One of them has the same code. By chance, and very rarely: another id has another code.
    SameCode,
}

impl Rooms {
    pub fn get(&self, id: RoomId) -> Option<&Arc<RoomRecord>> {
        self.by_id.get(&id).map(|(_, room)| room)
    }

    pub fn by_code(&self, code: &JoinCode) -> Option<&Arc<RoomRecord>> {
        self.get(*self.by_code.get(code)?)
    }

    /// With its number.
    pub fn get_numbered(&self, id: RoomId) -> Option<(u64, Arc<RoomRecord>)> {
        self.by_id.get(&id).cloned()
    }

    pub fn insert(&mut self, room: &Arc<RoomRecord>, max: usize) -> Result<(), NotInserted> {
        if self.by_id.len() >= max {
            return Err(NotInserted::Full);
        }
        let of_game = self.by_game.entry(room.entry.game.name()).or_default();
        if max != usize::MAX && of_game.len() >= room.entry.game.rooms_max() {
            return Err(NotInserted::GameFull);
        }
        let code = room.code();
        if self.by_code.contains_key(&code) {
            return Err(NotInserted::SameCode);
        }
        self.by_code.insert(code, room.id);
        self.last += 1;
        of_game.insert(self.last, Arc::clone(room));
        self.by_id.insert(room.id, (self.last, Arc::clone(room)));
        Ok(())
    }

    pub fn remove(&mut self, id: RoomId) -> Option<Arc<RoomRecord>> {
        let (number, room) = self.by_id.remove(&id)?;
        self.by_code.remove(&room.code());
        if let Some(of_game) = self.by_game.get_mut(room.entry.game.name()) {
            of_game.remove(&number);
        }
        Some(room)
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<RoomRecord>> {
        self.by_id.values().map(|(_, room)| room)
    }

    /// Those behind this one, by id.
    pub fn after(&self, id: Option<RoomId>) -> impl Iterator<Item = &Arc<RoomRecord>> {
        let from = id.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_id.range((from, Bound::Unbounded)).map(|(_, (_, room))| room)
    }

    /// With their numbers, oldest first.
    pub fn numbered(&self, game: &str) -> Vec<(u64, Arc<RoomRecord>)> {
        let of_game = self.by_game.get(game).into_iter().flatten();
        of_game.map(|(number, room)| (*number, Arc::clone(room))).collect()
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Oldest first.
    pub fn of_game(&self, game: &str) -> impl Iterator<Item = &Arc<RoomRecord>> {
        self.by_game.get(game).into_iter().flat_map(BTreeMap::values)
    }
}
