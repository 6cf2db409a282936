//! What a game author writes.
//!
//! A game is one type that implements [`Game`]. Greenroom owns everything around it: members,
//! sockets, deltas, logs, crashes. The rule that makes the rest possible: **a game changes only in
//! the hooks below and looks at nothing outside**. No clock (use [`Ctx::tick`], [`Ctx::time`]), no
//! other randomness than [`Ctx::rng`], no map whose order depends on the process (`BTreeMap`, not
//! `HashMap`), no platform sine ([`crate::math`]), no files, no network ([`Ctx::effect`]). Then
//! the same log gives the same match, bit for bit, on any machine.

mod chat;
mod conduct;
mod ctx;
mod moving;
mod old_game;
mod pace;
mod people;
mod rewind;
mod said;
mod signal;
mod spectators;

use std::time::Duration;

use greenroom_proto::{Message, PlayerId, Profile, Replicate, Sight};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use chat::Talk;
pub use chat::{BACKLOG_MAX, Chat, Speech};
pub use ctx::{Ctx, EFFECTS_MAX, TIMERS_MAX};
pub(crate) use ctx::{SeatState, WordReply};
pub use moving::MoveTo;
pub use old_game::OldGame;
pub use pace::Pace;
pub use people::People;
pub use rewind::{Past, REWIND, Rewind};
pub use said::{Said, To};
pub use signal::Signal;
pub use spectators::Spectators;

use crate::account::Account;
use crate::options::Options;

/// For how long a seat is held whose player's connection broke, if a game does not say.
const SEAT_HOLD: Duration = Duration::from_secs(30);

