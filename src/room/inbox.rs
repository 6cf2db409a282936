//! What clients have sent a room and the room has not yet taken: the bounded place between the
//! sockets and the tick, in the stead of an unbounded mailbox.
//!
//! Inputs wait for the tick they are meant for; when two fall on one tick the newer replaces the
//! older. Requests wait in order of arrival, so many per player, and one more is refused.

use std::collections::VecDeque;
use std::sync::Arc;

use greenroom_proto::{Head, PlayerId, Tick};

use super::conduct::Ruling;
use super::listing::Setup;
use super::origin::Origin;
use super::recovery::is_membership;
use super::{AnyRoom, Command};
use crate::account::Person;
use crate::game::{Signal, Speech};
use crate::planted::{self, Bug};

/// Decisions of the backend about accounts that wait at once. A room takes all of them in its next
/// step: only one that hangs gets here.
const RULINGS_MAX: usize = 64;

/// Bounds of an inbox.
#[derive(Clone, Copy, Debug)]
pub struct InboxLimits {
    /// Ticks that an input may be early; a larger lead is cut to this. Also the number of inputs
    /// of one player that wait at most.
    pub lead_ticks_max: u32,
    /// Requests of one player that wait at most.
    pub requests_per_player_max: usize,
}

/// What became of an input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InputFate {
    /// It waits for its tick.
    Waits,
    /// It came in the stead of an older one.
    Merged,
    /// The player has no seat here.
    NoSeat,
}

/// Why a request was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotTaken {
    /// It was taken before, or one with a higher id was.
    Again {
        /// It is still to be answered: it waits, or is in the step that is being made.
        open: bool,
    },
    /// Too many requests of this player wait already.
    Busy,
    /// The player has no seat here.
    NoSeat,
}

/// As many wait already as may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy;

/// What has come since it was last asked.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct InboxCounts {
    /// Inputs.
    pub inputs: u32,
    /// Those of them that a newer one has replaced before they were used.
    pub merged: u32,
    /// Requests that were taken.
    pub requests: u32,
    /// Requests that were taken before.
    pub again: u32,
    /// Requests that were refused.
    pub refused: u32,
}

/// Everything that waits for a room's next step.
#[derive(Debug)]
pub struct Inbox {
    limits: InboxLimits,
    /// The step made last.
    now: Tick,
    players: Vec<PlayerInbox>,
    /// Those who are going in the next step, with the newest of their requests that is in the log:
    /// until that step is there too, they may be brought back.
    leaving: Vec<(PlayerId, u32)>,
    queue: Vec<Command>,
    counts: InboxCounts,
}

#[derive(Debug)]
struct PlayerInbox {
    player: PlayerId,
    inputs: VecDeque<Waiting>,
    /// Inputs that came, in all.
    received: u32,
    /// Ids of the requests that wait, and of those in the step made last.
    waiting: Vec<u32>,
    in_step: Vec<u32>,
    /// The newest request that was taken, and the newest of those that are in the log.
    asked: u32,
    logged: u32,
    head: Head,
}

impl PlayerInbox {
    fn new(player: PlayerId, asked: u32) -> Self {
        let (inputs, received) = (VecDeque::new(), 0);
        let (waiting, in_step) = (Vec::new(), Vec::new());
        let head = Head::default();
        PlayerInbox { player, inputs, received, waiting, in_step, asked, logged: asked, head }
    }
}

#[derive(Debug)]
struct Waiting {
    tick: Tick,
    ordinal: u16,
    body: Vec<u8>,
}

impl Inbox {
    /// An empty inbox.
    #[must_use]
    pub fn new(limits: InboxLimits) -> Self {
        let (players, leaving, queue) = (Vec::new(), Vec::new(), Vec::new());
        Inbox { limits, now: Tick(0), players, leaving, queue, counts: InboxCounts::default() }
    }

