//! The bot of `examples/search`: it searches in a match of its own, and wins.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

#[path = "../examples/search/searcher.rs"]
mod searcher;

use greenroom::bot::Bot;
use greenroom::games::connect4::{Connect4, bots};
use greenroom_sim::Simulation;
use searcher::Searcher;

/// Of so many matches: those that it wins, and those that the other wins.
fn wins<B: Bot<Game = Connect4>>(
    other: impl Fn(u64) -> B + Send + Sync + 'static,
    matches: u64,
    tries: u32,
) -> (usize, usize) {
    let all = Simulation::of::<Connect4>()
        .bot("searcher", move |seed| Searcher::new(seed, tries))
        .bot("other", other)
        .seed(2026)
        .matches(matches)
        .run()
        .unwrap();
    let won = |bot: &str| {
        let winners = all.iter().filter_map(|played| played.bot_of(played.result?.winner?));
        winners.filter(|winner| *winner == bot).count()
    };
    (won("searcher"), won("other"))
}

#[test]
fn a_bot_that_tries_a_hundred_lines_for_each_move_hardly_loses_to_chance() {
    let (own, others) = wins(bots::Random::new, 40, 100);
    assert!(own >= 36, "{own}, {others}");
}

/// A debug build has no time for more; `.ci/run release` has the example win nine of ten of a hundred
/// matches, with ten thousand lines for each move.
#[test]
fn it_wins_more_often_than_the_scripted_bot_that_looks_five_moves_ahead() {
    let (matches, tries, least) =
        if cfg!(debug_assertions) { (8, 2000, 5) } else { (100, 10_000, 90) };
    let (own, others) = wins(bots::Planner::new, matches, tries);
    assert!(own >= least && own > others, "{own}, {others}");
}
