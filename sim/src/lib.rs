//! Greenroom without players: headless bot matches in virtual time, replays of logs, and bots that
//! load a real server over wss. A crate with games of its own has the same commands through
//! [`cli`].

pub mod chaos;
pub mod check;
mod cli;
pub mod headless;
pub mod load;
mod portrait;
pub mod replay;

pub use cli::cli;
