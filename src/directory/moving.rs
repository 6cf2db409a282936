//! How a player is moved from a room to another, in two phases.
//!
//! ```text
//! old room                           new room
//! the game says who      ─────────▶  seats for all are booked, or for none
//! plays on               ─────────▶  Join in the inbox; the game lets the player in, or not
//! Leave in the inbox     ◀─ both ─▶  the seat is the client's, which is told Moved
//! ```
//!
//! The moment in which a seat takes the place of the other is under the locks of both rooms' members,
//! the room with the lower id first. Until then nothing has happened to the old seat, so whatever fails
//! on the way there, the player stays. What comes of it returns to the old room's inbox.
//!
//! From the `Join` on the new room's log knows of a seat, and a process that dies finds it there again.
//! So if the places are not changed after all, the move is over, and the player may move on or
//! leave, only once the new room's log has the `Leave`, too. Who wants to leave meanwhile does so then.
//!
//! A match that ends and a ban do not wait for that, nor does who leaves the new room for an old one that
//! has yet to make the step with their `Leave`. If the process dies in between, the next one has a seat
//! there that nobody comes for: it ends with its hold.

use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use greenroom_proto::{PlayerId, Refusal, Tick};
use metrics::counter;
use tokio::sync::mpsc;

use super::members::{Going, Members};
use super::{Booked, Client, RoomRecord, Seat};
use crate::game::Signal;

/// What a client is told whose requests nobody in the old room answers any more.
pub const MOVED: &str = "you were moved to another room before this was answered";

/// Whoever wants players moved, and is told of each.
#[derive(Clone, Debug)]
pub enum Mover {
    /// The room's game, by this effect.
    Game(u32),
    /// The studio's backend. There is room for all of them.
    Backend(mpsc::Sender<(PlayerId, Result<(), Refusal>)>),
}

/// Who is being moved out of a room.
#[derive(Default)]
pub(super) struct Moving(Mutex<UnderWay>);

#[derive(Default)]
struct UnderWay {
    players: BTreeMap<PlayerId, Way>,
    /// How many of each effect of the game.
    effects: BTreeMap<u32, usize>,
}

/// How far a player has got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A seat is being found for them.
    Sought,
    /// They have asked the new room to let them in.
    Asked,
    /// The same, and they give up their seat as soon as the new room has let them go.
    Leaving,
}

impl Moving {
    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A player on the way to a new seat. Dropped, they stay where they are.
pub(super) struct Arrival {
    from: Arc<RoomRecord>,
    player: PlayerId,
    mover: Mover,
    /// Why they have not got the new seat, which has yet to go.
    failed: Option<Refusal>,
    ended: bool,
}

impl Arrival {
    /// The player stays: for this reason, if there was none before.
    pub(super) fn stays(mut self, why: Refusal) {
        self.ended = true;
        self.from.moved(&self.mover, self.player, Err(self.failed.unwrap_or(why)));
    }

    fn arrives(mut self) {
        self.ended = true;
        self.from.moved(&self.mover, self.player, Ok(()));
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if !self.ended {
            self.from.moved(&self.mover, self.player, Err(Refusal::Failed));
        }
    }
}

impl RoomRecord {
    /// Somebody wants these players moved, each named once. Returns those for whom a place is to be
    /// found; of the others the mover is told.
    pub fn begin_move(&self, mover: &Mover, players: &[PlayerId]) -> Vec<PlayerId> {
        let members = self.members();
        let mut moving = self.moving.lock();
        if let Mover::Game(effect) = mover {
            moving.effects.insert(*effect, players.len());
        }
        let (mut movers, mut stay) = (Vec::new(), Vec::new());
        for player in players {
            match members.seats().any(|seat| seat.player == *player) {
                false => stay.push((*player, Refusal::NoSeat)),
                true => match moving.players.entry(*player) {
                    Entry::Occupied(_) => stay.push((*player, Refusal::Busy)),
                    Entry::Vacant(open) => {
                        open.insert(Way::Sought);
                        movers.push(*player);
                    }
                },
            }
        }
        for (player, why) in stay {
            self.tell_mover(&mut moving, mover, player, Err(why));
        }
        if let Mover::Game(effect) = mover
            && players.is_empty()
        {
            moving.effects.remove(effect);
            self.inbox().effect_done(*effect);
        }
        drop((moving, members));
        self.wake();
        movers
    }

    /// What has come of moving one of them.
    pub fn moved(&self, mover: &Mover, player: PlayerId, outcome: Result<(), Refusal>) {
        let mut moving = self.moving.lock();
        if let Some(way) = moving.players.remove(&player) {
            self.tell_mover(&mut moving, mover, player, outcome);
            if way == Way::Leaving {
                self.inbox().leave(player);
            }
        }
        drop(moving);
        self.wake();
    }

    /// A player's seat ends: in the next step, or once another room that was to let them in has let
    /// them go. To be called with the members locked.
    pub fn give_up(&self, player: PlayerId) {
        let mut moving = self.moving.lock();
        match moving.players.get_mut(&player) {
            Some(way @ (Way::Asked | Way::Leaving)) => *way = Way::Leaving,
            Some(Way::Sought) | None => self.inbox().leave(player),
        }
    }

