//! Those who wait for a seat in a full room, first come first served.

use std::sync::Arc;

use greenroom_proto::{Refusal, ToClient};

use super::seat::Seat;
use super::{Client, RoomRecord, lock};
use crate::account::Person;
use crate::seating::NoSeat;

/// A client that waits for a seat.
pub(super) struct Waiting {
    client: Arc<Client>,
    person: Person,
    id: u32,
    knows_schema: bool,
    told: u32,
}

impl RoomRecord {
    /// The client queues up for a seat, and is told its place.
    pub fn wait(
        self: &Arc<Self>,
        client: &Arc<Client>,
        person: Person,
        id: u32,
        knows_schema: bool,
    ) -> Result<(), NoSeat> {
        let mut booking = lock(&self.booking);
        let ticket = booking.seating.wait()?;
        let waiting = Waiting { client: Arc::clone(client), person, id, knows_schema, told: 0 };
        booking.waiting.insert(ticket, waiting);
        client.wait(self, ticket);
        drop(booking);
        self.tell_places();
        // A seat may have become free just before.
        self.wake();
        Ok(())
    }

    /// A client goes out of the queue.
    pub fn stop_waiting(&self, ticket: u64) {
        let mut booking = lock(&self.booking);
        booking.seating.stop_waiting(ticket);
        booking.waiting.remove(&ticket);
        drop(booking);
        self.changed();
        self.tell_places();
    }

    /// Gives up what was kept for too long, and free seats to those who wait.
    pub fn serve(self: &Arc<Self>) {
        let now_ms = self.age_ms();
        let mut booking = lock(&self.booking);
        let mut changed = booking.seating.expire(now_ms);
        let mut served = Vec::new();
        while let Some((ticket, player)) = booking.seating.serve(now_ms) {
            let seat = Seat { room: Arc::clone(self), player };
            served.extend(booking.waiting.remove(&ticket).map(|waiting| (ticket, waiting, seat)));
        }
        drop(booking);
        changed |= !served.is_empty();
        for (ticket, Waiting { client, person, id, knows_schema, .. }, seat) in served {
            match client.hold_instead(ticket, seat.clone()) {
                true => seat.join(&client, person, id, knows_schema),
                // It is gone by now.
                false => self.unbook(None),
            }
        }
        if changed {
            self.changed();
            self.tell_places();
        }
    }

    /// Tells those who wait their places, where these have changed.
    fn tell_places(&self) {
        let mut booking = lock(&self.booking);
        for (waiting, place) in booking.waiting.values_mut().zip(1..) {
            if std::mem::replace(&mut waiting.told, place) != place {
                waiting.client.line.control(&ToClient::Waiting { id: waiting.id, place });
            }
        }
    }

    /// Closes the room to newcomers, and tells those who wait.
    pub fn shut(&self) {
        let mut booking = lock(&self.booking);
        booking.seating.shut();
        let waiting = std::mem::take(&mut booking.waiting);
        drop(booking);
        self.changed();
        for (ticket, Waiting { client, id, .. }) in waiting {
            if client.turn_away(ticket) {
                let text = "the match ended before a seat was free: join another";
                client.line.refuse(id, Refusal::UnknownRoom, text);
            }
        }
    }
}
