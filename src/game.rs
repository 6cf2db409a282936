//! What a game author writes.
//!
//! A game is one type that implements [`Game`]. Greenroom owns everything around it: members,
//! sockets, deltas, logs, crashes. The rule that makes the rest possible: **a game changes only in
//! the hooks below and looks at nothing outside**. No clock (use [`Ctx::tick`], [`Ctx::time`]), no
//! other randomness than [`Ctx::rng`], no map whose order depends on the process (`BTreeMap`, not
//! `HashMap`), no platform sine ([`crate::math`]), no files, no network ([`Ctx::effect`]). Then
//! the same log gives the same match, bit for bit, on any machine.

mod old_game;

use std::time::Duration;

use greenroom_proto::{Message, PlayerId, Replicate, Sight, Tick, wire};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::old_game::OldGame;
use crate::options::Options;
use crate::rng::Rng;

/// The rules of one game. The value is one running match.
pub trait Game: Serialize + DeserializeOwned + Send + Sized + 'static {
    /// Name on the wire and on the command line: 1 to 32 of `a-z 0-9 -`.
    const NAME: &'static str;
    /// Raised when the rules change: a log is replayed under the version that wrote it, and a match
    /// that another version has begun goes on through [`Game::migrate`].
    const VERSION: u32 = 1;

    /// What the creator of a room may choose, see [`crate::options!`].
    type Options: Options + Serialize + DeserializeOwned;
    /// What clients see.
    type State: Replicate;
    /// What a player says all the time: only the newest counts, once per tick.
    type Input: Message + Clone + Default + Send;
    /// What a player says once and gets an answer to; [`Never`] where there is nothing to ask.
    type Request: Message;
    /// The answer; `Result<_, _>` where a request can be illegal.
    type Reply: Message;
    /// What players are told once, in order.
    type Event: Message;
    /// How a match ended. Sent to the players and written to result files as JSON.
    type Result: Serialize + DeserializeOwned;

    /// How time passes in a room with these options; 30 steps a second, each sent, if not said.
    fn pace(options: &Self::Options) -> Pace {
        let _ = options;
        Pace::Fixed { tick_hz: 30, send_every: 1 }
    }
    /// Seats in a room with these options; 8 if not said.
    fn seats(options: &Self::Options) -> u32 {
        let _ = options;
        8
    }

    /// For how long a seat is held whose player's connection broke; 30 s if not said. Zero: it is
    /// free at once.
    fn seat_hold(options: &Self::Options) -> Duration {
        let _ = options;
        SEAT_HOLD
    }

    /// A match before its first step.
    fn new(options: &Self::Options, ctx: &mut Ctx<Self>) -> Self;
    /// A match that was begun by another build of the game, in which the rules ([`Game::VERSION`]) or
    /// the fields of this type are others. Refused, if not said: then the match is over for its
    /// players, and what there is of it is set aside for the build that it needs.
    ///
    /// A build whose version and fields are the same goes on without this. Whether they are is told
    /// by the type's [fingerprint](crate::fingerprint), which cannot see what a field means.
    ///
    /// ```
    /// # use greenroom::prelude::*;
    /// use greenroom::OldGame;
    ///
    /// /// The game as it was, kept to be read.
    /// mod v1 {
    ///     # use serde::{Deserialize, Serialize};
    ///     #[derive(Serialize, Deserialize)]
    ///     pub struct Race {
    ///         pub laps: u32,
    ///     }
    /// }
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Race {
    ///     laps: u32,
    ///     pit_stops: u32, // new
    /// }
    ///
    /// # #[derive(Replicate)]
    /// # struct State {}
    /// impl Game for Race {
    ///     const VERSION: u32 = 2;
    ///     fn migrate(old: OldGame<'_>) -> Result<Self, String> {
    ///         match old.version() {
    ///             1 => {
    ///                 let v1::Race { laps } = old.read()?;
    ///                 Ok(Race { laps, pit_stops: 0 })
    ///             }
    ///             version => Err(format!("a match of version {version} cannot go on")),
    ///         }
    ///     }
    ///     // …
    /// #   const NAME: &'static str = "race";
    /// #   type Options = NoOptions;
    /// #   type State = State;
    /// #   type Input = ();
    /// #   type Request = Never;
    /// #   type Reply = ();
    /// #   type Event = ();
    /// #   type Result = ();
    /// #   fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self { unimplemented!() }
    /// #   fn state(&self) -> &State { unimplemented!() }
    /// }
    /// ```
    ///
    /// Where only the rules have changed, `old.read()` is all: it reads this type too. A type whose
    /// fields mean something else under the same names needs a new version, or running matches
    /// would go on with the old meaning.
    ///
    /// Seats, timers, effects and random numbers are taken over as they are; inputs too, unless
    /// [`Game::Input`] has other fields: then each is the default until its player says a new one.
    /// The room keeps its pace. Clients get the whole state, with its new schema.
    fn migrate(old: OldGame<'_>) -> Result<Self, String> {
        Err(match old.version() == Self::VERSION {
            true => format!(
                "the fields of the game {:?} are not those that they were when this match was \
                 written down, under the same version {}: raise Game::VERSION and write \
                 Game::migrate, which reads the old fields",
                Self::NAME,
                Self::VERSION
            ),
            false => format!(
                "the match was begun by version {} of the game {:?}, and this build's version {} has \
                 no Game::migrate that would read it",
                old.version(),
                Self::NAME,
                Self::VERSION
            ),
        })
    }
    /// What clients see now.
    fn state(&self) -> &Self::State;
    /// Which part of the state a player sees, where not everybody sees all of it: by
    /// `#[sync(seen = …)]` and `#[sync(near = …)]` in its types. What is for everybody and for the
    /// player, if not said.
    fn sight(&self, player: PlayerId) -> Sight {
        Sight::of(player)
    }

    /// One step at a fixed rate. Not called in rooms that step on commands.
    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        let _ = ctx;
    }
    /// Somebody takes a seat. The error is shown to them. There is a seat: the host counts.
    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        let _ = (player, ctx);
        Ok(())
    }
    /// Somebody's seat is free again.
    fn leave(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        let _ = (player, ctx);
    }
    /// Somebody's connection broke; the seat is still theirs for [`Game::seat_hold`].
    fn dropped(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        let _ = (player, ctx);
    }
    /// Somebody came back to their seat.
    fn resumed(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
        let _ = (player, ctx);
    }
    /// Somebody asks. The answer is theirs alone. A game whose [`Game::Request`] is [`Never`] need
    /// not write this; any other that does not is refused by the compiler.
    fn request(
        &mut self,
        player: PlayerId,
        request: Self::Request,
        ctx: &mut Ctx<Self>,
    ) -> Self::Reply {
        // Only a type without values takes no room inside an `Option`.
        const {
            assert!(
                size_of::<Option<Self::Request>>() == 0,
                "this game has requests: write Game::request, or let Request be Never"
            );
        }
        let _ = (player, request, ctx);
        unreachable!("there is no value of this type, so nobody can have sent one")
    }
    /// A timer started by [`Ctx::timer`] is due.
    fn timer(&mut self, id: u32, ctx: &mut Ctx<Self>) {
        let _ = (id, ctx);
    }
    /// The answer to an effect, or a word from the studio's backend.
    fn signal(&mut self, signal: &Signal, ctx: &mut Ctx<Self>) {
        let _ = (signal, ctx);
    }
    /// The room was brought back after a step panicked, also with other random numbers, and that
    /// step was left out: whoever came or went in it did, nothing else of it happened. A chance to
    /// put right what made the step panic, before the next one does. A panic in here, or in the
    /// next look at the state, ends the room.
    fn recovered(&mut self, ctx: &mut Ctx<Self>) {
        let _ = ctx;
    }
}

