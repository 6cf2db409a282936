//! What a learner is to know of a game beside what a client knows: how good its player is, when it
//! is to act, and which of its actions make sense.
//!
//! `greenroom-sim env` steps many rooms at once for a program that learns to play. It works with any
//! game: what a player sees are the rows of its [`Game::State`], what it does are the fields of its
//! [`Game::Input`] and [`Game::Request`], as *controls*: whole numbers from a least to a greatest.
//! Without more, the only reward is who has won. A game that says more is easier to learn:
//!
//! ```
//! use std::ops::RangeInclusive;
//!
//! use greenroom::Games;
//! use greenroom::proto::PlayerId;
//! use greenroom::training::Training;
//! # use greenroom::prelude::*;
//! # #[derive(Replicate)]
//! # struct State {}
//! # #[derive(Message, Clone, Default, Serialize, Deserialize)]
//! # struct Input { turn: i8 }
//! # #[derive(Serialize, Deserialize)]
//! # struct Race { laps: Map<PlayerId, u32, 8> }
//! # impl Game for Race {
//! #   const NAME: &'static str = "race";
//! #   type Options = NoOptions;
//! #   type State = State;
//! #   type Input = Input;
//! #   type Request = Never;
//! #   type Reply = ();
//! #   type Event = ();
//! #   type Result = ();
//! #   fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self { unimplemented!() }
//! #   fn state(&self) -> &State { unimplemented!() }
//! # }
//!
//! impl Training for Race {
//!     // Input::turn is an i8, of which the rules use this much.
//!     const RANGES: &'static [(&'static str, RangeInclusive<i32>)] = &[("turn", -1..=1)];
//!
//!     fn score(&self, player: PlayerId) -> f32 {
//!         self.laps.get(&player).copied().unwrap_or(0) as f32
//!     }
//! }
//!
//! let games = Games::new().add::<Race>().training::<Race>();
//! # let entry = games.get("race").unwrap();
//! # assert_eq!(entry.training.as_ref().unwrap().terms().ranges.len(), 1);
//! ```

use std::marker::PhantomData;
use std::ops::RangeInclusive;

use greenroom_proto::PlayerId;

use crate::game::Game;
use crate::options::Options;
use crate::room::{AnyRoom, Room};

/// What a learner is to know of a game.
pub trait Training: Game {
    /// Controls that have a smaller range than their type: their names and ranges. One with a single
    /// value has that always, and is no control any more.
    ///
    /// A control is named by the path of its field: `turn`, `aim.x`. A float counts in thousandths,
    /// from -1,000 to 1,000 if not said. What a request says comes after `request`, whose own values
    /// are 0 for none and from 1 on its variants: `request.Drop.column`.
    const RANGES: &'static [(&'static str, RangeInclusive<i32>)] = &[];
    /// Controls of which a player may not always choose all values: see [`Training::mask`].
    const MASKED: &'static [&'static str] = &[];
    /// What the winner of the match is rewarded with at its end, and others lose: nobody in a draw.
    /// Who has won is in the field `winner` of the game's result, as for the simulator.
    const WIN: f32 = 1.0;

    /// Rows of a table that are worth looking at, in a room with these options: as many as there can
    /// be is best. `None`: as `--rows-max` says. A learner sees those in the first slots.
    fn rows(options: &Self::Options, table: &str) -> Option<usize> {
        let _ = (options, table);
        None
    }

    /// What a player has achieved so far: by how much it grows is the reward of a step.
    fn score(&self, player: PlayerId) -> f32 {
        let _ = player;
        0.0
    }

    /// Whether it is on a player to act. What others choose is not done. In rooms that step on
    /// commands a step lasts until it is on one of those who learn.
    fn to_act(&self, player: PlayerId) -> bool {
        let _ = player;
        true
    }

    /// Says of each value of the [masked](Training::MASKED) controls, one control after the other and
    /// from the least value to the greatest, whether a player may choose it now: all of them, if not
    /// said. A learner that chooses another is treated as any client: by the rules.
    fn mask(&self, player: PlayerId, allowed: &mut [bool]) {
        let _ = (player, allowed);
    }
}

/// What holds of all rooms of a game.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Terms {
    /// [`Training::RANGES`].
    pub ranges: &'static [(&'static str, RangeInclusive<i32>)],
    /// [`Training::MASKED`].
    pub masked: &'static [&'static str],
    /// [`Training::WIN`].
    pub win: f32,
}

impl Default for Terms {
    /// Of a game that says nothing.
    fn default() -> Self {
        Terms { ranges: &[], masked: &[], win: 1.0 }
    }
}

/// [`Training`] of a game whose type is known only to itself.
pub trait AnyTraining: Send + Sync {
    /// What holds of all rooms.
    fn terms(&self) -> Terms;
    /// See [`Training::rows`].
    fn rows(&self, options: &str, table: &str) -> Option<usize>;
    /// A room before its first step, with options of a plan.
    fn create(&self, options: &str, seed: u64) -> Result<Box<dyn TrainingRoom>, String>;
}

/// A room in which somebody learns.
pub trait TrainingRoom: Send {
    /// The room.
    fn room(&self) -> &dyn AnyRoom;
    /// The room, to be stepped.
    fn room_mut(&mut self) -> &mut dyn AnyRoom;
    /// See [`Training::score`].
    fn score(&self, player: PlayerId) -> f32;
    /// See [`Training::to_act`].
    fn to_act(&self, player: PlayerId) -> bool;
    /// See [`Training::mask`].
    fn mask(&self, player: PlayerId, allowed: &mut [bool]);
}

pub(crate) struct Typed<G>(PhantomData<fn() -> G>);

impl<G> Typed<G> {
    pub(crate) fn new() -> Self {
        Typed(PhantomData)
    }
}

impl<G: Training> AnyTraining for Typed<G> {
    fn terms(&self) -> Terms {
        Terms { ranges: G::RANGES, masked: G::MASKED, win: G::WIN }
    }

    fn rows(&self, options: &str, table: &str) -> Option<usize> {
        G::Options::parse(options).ok().and_then(|options| G::rows(&options, table))
    }

    fn create(&self, options: &str, seed: u64) -> Result<Box<dyn TrainingRoom>, String> {
        let room = Room::<G>::new(options, seed).map_err(|error| error.to_string())?;
        Ok(Box::new(room))
    }
}

impl<G: Training> TrainingRoom for Room<G> {
    fn room(&self) -> &dyn AnyRoom {
        self
    }
    fn room_mut(&mut self) -> &mut dyn AnyRoom {
        self
    }
    fn score(&self, player: PlayerId) -> f32 {
        self.game().score(player)
    }
    fn to_act(&self, player: PlayerId) -> bool {
        self.game().to_act(player)
    }
    fn mask(&self, player: PlayerId, allowed: &mut [bool]) {
        self.game().mask(player, allowed);
    }
}

/// A room of a game that says nothing of training.
pub(crate) struct Untold(pub(crate) Box<dyn AnyRoom>);

impl TrainingRoom for Untold {
    fn room(&self) -> &dyn AnyRoom {
        &*self.0
    }
    fn room_mut(&mut self) -> &mut dyn AnyRoom {
        &mut *self.0
    }
    fn score(&self, _: PlayerId) -> f32 {
        0.0
    }
    fn to_act(&self, _: PlayerId) -> bool {
        true
    }
    fn mask(&self, _: PlayerId, _: &mut [bool]) {}
}
