//! A match in the caller's hands is the match that is played elsewhere, and goes on from a snapshot as
//! it did.

#![allow(clippy::unwrap_used)] // a test may panic; clippy knows that only of `#[test]` functions

use greenroom::game::Signal;
use greenroom::games::arena::{Arena, ArenaOptions};
use greenroom::games::cards::{Cards, CardsOptions};
use greenroom::games::connect4::{Connect4, Connect4Options, Illegal, Phase, Reason, Request};
use greenroom::games::swarm::Swarm;
use greenroom::prelude::*;
use greenroom::proto::wire;
use greenroom::room::Command;
use greenroom_sim::{Match, Simulation};
use proptest::collection::vec;
use proptest::prelude::*;

/// Bodies of inputs and requests: some of each game, and some of none.
fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (any::<bool>(), any::<i8>(), any::<bool>(), any::<u8>())
            .prop_map(|input| wire::encode(&input)),
        (any::<i8>(), any::<i8>(), any::<bool>()).prop_map(|input| wire::encode(&input)),
        (0u8..9).prop_map(|column| wire::encode(&(0u32, column))),
        (1u32..5, 0u32..4).prop_map(|what| wire::encode(&what)),
        vec(any::<u8>(), 0..6),
    ]
}

/// What may happen; few players, so that they meet.
fn command() -> impl Strategy<Value = Command> {
    let player = || (1u32..5).prop_map(PlayerId);
    prop_oneof![
        1 => player().prop_map(Command::join),
        1 => player().prop_map(|player| Command::Leave { player }),
        1 => player().prop_map(|player| Command::Drop { player }),
        1 => player().prop_map(|player| Command::Resume { player }),
        1 => player().prop_map(|player| Command::Idle { player }),
        1 => body().prop_map(|body| Command::Signal(Signal::Word { id: 7, body })),
        8 => (player(), body()).prop_map(|(player, body)| Command::Input { player, body }),
        8 => (player(), 0u32..9, body())
            .prop_map(|(player, id, body)| Command::Request { player, id, body }),
    ]
}

/// Steps of a match, and after which of them it is kept.
fn course() -> impl Strategy<Value = (u64, Vec<Vec<Command>>, usize, Option<u64>)> {
    let steps = vec(vec(command(), 0..4), 2..60);
    (any::<u64>(), steps, any::<prop::sample::Index>(), any::<Option<u64>>()).prop_map(
        |(seed, steps, at, reseed)| {
            let at = at.index(steps.len());
            (seed, steps, at, reseed)
        },
    )
}

fn go_on<G: Game>(game: &mut Match<G>, steps: &[Vec<Command>]) -> Vec<(u64, Tick, Option<String>)> {
    let step = |commands: &Vec<Command>| {
        commands.iter().for_each(|command| game.command(command.clone()));
        game.step();
        let result = game.result().map(|result| serde_json::to_string(&result).unwrap());
        (game.hash(), game.tick(), result)
    };
    steps.iter().map(step).collect()
}