/// What nobody can say: the requests or events of a game that has none. No bytes decode to it.
#[derive(Message, Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Never {}

/// The result of a match of which only the winner is of interest. The simulator counts wins by
/// this field, in any game's result.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Winner {
    /// Who won; nobody in a draw.
    pub winner: Option<PlayerId>,
}

/// How time passes in a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Pace {
    /// In steps of equal length.
    Fixed {
        /// Steps per second, 1 to 128.
        tick_hz: u16,
        /// Clients get a frame every so many steps, at least 1.
        send_every: u16,
    },
    /// A step for each bunch of commands or timers; nothing happens and nothing is sent between.
    OnCommand,
}

impl Pace {
    /// The nearest pace that a room can have.
    #[must_use]
    pub fn in_range(self) -> Self {
        match self {
            Pace::Fixed { tick_hz, send_every } => {
                Pace::Fixed { tick_hz: tick_hz.clamp(1, 128), send_every: send_every.max(1) }
            }
            Pace::OnCommand => Pace::OnCommand,
        }
    }
}

/// Who gets an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum To {
    /// Everybody.
    All,
    /// One player.
    One(PlayerId),
    /// Everybody but one.
    Except(PlayerId),
    /// These players.
    Group(Vec<PlayerId>),
}

impl To {
    /// Whether `player` is one of them.
    #[must_use]
    pub fn includes(&self, player: PlayerId) -> bool {
        match self {
            To::All => true,
            To::One(one) => *one == player,
            To::Except(one) => *one != player,
            To::Group(group) => group.contains(&player),
        }
    }
}

