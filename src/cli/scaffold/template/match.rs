//! Bots play matches headless: in virtual time, without a server.

use greenroom_sim::headless::{Played, Simulation};

fn play(seed: u64) -> Played {
    let games = tag_crate::games();
    let series = Simulation::new(&games, "tag").bots("nimble:3,random").seed(seed);
    let series = series.config(r#"{"secs": 20}"#).prepare().expect("the game has these bots");
    series.play(0).expect("a match ends")
}

#[test]
fn a_match_ends_in_time_and_somebody_wins() {
    let played = play(7);
    assert_eq!(played.ticks, 20 * 30);
    assert_ne!(played.result, r#"{"winner":null}"#);
}

#[test]
fn the_same_seed_gives_the_same_match() {
    assert_eq!(play(7).hash, play(7).hash);
    assert_ne!(play(7).hash, play(8).hash);
}