    /// The room's creator has chosen more than options.
    pub fn open(&mut self, setup: Setup) {
        self.queue.push(Command::Open(setup));
    }

    /// A player comes; from now on inputs and requests of theirs are taken.
    pub fn join(&mut self, player: PlayerId, person: Arc<Person>) {
        self.arrive(player, person, Vec::new());
    }

    /// The same of a player who is moved here from another room.
    pub fn arrive(&mut self, player: PlayerId, person: Arc<Person>, from: Vec<Origin>) {
        self.queue.push(Command::Join { player, person, from });
        self.restore(player, 0);
    }

    /// A player who is in the room already, and of whom the request `asked` was the last that was
    /// done.
    pub fn restore(&mut self, player: PlayerId, asked: u32) {
        let asked = if planted::makes(Bug::RequestsForgotten) { 0 } else { asked };
        // In order whatever the order of joining: places are found by halving.
        match self.players.binary_search_by_key(&player, |inbox| inbox.player) {
            Ok(place) => {
                let inbox = &mut self.players[place];
                inbox.asked = inbox.asked.max(asked);
                inbox.logged = inbox.logged.max(asked);
            }
            Err(place) => self.players.insert(place, PlayerInbox::new(player, asked)),
        }
    }

    /// A player's connection broke.
    pub fn drop_player(&mut self, player: PlayerId) {
        if self.place(player).is_some() {
            self.queue.push(Command::Drop { player });
        }
    }

    /// A player is back. Inputs that waited for their tick were for a time that has passed.
    pub fn resume(&mut self, player: PlayerId) {
        if let Some(place) = self.place(player) {
            self.players[place].inputs.clear();
            self.queue.push(Command::Resume { player });
        }
    }

    /// A player goes; what waits of theirs is still done, in order.
    pub fn leave(&mut self, player: PlayerId) {
        if let Some(place) = self.place(player) {
            let inbox = self.players.remove(place);
            self.leaving.push((player, inbox.logged));
            self.queue.push(Command::Leave { player });
        }
    }

    /// A player has been moved to another room: they go, and what they have asked and nobody has
    /// looked at is not done. Returns those requests, and those in the step that is being made. `None`:
    /// they are going already.
    pub fn depart(&mut self, player: PlayerId) -> Option<Vec<u32>> {
        let place = self.place(player)?;
        let inbox = self.players.remove(place);
        self.queue.retain(
            |command| !matches!(command, Command::Request { player: of, .. } if *of == player),
        );
        self.queue.push(Command::Leave { player });
        Some([inbox.in_step, inbox.waiting].concat())
    }

    /// The room knows a player whom nobody else does: their seat ends.
    pub fn evict(&mut self, player: PlayerId) {
        self.players.retain(|inbox| inbox.player != player);
        self.queue.push(Command::Leave { player });
    }

    /// Word from outside.
    pub fn signal(&mut self, signal: Signal) {
        self.queue.push(Command::Signal(signal));
    }

    /// An input for the tick whose low 16 bits are `tick`.
    pub fn input(&mut self, player: PlayerId, tick: u16, body: &[u8]) -> InputFate {
        let (now, lead_max) = (self.now, self.limits.lead_ticks_max);
        let Some(place) = self.place(player) else { return InputFate::NoSeat };
        let inbox = &mut self.players[place];
        inbox.received = inbox.received.wrapping_add(1);
        // How many ticks before its own it came: 0 is just in time for the next step.
        let lead = i64::from(now.near(tick).0) - i64::from(now.next().0);
        inbox.head.slack = lead.clamp(i64::from(i8::MIN), i64::from(i8::MAX)) as i8;
        let due = Tick(now.next().0.wrapping_add(lead.clamp(0, i64::from(lead_max)) as u32));
        // Inputs apply in the order sent: one stamped before its forerunner takes its place.
        let before = inbox.inputs.len();
        self.counts.inputs += 1;
        while inbox.inputs.back().is_some_and(|waiting| waiting.tick >= due) {
            inbox.inputs.pop_back();
            self.counts.merged += 1;
        }
        let ordinal = inbox.received as u16;
        inbox.inputs.push_back(Waiting { tick: due, ordinal, body: body.to_vec() });
        if inbox.inputs.len() > before { InputFate::Waits } else { InputFate::Merged }
    }

