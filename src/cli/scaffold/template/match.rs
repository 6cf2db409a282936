//! Bots play matches headless: in virtual time, without a server. And a match step by step, to try a
//! rule.

use greenroom::prelude::*;
use greenroom_sim::headless::Played;
use greenroom_sim::{Match, Simulation};

use tag_crate::tag::{Tag, TagOptions};

fn play(seed: u64) -> Played<Option<Winner>> {
    let simulation = Simulation::typed::<Tag>(&tag_crate::games()).bots("nimble:3,random");
    let simulation = simulation.options(&TagOptions { secs: 20 }).seed(seed);
    simulation.run().expect("a match ends").remove(0)
}

#[test]
fn a_match_ends_in_time_and_somebody_wins() {
    let played = play(7);
    assert_eq!(played.ticks, 20 * 30);
    assert!(played.result.is_some_and(|result| result.winner.is_some()));
}

#[test]
fn the_same_seed_gives_the_same_match() {
    assert_eq!(play(7).hash, play(7).hash);
    assert_ne!(play(7).hash, play(8).hash);
}

#[test]
fn nobody_runs_out_of_the_field() {
    let mut game = Match::<Tag>::new(&TagOptions { secs: 20 }, 7, 2).expect("two seats");
    let (one, ahead) = (PlayerId(1), [100, 0]);
    for _ in 0..200 {
        game.input(one, &ahead);
        game.step();
    }
    assert_eq!(game.state().runners.get(&one).map(|runner| runner.at[0]), Some(1.0));
}
