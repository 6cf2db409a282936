//! The rooms that a query finds. Each room of the game is looked at, and only the first are kept:
//! `cargo bench --bench lobby` says what that costs.

use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Instant;

use greenroom_proto::{Cursor, Query, RoomEntry};

use super::booking::Facing;
use super::{Directory, RoomRecord, lock};
use crate::finding::{self, Place};

/// A room and its place. The last is the greatest.
struct Ranked(Place, Arc<RoomRecord>);

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl Directory {
    /// One page of the rooms of which a query holds, and where the next one begins. The query is one
    /// that [`finding::check`] has passed.
    pub fn find(&self, query: &Query) -> Result<(Vec<RoomEntry>, Option<Cursor>), String> {
        let limit = finding::limit(query);
        let after = query.cursor.as_ref().map(|cursor| finding::read_cursor(query, cursor));
        let after = after.transpose()?;
        let now = Instant::now();
        // One more than asked for: it tells whether there is another page.
        let mut first = BinaryHeap::with_capacity(limit + 2);
        for (number, room) in self.numbered(&query.game) {
            let Some(place) = self.place_of(query, (number, &room), now) else { continue };
            if after.as_ref().is_some_and(|after| place <= *after) {
                continue;
            }
            if first.len() <= limit || first.peek().is_some_and(|Ranked(last, _)| place < *last) {
                first.push(Ranked(place, room));
                if first.len() > limit + 1 {
                    first.pop();
                }
            }
        }
        let mut first = first.into_sorted_vec();
        let more = first.len() > limit;
        first.truncate(limit);
        let last = first.last().filter(|_| more);
        let next = last.map(|Ranked(place, _)| finding::cursor(query, place));
        Ok((first.iter().map(|Ranked(_, room)| room.as_found()).collect(), next))
    }

    /// What the first room gives, in the order of a query, that has a free seat and of which the
    /// query holds.
    pub fn first_of<T>(
        &self,
        query: &Query,
        take: impl Fn(&Arc<RoomRecord>) -> Option<T>,
    ) -> Option<T> {
        let now = Instant::now();
        let ranked = |(number, room): (u64, Arc<RoomRecord>)| {
            Some(Ranked(self.place_of(query, (number, &room), now)?, room))
        };
        let mut rooms: Vec<_> = self.numbered(&query.game).into_iter().filter_map(ranked).collect();
        rooms.sort();
        rooms.into_iter().find_map(|Ranked(_, room)| take(&room))
    }

    /// The rooms of a game with their numbers, oldest first.
    pub(super) fn numbered(&self, game: &str) -> Vec<(u64, Arc<RoomRecord>)> {
        lock(&self.rooms).numbered(game)
    }

    /// Where a room stands in the order of a query; `None` if it is not to be found, or the query
    /// does not hold of it.
    fn place_of(
        &self,
        query: &Query,
        (number, room): (u64, &RoomRecord),
        now: Instant,
    ) -> Option<Place> {
        let facing = Facing { number, epoch: self.epoch, now };
        room.with_facts(facing, |facts| {
            finding::holds(query, facts).then(|| finding::place(query, facts))
        })?
    }
}