/// The rules of one game. The value is one running match.
pub trait Game: Serialize + DeserializeOwned + Send + Sized + 'static {
    /// Name on the wire and on the command line: 1 to 32 of `a-z 0-9 -`.
    const NAME: &'static str;
    /// Raised when the rules change: a log is replayed under the version that wrote it, and a match
    /// that another version has begun goes on through [`Game::migrate`].
    const VERSION: u32 = 1;

    /// Steps per second, after each of which a frame is sent. Where the options say, or a room
    /// steps on commands: [`Game::pace`].
    const TICK_HZ: u16 = 30;
    /// Seats in a room. Where the options say: [`Game::seats`].
    const SEATS: u32 = 8;

    /// Whether a seat here may be had beside another one on the same connection, as a party or a chat
    /// is beside a match. Of the places that a connection has at once, at most one is in a room of a
    /// game that does not say so.
    const BESIDE: bool = false;

    /// Rooms of the game that a server hosts at most, within its own bound for all games.
    const ROOMS_MAX: usize = usize::MAX;

    /// Bytes of the state at most, in rows and texts, where a game is to stay below what clients take
    /// anyway: what every newcomer is sent. A step that makes more of it counts as one that panicked.
    const STATE_BYTES_MAX: usize = greenroom_proto::ROWS_BYTES_MAX;

    /// Bytes of the JSON text with which a room's options are chosen at most, where a game is to read
    /// less of a stranger's text than the protocol lets through; more than that is no use. A longer one
    /// is refused before any of it is read.
    const OPTIONS_BYTES_MAX: usize = greenroom_proto::OPTIONS_MAX;

    /// What the creator of a room may choose, see [`crate::options!`].
    type Options: Options + Serialize + DeserializeOwned;
    /// What clients see: at most 5.3 MiB in one table and 8 MiB of text, see
    /// [`greenroom_proto::Sizes`].
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

    /// How time passes in a room with these options.
    fn pace(options: &Self::Options) -> Pace {
        let _ = options;
        Pace::Fixed { tick_hz: Self::TICK_HZ, send_every: 1 }
    }
    /// Seats in a room with these options.
    fn seats(options: &Self::Options) -> u32 {
        let _ = options;
        Self::SEATS
    }

    /// For how long a seat is held whose player's connection broke; 30 s if not said. Zero: it is
    /// free at once.
    fn seat_hold(options: &Self::Options) -> Duration {
        let _ = options;
        SEAT_HOLD
    }

    /// Clients that may wait for a seat in a full room, first come first served: 0 if not said, 64 at
    /// most.
    fn waiting(options: &Self::Options) -> u32 {
        let _ = options;
        0
    }

    /// After how long without an input or a request [`Game::idle`] is told of a player, to a quarter of
    /// a second; `None`: never.
    fn idle_after(options: &Self::Options) -> Option<Duration> {
        let _ = options;
        None
    }

    /// For how long a room stays in which nobody has a seat, or one kept; `None` is what the server
    /// is set to (`room_empty_secs`).
    fn room_empty(options: &Self::Options) -> Option<Duration> {
        let _ = options;
        None
    }

    /// What people in a room with these options are told of each other, besides the state: nothing,
    /// if not said. Clients have it as `Client::roster`.
    fn people(options: &Self::Options) -> People {
        let _ = options;
        People::default()
    }

    /// Whether people in a room with these options may talk to each other, and how; not, if not said.
    /// [`Game::chat_line`] is asked about each line.
    fn chat(options: &Self::Options) -> Option<Chat> {
        let _ = options;
        None
    }

    /// Whether people without a seat may look on in a room with these options, and how. They may,
    /// and at once, if not said; the server may have them wait.
    fn spectators(options: &Self::Options) -> Option<Spectators> {
        let _ = options;
        Some(Spectators::default())
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

    /// Which part of the state those see who look on without a seat: all of them the same. What is
    /// for everybody, if not said. Where players see only what is around them, this is everything:
    /// then either say it here, or show it [late](Spectators::after).
    fn spectator_sight(&self) -> Sight {
        Sight::public()
    }

    /// One step at a fixed rate. Not called in rooms that step on commands.
    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        let _ = ctx;
    }
    /// Somebody is about to take a seat under this name, which may be empty. Changes it or what else
    /// they say about themself, or refuses them with an error that is shown to them: bad words,
    /// names that somebody here has already. Not asked again when they come back.
    fn admit(
        &self,
        account: &Account,
        profile: &mut Profile,
        ctx: &Ctx<Self>,
    ) -> Result<(), String> {
        let _ = (account, profile, ctx);
        Ok(())
    }
    /// Somebody takes a seat. The error is shown to them. There is a seat: the host counts.
    /// [`Ctx::account`] says who they are, [`Ctx::profile`] what they say about themself.
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
    /// Somebody who is connected has said nothing for [`Game::idle_after`]: warn them, play for them, or
    /// have their seat end ([`Ctx::kick`]). Told once, and again when they have said something since.
    fn idle(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) {
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
    /// A player is about to say something, where there is a [chat](Game::chat): cleaned, short enough,
    /// not too soon, and by nobody who is [muted](Ctx::mute). Says who hears it: everybody
    /// ([`To::All`], those too who look on if the chat is for them), or the team
    /// ([`To::Group`]); the speaker is told like the others. May change the line, or refuse it with an
    /// error that is shown to the speaker: bad words, commands (`/roll`), the whispers of the dead. A
    /// line that is made empty is taken and heard by nobody.
    ///
    /// ```
    /// # use greenroom::{Ctx, Game, To, game::Speech, proto::PlayerId};
    /// # fn team_of(_: PlayerId) -> Vec<PlayerId> { Vec::new() }
    /// fn chat_line<G: Game>(from: PlayerId, speech: &mut Speech, _: &Ctx<G>) -> Result<To, String> {
    ///     match speech.scope {
    ///         _ if speech.text.contains("noob") => Err("be kind".to_owned()),
    ///         1 => Ok(To::Group(team_of(from))),
    ///         _ => Ok(To::All),
    ///     }
    /// }
    /// ```
    fn chat_line(
        &mut self,
        from: PlayerId,
        speech: &mut Speech,
        ctx: &mut Ctx<Self>,
    ) -> Result<To, String> {
        let _ = (from, speech, ctx);
        Ok(To::All)
    }
    /// A timer started by [`Ctx::timer`] is due.
    fn timer(&mut self, id: u32, ctx: &mut Ctx<Self>) {
        let _ = (id, ctx);
    }
    /// The answer to an effect, or a word from the studio's backend, to which [`Ctx::reply`] answers.
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

/// The error, unless a rule holds: what a request has to fulfil, rule by rule.
///
/// ```
/// # use greenroom::ensure;
/// fn pick(distance: f32, free: u32) -> Result<(), &'static str> {
///     ensure(distance <= 1.5, "too far away")?;
///     ensure(free > 0, "your hands are full")
/// }
/// assert_eq!(pick(2.0, 1), Err("too far away"));
/// ```
pub fn ensure<E>(holds: bool, otherwise: E) -> Result<(), E> {
    if holds { Ok(()) } else { Err(otherwise) }
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
