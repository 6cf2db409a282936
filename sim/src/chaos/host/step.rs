//! A step: noted, made, told, as the server's worker does it; and a process that dies in the middle.

use greenroom::game::Said;
use greenroom::panics::{self, Panicked};
use greenroom::proto::{PlayerId, Sight, Tick};
use greenroom::room::log::{Keep, Log};
use greenroom::room::recovery::{At, Crash, Decision, Progress, decide};
use greenroom::room::{AnyRoom, Command, Room, Step};

use super::super::broken::{Broken, broken, holds};
use super::super::wires::Wires;
use super::super::yard::Yard;
use super::{HOLD_MS, Host, INBOX, LOG_BYTES_MAX};

/// Where in the next step the process dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Death {
    /// While the step is written: of its record so many hundredths got through.
    Torn(u32),
    /// After it was written.
    Noted,
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
        self.end_holds(now);
        self.commands.clear();
        self.inbox.take(true, &mut self.commands);
        self.check_inbox()?;
        self.commands.extend(self.faults.drain(..).map(Command::Fault));
        let tick = self.log.end().next();
        let record = self.log.step(tick, 0, &self.commands);
        self.journal.more(&[&tick.0.to_le_bytes(), record]);
        match death {
            Some(Death::Torn(percent)) => {
                self.journal.tear(percent);
                return Ok(Stepped::Dead);
            }
            Some(Death::Noted) => return Ok(Stepped::Dead),
            Some(Death::Telling(_)) | None => {}
        }
        let sights = self.make(tick)?;
        let clients = match death {
            Some(Death::Telling(clients)) => clients as usize,
            _ => usize::MAX,
        };
        // From the first frame on somebody may have seen it.
        self.witness.told = tick;
        self.tell(wires, now, tick, &sights, clients)?;
        self.told = tick;
        self.witness.steps += 1;
        self.witness.hash = (tick, self.room.hash());
        if death.is_some() {
            return Ok(Stepped::Dead);
        }
        self.keep();
        Ok(Stepped::On)
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
            let requests = |command: &&Command| matches!(command, Command::Request { player, .. } if *player == seat.player);
            let count = self.commands.iter().filter(requests).count();
            holds(count <= INBOX.requests_per_player_max, "an inbox has a bound", || {
                format!("{} requests of {} in one step", count, seat.player)
            })?;
        }
        Ok(())
    }

    /// Has the step made, again and again without what panics. Returns what each player sees.
    fn make(&mut self, tick: Tick) -> Result<Vec<(PlayerId, Sight)>, Broken> {
        let mut decisions = Vec::new();
        loop {
            self.said.clear();
            let panicked = match self.try_to_make(&decisions) {
                Ok(sights) => return Ok(sights),
                Err(panicked) => panicked,
            };
            self.witness.panics += 1;
            if !panicked.text().starts_with("a hook that panics")
                && !panicked.text().starts_with("a fault that was asked for")
            {
                return broken("nothing but the game panics", &panicked);
            }
            let (at, text) = (self.progress.at().1, panicked.text().to_owned());
            let crash = Crash { tick, at, text, place: panicked.place().to_owned() };
            self.leave_out(&crash, "a room survives the panics of its game")?;
            self.restore()?;
            decisions = self.last_decisions()?;
        }
    }

    /// Notes what is left out of the last step, in which this happened. That is something new each
    /// time, so there is an end to it.
    pub(super) fn leave_out(&mut self, crash: &Crash, promise: &'static str) -> Result<(), Broken> {
        let before = self.last_decisions()?;
        let decision = match decide(&before, crash, self.log.header.seed) {
            Some(Decision::End) | None => return broken(promise, crash),
            Some(decision) => decision,
        };
        let tick = self.log.end();
        let record = self.log.decide(decision);
        self.journal.more(&[&tick.0.to_le_bytes(), record]);
        let is_new = !before.contains(&decision) && self.last_decisions()?.contains(&decision);
        holds(is_new, promise, || format!("{decision:?} does not help: {crash}"))
    }

    fn last_decisions(&self) -> Result<Vec<Decision>, Broken> {
        match self.log.last_step() {
            Ok(step) => Ok(step.map(|step| step.decisions).unwrap_or_default()),
            Err(error) => broken("a log reads back", error),
        }
    }

    fn try_to_make(&mut self, decisions: &[Decision]) -> Result<Vec<(PlayerId, Sight)>, Panicked> {
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

    /// Brings the room back from its log, as of the step told last.
    fn restore(&mut self) -> Result<(), Broken> {
        let from = self.log.keyframes().saturating_sub(1);
        let room = again(&self.log, from, self.told, |_, _, _| ())?;
        let (tick, hash) = self.witness.hash;
        holds(room.tick() == tick && room.hash() == hash, "a room comes back as it was", || {
            format!("after {}, and it was told up to {tick}; or with another hash", room.tick())
        })?;
        self.room = room;
        self.history =
            greenroom::room::history::History::new(self.layout.clone(), self.bounds.history);
        self.seats
            .iter_mut()
            .filter_map(|seat| seat.outbox.as_mut())
            .for_each(|outbox| outbox.forget_base());
        Ok(())
    }

    fn keep(&mut self) {
        if Log::wants_hash(&self.room) {
            let record = self.log.hash(self.room.hash());
            self.journal.more(&[&self.told.0.to_le_bytes(), record]);
        }
        if self.log.wants_keyframe(LOG_BYTES_MAX) {
            self.keep_all();
        }
    }

    /// Takes a keyframe; the journal begins anew with it.
    pub(in super::super) fn keep_all(&mut self) {
        let (tick, keyframe) = (self.room.tick(), self.room.keyframe());
        let saved = self.saved(tick);
        self.journal.start(&[&saved.head(0), &keyframe]);
        self.log.keyframe(tick, keyframe, Keep::Recent);
    }
}

