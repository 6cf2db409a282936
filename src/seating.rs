//! The seats of one room as numbers: taken, reserved, waited for. Plain values in, decisions out; the
//! time is an argument.
//!
//! What always holds, whatever comes in whichever order: seats taken and seats reserved are together
//! at most the seats there are; a reserved seat is taken by whoever has its secret, once, or is free
//! again when its time is over; whoever waits is served in the order of asking, and before those who
//! come later.

use std::collections::VecDeque;

use greenroom_proto::PlayerId;

/// Bounds of a room's seats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeatingLimits {
    /// Seats that there are.
    pub seats: u32,
    /// Clients that may wait for one.
    pub waiting_max: u32,
}

/// Why there is no seat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoSeat {
    /// The room is over, or about to be.
    Shut,
    /// The game takes nobody now.
    Locked,
    /// As many seats as asked for are not free.
    Full,
    /// As many wait as may.
    WaitingFull,
    /// No seat is reserved by this secret, or not any more.
    NotReserved,
}

/// A seat that waits for whoever has its secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reserved {
    /// What takes it.
    pub secret: u64,
    /// Until then.
    pub until_ms: u64,
}

/// The seats of one room.
#[derive(Clone, Debug)]
pub struct Seating {
    limits: SeatingLimits,
    open: bool,
    locked: bool,
    taken: u32,
    last_player: u32,
    /// At most as many as there are seats.
    reserved: Vec<Reserved>,
    /// Tickets in the order of asking.
    waiting: VecDeque<u64>,
    last_ticket: u64,
}

impl Seating {
    /// Of a room that nobody is in.
    #[must_use]
    pub fn new(limits: SeatingLimits) -> Self {
        Seating {
            limits,
            open: true,
            locked: false,
            taken: 0,
            last_player: 0,
            reserved: Vec::new(),
            waiting: VecDeque::new(),
            last_ticket: 0,
        }
    }

    /// Somebody has a seat from before the process was started anew.
    pub fn expect(&mut self, player: PlayerId) {
        self.restore(self.taken + 1, player.0.max(self.last_player));
    }

    /// As many had a seat before the process was started anew, and this was the last number given.
    pub fn restore(&mut self, taken: u32, last_player: u32) {
        (self.taken, self.last_player) = (taken, last_player);
    }

    /// Another number of seats. Those who have one keep it.
    pub fn set_seats(&mut self, seats: u32) {
        self.limits.seats = seats;
    }

    /// The game takes nobody from now on, or everybody again. What was reserved holds.
    pub fn lock(&mut self, locked: bool) {
        self.locked = locked;
    }

    /// A free seat, for somebody who comes now.
    pub fn take(&mut self, now_ms: u64) -> Result<PlayerId, NoSeat> {
        self.free_for_newcomers(now_ms, 1)?;
        Ok(self.seat())
    }

    /// Free seats for some who come together now: as many, or none.
    pub fn take_together(&mut self, now_ms: u64, count: u32) -> Result<Vec<PlayerId>, NoSeat> {
        self.free_for_newcomers(now_ms, count)?;
        Ok((0..count).map(|_| self.seat()).collect())
    }

    /// The reserved seat with this secret.
    pub fn redeem(&mut self, now_ms: u64, secret: u64) -> Result<(PlayerId, Reserved), NoSeat> {
        if !self.open {
            return Err(NoSeat::Shut);
        }
        self.expire(now_ms);
        let place = self.place_of(secret).ok_or(NoSeat::NotReserved)?;
        let reserved = self.reserved.swap_remove(place);
        Ok((self.seat(), reserved))
    }

    /// Reserves a seat for each of these secrets, all or none.
    pub fn reserve(&mut self, now_ms: u64, secrets: &[u64], until_ms: u64) -> Result<(), NoSeat> {
        let count = u32::try_from(secrets.len()).unwrap_or(u32::MAX);
        self.free_for_newcomers(now_ms, count)?;
        let reserved = secrets.iter().map(|secret| Reserved { secret: *secret, until_ms });
        self.reserved.extend(reserved);
        Ok(())
    }

    /// The reserved seat with this secret, if it still is.
    pub fn look(&mut self, now_ms: u64, secret: u64) -> Option<Reserved> {
        self.expire(now_ms);
        self.place_of(secret).map(|place| self.reserved[place])
    }

