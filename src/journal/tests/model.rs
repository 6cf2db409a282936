//! What rooms appended, and what may come back of it.

use std::collections::BTreeMap;

use greenroom_proto::RoomId;

use super::super::{Found, Journal, Kind, NotTaken, Position, RoomJournal};
use crate::rng::Rng;

/// A record that was taken.
struct Event {
    kind: Kind,
    position: u64,
    payload: Vec<u8>,
}

/// Rooms that append, and all that was taken of them.
#[derive(Default)]
pub struct Model {
    events: BTreeMap<u64, Vec<Event>>,
    handles: BTreeMap<u64, RoomJournal>,
    records: u64,
    /// The first of its rooms.
    first: u64,
}

/// What must be there: all up to a position. What may be there and is missing must be said to be
/// torn up to another.
#[derive(Clone, Copy)]
pub struct Due {
    pub there: Option<u64>,
    pub told: Option<u64>,
}

pub const NOTHING: Due = Due { there: None, told: None };

impl Model {
    /// Rooms from this number on.
    pub fn from(first: u64) -> Self {
        Model { first, ..Model::default() }
    }

    /// A record of some room.
    pub fn append(&mut self, journal: &Journal, room: u64, kind: Kind, bytes: usize) -> Taken {
        let handle = self.handles.entry(room).or_insert_with(|| journal.room(RoomId(room), || ()));
        self.records += 1;
        // No two are the same.
        let mut payload = format!("{room}/{}/", self.records).into_bytes();
        payload.resize(payload.len() + bytes, self.records as u8);
        let (one, two) = payload.split_at(payload.len() / 2);
        let taken = handle.append(kind, &[one, two]);
        if let Ok(Position(position)) = taken {
            let event = Event { kind, position, payload };
            self.events.entry(room).or_default().push(event);
            if kind == Kind::End {
                self.handles.remove(&room);
            }
        }
        taken
    }

    /// Something that a room might do next.
    pub fn step(&mut self, journal: &Journal, rooms: u64, rng: &mut Rng) {
        let room = self.first + u64::from(rng.below(rooms as u32));
        let begun = self.handles.get(&room).is_some_and(|room| !room.wants_start());
        let kind = match rng.below(20) {
            0 if begun => Kind::End,
            1 | 2 => Kind::Start,
            _ if !begun => Kind::Start,
            _ => Kind::More,
        };
        let bytes = if rng.below(20) == 0 { rng.below(5000) } else { rng.below(100) };
        let taken = self.append(journal, room, kind, bytes as usize);
        // A start that was refused is not wanted before it fits; the room goes on in vain.
        assert!(
            matches!(
                taken,
                Ok(_) | Err(NotTaken::QueueFull | NotTaken::NeedsStart | NotTaken::Failing)
            ),
            "{taken:?}"
        );
    }

    /// Another process goes on with what was found.
    pub fn next_life(&mut self, found: &[Found]) {
        self.handles.clear();
        for (room, events) in &mut self.events {
            match found.iter().find(|found| found.room.0 == *room) {
                None => events.clear(),
                Some(found) => {
                    let (from, to) = span(events, found);
                    events.truncate(to + 1);
                    events.drain(..from);
                    events.iter_mut().for_each(|event| event.position = 0);
                }
            }
        }
    }

    /// The handles of rooms that have not ended.
    pub fn handles(&self) -> &BTreeMap<u64, RoomJournal> {
        &self.handles
    }

    /// What was found is what was appended from some start on, without a hole, and no less than is
    /// due.
    pub fn check(&self, found: &[Found], due: Due, context: &str) {
        for found in found {
            let events = self.events.get(&found.room.0).map_or(&[][..], Vec::as_slice);
            let (_, to) = span(events, found);
            let reached = |position: Option<u64>| {
                let rest = &events[to + 1..];
                position.is_none_or(|at| rest.iter().all(|event| event.position > at))
            };
            assert!(reached(due.there), "{}: less than is due, {context}", found.room);
            assert!(
                found.torn || reached(due.told),
                "{}: something is missing and nothing says so, {context}",
                found.room
            );
        }
        for (room, events) in &self.events {
            if found.iter().any(|found| found.room.0 == *room) {
                continue;
            }
            let Some(due) = due.there else { continue };
            let last = events.iter().rposition(|event| event.position <= due);
            let ended = |from: usize| events[from..].iter().any(|event| event.kind == Kind::End);
            assert!(last.is_none_or(ended), "{room}: is gone, {context}");
        }
    }
}

/// Which records a room came back with.
fn span(events: &[Event], found: &Found) -> (usize, usize) {
    let start = events
        .iter()
        .position(|event| event.payload == found.start && event.kind == Kind::Start)
        .unwrap_or_else(|| panic!("{}: a start that was never appended", found.room));
    for (number, more) in found.more.iter().enumerate() {
        let event = events.get(start + 1 + number);
        assert!(
            event.is_some_and(|event| event.payload == *more && event.kind == Kind::More),
            "{}: another record than was appended",
            found.room
        );
    }
    (start, start + found.more.len())
}

type Taken = Result<Position, NotTaken>;