/// What comes into a room from outside.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Signal {
    /// What came of an effect.
    Answer {
        /// The number that [`Ctx::effect`] returned.
        effect: u32,
        /// As the handler encoded it.
        body: Vec<u8>,
    },
    /// No answer to an effect will ever come: its handler panicked or there is none, or the process
    /// died meanwhile. It may have been done or not; it is never done again by itself.
    Lost {
        /// The number that [`Ctx::effect`] returned.
        effect: u32,
    },
    /// A word from the studio's backend, of its own accord.
    Word {
        /// As the sender encoded it.
        body: Vec<u8>,
    },
}

/// What a game can see and do during a hook. In keyframes beside the game, inputs apart.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Ctx<G: Game> {
    pub(crate) tick: Tick,
    pub(crate) time_ms: u64,
    pub(crate) pace: Pace,
    pub(crate) rng: Rng,
    pub(crate) seats: Vec<SeatState<G::Input>>,
    pub(crate) timers: Vec<Timer>,
    pub(crate) effects_made: u32,
    /// Effects of which nothing has come yet, ascending.
    pub(crate) effects_open: Vec<u32>,
    pub(crate) over: bool,
    #[serde(skip)]
    pub(crate) said: Vec<Said>,
}

/// A player in a room.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "I: Default")]
pub(crate) struct SeatState<I> {
    pub(crate) player: PlayerId,
    pub(crate) connected: bool,
    /// In keyframes by itself: its type is the game's.
    #[serde(skip)]
    pub(crate) input: I,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Timer {
    pub(crate) due_ms: u64,
    pub(crate) id: u32,
}

/// What a step of a room wants done outside of it, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Said {
    /// The player has the seat now.
    Joined(PlayerId),
    /// The game refused the player.
    JoinRefused(PlayerId, String),
    /// The game panicked when the player came.
    JoinFailed(PlayerId),
    /// The player is back in the seat.
    Resumed(PlayerId),
    /// There is no seat to come back to.
    ResumeRefused(PlayerId),
    /// The player's seat is free.
    Left(PlayerId),
    /// The answer to a request.
    Reply {
        /// Whose request.
        player: PlayerId,
        /// Its number.
        id: u32,
        /// The encoded reply.
        body: Vec<u8>,
    },
    /// The game panicked over a request: nothing came of it.
    RequestFailed {
        /// Whose request.
        player: PlayerId,
        /// Its number.
        id: u32,
    },
    /// Something happened.
    Event {
        /// Who is told.
        to: To,
        /// The encoded event.
        body: Vec<u8>,
    },
    /// Something is to be done outside; the answer comes back as a [`Signal`] of this number.
    Effect {
        /// Counts up from 1 in a room.
        number: u32,
        /// As the game encoded it.
        body: Vec<u8>,
    },
    /// The match is over.
    Over {
        /// The result as JSON.
        result: String,
    },
}

/// Timers that a room may have running at once. One more is a bug in the game and panics.
pub const TIMERS_MAX: usize = 1024;

/// Effects of a room of which nothing has come yet, at most. One more is a bug in the game, or
/// their handler hangs, and panics.
pub const EFFECTS_MAX: usize = 1024;

/// For how long a seat is held whose player's connection broke, if a game does not say.
const SEAT_HOLD: Duration = Duration::from_secs(30);

impl<G: Game> Ctx<G> {
    pub(crate) fn new(pace: Pace, seed: u64) -> Self {
        Ctx {
            tick: Tick(0),
            time_ms: 0,
            pace,
            rng: Rng::new(seed),
            seats: Vec::new(),
            timers: Vec::new(),
            effects_made: 0,
            effects_open: Vec::new(),
            over: false,
            said: Vec::new(),
        }
    }

