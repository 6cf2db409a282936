//! The server keeps its promises, whatever happens. `GREENROOM_SEEDS=100` runs a hundred times as many
//! seeds as usual. What a seed broke once has a test beside the code that was mended: seeds mean something
//! else as soon as more can happen.

#![allow(missing_docs, clippy::unwrap_used)]

use greenroom_sim::chaos::search;

/// Seeds by default.
const SEEDS: u64 = 1000;

fn times() -> u64 {
    std::env::var("GREENROOM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[test]
fn every_promise_is_kept() {
    match search(1, SEEDS * times()) {
        Ok(total) => assert!(total.panics > total.seeds && total.deaths > total.seeds, "{total}"),
        Err(failure) => panic!("{}", failure.report),
    }
}

#[test]
fn a_seed_is_the_same_run_every_time() {
    assert_eq!(search(7, 5).unwrap(), search(7, 5).unwrap());
    assert_ne!(search(7, 5).unwrap().digest, search(8, 5).unwrap().digest);
}
