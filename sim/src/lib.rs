//! Greenroom without players: headless bot matches and tournaments in virtual time, reports of
//! them, rooms for programs that learn to play, replays of logs, bots that load a real server over wss
//! and find how many players it carries, and measurements of a game alone. A crate with games of its own has the same commands through
//! [`cli`].

pub mod bench;
pub mod capacity;
pub mod chaos;
pub mod check;
mod cli;
pub mod env;
pub mod headless;
pub mod load;
mod plot;
mod portrait;
pub mod replay;
pub mod report;
mod results;
pub mod tournament;

pub use cli::cli;
