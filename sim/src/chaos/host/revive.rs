//! The next process: the room out of the journal.

use std::sync::Arc;

use greenroom::game::Said;
use greenroom::proto::Tick;
use greenroom::room::saved::{Restored, Saved};
use greenroom::room::{AnyRoom, Command, Room};

use super::super::broken::{Broken, broken, holds};
use super::super::disk::Disk;
use super::super::seat::Seat;
use super::super::wires::Wires;
use super::super::yard::Yard;
use super::step::{Failed, again};
use super::{Bounds, Host, Witness};

const PROMISE: &str = "a room survives the death of its process";

impl Host {
    /// Brings the room back from what another process left.
    pub(in super::super) fn revive(
        (disk, witness, bounds): (Disk, Witness, Bounds),
        now: u64,
    ) -> Result<Self, Broken> {
        let Some(found) = disk.read() else { return broken(PROMISE, "the journal has no room") };
        holds(!found.torn, "a killed process loses nothing", || "the room is torn".to_owned())?;
        let Restored { saved, log } = match Restored::read(&found.start, &found.more) {
            Ok(restored) => restored,
            Err(error) => return broken(PROMISE, error),
        };
        holds(log.end() >= witness.told, "what somebody saw is kept", || {
            format!("the log ends with {}, and {} was told", log.end(), witness.told)
        })?;
        let room = match Room::<Yard>::restore(log.newest().1) {
            Ok(room) => room,
            Err(error) => return broken(PROMISE, error),
        };
        let mut host = Host::with(room, log, bounds, disk, witness);
        host.witness.deaths += 1;
        host.last_player = saved.last_player;
        host.epoch = saved.epoch + 1;
        for member in saved.members.clone() {
            host.inbox.restore(member.player, member.asked);
            host.seats.push(Seat::restored(member, bounds.outbox, now));
        }
        host.replay(saved, now)?;
        host.keep_all();
        Ok(host)
    }

    /// Makes the steps again that the journal has, without what fails in the last: that is made for the
    /// first time, perhaps.
    fn replay(&mut self, mut saved: Saved, now: u64) -> Result<(), Broken> {
        // Whoever dies of it is counted in the journal first.
        saved.attempts += 1;
        let mut heard = Vec::new();
        let room = loop {
            saved.end = self.log.end();
            let (_, keyframe, records) = self.log.newest();
            self.journal.start(&[&saved.head(records.len()), records, keyframe]);
            heard.clear();
            let said = |tick, commands, said| heard.push((tick, commands, said));
            match again(&self.log, 0, self.log.end(), said) {
                Ok(room) => break room,
                Err(Failed::Panicked(crash)) if crash.tick == self.log.end() => {
                    self.witness.panics += 1;
                    self.leave_out(&crash, PROMISE)?;
                }
                Err(failed) => return Err(failed.into()),
            }
        };
        self.room = room;
        self.take_up(heard, now)
    }

    /// What the steps said is kept for those who come back.
    fn take_up(
        &mut self,
        heard: Vec<(Tick, Vec<Command>, Vec<Said>)>,
        now: u64,
    ) -> Result<(), Broken> {
        let (end, room_tick) = (self.log.end(), self.room.tick());
        holds(room_tick == end, PROMISE, || {
            format!("it came to {room_tick}, its log ends with {end}")
        })?;
        let (tick, hash) = self.witness.hash;
        holds(
            room_tick != tick || self.room.hash() == hash,
            "a room comes back as it was",
            || format!("after {tick}, with another hash"),
        )?;
        let wires = &mut Wires::new();
        for (tick, commands, said) in heard {
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
        self.told = room_tick;
        self.witness.hash = (room_tick, self.room.hash());
        self.inbox.set_now(room_tick);
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
