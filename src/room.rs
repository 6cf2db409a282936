//! A room: one running match as a pure function of its log.
//!
//! [`Room::step`] is the only thing that changes a room. What it gets (time and commands) is what
//! the [`log`] records, so that stepping again from any keyframe gives the same room, the same
//! events and the same hashes.

pub mod backlog;
mod bytes;
pub mod conduct;
pub mod fault;
pub mod fields;
pub mod history;
pub mod inbox;
pub mod keyframe;
pub mod listing;
pub mod log;
mod near;
pub mod origin;
pub mod recovery;
mod talk;
pub mod views;

use std::sync::Arc;

use greenroom_proto::{Layout, PlayerId, Rows, Sight, Tick, publish, wire};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use self::conduct::{Conduct, Lasting, Ruling};
use self::fault::RoomFault;
use self::fields::Field;
use self::keyframe::Identity;
pub use self::keyframe::{RoomError, Taken};
use self::listing::{Listing, Setup};
use self::origin::Origin;
use self::recovery::{At, Decision, Progress, is_membership};
use crate::account::{AccountId, Person};
use crate::game::{Chat, Ctx, Game, Pace, Said, SeatState, Signal, Speech, WordReply};
use crate::options::Options;
use crate::rng::Rng;

/// What happens to a room from outside. Each is in the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Command {
    /// A player wants the seat that was reserved.
    Join {
        /// The seat's id, new in this room.
        player: PlayerId,
        /// Who they are.
        person: Arc<Person>,
        /// The seats in other rooms in the stead of which they have this one; the last is the one
        /// that they are moved from. Nothing: they come of their own accord.
        from: Vec<Origin>,
    },
    /// A player's seat ends.
    Leave {
        /// Whose.
        player: PlayerId,
    },
    /// A player's connection broke.
    Drop {
        /// Whose.
        player: PlayerId,
    },
    /// A player is back.
    Resume {
        /// Who.
        player: PlayerId,
    },
    /// A player's input from this step on.
    Input {
        /// Whose.
        player: PlayerId,
        /// The encoded input.
        #[serde(with = "bytes")]
        body: Vec<u8>,
    },
    /// A player asks.
    Request {
        /// Who.
        player: PlayerId,
        /// Comes back in the answer.
        id: u32,
        /// The encoded request.
        #[serde(with = "bytes")]
        body: Vec<u8>,
    },
    /// Word from outside.
    Signal(Signal),
    /// An effect is done, and there is no answer to it.
    EffectDone {
        /// Its number.
        effect: u32,
    },
    /// Something is to fail, as somebody who tries that out has asked.
    Fault(RoomFault),
    /// What the room's creator chose besides its options. Comes first, if at all.
    Open(Setup),
    /// A player has said nothing for as long as the game allows.
    Idle {
        /// Who.
        player: PlayerId,
    },
    /// The studio's backend has decided something of an account.
    Rule(Box<Ruling>),
    /// A player says something.
    Chat {
        /// Who.
        player: PlayerId,
        /// Its number, among those of the requests.
        id: u32,
        /// What, fit to be shown.
        speech: Box<Speech>,
    },
}

impl Command {
    /// Somebody wants a seat of whom nothing is known: for simulators and tests.
    #[must_use]
    pub fn join(player: PlayerId) -> Self {
        let person = Arc::new(Person::guest(player.0.into()));
        Command::Join { player, person, from: Vec::new() }
    }

    /// Whom this is to be answered to, and by which number.
    #[must_use]
    pub fn asks(&self) -> Option<(PlayerId, u32)> {
        match self {
            Command::Request { player, id, .. } | Command::Chat { player, id, .. } => {
                Some((*player, *id))
            }
            _ => None,
        }
    }
}

/// A step that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The time since the room began; at a fixed rate it is ignored, because there the tick is the
    /// time.
    pub time_ms: u64,
    /// What happens, in order.
    pub commands: &'a [Command],
    /// What is left out of it because it panicked before.
    pub decisions: &'a [Decision],
}

