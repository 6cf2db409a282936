//! Greenroom without players: headless bot matches and tournaments in virtual time, reports of
//! them, rooms for programs that learn to play, replays of logs, bots that load a real server over wss
//! and find how many players it carries, and measurements of a game alone. A crate with games of its
//! own has the same commands through [`cli`].
//!
//! # As a library
//!
//! [`Simulation`] plays matches of bots on all cores and returns their results, as values of the game's
//! own type. [`Match`] is one match in the caller's hands: step it, look at it, take it back. Neither
//! needs a registry, a server or a clock.
//!
//! ```
//! use greenroom::games::connect4::{Connect4, Reason, bots::{Planner, Random}};
//! use greenroom_sim::Simulation;
//!
//! let all = Simulation::of::<Connect4>()
//!     .bot("planner", Planner::new)
//!     .bot("random", Random::new)
//!     .seed(7)
//!     .matches(20)
//!     .run()?;
//! for played in &all {
//!     let Some(outcome) = played.result else { continue }; // a `connect4::Outcome`
//!     let winner = outcome.winner.and_then(|player| played.bot_of(player));
//!     println!("{winner:?} after {} moves, hash {:016x}", outcome.moves, played.hash);
//!     assert!(matches!(outcome.reason, Reason::Four | Reason::Full));
//! }
//! # Ok::<(), greenroom_sim::headless::SimulationError>(())
//! ```

pub mod bench;
pub mod by_hand;
pub mod capacity;
pub mod chaos;
pub mod check;
mod cli;
mod costs;
pub mod env;
pub mod headless;
pub mod load;
mod plot;
mod portrait;
pub mod replay;
pub mod report;
mod results;
pub mod tournament;

pub use by_hand::{Match, Snapshot};
pub use cli::cli;
pub use headless::Simulation;
