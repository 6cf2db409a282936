//! A step: noted, made, told, as the server's worker does it; and a process that dies in the middle.

use greenroom::game::Signal;
use greenroom::panics::{self, Panicked};
use greenroom::proto::{CloseCode, PlayerId, Refusal, Sight};
use greenroom::room::course::{Back, Redo};
use greenroom::room::history::History;
use greenroom::room::log::Log;
use greenroom::room::recovery::{At, Decision};
use greenroom::room::{AnyRoom, Command, Step};

use super::super::broken::{Broken, broken, holds};
use super::super::wires::Wires;
use super::back::{Brought, typed};
use super::{HOLD_MS, Host, INBOX, LOG_BYTES_MAX, refuse};

/// What each player sees.
type Sights = Vec<(PlayerId, Sight)>;

/// Where in the next step the process dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Death {
    /// While the step is written: of its record so many hundredths got through.
    Torn(u32),
    /// After it was written.
    Noted,
    /// The same, and so do so many of the next while they make it again.
    Again(u32),
    /// While it is told: so many clients have got their frames.
    Telling(u32),
}

/// What became of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Stepped {
    /// It was made and told.
    On,
    /// The process died of it.
    Dead,
}

impl Host {
    /// The next step.
    pub(in super::super) fn step(
        &mut self,
        wires: &mut Wires,
        now: u64,
        death: Option<Death>,
    ) -> Result<Stepped, Broken> {
        if self.is_over {
            return Ok(if death.is_some() { Stepped::Dead } else { Stepped::On });
        }
        self.end_holds(now);
        self.end_effects(now);
        self.commands.clear();
        self.inbox.take(true, &mut self.commands);
        self.check_inbox()?;
        self.commands.extend(self.faults.drain(..).map(Command::Fault));
        self.course.note(0, &self.commands, None);
        match death {
            Some(Death::Torn(percent)) => {
                self.journal.borrow_mut().tear(percent);
                return Ok(Stepped::Dead);
            }
            Some(Death::Noted) => return Ok(Stepped::Dead),
            Some(Death::Again(times)) => {
                self.dies_again = times;
                return Ok(Stepped::Dead);
            }
            Some(Death::Telling(_)) | None => {}
        }
        let Some(sights) = self.make(now)? else {
            self.end(wires, now);
            return Ok(if death.is_some() { Stepped::Dead } else { Stepped::On });
        };
        let clients = match death {
            Some(Death::Telling(clients)) => clients as usize,
            _ => usize::MAX,
        };
        let tick = self.room.tick();
        // From the first frame on somebody may have seen it.
        self.witness.told = tick;
        self.tell(wires, now, tick, &sights, clients)?;
        self.course.told();
        self.witness.steps += 1;
        self.witness.hash = (tick, self.room.hash());
        self.note_kept();
        if death.is_some() {
            return Ok(Stepped::Dead);
        }
        self.keep();
        let journal = self.journal.borrow();
        holds(
            journal.is_whole() || journal.is_failing(),
            "a disk that works again is used",
            || format!("{tick} is not kept"),
        )?;
        drop(journal);
        Ok(Stepped::On)
    }

    /// Whether something is still to come of what the game asked for.
    pub(in super::super) fn has_effects_under_way(&self) -> bool {
        !self.is_over && !self.effects.is_empty()
    }

    fn end_effects(&mut self, now: u64) {
        for (effect, _) in self.effects.extract_if(.., |(_, due)| *due <= now) {
            self.inbox.signal(match effect % 3 {
                0 => Signal::Lost { effect },
                _ => Signal::Answer { effect, body: Vec::new() },
            });
        }
    }

    fn end_holds(&mut self, now: u64) {
        for seat in self.seats.iter().filter(|seat| seat.conn.is_none()) {
            if seat.away_since.is_some_and(|since| now >= since + HOLD_MS) {
                self.inbox.leave(seat.player);
            }
        }
    }