/// What a room is made from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Name of the game.
    pub game: String,
    /// Version of its rules.
    pub version: u32,
    /// The program that stepped the room: commands are stepped again by the same one only. 0 if it
    /// was not noted.
    pub build: u64,
    /// Hash of the schema of its state.
    pub schema_hash: u64,
    /// The options, complete, as JSON.
    pub options: String,
    /// Seed of its random numbers. No client ever gets it.
    pub seed: u64,
    /// How time passes.
    pub pace: Pace,
}

/// A room whose game is known only at run time.
pub trait AnyRoom: Send {
    /// Makes one step, and notes where it is. What the room says is appended to `said`. After a
    /// panic the room is good for nothing any more.
    fn make(&mut self, step: Step<'_>, progress: &Progress, said: &mut Vec<Said>);
    /// Makes a step of which nothing is left out, and which nobody watches.
    fn step(&mut self, time_ms: u64, commands: &[Command], said: &mut Vec<Said>) {
        let step = Step { time_ms, commands, decisions: &[] };
        self.make(step, &Progress::default(), said);
    }
    /// Writes the state, in the layout of the game; returns how many floats had to be clamped.
    fn publish(&self, layout: &Layout, rows: &mut Rows) -> u32;
    /// What a player sees of that.
    fn sight(&self, player: PlayerId) -> Sight;
    /// What those see of it who look on without a seat.
    fn spectator_sight(&self) -> Sight;
    /// The step made last.
    fn tick(&self) -> Tick;
    /// When the next timer is due, in time since the room began.
    fn next_timer_ms(&self) -> Option<u64>;
    /// Whether the match is over: it must not be stepped again.
    fn is_over(&self) -> bool;
    /// Everybody with a seat, in the order of joining.
    fn seated(&self) -> Vec<PlayerId>;
    /// Effects of which nothing has come yet.
    fn effects_open(&self) -> &[u32];
    /// What the outside is told of it.
    fn listing(&self) -> &Listing;
    /// Its time, in milliseconds since it began.
    fn time_ms(&self) -> u64;
    /// Who is kept out of it, and quiet in it.
    fn conduct(&self) -> &Conduct;
    /// Players whose seats are to end in the next step.
    fn going(&self) -> Vec<PlayerId>;
    /// Everything that the next steps depend on.
    fn keyframe(&self) -> Vec<u8>;
    /// A number that is equal only for rooms that are equal in all of that and said the same.
    fn hash(&self) -> u64;
    /// What is in the keyframe, by names: `game` is the game's own, `ctx` what Greenroom keeps for
    /// it, `said_hash` a number of all that the room ever said.
    fn fields(&self) -> Vec<Field>;
}

/// A room of a known game.
pub struct Room<G: Game> {
    game: G,
    ctx: Ctx<G>,
    /// This build of the game: the first bytes of a keyframe.
    identity: Identity,
    /// Hash over all that the room ever said.
    said_hash: u64,
    /// A fault that was asked for: its state cannot be looked at.
    hidden: bool,
}

impl<G: Game> Room<G> {
    /// A room before its first step.
    pub fn new(options: &str, seed: u64) -> Result<Self, RoomError> {
        let options = G::Options::parse(options).map_err(RoomError::Options)?;
        let mut ctx = Ctx::new(G::pace(&options).in_range(), seed);
        ctx.talk.chat = G::chat(&options).map(Chat::in_range);
        let game = G::new(&options, &mut ctx);
        // Whoever makes the room looks at the listing by itself.
        (ctx.listing_changed, ctx.conduct_changed) = (false, false);
        let identity = Identity::of::<G>();
        Ok(Room { game, ctx, identity, said_hash: 0, hidden: false })
    }

    /// The game's own view of things, for tests and tools.
    #[must_use]
    pub fn game(&self) -> &G {
        &self.game
    }

    /// The same, to be tampered with.
    #[cfg(test)]
    pub(crate) fn game_mut(&mut self) -> &mut G {
        &mut self.game
    }

    /// Where a player came from, for tests.
    #[cfg(test)]
    pub(crate) fn came_from(&self, player: PlayerId) -> Option<greenroom_proto::RoomId> {
        self.ctx.came_from(player)
    }