    /// A reserved seat is free again; `false` if it was not reserved.
    pub fn cancel(&mut self, secret: u64) -> bool {
        let place = self.place_of(secret);
        place.map(|place| self.reserved.swap_remove(place)).is_some()
    }

    /// A seat is free again. A seat that had been reserved, and that nobody sat down on, goes back to
    /// whoever has its secret.
    pub fn release(&mut self, reserved: Option<Reserved>) {
        debug_assert!(self.taken > 0, "a seat was freed twice");
        self.taken = self.taken.saturating_sub(1);
        self.reserved.extend(reserved.filter(|_| self.open));
    }

    /// Queues up for a seat. Returns the ticket.
    pub fn wait(&mut self) -> Result<u64, NoSeat> {
        if !self.open {
            return Err(NoSeat::Shut);
        }
        if self.waiting.len() >= self.limits.waiting_max as usize {
            return Err(NoSeat::WaitingFull);
        }
        self.last_ticket += 1;
        self.waiting.push_back(self.last_ticket);
        Ok(self.last_ticket)
    }

    /// Goes out of the queue; `false` if the ticket was not in it.
    pub fn stop_waiting(&mut self, ticket: u64) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|other| *other != ticket);
        self.waiting.len() < before
    }

    /// The first who waits gets a free seat, if there is one.
    pub fn serve(&mut self, now_ms: u64) -> Option<(u64, PlayerId)> {
        self.expire(now_ms);
        if !self.open || self.locked || self.unclaimed() == 0 {
            return None;
        }
        let ticket = self.waiting.pop_front()?;
        Some((ticket, self.seat()))
    }

    /// Those who wait, first come first.
    pub fn waiting(&self) -> impl Iterator<Item = u64> {
        self.waiting.iter().copied()
    }

    /// Gives up what was reserved for too long; whether that was anything.
    pub fn expire(&mut self, now_ms: u64) -> bool {
        let before = self.reserved.len();
        self.reserved.retain(|reserved| now_ms < reserved.until_ms);
        self.reserved.len() < before
    }

    /// When the next reserved seat is free again.
    #[must_use]
    pub fn next_expiry(&self) -> Option<u64> {
        self.reserved.iter().map(|reserved| reserved.until_ms).min()
    }

    /// Nobody is taken any more, and nothing is reserved.
    pub fn shut(&mut self) {
        self.open = false;
        self.reserved.clear();
        self.waiting.clear();
    }

    /// Shuts the room unless somebody has a seat, is about to get one or may still come for one.
    pub fn shut_if_empty(&mut self, now_ms: u64) -> bool {
        self.expire(now_ms);
        if self.taken == 0 && self.reserved.is_empty() && self.waiting.is_empty() {
            self.shut();
        }
        !self.open
    }

    /// Whether the room is not over.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the game takes nobody now.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// Seats there are.
    #[must_use]
    pub fn seats(&self) -> u32 {
        self.limits.seats
    }

    /// Seats taken.
    #[must_use]
    pub fn taken(&self) -> u32 {
        self.taken
    }

    /// Seats that whoever comes now could have, as of the last look at the clock.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.unclaimed().saturating_sub(self.waiting.len() as u32)
    }

    /// The highest number of a player so far.
    #[must_use]
    pub fn last_player(&self) -> u32 {
        self.last_player
    }

    /// Seats that are neither taken nor reserved.
    fn unclaimed(&self) -> u32 {
        self.limits.seats.saturating_sub(self.taken).saturating_sub(self.reserved.len() as u32)
    }

    fn free_for_newcomers(&mut self, now_ms: u64, count: u32) -> Result<(), NoSeat> {
        if !self.open {
            return Err(NoSeat::Shut);
        }
        if self.locked {
            return Err(NoSeat::Locked);
        }
        self.expire(now_ms);
        if self.free() < count { Err(NoSeat::Full) } else { Ok(()) }
    }

    fn seat(&mut self) -> PlayerId {
        self.taken += 1;
        self.last_player += 1;
        PlayerId(self.last_player)
    }

    fn place_of(&self, secret: u64) -> Option<usize> {
        self.reserved.iter().position(|reserved| reserved.secret == secret)
    }
}

#[cfg(test)]
mod tests;