    fn tell_mover(
        &self,
        moving: &mut UnderWay,
        mover: &Mover,
        player: PlayerId,
        outcome: Result<(), Refusal>,
    ) {
        let name = if outcome.is_ok() { "moved" } else { "stayed" };
        counter!("greenroom_players_moved_total", "outcome" => name).increment(1);
        let effect = match mover {
            Mover::Game(effect) => *effect,
            // Who has asked may have given up.
            Mover::Backend(tell) => {
                let _ = tell.try_send((player, outcome));
                return;
            }
        };
        let mut inbox = self.inbox();
        if let Err(why) = outcome {
            inbox.signal(Signal::NotMoved { effect, player, why });
        }
        // The game is told last that all are through.
        if let Entry::Occupied(mut open) = moving.effects.entry(effect) {
            *open.get_mut() -= 1;
            if *open.get() == 0 {
                open.remove();
                inbox.effect_done(effect);
            }
        }
    }

    /// A seat was found for a player: asks its room to let them in.
    pub fn send_on(self: &Arc<Self>, mover: &Mover, player: PlayerId, booked: Booked) {
        let (from, mover) = (Arc::clone(self), mover.clone());
        let arrival = Arrival { from, player, mover, failed: None, ended: false };
        match self.set_out(player, booked.room()) {
            Err(why) => arrival.stays(why),
            Ok(going) => {
                let Seat { room, player } = booked.take();
                let mut members = room.members();
                if members.arrive(player, Arc::clone(&going.person), arrival) {
                    room.inbox().arrive(player, going.person, going.origins);
                }
                drop(members);
                room.wake();
            }
        }
    }

    /// The player is about to ask that room to let them in.
    fn set_out(&self, player: PlayerId, to: &RoomRecord) -> Result<Going, Refusal> {
        let mut members = self.members();
        let going = self.may_go(members.going(self, player)?, to)?;
        if !self.inbox().has(player) {
            // They leave.
            return Err(Refusal::NoSeat);
        }
        if let Some(way) = self.moving.lock().players.get_mut(&player) {
            *way = Way::Asked;
        }
        Ok(going)
    }

    /// Whether the client could be in that room.
    fn may_go(&self, going: Going, room: &RoomRecord) -> Result<Going, Refusal> {
        if going.only_schema.is_some_and(|only| only != room.entry.schema_hash) {
            return Err(Refusal::OtherSchema);
        }
        // It may play another game beside this one.
        let is_beside = |room: &RoomRecord| room.entry.game.is_beside();
        if going.has_channels && is_beside(self) && !is_beside(room) {
            return Err(Refusal::NotBeside);
        }
        Ok(going)
    }

    /// The game has let somebody in who is moved here: from now on the seat is theirs.
    pub fn complete_arrival(self: &Arc<Self>, player: PlayerId, tick: Tick) {
        let arrival = self.members().find(player).and_then(|member| member.arrival.take());
        let Some(mut arrival) = arrival else { return };
        let from = Arc::clone(&arrival.from);
        let (mut there, mut here) = both(&from, self);
        match self.change_places(&arrival, (&mut there, &mut here), player, tick) {
            Ok(()) => {
                drop((there, here));
                arrival.arrives();
            }
            Err(why) => {
                // It is nobody's, and not to be kept. Who it was for stays where they were, or goes, once
                // the room has let them go.
                if let Some(member) = here.find(player) {
                    member.moved = true;
                    arrival.failed = Some(why);
                    member.arrival = Some(arrival);
                }
                self.inbox().leave(player);
                drop((there, here));
            }
        }
        self.wake();
    }

    /// An error: the player stays, and the new seat is free.
    fn change_places(
        self: &Arc<Self>,
        arrival: &Arrival,
        (there, here): (&mut Members, &mut Members),
        player: PlayerId,
        tick: Tick,
    ) -> Result<(), Refusal> {
        let from = &arrival.from;
        let going = there.going(from, arrival.player)?;
        if from.moving.lock().players.get(&arrival.player) == Some(&Way::Leaving) {
            return Err(Refusal::NoSeat);
        }
        // The new seat was taken away again: by a kick.
        if !self.inbox().has(player) {
            return Err(Refusal::SeatGone);
        }
        let member = here.find(player).ok_or(Refusal::Failed)?;
        // They leave already, or their match is over.
        let open = from.inbox().depart(arrival.player).ok_or(Refusal::NoSeat)?;
        let left = there.move_away(arrival.player).ok_or(Refusal::NoSeat)?;
        from.goes(arrival.player);
        member.origins = going.origins;
        self.lead_here(player, &member.origins);
        member.only_schema = going.only_schema;
        let old = Seat { room: Arc::clone(from), player: arrival.player };
        let new = Seat { room: Arc::clone(self), player };
        let moves = |client: &Arc<Client>| client.move_on(&old, &new, member.tokens.newest() + 1);
        match left.client.filter(moves) {
            Some(client) => {
                let (id, known) = match left.asked {
                    // It waits for the answer to its `Resume`, perhaps from a room before this one.
                    Some(asked) => (asked.id, asked.moved_from.unwrap_or(from.id)),
                    None => {
                        for id in open {
                            client.line.refuse(id, Refusal::Moved, MOVED);
                        }
                        (0, from.id)
                    }
                };
                member.client = Some(client);
                member.tell_moved(self, tick, (id, known));
            }
            None => {
                member.away_since = left.away_since;
                member.leave_for_now(Instant::now());
                let mut inbox = self.inbox();
                inbox.drop_player(player);
                if self.seat_hold().is_zero() {
                    inbox.leave(player);
                }
            }
        }
        here.stir();
        Ok(())
    }
}

/// The members of two rooms, locked in the same order by everybody.
fn both<'a>(
    one: &'a RoomRecord,
    other: &'a RoomRecord,
) -> (MutexGuard<'a, Members>, MutexGuard<'a, Members>) {
    let lock_one = (one.id < other.id).then(|| one.members());
    let of_other = other.members();
    (lock_one.unwrap_or_else(|| one.members()), of_other)
}

#[cfg(test)]
mod tests;