    fn advance(&mut self, time_ms: u64) {
        self.ctx.tick = self.ctx.tick.next();
        self.ctx.time_ms = match self.ctx.pace {
            Pace::Fixed { tick_hz, .. } => u64::from(self.ctx.tick.0) * 1000 / u64::from(tick_hz),
            Pace::OnCommand => time_ms.max(self.ctx.time_ms),
        };
    }

    fn run_timers(&mut self, step: Step<'_>, progress: &Progress) {
        let mut place = 0;
        while let Some(timer) = self.ctx.timers.first()
            && timer.due_ms <= self.ctx.time_ms
            && !self.ctx.over
        {
            let id = timer.id;
            self.ctx.timers.remove(0);
            if !step.decisions.contains(&Decision::DropTimer(place)) {
                progress.note(At::Timer(place));
                self.game.timer(id, &mut self.ctx);
            }
            place += 1;
        }
    }

    fn apply(&mut self, command: &Command) {
        match command {
            Command::Join { player, person, from } => self.join(*player, person, from),
            Command::Leave { player } => {
                if let Some(gone) = self.unseat(*player) {
                    self.game.leave(*player, &mut self.ctx);
                    self.ctx.said.push(gone);
                }
            }
            Command::Drop { player } => {
                if self.connect(*player, false) {
                    self.game.dropped(*player, &mut self.ctx);
                }
            }
            // They hear that the seat is gone once it is.
            Command::Resume { player } if self.is_going(*player) => {}
            Command::Resume { player } => {
                let place = self.ctx.said.len();
                if self.connect(*player, true) {
                    self.game.resumed(*player, &mut self.ctx);
                }
                self.ctx.said.insert(place, self.resumed(*player));
            }
            Command::Input { player, body } => {
                // The edge refused what does not decode; a log may hold anything.
                if let (Some(seat), Ok(input)) = (self.ctx.seat_mut(*player), wire::decode(body)) {
                    seat.input = input;
                }
            }
            Command::Request { player, id, body } => {
                if let (Some(_), Ok(request)) = (self.ctx.seat(*player), wire::decode(body)) {
                    let reply = self.game.request(*player, request, &mut self.ctx);
                    let body = wire::encode(&reply);
                    self.ctx.said.push(Said::Reply { player: *player, id: *id, body });
                }
            }
            Command::Signal(signal) => {
                if let Signal::Answer { effect, .. } | Signal::Lost { effect } = signal {
                    self.close_effect(*effect);
                }
                self.signal(signal);
            }
            Command::EffectDone { effect } => self.close_effect(*effect),
            Command::Fault(fault) => fault.apply(),
            Command::Open(setup) => self.open(setup),
            Command::Idle { player } => {
                if self.ctx.seat(*player).is_some() {
                    self.game.idle(*player, &mut self.ctx);
                }
            }
            Command::Rule(ruling) => self.ctx.rule(ruling),
            Command::Chat { player, id, speech } => self.chat(*player, *id, speech),
        }
    }

    /// A command whose hook panicked: what must be is done without it.
    fn apply_without_hook(&mut self, command: &Command) {
        match command {
            Command::Join { player, .. } => {
                if self.ctx.seat(*player).is_none() {
                    self.ctx.said.push(Said::JoinFailed(*player));
                }
            }
            Command::Leave { player } => {
                let gone = self.unseat(*player);
                self.ctx.said.extend(gone);
            }
            Command::Drop { player } => {
                self.connect(*player, false);
            }
            Command::Resume { player } if self.is_going(*player) => {}
            Command::Resume { player } => {
                self.connect(*player, true);
                self.ctx.said.push(self.resumed(*player));
            }
            Command::Input { .. } | Command::Idle { .. } => {}
            Command::Request { player, id, .. } | Command::Chat { player, id, .. } => {
                if self.ctx.seat(*player).is_some() {
                    self.ctx.said.push(Said::RequestFailed { player: *player, id: *id });
                }
            }
            Command::Signal(Signal::Answer { effect, .. } | Signal::Lost { effect })
            | Command::EffectDone { effect } => self.close_effect(*effect),
            Command::Signal(Signal::Word { id, .. }) => {
                self.ctx.said.push(Said::WordFailed { id: *id });
            }
            Command::Signal(Signal::NotMoved { .. }) | Command::Fault(_) => {}
            Command::Open(setup) => self.open(setup),
            Command::Rule(ruling) => self.ctx.rule(ruling),
        }
    }

