//! A room: one running match as a pure function of its log.
//!
//! [`Room::step`] is the only thing that changes a room. What it gets (time and commands) is what
//! the [`log`] records, so that stepping again from any keyframe gives the same room, the same
//! events and the same hashes.

mod apply;
pub mod backlog;
mod bytes;
pub mod command;
pub mod conduct;
pub mod course;
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
pub mod saved;
mod talk;
pub mod views;

use greenroom_proto::{Layout, PlayerId, Rows, Sight, Tick, publish, wire};
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub use self::command::{Command, Header, Step};
use self::conduct::Conduct;
use self::fault::RoomFault;
use self::fields::Field;
use self::keyframe::Identity;
pub use self::keyframe::{RoomError, Taken};
use self::listing::Listing;
use self::recovery::{At, Decision, Progress, is_membership};
use crate::game::{Chat, Ctx, Game, Pace, Said};
use crate::options::Options;
use crate::rng::Rng;

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

/// A room of a known game. Where the game can be cloned, so can the room: the clone goes on by itself.
#[derive(Clone)]
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

    /// A step of which nothing is left but who comes and goes.
    fn members_only(&mut self, step: Step<'_>, progress: &Progress) {
        for (place, command) in (0..).zip(step.commands) {
            match is_membership(command) && !step.decisions.contains(&Decision::DropCommand(place))
            {
                true => {
                    progress.note(At::Command(place));
                    self.apply(command);
                }
                // Effects stay open: the game is told later that what they came to is lost.
                false if matches!(command, Command::Signal(signal) if signal.closes()) => {}
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