/// Steps were made again, and one of them failed.
pub(super) enum Failed {
    /// The game panicked.
    Panicked(Crash),
    /// Anything else.
    Otherwise(String),
}

impl From<Failed> for Broken {
    fn from(failed: Failed) -> Self {
        let found = match failed {
            Failed::Panicked(crash) => crash.to_string(),
            Failed::Otherwise(found) => found,
        };
        Broken { promise: "a log gives the same match again", found }
    }
}

/// Makes the steps of a log again up to and with `end`; `heard` gets each with what was said.
pub(super) fn again(
    log: &Log,
    from: usize,
    end: Tick,
    mut heard: impl FnMut(Tick, Vec<Command>, Vec<Said>),
) -> Result<Room<Yard>, Failed> {
    let restore = |keyframe: &[u8]| {
        let room = Room::<Yard>::restore(keyframe).map_err(|error| error.to_string())?;
        Ok(Box::new(room) as Box<dyn AnyRoom>)
    };
    let progress = Progress::default();
    let run = || -> Result<Room<Yard>, String> {
        let replay = log.replay(from, restore).map_err(|error| error.to_string())?;
        let mut replay = replay.watched(&progress);
        let mut steps = log.steps(from);
        while replay.next_tick().is_some_and(|next| next <= end) {
            let step = steps.next().transpose().map_err(|error| error.to_string())?;
            let mut said = Vec::new();
            replay.step(&mut said).map_err(|error| error.to_string())?;
            if let Some(step) = step {
                heard(step.tick, step.commands, said);
            }
        }
        let keyframe = replay.room().keyframe();
        Room::<Yard>::restore(&keyframe).map_err(|error| error.to_string())
    };
    match panics::catch(run) {
        Ok(room) => room.map_err(Failed::Otherwise),
        Err(panicked) => {
            let (tick, at) = progress.at();
            let (text, place) = (panicked.text().to_owned(), panicked.place().to_owned());
            Err(Failed::Panicked(Crash { tick, at, text, place }))
        }
    }
}
