//! The bots that come with the games: the good ones win, and a seed decides everything.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use greenroom::Games;
use greenroom_sim::headless::{MatchError, MatchLimits, Simulation, SimulationError};

/// How many of 200 matches `good` wins, with seats that go round.
fn wins(game: &str, bots: &str, config: &str, good: &str) -> usize {
    let games = Games::builtin();
    let simulation = Simulation::new(&games, game).bots(bots).config(config).seed(2026);
    let series = simulation.matches(200).prepare().unwrap();
    (0..series.matches())
        .filter(|index| {
            let played = series.play(*index).unwrap();
            let result: serde_json::Value = serde_json::from_str(&played.result).unwrap();
            let winner = result["winner"].as_u64();
            played.seats.iter().any(|s| winner == Some(s.player.0.into()) && s.bot == good)
        })
        .count()
}

#[test]
fn one_hunter_beats_one_random_in_nine_of_ten_arenas() {
    let config = r#"{"max_players": 2, "tick_hz": 20, "time_limit_secs": 20, "score_limit": 3}"#;
    let wins = wins("arena", "hunter,random", config, "hunter");
    assert!(wins >= 180, "{wins} of 200");
}

#[test]
fn a_hunter_wins_among_two_hunters_and_two_randoms_in_nine_of_ten_arenas() {
    let config = r#"{"max_players": 4, "tick_hz": 20, "time_limit_secs": 15, "score_limit": 3}"#;
    let wins = wins("arena", "hunter:2,random:2", config, "hunter");
    assert!(wins >= 180, "{wins} of 200");
}

#[test]
fn those_who_graze_or_hunt_outgrow_those_who_swim_about() {
    let games = Games::builtin();
    let config = r#"{"max_players": 20, "tick_hz": 10, "time_limit_secs": 30}"#;
    let bots = "grazer:5,hunter:5,random:10";
    let simulation = Simulation::new(&games, "swarm").bots(bots).config(config).seed(2026);
    let series = simulation.matches(10).prepare().unwrap();
    let randoms_among_the_best = |index| {
        let played = series.play(index).unwrap();
        let result: serde_json::Value = serde_json::from_str(&played.result).unwrap();
        let best = result["scores"].as_array().unwrap().iter().take(5);
        let players: Vec<_> = best.map(|score| score["player"].as_u64().unwrap()).collect();
        let random = |player: &&u64| {
            played.seats.iter().any(|s| u64::from(s.player.0) == **player && s.bot == "random")
        };
        players.iter().filter(random).count()
    };
    // Half of the players, and some have luck.
    let among: usize = (0..series.matches()).map(randoms_among_the_best).sum();
    assert!(among <= 5, "{among} of the best 50");
}

#[test]
fn the_planner_beats_random_in_nine_of_ten_matches_of_connect4() {
    let wins = wins("connect4", "planner,random", "", "planner");
    assert!(wins >= 180, "{wins} of 200");
}

#[test]
fn a_careful_player_wins_among_two_careful_and_two_random_ones_in_nine_of_ten_matches_of_cards() {
    let wins = wins("cards", "careful:2,random:2", r#"{"deals": 1}"#, "careful");
    assert!(wins >= 180, "{wins} of 200");
}

#[test]
fn a_seed_decides_everything_and_another_seed_decides_otherwise() {
    let games = Games::builtin();
    for (game, config) in [
        ("arena", r#"{"time_limit_secs": 5, "send_every": 3}"#),
        ("cards", r#"{"players": 2}"#),
        ("connect4", ""),
        ("swarm", r#"{"time_limit_secs": 5, "max_players": 2, "send_every": 3}"#),
    ] {
        let hashes = |seed| {
            let simulation = Simulation::new(&games, game).config(config).seed(seed);
            let series = simulation.matches(3).prepare().unwrap();
            [0, 1, 2].map(|index| series.play(index).unwrap().hash)
        };
        assert_eq!(hashes(7), hashes(7));
        assert_ne!(hashes(7), hashes(8));
    }
}

#[test]
fn a_match_that_waits_for_nobody_is_an_error() {
    let games = Games::builtin();
    let series = Simulation::new(&games, "connect4").bots(1).prepare().unwrap();
    let Err(SimulationError::Match { index: 0, error }) = series.play(0) else {
        panic!("one player cannot play connect4")
    };
    assert_eq!(error, MatchError::Stuck { tick: 1 });
}

#[test]
fn a_match_without_end_is_given_up() {
    let games = Games::builtin();
    let limits = MatchLimits { ticks_max: 100, ..MatchLimits::default() };
    let series = Simulation::new(&games, "arena").limits(limits).prepare().unwrap();
    let error = series.play(0).unwrap_err().to_string();
    let told = "match 0: no end after 100 steps and 3 s of the room's time: does the game call ";
    assert!(error.starts_with(told), "{error}");
}

#[test]
fn a_match_without_end_ends_when_the_simulation_says() {
    let games = Games::builtin();
    for (game, config, ticks) in [("arena", r#"{"tick_hz": 20}"#, 60), ("connect4", "", 3000)] {
        let simulation = Simulation::new(&games, game).config(config).secs(3).logs(true);
        let played = simulation.prepare().unwrap().play(0).unwrap();
        match game {
            "arena" => assert_eq!((played.ticks, &*played.result), (ticks, "null")),
            // It was over before.
            _ => assert!(played.ticks < ticks && played.result.contains("winner")),
        }
        let log = played.log.unwrap();
        let entry = games.get(game).unwrap();
        assert!(log.verify(0, |keyframe| entry.game.restore(keyframe)).unwrap().hashes >= 1);
    }
}
