//! Greenroom
extern crate self as greenroom;

pub use greenroom_proto as proto;
#[doc(hidden)]
pub use serde_json;

#[cfg(feature = "server")]
pub mod actors;
pub mod bot;
#[cfg(feature = "server")]
pub mod certs;
#[cfg(feature = "server")]
mod cli;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod directory;
pub mod effects;
pub mod game;
pub mod games;
pub mod math;
#[cfg(feature = "server")]
pub mod net;
pub mod options;
#[cfg(feature = "server")]
pub mod os;
pub mod outbox;
pub mod registry;
pub mod rng;
pub mod room;
#[cfg(feature = "server")]
pub mod server;
pub mod session;
#[cfg(feature = "server")]
pub mod supervision;

#[cfg(feature = "server")]
pub use cli::cli;
pub use game::{Ctx, Game, Never, Pace, Signal, To, Winner};
pub use options::{NoOptions, OptionHelp, OptionValue, Options};
pub use registry::Games;
pub use rng::Rng;

/// What a game needs. The derives of serde expand to paths of the crate `serde`, which a game's
/// crate therefore depends on by itself.
pub mod prelude {
    pub use crate::bot::{Acts, Bot, View};
    pub use crate::{
        Ctx, Game, Games, Never, NoOptions, Options, Pace, Rng, Signal, To, Winner, math,
    };
    pub use greenroom_proto::{EntityId, PlayerId, Replicate, Table, Tick};
    pub use serde::{Deserialize, Serialize};
}
