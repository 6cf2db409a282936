//! What is watched: the first rooms of a query, kept up to date, and the change between two states of
//! them.
//!
//! A room that changes is looked at once for each different query, whoever many watch it: O(log n) to
//! find its place among the n rooms of which the query holds. What is sent is the change from what a
//! watcher was sent last to now, so a slow one gets one change for all that happened meanwhile, and
//! nothing queues.

use std::collections::BTreeMap;
use std::sync::Arc;

use greenroom_proto::{List, PAGE_MAX, Query, RoomEntry, RoomId};

use super::{Facts, Place, holds, limit, place};

/// The rooms of a query in their order.
#[derive(Debug)]
pub struct Ranking {
    query: Query,
    places: BTreeMap<RoomId, Place>,
    rooms: BTreeMap<Place, Arc<RoomEntry>>,
    window: Window,
}

/// The first of them, as somebody was sent them. Entries are replaced, never changed.
pub type Window = Arc<Vec<Arc<RoomEntry>>>;

/// What has changed between two windows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Change {
    /// Rooms that were not in it.
    pub added: List<RoomEntry, PAGE_MAX>,
    /// Rooms that are others.
    pub changed: List<RoomEntry, PAGE_MAX>,
    /// Rooms that are not in it any more.
    pub removed: List<RoomId, PAGE_MAX>,
}

impl Change {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl Ranking {
    /// Of a query, without rooms.
    #[must_use]
    pub fn new(query: Query) -> Self {
        let (places, rooms) = (BTreeMap::new(), BTreeMap::new());
        Ranking { query, places, rooms, window: Arc::default() }
    }

    /// A room is new or has changed.
    pub fn put(&mut self, facts: &Facts<'_>, entry: &Arc<RoomEntry>) {
        self.remove(entry.room);
        if holds(&self.query, facts) {
            let place = place(&self.query, facts);
            self.places.insert(entry.room, place.clone());
            self.rooms.insert(place, Arc::clone(entry));
        }
    }

    /// A room is not to be found any more.
    pub fn remove(&mut self, room: RoomId) {
        if let Some(place) = self.places.remove(&room) {
            self.rooms.remove(&place);
        }
    }

    /// Looks at the first rooms anew.
    pub fn refresh(&mut self) -> &Window {
        let first = || self.rooms.values().take(limit(&self.query));
        let same = self.window.len() == first().count()
            && self.window.iter().zip(first()).all(|(old, new)| Arc::ptr_eq(old, new));
        if !same {
            self.window = Arc::new(first().cloned().collect());
        }
        &self.window
    }
}

/// The change from one window to another. In the order of rooms it says nothing: whoever wants one
/// sorts.
#[must_use]
pub fn change(old: &Window, new: &Window) -> Change {
    let by_id = |window: &Window| -> BTreeMap<RoomId, Arc<RoomEntry>> {
        window.iter().map(|entry| (entry.room, Arc::clone(entry))).collect()
    };
    let before = by_id(old);
    let mut change = Change::default();
    for entry in new.iter() {
        match before.get(&entry.room) {
            None => drop(change.added.push(RoomEntry::clone(entry))),
            Some(was) if Arc::ptr_eq(was, entry) => {}
            Some(_) => drop(change.changed.push(RoomEntry::clone(entry))),
        }
    }
    let after = by_id(new);
    let gone = old.iter().map(|entry| entry.room).filter(|room| !after.contains_key(room));
    change.removed = List::first(gone);
    change
}