    /// A request. Ids of a player ascend.
    pub fn request(&mut self, player: PlayerId, id: u32, body: Vec<u8>) -> Result<(), NotTaken> {
        self.ask(player, id, || Command::Request { player, id, body })
    }

    /// Something that a player says: one request among the others, as far as bounds and ids go.
    pub fn chat(&mut self, player: PlayerId, id: u32, speech: Speech) -> Result<(), NotTaken> {
        self.ask(player, id, || Command::Chat { player, id, speech: Box::new(speech) })
    }

    fn ask(
        &mut self,
        player: PlayerId,
        id: u32,
        command: impl FnOnce() -> Command,
    ) -> Result<(), NotTaken> {
        let max = self.limits.requests_per_player_max;
        let place = self.place(player).ok_or(NotTaken::NoSeat)?;
        let inbox = &mut self.players[place];
        if id <= inbox.asked && !planted::makes(Bug::RequestDoneAgain) {
            self.counts.again += 1;
            let open = inbox.waiting.contains(&id) || inbox.in_step.contains(&id);
            return Err(NotTaken::Again { open });
        }
        if inbox.waiting.len() >= max && !planted::makes(Bug::InboxUnbounded) {
            self.counts.refused += 1;
            return Err(NotTaken::Busy);
        }
        self.counts.requests += 1;
        inbox.asked = id;
        inbox.waiting.push(id);
        self.queue.push(command());
        Ok(())
    }

    /// A player has said nothing for as long as the game allows.
    pub fn idle(&mut self, player: PlayerId) {
        self.queue.push(Command::Idle { player });
    }

    /// How much each player has said so far.
    pub fn heard(&self) -> impl Iterator<Item = (PlayerId, u64)> {
        let said = |inbox: &PlayerInbox| u64::from(inbox.received) + u64::from(inbox.asked);
        self.players.iter().map(move |inbox| (inbox.player, said(inbox)))
    }

    /// The backend has decided something of an account. An error: as many decisions wait already as
    /// may.
    pub fn rule(&mut self, ruling: Ruling) -> Result<(), Busy> {
        let rulings = self.queue.iter().filter(|command| matches!(command, Command::Rule(_)));
        if rulings.count() >= RULINGS_MAX {
            return Err(Busy);
        }
        self.queue.push(Command::Rule(Box::new(ruling)));
        Ok(())
    }

    /// An effect is done, and there is no answer.
    pub fn effect_done(&mut self, effect: u32) {
        self.queue.push(Command::EffectDone { effect });
    }

    /// Inputs of the player that came so far, and the id of the newest request that was taken.
    #[must_use]
    pub fn taken_of(&self, player: PlayerId) -> (u32, u32) {
        let inbox = self.place(player).map(|place| &self.players[place]);
        inbox.map_or((0, 0), |inbox| (inbox.received, inbox.asked))
    }

    /// Ticks that an input may be early.
    #[must_use]
    pub fn lead_ticks_max(&self) -> u32 {
        self.limits.lead_ticks_max
    }

    /// There is no next step. Returns the requests that wait, by player and id; from now on all
    /// are refused.
    pub fn end(&mut self) -> Vec<(PlayerId, u32)> {
        self.players.clear();
        self.leaving.clear();
        requests(&std::mem::take(&mut self.queue)).collect()
    }

