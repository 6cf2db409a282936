//! A small game with a chat and an inventory: the same as `../colyseus-game`, for Greenroom.

pub mod bots;
pub mod field;
pub mod messages;
pub mod state;

use greenroom::Games;

/// The game and its bots.
pub fn games() -> Games {
    Games::new().add::<state::Field>().bot("gatherer", bots::Gatherer::new)
}
