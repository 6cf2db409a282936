//! Greenroom without players: headless bot matches in virtual time, replays of logs, and bots that
//! load a real server over wss. A crate with games of its own has the same commands through
//! [`cli`].

mod cli;
pub mod headless;
pub mod load;
pub mod replay;

pub use cli::cli;
