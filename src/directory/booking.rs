//! A room's seats as the lobby sees them: who may have one, who has one kept, who waits for one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::{
    OptionsText, PlayerId, RoomEntry, RoomId, RoomInfo, SeatCode, Text, Visibility,
};

use super::seat::{Booked, Seat};
use super::waiting::Waiting;
use super::{RoomRecord, lock};
use crate::account::Person;
use crate::finding::Facts;
use crate::registry::RoomPlan;
use crate::room::listing::{Listing, Setup};
use crate::room::origin::Origin;
use crate::seating::{NoSeat, Seating, SeatingLimits};

/// Seats, and what is told of the room.
pub(super) struct Booking {
    pub(super) seating: Seating,
    listing: Arc<Listing>,
    setup: Setup,
    /// Those who queue up, by ticket.
    pub(super) waiting: BTreeMap<u64, Waiting>,
}

/// A room among the others of its process.
#[derive(Clone, Copy)]
pub(super) struct Facing {
    /// Counts them.
    pub(super) number: u64,
    /// Since when time is counted.
    pub(super) epoch: Instant,
    /// Asked once for all rooms: a look at the clock costs as much as a look at a room.
    pub(super) now: Instant,
}

impl Booking {
    pub(super) fn new(plan: &RoomPlan) -> Self {
        let limits = SeatingLimits { seats: plan.seats, waiting_max: plan.waiting_max };
        Booking {
            seating: Seating::new(limits),
            listing: Arc::default(),
            setup: Setup::default(),
            waiting: BTreeMap::new(),
        }
    }

    /// As many had a seat when the room was written down.
    pub(super) fn restore(&mut self, taken: u32, last_player: u32) {
        self.seating.restore(taken, last_player);
    }

    pub(super) fn taken(&self) -> u32 {
        self.seating.taken()
    }

    pub(super) fn last_player(&self) -> u32 {
        self.seating.last_player()
    }

    /// Seats that somebody who comes now could have.
    fn free(&self) -> u32 {
        if self.seating.is_locked() { 0 } else { self.seating.free() }
    }

    fn show(&mut self, listing: Listing, plan: &RoomPlan) {
        let seats = listing.seats.map_or(plan.seats, |seats| seats.min(plan.seats));
        self.seating.set_seats(seats);
        self.seating.lock(listing.locked);
        self.listing = Arc::new(listing);
    }
}

impl RoomRecord {
    /// What the creator chose besides the options, before anybody works on the room.
    pub fn open_as(&self, setup: Setup) {
        let mut listing = Listing::default();
        listing.open(&setup);
        let mut booking = lock(&self.booking);
        booking.show(listing, &self.plan);
        let said = setup != Setup::default();
        booking.setup = setup.clone();
        drop(booking);
        if said {
            self.inbox().open(setup);
        }
    }

    /// A new room was made, which does not know yet what its creator chose.
    pub fn show_new(&self, listing: &Listing) {
        let mut listing = listing.clone();
        listing.open(&lock(&self.booking).setup);
        self.show(listing);
    }

    /// What is told of the room from now on.
    pub fn show(&self, listing: Listing) {
        lock(&self.booking).show(listing, &self.plan);
        self.changed();
    }

    /// What is told of the room.
    #[must_use]
    pub fn listing(&self) -> Arc<Listing> {
        Arc::clone(&lock(&self.booking).listing)
    }