    /// The step being made; the first is 1.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Time since the room began: by the tick at a fixed rate, else by the host's clock as it
    /// stands in the log.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_millis(self.time_ms)
    }

    /// Length of a step in seconds; 0 in a room that steps on commands.
    #[must_use]
    pub fn dt(&self) -> f32 {
        match self.pace {
            Pace::Fixed { tick_hz, .. } => 1.0 / f32::from(tick_hz),
            Pace::OnCommand => 0.0,
        }
    }

    /// The room's random numbers.
    pub fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// Everybody with a seat, in the order of joining.
    pub fn players(&self) -> impl Iterator<Item = PlayerId> {
        self.seats.iter().map(|seat| seat.player)
    }

    /// The newest input of a player; the default before the first and for somebody without seat.
    #[must_use]
    pub fn input(&self, player: PlayerId) -> G::Input {
        self.seat(player).map(|seat| seat.input.clone()).unwrap_or_default()
    }

    /// Whether the player has a seat, with or without a connection.
    #[must_use]
    pub fn is_seated(&self, player: PlayerId) -> bool {
        self.seat(player).is_some()
    }

    /// Whether the player's connection is up.
    #[must_use]
    pub fn is_connected(&self, player: PlayerId) -> bool {
        self.seat(player).is_some_and(|seat| seat.connected)
    }

    /// Tells players something, once and in order, along with the state of this step.
    pub fn send(&mut self, to: To, event: &G::Event) {
        self.said.push(Said::Event { to, body: wire::encode(event) });
    }

    /// Calls [`Game::timer`] with `id` once `after` has passed. In a room with a fixed rate that
    /// is the first tick at or after the time. Less than a millisecond counts as one, so that a
    /// timer never runs in the step that starts it: one that starts itself anew cannot hold the
    /// room in that step for good.
    ///
    /// # Panics
    /// With more than [`TIMERS_MAX`] timers running.
    pub fn timer(&mut self, after: Duration, id: u32) {
        assert!(self.timers.len() < TIMERS_MAX, "a room has at most {TIMERS_MAX} timers");
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX).max(1);
        let due_ms = self.time_ms.saturating_add(after_ms);
        let place = self.timers.partition_point(|timer| timer.due_ms <= due_ms);
        self.timers.insert(place, Timer { due_ms, id });
    }

    /// Stops all timers with this id.
    pub fn cancel_timer(&mut self, id: u32) {
        self.timers.retain(|timer| timer.id != id);
    }

    /// Asks the host to do something outside the room. The answer arrives at [`Game::signal`]
    /// with the number returned here, or word that none will come.
    ///
    /// # Panics
    /// With more than [`EFFECTS_MAX`] of which nothing has come yet.
    pub fn effect<E: Serialize>(&mut self, effect: &E) -> u32 {
        assert!(
            self.effects_open.len() < EFFECTS_MAX,
            "a room has at most {EFFECTS_MAX} effects under way"
        );
        self.effects_made += 1;
        let number = self.effects_made;
        self.effects_open.push(number);
        self.said.push(Said::Effect { number, body: wire::encode(effect) });
        number
    }

    /// Ends the match after this step. The first call counts.
    pub fn end(&mut self, result: &G::Result) {
        if !self.over {
            self.over = true;
            let result = serde_json::to_string(result).unwrap_or_else(|error| {
                serde_json::json!({ "error": error.to_string() }).to_string()
            });
            self.said.push(Said::Over { result });
        }
    }

    pub(crate) fn seat(&self, player: PlayerId) -> Option<&SeatState<G::Input>> {
        self.seats.get(self.place(player)?)
    }

    pub(crate) fn seat_mut(&mut self, player: PlayerId) -> Option<&mut SeatState<G::Input>> {
        let place = self.place(player)?;
        self.seats.get_mut(place)
    }

    /// Where a player's seat is. They nearly always joined in the order of their ids: then it is
    /// found by halving, also among a thousand.
    fn place(&self, player: PlayerId) -> Option<usize> {
        let halving = self.seats.binary_search_by_key(&player, |seat| seat.player);
        halving.ok().or_else(|| self.seats.iter().position(|seat| seat.player == player))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::games::connect4::Connect4;

    #[test]
    fn a_timer_never_runs_in_the_step_that_starts_it() {
        let mut ctx: Ctx<Connect4> = Ctx::new(Pace::OnCommand, 1);
        ctx.time_ms = 50;
        ctx.timer(Duration::ZERO, 7);
        ctx.timer(Duration::from_micros(900), 8);
        assert!(ctx.timers.iter().all(|timer| timer.due_ms == 51));
    }
}
