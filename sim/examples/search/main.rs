//! A bot that searches plays connect4 against the scripted one, and says how often it wins; with a third
//! number, it ends with an error if that is less than so many percent.
//!
//! ```sh
//! cargo run --release -p greenroom-sim --example search -- 100 10000 90
//! ```

mod searcher;

use std::process::ExitCode;

use greenroom::games::connect4::{Connect4, bots::Planner};
use greenroom_sim::Simulation;
use searcher::Searcher;

fn main() -> ExitCode {
    let words: Result<Vec<u32>, _> = std::env::args().skip(1).map(|word| word.parse()).collect();
    let (matches, tries, percent) = match words.as_deref() {
        Ok([]) => (20, 10_000, 0),
        Ok([matches, tries]) => (*matches, *tries, 0),
        Ok([matches, tries, percent]) => (*matches, *tries, *percent),
        _ => {
            eprintln!("say how many matches, and how often it tries for each move: 20 10000");
            return ExitCode::FAILURE;
        }
    };
    let all = Simulation::of::<Connect4>()
        .bot("searcher", move |seed| Searcher::new(seed, tries))
        .bot("planner", Planner::new)
        .seed(2026)
        .matches(matches.into())
        .run();
    let all = match all {
        Ok(all) => all,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let won = |bot: &str| {
        let winners = all.iter().filter_map(|played| played.bot_of(played.result?.winner?));
        winners.filter(|winner| *winner == bot).count()
    };
    let (searcher, planner) = (won("searcher"), won("planner"));
    println!("of {matches} matches the searcher won {searcher}, the planner {planner}");
    match searcher as u64 * 100 >= u64::from(matches) * u64::from(percent) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
