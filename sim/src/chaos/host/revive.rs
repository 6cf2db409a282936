//! The next process: the room out of the journal.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use greenroom::game::Said;
use greenroom::room::course::{Back, Course, Heard};
use greenroom::room::saved::{Restored, Saved};
use greenroom::room::{AnyRoom, Command, Room};

use super::super::broken::{Broken, broken, holds};
use super::super::disk::{Journal, RoomJournal};
use super::super::seat::Seat;
use super::super::wires::Wires;
use super::super::yard::Yard;
use super::Host;
use super::back::{Brought, typed};

const PROMISE: &str = "a room survives the death of its process";

impl Host {
    /// The process is gone, at once, and the next one brings the room back from what it has left.
    pub(in super::super) fn next_process(mut self, now: u64) -> Result<Self, Broken> {
        self.witness.deaths += 1;
        let (whole, owes_end, disk) = self.journal.borrow_mut().take_disk();
        let found = disk.read();
        if self.is_over && !owes_end {
            holds(found.is_none(), "a room that ended stays ended", || "it is there".to_owned())?;
            self.conns.clear();
            self.closed.clear();
            return Ok(self);
        }
        let Some(found) = found else { return broken(PROMISE, "the journal has no room") };
        holds(!(found.torn && whole), "a killed process loses nothing", || {
            "the room is torn".to_owned()
        })?;
        let Restored { saved, log } = match Restored::read(&found.start, &found.more) {
            Ok(restored) => restored,
            Err(error) => return broken(PROMISE, error),
        };
        let Host { mut witness, bounds, dies_again, .. } = self;
        let end = log.end();
        holds(end >= witness.kept, "what somebody saw is kept", || {
            format!("the log ends with {end}, and {} was told and kept", witness.kept)
        })?;
        // Nobody can keep what the disk does not take.
        witness.rolled_back = false;
        if end < witness.told || owes_end {
            witness.undo();
        }
        witness.restarts.clear();
        let room = match Room::<Yard>::restore(log.newest().1) {
            Ok(room) => room,
            Err(error) => return broken(PROMISE, error),
        };
        let journal = Rc::new(RefCell::new(Journal::open(disk)));
        let mut course = Course::found(log, &saved);
        course.keep_in(RoomJournal(Rc::clone(&journal)));
        let mut host = Host::with(room, course, bounds, journal, witness);
        host.dies_again = dies_again;
        match host.revive(saved, now)? {
            true => Ok(host),
            false => {
                (host.dies_again, host.witness.tries) = (dies_again - 1, host.witness.tries + 1);
                host.next_process(now)
            }
        }
    }

    /// `false`: the process dies of it.
    fn revive(&mut self, saved: Saved, now: u64) -> Result<bool, Broken> {
        self.last_player = saved.last_player;
        for member in saved.members {
            self.inbox.restore(member.player, member.asked);
            self.seats.push(Seat::restored(member, self.bounds.outbox, now));
        }
        match self.bring_back(None, now, PROMISE)? {
            Brought::Back(back) => self.take_up(back, now)?,
            Brought::TooOften => self.end(&mut Wires::new(), now),
            Brought::Died => return Ok(false),
        }
        self.keep_all();
        Ok(true)
    }

    /// What the steps said is kept for those who come back.
    fn take_up(&mut self, back: Back, now: u64) -> Result<(), Broken> {
        let (end, room_tick) = (self.course.log().end(), back.room.tick());
        holds(room_tick == end, PROMISE, || {
            format!("it came to {room_tick}, its log ends with {end}")
        })?;
        let (tick, hash) = self.witness.hash;
        holds(
            room_tick != tick || self.witness.rolled_back || back.room.hash() == hash,
            "a room comes back as it was",
            || format!("after {tick}, with another hash"),
        )?;
        self.room = typed(back.room.as_ref())?;
        let wires = &mut Wires::new();
        for Heard { tick, commands, said } in back.heard {
            for command in &commands {
                self.expect(command, now);
            }
            for said in &said {
                if let Said::Reply { player, id, .. } = said {
                    self.witness.answered.insert((*player, *id));
                }
                self.hand_out(wires, now, tick, said);
            }
        }
        self.inbox.go_on_with(&self.room);
        self.course.back();
        self.witness.told = room_tick;
        self.witness.hash = (room_tick, self.room.hash());
        let (mut seated, mut seats) = (self.room.seated(), Vec::new());
        seats.extend(self.seats.iter().filter(|seat| seat.outbox.is_some()).map(|s| s.player));
        seated.sort_unstable();
        seats.sort_unstable();
        holds(seated == seats, "room and host know the same players", || {
            format!("{seated:?} in the room, {seats:?} outside")
        })
    }

    /// What of a command concerns those who are not the game.
    fn expect(&mut self, command: &Command, now: u64) {
        if let Command::Join { player, person, .. } = command {
            self.last_player = self.last_player.max(player.0);
            if self.seat_mut(*player).is_none() {
                let mut seat = Seat::new(*player, Arc::clone(person));
                seat.away_since = Some(now);
                self.seats.push(seat);
                self.inbox.restore(*player, 0);
            }
        } else if let Some((player, id)) = command.asks() {
            self.inbox.restore(player, id);
        }
    }
}
