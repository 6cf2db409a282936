//! Greenroom
extern crate self as greenroom;

pub use greenroom_proto as proto;
#[doc(hidden)]
pub use serde_json;

pub mod bot;
pub mod game;
pub mod games;
pub mod math;
pub mod options;
pub mod outbox;
pub mod registry;
pub mod rng;
pub mod room;
pub mod session;

pub use game::{Ctx, Game, Pace, Signal, To};
pub use options::{NoOptions, OptionHelp, OptionValue, Options};
pub use registry::Games;
pub use rng::Rng;

/// What a game needs.
pub mod prelude {
    pub use crate::bot::{Acts, Bot, View};
    pub use crate::{Ctx, Game, Games, NoOptions, Options, Pace, Rng, Signal, To, math};
    pub use greenroom_proto::{EntityId, PlayerId, Replicate, Table, Tick};
}
