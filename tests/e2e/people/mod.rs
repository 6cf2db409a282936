//! The people in a room besides the game.

mod roster;
mod spectators;
mod spectators_hostile;
