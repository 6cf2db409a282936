//! A client: its channel, and where it stands.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use greenroom_proto::{CloseCode, PlayerId, RoomId};

use super::spectator::{Spectator, Watch};
use super::{RoomRecord, Seat};
use crate::net::line::Line;

/// A client on one channel of its connection, shared by that and the room that it sits in.
pub struct Client {
    /// Its channel.
    pub line: Line,
    place: Mutex<Place>,
    /// Number of the token that it was sent, while it has said nothing since; else 0.
    unconfirmed: AtomicU32,
    /// Hashes of the schemas that its program has, once it has said so: for all channels.
    schemas: Arc<OnceLock<Vec<u64>>>,
    /// The only one that it can read, as of the last time it has asked for a seat.
    only_schema: Mutex<Option<u64>>,
}

/// Where a client stands. The room and the connection both change it, under one lock, so that a
/// seat is given up once, whoever of them ends first.
enum Place {
    /// It has no seat.
    Nowhere,
    /// It has asked for one.
    Asking,
    /// It queues up in a room, with this ticket.
    Waiting(Arc<RoomRecord>, u64),
    /// One is held for it, and the game has not let it in yet.
    Joining(Seat),
    /// It has one.
    Seated(Seat),
    /// It was moved into one, and has not said yet that it knows: what it says is for the one before.
    Moved(Seat),
    /// It looks on without one.
    Watching(Watch),
    /// It is gone for good and can have none.
    Gone,
}

impl Client {
    /// A client without a seat, on the first channel of its connection.
    #[must_use]
    pub fn new(line: Line) -> Arc<Self> {
        Self::with(line, Arc::default())
    }

    /// The same program on another channel.
    #[must_use]
    pub fn beside(&self, line: Line) -> Arc<Self> {
        Self::with(line, Arc::clone(&self.schemas))
    }

    fn with(line: Line, schemas: Arc<OnceLock<Vec<u64>>>) -> Arc<Self> {
        let place = Mutex::new(Place::Nowhere);
        let unconfirmed = AtomicU32::new(0);
        let only_schema = Mutex::default();
        Arc::new(Client { line, place, unconfirmed, schemas, only_schema })
    }

    /// The client has schemas with these hashes. The first time counts.
    pub fn has_schemas(&self, schemas: Vec<u64>) {
        let _ = self.schemas.set(schemas);
    }

    /// Whether the client has this schema.
    pub fn knows(&self, schema: u64) -> bool {
        self.schemas.get().is_some_and(|known| known.contains(&schema))
    }

    /// The client can read this schema and no other, or any.
    pub fn reads(&self, only: Option<u64>) {
        *self.only_schema.lock().unwrap_or_else(PoisonError::into_inner) = only;
    }