    fn signal(&mut self, signal: &Signal) {
        let Signal::Word { id, .. } = signal else {
            return self.game.signal(signal, &mut self.ctx);
        };
        self.ctx.reply = WordReply::Waits;
        self.game.signal(signal, &mut self.ctx);
        let reply = match std::mem::take(&mut self.ctx.reply) {
            WordReply::Given(text) => Some(text),
            WordReply::Waits | WordReply::Nobody => None,
        };
        self.ctx.said.push(Said::Heard { id: *id, reply });
    }

    fn join(&mut self, player: PlayerId, person: &Arc<Person>, from: &[Origin]) {
        if self.ctx.seat(player).is_some() {
            return;
        }
        if let Some(lasting) = self.banned(person.account.id()) {
            return self.ctx.said.push(Said::Banned(player, lasting));
        }
        let (place, told_later) = (self.ctx.said.len(), self.told_later(player));
        match self.seat(player, person, from) {
            // Before what the hook said: a client learns of its seat first.
            Ok(person) => {
                let joined = std::iter::once(Said::Joined(player, person)).chain(told_later);
                drop(self.ctx.said.splice(place..place, joined));
            }
            Err(why) => {
                self.unseat(player);
                self.ctx.said.push(Said::JoinRefused(player, why));
            }
        }
    }

    /// Returns the person as the game has admitted them.
    fn seat(
        &mut self,
        player: PlayerId,
        person: &Arc<Person>,
        from: &[Origin],
    ) -> Result<Arc<Person>, String> {
        let mut profile = person.profile.clone();
        self.game.admit(&person.account, &mut profile, &self.ctx)?;
        let person = match profile == person.profile {
            true => Arc::clone(person),
            false => Arc::new(Person { account: person.account.clone(), profile }),
        };
        let input = G::Input::default();
        let seat = SeatState {
            player,
            connected: true,
            going: false,
            spoken_until_ms: 0,
            person: Arc::clone(&person),
            came_from: from.last().map(|origin| origin.room),
            input,
        };
        self.ctx.seats.push(seat);
        self.game.join(player, &mut self.ctx)?;
        Ok(person)
    }

    fn open(&mut self, setup: &Setup) {
        self.ctx.listing.open(setup);
        self.ctx.listing_changed = true;
    }

    /// Frees the player's seat. Returns what is to be said of that; `None` if there is none.
    fn unseat(&mut self, player: PlayerId) -> Option<Said> {
        let account = self.ctx.account(player)?.id();
        let gone = match self.banned(account) {
            Some(lasting) => Said::Banned(player, lasting),
            None => Said::Left(player),
        };
        self.ctx.seats.retain(|seat| seat.player != player);
        Some(gone)
    }

    /// Whether the account is kept out.
    fn banned(&self, account: &AccountId) -> Option<Lasting> {
        let now_ms = self.ctx.time_ms;
        self.ctx.conduct.bans.of(now_ms, account).map(|ban| ban.lasting(now_ms))
    }

    fn is_going(&self, player: PlayerId) -> bool {
        self.ctx.seat(player).is_some_and(|seat| seat.going)
    }

    fn resumed(&self, player: PlayerId) -> Said {
        match self.ctx.seat(player) {
            Some(_) => Said::Resumed(player),
            None => Said::ResumeRefused(player),
        }
    }

    fn close_effect(&mut self, effect: u32) {
        self.ctx.effects_open.retain(|open| *open != effect);
    }

    /// A step of which nothing is left but who comes and goes.
    fn members_only(&mut self, step: Step<'_>, progress: &Progress) {
        for (place, command) in (0..).zip(step.commands) {
            match is_membership(command) && !step.decisions.contains(&Decision::DropCommand(place))
            {
                true => {
                    progress.note(At::Command(place));
                    self.apply(command);
                }
                false => self.apply_without_hook(command),
            }
        }
    }