    fn check_inbox(&self) -> Result<(), Broken> {
        for seat in &self.seats {
            let requests = |command: &&Command| {
                command.asks().is_some_and(|(player, _)| player == seat.player)
            };
            let count = self.commands.iter().filter(requests).count();
            holds(count <= INBOX.requests_per_player_max, "an inbox has a bound", || {
                format!("{} requests of {} in one step", count, seat.player)
            })?;
        }
        Ok(())
    }

    /// Has the step made, again and again without what panics. Returns what each player sees; `None`:
    /// it panicked too often.
    fn make(&mut self, now: u64) -> Result<Option<Sights>, Broken> {
        let mut decisions = Vec::new();
        loop {
            self.said.clear();
            let panicked = match self.try_to_make(&decisions) {
                Ok(sights) => {
                    if decisions.contains(&Decision::Skip) {
                        self.inbox.answers_are_lost(&self.commands);
                    }
                    return Ok(Some(sights));
                }
                Err(panicked) => panicked,
            };
            let crash = self.crashed(&panicked)?;
            let back = match self.may_restart(now)? {
                true => {
                    self.bring_back(Some(crash), now, "a room survives the panics of its game")?
                }
                false => Brought::TooOften,
            };
            let Brought::Back(back) = back else { return Ok(None) };
            match self.restore(back)? {
                Some(redo) => (self.commands, decisions) = (redo.commands, redo.decisions),
                None => return broken("a step is made again", "it counts as told"),
            }
        }
    }

    fn try_to_make(&mut self, decisions: &[Decision]) -> Result<Sights, Panicked> {
        let Host { room, commands, said, progress, history, layout, .. } = self;
        panics::catch(|| {
            let step = Step { time_ms: 0, commands, decisions };
            room.make(step, progress, said);
            progress.note(At::Show);
            let pushed = history.push(room.tick(), |rows| {
                room.publish(layout, rows);
            });
            assert!(pushed.is_ok(), "the state is too large");
            let sights = room.seated().into_iter().map(|player| (player, room.sight(player)));
            let sights = sights.collect();
            progress.note(At::Rest);
            sights
        })
    }

    /// The room is back as of the step told last. Returns the step that is to be made again.
    fn restore(&mut self, back: Back) -> Result<Option<Redo>, Broken> {
        let (tick, hash) = self.witness.hash;
        let found = (back.room.tick(), back.room.hash());
        holds(found == (tick, hash), "a room comes back as it was", || {
            format!("after {}, and it was told up to {tick}; or with another hash", found.0)
        })?;
        self.room = typed(back.room.as_ref())?;
        self.history = History::new(self.layout.clone(), self.bounds.history);
        let outboxes = self.seats.iter_mut().filter_map(|seat| seat.outbox.as_mut());
        outboxes.for_each(|outbox| outbox.forget_base());
        Ok(back.redo)
    }

    fn keep(&mut self) {
        if Log::wants_hash(&self.room) {
            self.course.hash(self.room.hash());
        }
        if self.course.wants_start() || self.course.log().wants_keyframe(LOG_BYTES_MAX) {
            self.keep_all();
        }
    }

    /// Takes a keyframe; the journal begins anew with it.
    pub(in super::super) fn keep_all(&mut self) {
        if !self.is_over {
            let (tick, keyframe) = (self.room.tick(), self.room.keyframe());
            let saved = self.saved(tick);
            self.course.keyframe(keyframe, &saved);
            self.note_kept();
        }
    }

    fn note_kept(&mut self) {
        if self.journal.borrow().is_whole() {
            self.witness.kept = self.course.told_up_to();
        }
    }

    /// The room failed too often: everybody is sent away, and nothing of it is kept.
    pub(super) fn end(&mut self, wires: &mut Wires, now: u64) {
        self.is_over = true;
        for seat in std::mem::take(&mut self.seats) {
            match (seat.conn, seat.asked) {
                (Some(conn), Some(asked)) => {
                    if let Some(conn) = self.conns.get_mut(&conn) {
                        conn.player = None;
                    }
                    refuse(wires, now, conn, (asked.id, Refusal::Failed, ""));
                }
                (Some(conn), None) => self.close(wires, now, conn, CloseCode::RoomFailed),
                (None, _) => {}
            }
        }
        self.inbox.end();
        self.course.forget();
    }
}
