//! The queries that clients watch.
//!
//! A room that has changed is noted, once however often it changes. Some times a second the rooms that
//! were noted are looked at, each once for each different query about its game (D of them), and the
//! watchers of those queries in whose window something has changed are told: so it costs
//! `changes × D × log(rooms)`, and for each such query the change, and for each of its watchers one
//! message. Nothing is done for rooms that stay as they are, and nothing at all while nobody watches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use greenroom_proto::{GameName, Query, RoomId, ToClient};
use tokio::sync::Notify;

use super::booking::Facing;
use super::{Directory, lock};
use crate::finding;
use crate::finding::window::{Change, Ranking, Window, change};
use crate::net::link::{Link, Standing};

/// Queries that one connection watches at most: a screen has no more lists.
pub const WATCHES_PER_CONNECTION_MAX: usize = 4;

/// Rooms that have changed and were not looked at since.
#[derive(Default)]
pub struct Changes {
    /// Somebody watches.
    watched: AtomicBool,
    rooms: Mutex<BTreeSet<RoomId>>,
    bell: Notify,
}

impl Changes {
    pub(super) fn note(&self, room: RoomId) {
        if self.watched.load(Ordering::Acquire) {
            let mut rooms = lock(&self.rooms);
            rooms.insert(room);
            if rooms.len() == 1 {
                self.bell.notify_one();
            }
        }
    }
}

/// Everything that is watched.
#[derive(Default)]
pub struct Watches {
    by_game: BTreeMap<GameName, BTreeMap<Query, Watched>>,
}

/// One query, and those who watch it.
struct Watched {
    ranking: Ranking,
    watchers: Vec<Watcher>,
    /// Something may have changed, or somebody was not told yet.
    due: bool,
}

struct Watcher {
    link: Arc<Link>,
    id: u32,
    sent: Window,
    /// Not even that there is nothing.
    is_new: bool,
}

/// Why a query is not watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotWatched {
    /// The connection watches as many as it may.
    TooMany,
    /// So many different queries are watched in all.
    Full,
}

impl Directory {
    /// Has somebody told the rooms of a query, and then what changes in them. At most `queries_max`
    /// different ones are watched.
    pub fn watch(
        &self,
        query: &Query,
        link: &Arc<Link>,
        id: u32,
        queries_max: usize,
    ) -> Result<(), NotWatched> {
        let query = Query { limit: finding::limit(query) as u16, ..query.clone() };
        let mut watches = lock(&self.watches);
        if watches.of(link) >= WATCHES_PER_CONNECTION_MAX {
            return Err(NotWatched::TooMany);
        }
        let count: usize = watches.by_game.values().map(BTreeMap::len).sum();
        let of_game = watches.by_game.entry(query.game.clone()).or_default();
        if !of_game.contains_key(&query) {
            if count >= queries_max {
                return Err(NotWatched::Full);
            }
            // First, so that nothing that happens from here on is missed.
            self.changes.watched.store(true, Ordering::Release);
            let watched = Watched { ranking: self.rank(&query), watchers: Vec::new(), due: true };
            of_game.insert(query.clone(), watched);
        }
        if let Some(watched) = of_game.get_mut(&query) {
            let (link, sent) = (Arc::clone(link), Window::default());
            watched.watchers.push(Watcher { link, id, sent, is_new: true });
            watched.due = true;
            watched.tell();
        }
        Ok(())
    }

    /// Somebody watches a query no more; without an id, none at all.
    pub fn unwatch(&self, link: &Arc<Link>, id: Option<u32>) {
        let mut watches = lock(&self.watches);
        watches.retain(|watcher| {
            !Arc::ptr_eq(&watcher.link, link) || id.is_some_and(|id| id != watcher.id)
        });
        if watches.by_game.is_empty() {
            self.changes.watched.store(false, Ordering::Release);
            lock(&self.changes.rooms).clear();
        }
    }

    /// Waits until a room has changed that somebody may watch.
    pub async fn changed(&self) {
        self.changes.bell.notified().await;
    }

    /// Tells those who watch what has changed. Whoever's socket is stuck is told another time.
    pub fn tell_watchers(&self) {
        let mut watches = lock(&self.watches);
        let rooms = std::mem::take(&mut *lock(&self.changes.rooms));
        let now = Instant::now();
        for id in rooms {
            let Some((number, room)) = lock(&self.rooms).get_numbered(id) else {
                let all = watches.by_game.values_mut().flat_map(BTreeMap::values_mut);
                all.for_each(|watched| watched.forget(id));
                continue;
            };
            let Some(of_game) = watches.by_game.get_mut(&room.game_name()) else { continue };
            let facing = Facing { number, epoch: self.epoch, now };
            let entry = Arc::new(room.as_found());
            let found = room.with_facts(facing, |facts| {
                for watched in of_game.values_mut() {
                    watched.ranking.put(facts, &entry);
                    watched.due = true;
                }
            });
            if found.is_none() {
                of_game.values_mut().for_each(|watched| watched.forget(id));
            }
        }
        let mut late = false;
        for watched in watches.by_game.values_mut().flat_map(BTreeMap::values_mut) {
            if watched.due {
                watched.tell();
            }
            late |= watched.due;
        }
        if late {
            self.changes.bell.notify_one();
        }
    }

    fn rank(&self, query: &Query) -> Ranking {
        let (mut ranking, now) = (Ranking::new(query.clone()), Instant::now());
        for (number, room) in self.numbered(&query.game) {
            let facing = Facing { number, epoch: self.epoch, now };
            let entry = Arc::new(room.as_found());
            room.with_facts(facing, |facts| ranking.put(facts, &entry));
        }
        ranking
    }
}

impl Watches {
    fn of(&self, link: &Arc<Link>) -> usize {
        let all = self.by_game.values().flat_map(BTreeMap::values);
        all.flat_map(|watched| &watched.watchers)
            .filter(|watcher| Arc::ptr_eq(&watcher.link, link))
            .count()
    }

    fn retain(&mut self, keep: impl Fn(&Watcher) -> bool) {
        self.by_game.retain(|_, of_game| {
            of_game.retain(|_, watched| {
                watched.watchers.retain(&keep);
                !watched.watchers.is_empty()
            });
            !of_game.is_empty()
        });
    }
}

impl Watched {
    /// A room is not to be found any more.
    fn forget(&mut self, room: RoomId) {
        self.ranking.remove(room);
        self.due = true;
    }

    /// Tells each watcher the change from what it was sent last. Those who were sent the same share it.
    fn tell(&mut self) {
        let now = Arc::clone(self.ranking.refresh());
        let mut made: Vec<(Window, Change)> = Vec::new();
        self.due = false;
        for watcher in &mut self.watchers {
            if Arc::ptr_eq(&watcher.sent, &now) && !watcher.is_new {
                continue;
            }
            match watcher.link.standing() {
                Standing::Closing => continue,
                Standing::Stuck => {
                    self.due = true;
                    continue;
                }
                Standing::Free => {}
            }
            let known = made.iter().position(|(sent, _)| Arc::ptr_eq(sent, &watcher.sent));
            let place = known.unwrap_or_else(|| {
                made.push((Arc::clone(&watcher.sent), change(&watcher.sent, &now)));
                made.len() - 1
            });
            let change = &made[place].1;
            watcher.sent = Arc::clone(&now);
            if std::mem::take(&mut watcher.is_new) || !change.is_empty() {
                watcher.link.control(&ToClient::Watched {
                    id: watcher.id,
                    added: change.added.clone(),
                    changed: change.changed.clone(),
                    removed: change.removed.clone(),
                });
            }
        }
    }
}