    /// Whether whoever looks for rooms finds this one.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.listing().visibility == Visibility::Listed
    }

    /// Somebody joined before the process was started anew.
    pub fn expect(&self, player: PlayerId, person: Arc<Person>, from: &[Origin]) {
        lock(&self.booking).seating.expect(player);
        self.members().expect(player, person, from);
        self.inbox().restore(player, 0);
    }

    /// Takes a free seat, or says why there is none.
    pub fn book(self: &Arc<Self>) -> Result<Booked, NoSeat> {
        let player = lock(&self.booking).seating.take(self.age_ms())?;
        self.changed();
        Ok(Booked::new(Seat { room: Arc::clone(self), player }, None))
    }

    /// Takes free seats for some who come together, as many or none.
    pub fn book_together(self: &Arc<Self>, count: u32) -> Result<Vec<Booked>, NoSeat> {
        let players = lock(&self.booking).seating.take_together(self.age_ms(), count)?;
        self.changed();
        let seat = |player| Booked::new(Seat { room: Arc::clone(self), player }, None);
        Ok(players.into_iter().map(seat).collect())
    }

    /// Takes the reserved seat with this secret.
    pub fn redeem(self: &Arc<Self>, secret: u64) -> Result<Booked, NoSeat> {
        let (player, kept) = lock(&self.booking).seating.redeem(self.age_ms(), secret)?;
        self.changed();
        Ok(Booked::new(Seat { room: Arc::clone(self), player }, Some(kept)))
    }

    /// Keeps a seat for each of these secrets, all or none.
    pub fn reserve(&self, secrets: &[u64], expiry: Duration) -> Result<(), NoSeat> {
        let now_ms = self.age_ms();
        let until_ms = now_ms.saturating_add(expiry.as_millis() as u64);
        lock(&self.booking).seating.reserve(now_ms, secrets, until_ms)?;
        self.changed();
        // It looks again when they are over.
        self.wake();
        Ok(())
    }

    /// For how long the seat with this secret is still kept.
    #[must_use]
    pub fn kept_for(&self, secret: u64) -> Option<Duration> {
        let now_ms = self.age_ms();
        let kept = lock(&self.booking).seating.look(now_ms, secret)?;
        Some(Duration::from_millis(kept.until_ms - now_ms))
    }

    /// A reserved seat is free again; `false` if it was not reserved.
    pub fn cancel(&self, secret: u64) -> bool {
        let was = lock(&self.booking).seating.cancel(secret);
        if was {
            self.changed();
            self.wake();
        }
        was
    }

    /// Frees a seat, or gives it back to whoever has its secret.
    pub(super) fn unbook(&self, kept: Option<crate::seating::Reserved>) {
        lock(&self.booking).seating.release(kept);
        self.changed();
        self.wake();
    }

    /// When a reserved seat is free again, if one is reserved.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Instant> {
        let until_ms = lock(&self.booking).seating.next_expiry()?;
        Some(self.born + Duration::from_millis(until_ms))
    }

    /// Closes the room to newcomers if nobody has a seat or is about to get one.
    pub fn shut_if_empty(&self) -> bool {
        let shut = lock(&self.booking).seating.shut_if_empty(self.age_ms());
        if shut {
            self.changed();
        }
        shut
    }

    /// For a list of rooms; `None` for one that is not to be found.
    pub(super) fn info(&self) -> Option<RoomInfo> {
        let booking = lock(&self.booking);
        let Booking { seating, listing, .. } = &*booking;
        let found = seating.is_open() && listing.visibility == Visibility::Listed;
        found.then(|| RoomInfo {
            room: self.id,
            players: seating.taken(),
            players_max: seating.seats(),
            options: OptionsText::cut(&self.plan.options),
        })
    }

    /// Has something done with what can be asked of the room; `None` for one that is not to be found.
    pub(super) fn with_facts<T>(
        &self,
        facing: Facing,
        act: impl FnOnce(&Facts<'_>) -> T,
    ) -> Option<T> {
        let age_secs = facing.now.saturating_duration_since(self.born).as_secs() as u32;
        let born_ms = match self.born.checked_duration_since(facing.epoch) {
            Some(after) => after.as_millis() as i64,
            None => -((facing.epoch - self.born).as_millis() as i64),
        };
        let booking = lock(&self.booking);
        let Booking { seating, listing, .. } = &*booking;
        let found = seating.is_open() && listing.visibility == Visibility::Listed;
        found.then(|| {
            act(&Facts {
                players: seating.taken(),
                free: booking.free(),
                age_secs,
                born_ms,
                number: facing.number,
                listing,
            })
        })
    }

    /// The room as it is found.
    #[must_use]
    pub fn as_found(&self) -> RoomEntry {
        let age_secs = (self.age_ms() / 1000) as u32;
        let booking = lock(&self.booking);
        let Booking { seating, listing, .. } = &*booking;
        RoomEntry {
            room: self.id,
            players: seating.taken(),
            players_max: seating.seats(),
            free: booking.free(),
            locked: seating.is_locked(),
            age_secs,
            options: OptionsText::cut(&self.plan.options),
            metadata: listing.metadata(),
        }
    }

    /// Time since the room was made, in milliseconds.
    #[must_use]
    pub fn age_ms(&self) -> u64 {
        self.born.elapsed().as_millis() as u64
    }
}

/// The code of a reserved seat names its room.
pub(super) fn seat_code(room: RoomId, secret: u64) -> SeatCode {
    // Both are written as 13 characters.
    Text::cut(&format!("{room}{}", RoomId(secret)))
}

/// What a code of a reserved seat says.
pub(super) fn read_seat_code(code: &str) -> Option<(RoomId, u64)> {
    let (room, secret) = code.split_at_checked(13)?;
    let secret: RoomId = secret.parse().ok()?;
    Some((room.parse().ok()?, secret.0))
}