    fn run(&mut self, step: Step<'_>, progress: &Progress) {
        self.run_timers(step, progress);
        for (place, command) in (0..).zip(step.commands) {
            if self.ctx.over {
                break;
            }
            if step.decisions.contains(&Decision::DropCommand(place)) {
                self.apply_without_hook(command);
            } else {
                progress.note(At::Command(place));
                self.apply(command);
            }
        }
        if self.ctx.over {
            return;
        }
        RoomFault::at_tick(step, progress);
        if matches!(self.ctx.pace, Pace::Fixed { .. }) {
            progress.note(At::Tick);
            self.game.tick(&mut self.ctx);
        }
    }

    /// Notes whether the player is there; `false` if that is nothing new.
    fn connect(&mut self, player: PlayerId, connected: bool) -> bool {
        self.ctx
            .seat_mut(player)
            .is_some_and(|seat| std::mem::replace(&mut seat.connected, connected) != connected)
    }
}

impl<G: Game> AnyRoom for Room<G> {
    fn make(&mut self, step: Step<'_>, progress: &Progress, said: &mut Vec<Said>) {
        self.advance(step.time_ms);
        for decision in step.decisions {
            if let Decision::Reseed(seed) = decision {
                self.ctx.rng = Rng::new(*seed);
            }
        }
        progress.begin(self.ctx.tick);
        self.hidden = RoomFault::hides_state(step);
        if step.decisions.contains(&Decision::Still) {
            self.members_only(step, progress);
        } else if step.decisions.contains(&Decision::Skip) {
            self.members_only(step, progress);
            progress.note(At::Recovered);
            self.game.recovered(&mut self.ctx);
        } else {
            self.run(step, progress);
        }
        progress.note(At::Rest);
        if std::mem::take(&mut self.ctx.listing_changed) {
            let listing = Box::new(self.ctx.listing.clone());
            // First: whoever gets an answer of this step finds the room as it is after it.
            self.ctx.said.insert(0, Said::Listing(listing));
        }
        if std::mem::take(&mut self.ctx.conduct_changed) {
            let conduct = Box::new(self.ctx.conduct.clone());
            self.ctx.said.insert(0, Said::Conduct { time_ms: self.ctx.time_ms, conduct });
        }
        if !self.ctx.said.is_empty() {
            self.said_hash = xxh3_64_with_seed(&wire::encode(&self.ctx.said), self.said_hash);
            said.append(&mut self.ctx.said);
        }
    }

    fn publish(&self, layout: &Layout, rows: &mut Rows) -> u32 {
        assert!(!self.hidden, "a fault that was asked for: panic-state");
        publish(self.game.state(), layout, rows)
    }

    fn sight(&self, player: PlayerId) -> Sight {
        self.game.sight(player)
    }

    fn spectator_sight(&self) -> Sight {
        self.game.spectator_sight()
    }

    fn tick(&self) -> Tick {
        self.ctx.tick
    }

    fn next_timer_ms(&self) -> Option<u64> {
        self.ctx.timers.first().map(|timer| timer.due_ms)
    }

    fn is_over(&self) -> bool {
        self.ctx.over
    }

    fn seated(&self) -> Vec<PlayerId> {
        self.ctx.players().collect()
    }

    fn effects_open(&self) -> &[u32] {
        &self.ctx.effects_open
    }

    fn listing(&self) -> &Listing {
        &self.ctx.listing
    }

    fn time_ms(&self) -> u64 {
        self.ctx.time_ms
    }

    fn conduct(&self) -> &Conduct {
        &self.ctx.conduct
    }

    fn going(&self) -> Vec<PlayerId> {
        self.ctx.seats.iter().filter(|seat| seat.going).map(|seat| seat.player).collect()
    }

    fn keyframe(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn hash(&self) -> u64 {
        xxh3_64_with_seed(&self.keyframe(), 0)
    }

    fn fields(&self) -> Vec<Field> {
        self.kept()
    }
}