/// Keeps a match in the middle, with what is queued, and has it go on three times.
fn goes_on_as_it_did<G: Game + Clone>(
    options: &str,
    (seed, steps, at, reseed): &(u64, Vec<Vec<Command>>, usize, Option<u64>),
) {
    let options = G::Options::parse(options).unwrap();
    let mut game = Match::<G>::new(&options, *seed, 2).unwrap();
    go_on(&mut game, &steps[..*at]);
    game.command(Command::Drop { player: PlayerId(1) });
    if let Some(seed) = reseed {
        game.reseed(*seed);
    }
    let (kept, mut copy) = (game.snapshot(), game.clone());
    let rest = &steps[*at..];
    let first = go_on(&mut game, rest);
    assert_eq!(first, go_on(&mut copy, rest), "a clone of {}", G::NAME);
    game.restore(&kept);
    assert_eq!(first, go_on(&mut game, rest), "a restored {}", G::NAME);
    assert_eq!(first, go_on(&mut kept.to_match(), rest), "another {}", G::NAME);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_game_goes_on_from_a_snapshot_as_it_did(course in course()) {
        goes_on_as_it_did::<Connect4>(r#"{"turn_secs": 1}"#, &course);
        goes_on_as_it_did::<Cards>(r#"{"players": 2, "deals": 1, "turn_secs": 1}"#, &course);
        goes_on_as_it_did::<Arena>(
            r#"{"tick_hz": 5, "max_players": 4, "score_limit": 1, "life": 1, "time_limit_secs": 8}"#,
            &course,
        );
        goes_on_as_it_did::<Swarm>(
            r#"{"tick_hz": 5, "max_players": 4, "pellets": 100, "time_limit_secs": 8}"#,
            &course,
        );
    }
}

/// Does by hand what bots did in a match.
fn comes_to_the_same_as_its_log<G: Game>(bots: &str, options: &G::Options) {
    let games = Games::builtin();
    let played = Simulation::typed::<G>(&games).bots(bots).options(options).seed(5).logs(true);
    let played = played.run().unwrap().remove(0);
    let mut game = Match::<G>::new(options, 5, played.seats.len() as u32).unwrap();
    let log = played.log.unwrap();
    for step in log.steps(0) {
        let step = step.unwrap();
        if step.tick == Tick(1) {
            continue; // in which they came
        }
        while game.tick().next() < step.tick {
            game.step(); // in which nothing happened
        }
        step.commands.into_iter().for_each(|command| game.command(command));
        game.step();
        assert_eq!(game.tick(), step.tick);
    }
    assert!(game.is_over(), "{}", G::NAME);
    assert_eq!(game.hash(), played.hash, "{}", G::NAME);
    let result = serde_json::to_string(&game.result()).unwrap();
    assert_eq!(result, serde_json::to_string(&played.result).unwrap());
}

#[test]
fn a_match_by_hand_is_the_one_that_bots_play() {
    comes_to_the_same_as_its_log::<Connect4>("random:2", &Connect4Options::defaults());
    let options = CardsOptions { deals: 1, ..CardsOptions::defaults() };
    comes_to_the_same_as_its_log::<Cards>("careful:2,random:2", &options);
    let options = ArenaOptions { time_limit_secs: 10, ..ArenaOptions::defaults() };
    comes_to_the_same_as_its_log::<Arena>("hunter:3", &options);
}

#[test]
fn a_match_out_of_a_log_goes_on_as_it_did_and_otherwise() {
    let games = Games::builtin();
    let options =
        ArenaOptions { time_limit_secs: 40, score_limit: 1000, ..ArenaOptions::defaults() };
    let simulation = Simulation::typed::<Arena>(&games).bots(2).options(&options).logs(true);
    let played = simulation.run().unwrap().remove(0);
    let log = played.log.unwrap();
    assert!(log.keyframes() > 2);
    // Before, at and behind a keyframe, and beyond the end.
    for tick in [0, 1, 511, 512, 700, 9999].map(Tick) {
        let mut game = Match::<Arena>::at(&log, tick).unwrap();
        assert_eq!(game.tick(), tick.min(Tick(played.ticks)));
        let mut otherwise = game.clone();
        for step in log.steps(0).map(Result::unwrap).filter(|step| step.tick > tick) {
            step.commands.into_iter().for_each(|command| game.command(command));
            game.step();
            otherwise.step();
        }
        assert_eq!((game.hash(), game.is_over()), (played.hash, true), "{tick}");
        assert_eq!(game.result().is_some(), game.is_over());
        assert_eq!(otherwise.hash() == played.hash, tick == Tick(9999), "{tick}");
    }
    let other = Match::<Connect4>::at(&log, Tick(1)).err().unwrap();
    assert!(other.to_string().contains("schema"), "{other}");
}

fn connect4(players: u32) -> Match<Connect4> {
    Match::new(&Connect4Options::defaults(), 3, players).unwrap()
}

#[test]
fn answers_events_and_the_result_are_values_of_the_games_own_types() {
    use greenroom::games::connect4::Event;

    let mut game = connect4(2);
    let first = game.state().turn;
    let second = game.players().into_iter().find(|player| *player != first).unwrap();
    assert_eq!(game.ask(second, &Request::Drop { column: 0 }), Some(Err(Illegal::NotYourTurn)));
    game.request(first, &Request::Drop { column: 3 });
    let told = game.step();
    assert!(told.replies().all(|(player, reply)| player == first && reply.unwrap().column == 3));
    let events: Vec<_> = told.events().map(|(_, event)| event).collect();
    assert_eq!(events, [Event::Dropped { player: first, row: 0, column: 3 }]);

    // Nobody moves any more, until the second player's time is up.
    assert!(game.result().is_none());
    game.step();
    let outcome = game.result().unwrap();
    assert_eq!((outcome.winner, outcome.reason), (Some(first), Reason::TimeUp));
    assert_eq!(game.time().as_secs(), 30);

    let (hash, tick) = (game.hash(), game.tick());
    assert_eq!(game.ask(first, &Request::Drop { column: 0 }), None);
    assert_eq!((game.hash(), game.tick()), (hash, tick), "over is over");
}

#[test]
fn who_has_no_seat_gets_no_answer_and_who_comes_later_is_told_as_in_a_room() {
    let mut game = connect4(1);
    assert_eq!(game.ask(PlayerId(2), &Request::Drop { column: 0 }), None);
    assert_eq!(game.state().phase, Phase::Waiting);
    game.command(Command::join(PlayerId(2)));
    game.step();
    assert_eq!(game.state().phase, Phase::Playing);
    let error = Match::<Connect4>::new(&Connect4Options::defaults(), 3, 3).err().unwrap();
    assert_eq!(error.to_string(), "the room cannot be made: 3 players, and there are 2 seats");
    let wrong = Connect4Options { turn_secs: 0 };
    let error = Match::<Connect4>::new(&wrong, 3, 2).err().unwrap();
    assert_eq!(error.to_string(), "the room cannot be made: turn_secs is 0: choose 1 to 3600");
}

#[test]
fn a_view_hides_what_its_player_may_not_see() {
    let options = CardsOptions { players: 3, ..CardsOptions::defaults() };
    let game = Match::<Cards>::new(&options, 9, 3).unwrap();
    for me in game.players() {
        let view = game.view(me).unwrap();
        for (all, seen) in game.state().players.values().zip(view.players.values()) {
            assert!(!all.hand.is_empty());
            let shown = if seen.player == me { all.hand.len() } else { 0 };
            assert_eq!((seen.player, seen.hand.len()), (all.player, shown));
        }
    }
}

#[test]
fn chance_comes_otherwise_after_a_new_seed_and_only_then() {
    let options = ArenaOptions { time_limit_secs: 5, ..ArenaOptions::defaults() };
    let game = Match::<Arena>::new(&options, 9, 2).unwrap();
    let comes = |seed: Option<u64>| {
        let mut game = game.clone();
        seed.into_iter().for_each(|seed| game.reseed(seed));
        // Somebody comes back to life at a place that chance says.
        game.command(Command::join(PlayerId(3)));
        game.step();
        let ship = game.state().ship_of(PlayerId(3)).unwrap();
        (ship.x.to_bits(), ship.y.to_bits())
    };
    assert_eq!(comes(None), comes(None));
    assert_eq!(comes(Some(1)), comes(Some(1)));
    assert_ne!(comes(Some(1)), comes(Some(2)));
    assert_ne!(comes(None), comes(Some(1)));
}

#[test]
fn a_series_by_type_is_the_one_by_name_on_any_number_of_threads() {
    use greenroom::games::connect4::bots::{Planner, Random};

    let games = Games::builtin();
    let by_name = |jobs| {
        let simulation = Simulation::new(&games, "connect4").bots("random,planner").jobs(jobs);
        let all = simulation.matches(6).seed(4).run().unwrap();
        all.iter().map(|played| played.hash).collect::<Vec<_>>()
    };
    let by_type =
        Simulation::of::<Connect4>().bot("random", Random::new).bot("planner", Planner::new);
    let all = by_type.matches(6).seed(4).run().unwrap();
    assert!(by_name(1).into_iter().eq(all.iter().map(|played| played.hash)));
    assert_eq!(by_name(1), by_name(3));
    let won = |bot: &str| {
        let winners = all.iter().filter_map(|played| played.bot_of(played.result?.winner?));
        winners.filter(|winner| *winner == bot).count()
    };
    assert!(won("planner") > won("random"));
    let json = Simulation::new(&games, "connect4").seed(4).run().unwrap().remove(0);
    assert!(json.result.unwrap()["winner"].is_u64());
}

#[test]
fn a_match_that_the_simulation_ends_has_no_result() {
    let games = Games::builtin();
    let all = Simulation::typed::<Arena>(&games).secs(1).run().unwrap();
    assert!(all[0].result.is_none());
    assert_eq!(all[0].ticks, 30);
    let none = Simulation::of::<Arena>().run().err().unwrap();
    assert!(none.to_string().contains("arena has no bots"), "{none}");
}

#[test]
#[should_panic(expected = "connect4 has two bots named \"random\"")]
fn two_bots_of_one_name_are_refused() {
    let random = greenroom::games::connect4::bots::Random::new;
    let _ = Simulation::of::<Connect4>().bot("random", random).bot("random", random);
}
