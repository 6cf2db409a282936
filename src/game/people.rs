//! How much the people in a room learn of each other from Greenroom itself.

use serde::{Deserialize, Serialize};

/// What everybody with a seat is told of everybody else with one, besides the game's state. What a
/// client has learnt cannot be taken back: a game says how much it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum People {
    /// Nothing: who is here is the game's own matter.
    #[default]
    Hidden,
    /// Who is here under which name, and whether they are connected. A person is the same one in this
    /// room only.
    Named,
    /// That and their accounts, by which they are known again in any room: for lists of friends, and
    /// to have nothing to do with somebody.
    Known,
}