    /// The only schema that the client can read; `None`: any.
    pub fn only_schema(&self) -> Option<u64> {
        *self.only_schema.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts to ask for a seat, unless the client has one or waits for one.
    pub fn ask(&self) -> bool {
        self.change(|place| {
            let vacant = matches!(place, Place::Nowhere);
            if vacant {
                *place = Place::Asking;
            }
            vacant
        })
    }

    /// A seat is held for the client.
    pub fn hold(&self, seat: Seat) {
        self.change(|place| *place = Place::Joining(seat));
    }

    /// The client queues up in a room.
    pub fn wait(&self, room: &Arc<RoomRecord>, ticket: u64) {
        self.change(|place| {
            if !matches!(place, Place::Gone) {
                *place = Place::Waiting(Arc::clone(room), ticket);
            }
        });
    }

    /// A seat is held for the client that has waited for it; `false` if it does not any more.
    pub fn hold_instead(&self, ticket: u64, seat: Seat) -> bool {
        self.change(|place| {
            let waits = matches!(place, Place::Waiting(_, own) if *own == ticket);
            if waits {
                *place = Place::Joining(seat);
            }
            waits
        })
    }

    /// The queue that the client waits in is no more; `false` if it waits in another, or in none.
    pub fn turn_away(&self, ticket: u64) -> bool {
        self.change(|place| {
            let waits = matches!(place, Place::Waiting(_, own) if *own == ticket);
            if waits {
                *place = Place::Nowhere;
            }
            waits
        })
    }

    /// The client goes out of the queue that it is in; `false` if it is in none.
    pub fn stop_waiting(&self) -> bool {
        let waited = self.change(|place| match place {
            Place::Waiting(..) => Some(std::mem::replace(place, Place::Nowhere)),
            _ => None,
        });
        let Some(Place::Waiting(room, ticket)) = waited else { return false };
        room.stop_waiting(ticket);
        true
    }

    /// The game has let the client in, which is to be sent the token of this number. `false`: it is
    /// gone.
    pub fn sit(&self, token: u32) -> bool {
        self.unconfirmed.store(token, Ordering::Release);
        self.change(|place| {
            if let Place::Joining(seat) = place {
                *place = Place::Seated(seat.clone());
            }
            !matches!(place, Place::Gone)
        })
    }

    /// The client has, or is to have, the one seat, and has the other from now on, by the token of
    /// this number. `false`: it is gone.
    pub fn move_on(&self, from: &Seat, to: &Seat, token: u32) -> bool {
        self.change(|place| {
            let moves = place.seat().is_some_and(|seat| seat.is(from.room.id, from.player));
            if moves {
                self.unconfirmed.store(token, Ordering::Release);
                *place = Place::Moved(to.clone());
            }
            moves
        })
    }

    /// The client says that it knows of this seat, into which it was moved.
    pub fn arrive(&self, room: RoomId, player: PlayerId) {
        self.change(|place| match place {
            Place::Moved(seat) if seat.is(room, player) => *place = Place::Seated(seat.clone()),
            _ => {}
        });
    }

    /// Whether the client was moved and has not said yet that it knows.
    pub fn is_moved(&self) -> bool {
        self.change(|place| matches!(place, Place::Moved(_)))
    }

    /// The client has no seat any more and may ask for another.
    pub fn vacate(&self) {
        self.change(|place| {
            if !matches!(place, Place::Gone) {
                *place = Place::Nowhere;
            }
        });
    }

    /// Tells a client that its seat was taken away, as a rule by closing the connection. In this
    /// order: what it says meanwhile is left to its next connection, and not refused for want of a
    /// seat.
    pub fn dismiss(&self, code: CloseCode) {
        self.line.dismiss(code);
        self.vacate();
    }

    /// Like [`Client::dismiss`]; the whole server goes, and with it the connection.
    pub fn send_away(&self, window_ms: u32) {
        self.line.close_with_window(CloseCode::GoingAway, window_ms);
        self.vacate();
    }

    /// The client looks on.
    pub fn watch(&self, watch: Watch) {
        self.change(|place| {
            if let Place::Asking = place {
                *place = Place::Watching(watch);
            }
        });
    }

    /// Where the client looks on.
    pub fn watched(&self) -> Option<Watch> {
        self.change(|place| match place {
            Place::Watching(watch) => Some(watch.clone()),
            _ => None,
        })
    }

    /// The client looks on no more, if it did as this one.
    pub fn unwatch(&self, spectator: &Arc<Spectator>) -> bool {
        self.change(|place| match place {
            Place::Watching(watch) if Arc::ptr_eq(&watch.spectator, spectator) => {
                *place = Place::Nowhere;
                true
            }
            _ => false,
        })
    }

    /// The client is gone for good. Returns the seat that it had or that was held for it.
    pub fn depart(&self) -> Option<Seat> {
        self.stop_waiting();
        self.change(|place| std::mem::replace(place, Place::Gone).into_seat())
    }

    /// The seat, once the game has let the client in.
    pub fn seat(&self) -> Option<Seat> {
        self.change(|place| match place {
            Place::Seated(seat) => Some(seat.clone()),
            _ => None,
        })
    }

    /// The seat that the client has or that is held for it.
    pub fn held(&self) -> Option<Seat> {
        self.change(|place| place.seat().cloned())
    }

    /// The room that the client has a place in, of whatever kind.
    pub fn room(&self) -> Option<Arc<RoomRecord>> {
        self.change(|place| match place {
            Place::Seated(seat) | Place::Moved(seat) | Place::Joining(seat) => {
                Some(Arc::clone(&seat.room))
            }
            Place::Waiting(room, _) => Some(Arc::clone(room)),
            Place::Watching(watch) => Some(Arc::clone(&watch.room)),
            Place::Nowhere | Place::Asking | Place::Gone => None,
        })
    }

    /// The client has said something. Returns the number of the token of which that shows, for the
    /// first time, that it has arrived.
    pub fn confirms(&self) -> Option<u32> {
        let any = self.unconfirmed.load(Ordering::Relaxed) != 0;
        any.then(|| self.unconfirmed.swap(0, Ordering::AcqRel)).filter(|token| *token != 0)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Place) -> T) -> T {
        change(&mut self.place.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Place {
    fn seat(&self) -> Option<&Seat> {
        match self {
            Place::Seated(seat) | Place::Moved(seat) | Place::Joining(seat) => Some(seat),
            _ => None,
        }
    }

    fn into_seat(self) -> Option<Seat> {
        match self {
            Place::Seated(seat) | Place::Moved(seat) | Place::Joining(seat) => Some(seat),
            Place::Nowhere
            | Place::Asking
            | Place::Waiting(..)
            | Place::Watching(_)
            | Place::Gone => None,
        }
    }
}