    /// Whether the next step would find nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.players.iter().all(|inbox| inbox.inputs.is_empty())
    }

    /// Moves what belongs to the next step into `commands`, and counts that step as made.
    /// Without `by_tick` (a room that steps on commands) every input is due.
    pub fn take(&mut self, by_tick: bool, commands: &mut Vec<Command>) {
        self.now = self.now.next();
        self.note_logged();
        self.leaving.clear();
        commands.append(&mut self.queue);
        for inbox in &mut self.players {
            inbox.in_step.clear();
            std::mem::swap(&mut inbox.waiting, &mut inbox.in_step);
            let mut newest = None;
            while inbox.inputs.front().is_some_and(|waiting| !by_tick || waiting.tick <= self.now) {
                self.counts.merged += u32::from(newest.is_some());
                newest = inbox.inputs.pop_front();
            }
            if let Some(input) = newest {
                inbox.head.applied = input.ordinal;
                commands.push(Command::Input { player: inbox.player, body: input.body });
            }
        }
    }

    /// What has come since this was last asked.
    pub fn take_counts(&mut self) -> InboxCounts {
        std::mem::take(&mut self.counts)
    }

    /// A step was left out, and with it what effects had come to: the game is told in the next.
    pub fn answers_are_lost(&mut self, commands: &[Command]) {
        for command in commands {
            if let Command::Signal(
                Signal::Answer { effect, .. }
                | Signal::Lost { effect }
                | Signal::NotMoved { effect, .. },
            ) = command
            {
                self.signal(Signal::Lost { effect: *effect });
            }
        }
    }

    /// The room was brought back after the process had died: what nobody else remembers is said to it
    /// again.
    pub fn go_on_with(&mut self, room: &dyn AnyRoom) {
        self.set_now(room.tick());
        let lost = room.effects_open().iter().filter(|_| !planted::makes(Bug::EffectsForgotten));
        for effect in lost {
            self.signal(Signal::Lost { effect: *effect });
        }
        // The word of that may have died with the process.
        if !planted::makes(Bug::LeaverForgotten) {
            room.going().into_iter().for_each(|player| self.leave(player));
        }
    }

    /// Moves who comes and who goes into `commands`, and counts a step as made. All else waits.
    pub fn take_members(&mut self, commands: &mut Vec<Command>) {
        self.now = self.now.next();
        self.leaving.clear();
        commands.extend(self.queue.extract_if(.., |command| is_membership(command)));
    }

    /// Whether somebody comes or goes.
    #[must_use]
    pub fn has_members(&self) -> bool {
        self.queue.iter().any(is_membership)
    }

    /// The step made last; of a room that is brought back.
    pub fn set_now(&mut self, now: Tick) {
        self.now = now;
    }

    fn note_logged(&mut self) {
        for place in 0..self.queue.len() {
            if let Some((player, id)) = self.queue[place].asks()
                && let Some(of) = self.place(player)
            {
                self.players[of].logged = id;
            }
        }
    }

    /// Whether the player has a seat and does not give it up.
    #[must_use]
    pub fn has(&self, player: PlayerId) -> bool {
        self.place(player).is_some()
    }

    /// The newest request of the player that is in the log.
    #[must_use]
    pub fn logged_of(&self, player: PlayerId) -> u32 {
        match self.place(player) {
            Some(place) => self.players[place].logged,
            None => {
                let leaving = self.leaving.iter().find(|(who, _)| *who == player);
                leaving.map_or(0, |(_, logged)| *logged)
            }
        }
    }

    /// What the player's next frame tells about their inputs.
    #[must_use]
    pub fn head(&self, player: PlayerId) -> Head {
        self.place(player).map(|place| self.players[place].head).unwrap_or_default()
    }

    fn place(&self, player: PlayerId) -> Option<usize> {
        self.players.binary_search_by_key(&player, |inbox| inbox.player).ok()
    }
}

/// The requests among these commands, and what is said, by player and id.
pub fn requests(commands: &[Command]) -> impl Iterator<Item = (PlayerId, u32)> {
    commands.iter().filter_map(Command::asks)
}

#[cfg(test)]
mod tests;
