//! A game of tag on Greenroom. `src/tag.rs` has the rules, `src/bots.rs` who plays while nobody is
//! there, `tests/match.rs` a match between them.

pub mod bots;
pub mod tag;

use greenroom::Games;

/// All games of this crate, each with its bots; the first bot of a game is its default.
pub fn games() -> Games {
    Games::new().add::<tag::Tag>().bot("nimble", bots::Nimble::new).bot("random", bots::Random::new)
}
