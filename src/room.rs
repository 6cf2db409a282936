//! A room: one running match as a pure function of its log.
//!
//! [`Room::step`] is the only thing that changes a room. What it gets (time and commands) is what
//! the [`log`] records, so that stepping again from any keyframe gives the same room, the same
//! events and the same hashes.

pub mod history;
pub mod inbox;
pub mod log;
mod near;
pub mod views;

use greenroom_proto::{Layout, Malformed, PlayerId, Rows, Sight, Tick, publish, schema_of, wire};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::game::{Ctx, Game, Pace, Said, SeatState, Signal};
use crate::options::Options;

/// What happens to a room from outside. Each is in the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Command {
    /// A player wants the seat that was reserved.
    Join {
        /// The seat's id, new in this room.
        player: PlayerId,
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
        body: Vec<u8>,
    },
    /// A player asks.
    Request {
        /// Who.
        player: PlayerId,
        /// Comes back in the answer.
        id: u32,
        /// The encoded request.
        body: Vec<u8>,
    },
    /// Word from outside.
    Signal(Signal),
}

/// What a room is made from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Name of the game.
    pub game: String,
    /// Version of its rules.
    pub version: u32,
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
    /// Makes one step. `time_ms` is the time since the room began; at a fixed rate it is ignored,
    /// because there the tick is the time. What the room says is appended to `said`.
    fn step(&mut self, time_ms: u64, commands: &[Command], said: &mut Vec<Said>);
    /// Writes the state, in the layout of the game; returns how many floats had to be clamped.
    fn publish(&self, layout: &Layout, rows: &mut Rows) -> u32;
    /// What a player sees of that.
    fn sight(&self, player: PlayerId) -> Sight;
    /// The step made last.
    fn tick(&self) -> Tick;
    /// When the next timer is due, in time since the room began.
    fn next_timer_ms(&self) -> Option<u64>;
    /// Whether the match is over: it must not be stepped again.
    fn is_over(&self) -> bool;
    /// Everything that the next steps depend on.
    fn keyframe(&self) -> Vec<u8>;
    /// A number that is equal only for rooms that are equal in all of that and said the same.
    fn hash(&self) -> u64;
}

/// A room of a known game.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Room<G: Game> {
    game: G,
    ctx: Ctx<G>,
    /// Hash of the schema of its state: the first bytes of a keyframe.
    #[serde(skip)]
    schema_hash: u64,
    /// Hash over all that the room ever said.
    said_hash: u64,
}

/// A room cannot be made or brought back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// The options are not what the game allows.
    #[error("{0}")]
    Options(String),
    /// The keyframe does not decode as this game.
    #[error("the keyframe does not fit this build of the game: {0}")]
    Keyframe(#[from] Malformed),
    /// The keyframe was taken by a build whose game has another state.
    #[error(
        "the keyframe is of a game whose state has the schema {theirs:016x}, and this build's has \
         {ours:016x}: restore it with the build that took it"
    )]
    Schema {
        /// Of the keyframe.
        theirs: u64,
        /// Of this build.
        ours: u64,
    },
}

impl<G: Game> Room<G> {
    /// A room before its first step.
    pub fn new(options: &str, seed: u64) -> Result<Self, RoomError> {
        let options = G::Options::parse(options).map_err(RoomError::Options)?;
        let mut ctx = Ctx::new(G::pace(&options).in_range(), seed);
        let game = G::new(&options, &mut ctx);
        Ok(Room { game, ctx, schema_hash: schema_of::<G::State>().hash(), said_hash: 0 })
    }

    /// A room as it was when the keyframe was taken.
    pub fn restore(keyframe: &[u8]) -> Result<Self, RoomError> {
        let (hash, room) = keyframe
            .split_first_chunk()
            .ok_or_else(|| Malformed::Bad("it ends before the hash of its schema".into()))?;
        let (theirs, ours) = (u64::from_le_bytes(*hash), schema_of::<G::State>().hash());
        if theirs != ours {
            return Err(RoomError::Schema { theirs, ours });
        }
        Ok(Room { schema_hash: ours, ..wire::decode_own(room)? })
    }

    /// The game's own view of things, for tests and tools.
    #[must_use]
    pub fn game(&self) -> &G {
        &self.game
    }

    fn advance(&mut self, time_ms: u64) {
        self.ctx.tick = self.ctx.tick.next();
        self.ctx.time_ms = match self.ctx.pace {
            Pace::Fixed { tick_hz, .. } => u64::from(self.ctx.tick.0) * 1000 / u64::from(tick_hz),
            Pace::OnCommand => time_ms.max(self.ctx.time_ms),
        };
    }

    fn run_timers(&mut self) {
        while let Some(timer) = self.ctx.timers.first()
            && timer.due_ms <= self.ctx.time_ms
            && !self.ctx.over
        {
            let id = timer.id;
            self.ctx.timers.remove(0);
            self.game.timer(id, &mut self.ctx);
        }
    }

    fn apply(&mut self, command: &Command) {
        match command {
            Command::Join { player } => self.join(*player),
            Command::Leave { player } => self.leave(*player),
            Command::Drop { player } => {
                if self.connect(*player, false) {
                    self.game.dropped(*player, &mut self.ctx);
                }
            }
            Command::Resume { player } => {
                if self.connect(*player, true) {
                    self.game.resumed(*player, &mut self.ctx);
                }
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
            Command::Signal(signal) => self.game.signal(signal, &mut self.ctx),
        }
    }

    fn join(&mut self, player: PlayerId) {
        if self.ctx.seat(player).is_some() {
            return;
        }
        let input = G::Input::default();
        self.ctx.seats.push(SeatState { player, connected: true, input });
        let place = self.ctx.said.len();
        match self.game.join(player, &mut self.ctx) {
            // Before what the hook said: a client learns of its seat first.
            Ok(()) => self.ctx.said.insert(place, Said::Joined(player)),
            Err(why) => {
                self.ctx.seats.retain(|seat| seat.player != player);
                self.ctx.said.push(Said::JoinRefused(player, why));
            }
        }
    }

    fn leave(&mut self, player: PlayerId) {
        if self.ctx.seat(player).is_some() {
            self.ctx.seats.retain(|seat| seat.player != player);
            self.game.leave(player, &mut self.ctx);
            self.ctx.said.push(Said::Left(player));
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
    fn step(&mut self, time_ms: u64, commands: &[Command], said: &mut Vec<Said>) {
        self.advance(time_ms);
        self.run_timers();
        for command in commands {
            if self.ctx.over {
                break;
            }
            self.apply(command);
        }
        if !self.ctx.over && matches!(self.ctx.pace, Pace::Fixed { .. }) {
            self.game.tick(&mut self.ctx);
        }
        if !self.ctx.said.is_empty() {
            self.said_hash = xxh3_64_with_seed(&wire::encode(&self.ctx.said), self.said_hash);
            said.append(&mut self.ctx.said);
        }
    }

    fn publish(&self, layout: &Layout, rows: &mut Rows) -> u32 {
        publish(self.game.state(), layout, rows)
    }

    fn sight(&self, player: PlayerId) -> Sight {
        self.game.sight(player)
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

    fn keyframe(&self) -> Vec<u8> {
        let mut keyframe = self.schema_hash.to_le_bytes().to_vec();
        wire::encode_into(self, &mut keyframe);
        keyframe
    }

    fn hash(&self) -> u64 {
        xxh3_64_with_seed(&self.keyframe(), 0)
    }
}
