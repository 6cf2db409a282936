//! What a tournament says of bots that are equally good: in 95 of 100 cases that it cannot tell them
//! apart.

use clap::Parser;
use greenroom::Games;
use greenroom::games::connect4::bots::Random;

use super::schedule::Schedule;
use super::standings::Standings;
use super::{Args, Tournament};
use crate::headless::Swept;
use crate::results::MatchLine;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// Bots that are as good as each other and have nothing else in common: each has a luck of its own.
fn games() -> Games {
    Games::builtin()
        .bot("second", |seed| Random::new(!seed))
        .bot("third", |seed| Random::new(seed.rotate_left(17)))
        .bot("fourth", |seed| Random::new(!seed.rotate_left(31)))
}

/// Of how many bots some tournaments of these say that they are better or worse than the mean.
fn called_different(tournaments: u64, bots: &str, matches: &str) -> usize {
    let games = games();
    let names: Vec<String> = bots.split(',').map(str::to_owned).collect();
    let mut called = 0;
    for seed in 0..tournaments {
        let seed = seed.to_string();
        let line =
            ["", "--game", "connect4", "--bots", bots, "--matches", matches, "--seed", &seed];
        let args = Line::parse_from(line).args;
        let tournament = Tournament { args: &args, games: &games, commands: &[], bots: &names };
        let mut schedule = Schedule::new(names.len(), None);
        let mut standings = Standings::of(names.clone());
        while let Some(meetings) = schedule.next(&standings) {
            for meeting in meetings {
                let series = tournament.series(meeting).unwrap();
                for index in 0..series.matches() {
                    let played = series.play(index).unwrap();
                    let round = Some(meeting.round);
                    let line = MatchLine::new(index, round, &Swept::default(), played);
                    standings.add(&line).unwrap();
                }
            }
        }
        standings.rate();
        let ratings = standings.rows().iter().map(|row| row.rating);
        called += ratings.filter(|rating| rating.low > 0.0 || rating.high < 0.0).count();
    }
    called
}

#[test]
fn of_a_thousand_tournaments_of_equals_five_in_a_hundred_call_them_different_at_most() {
    let four = "random,second,third,fourth";
    for (tournaments, bots, matches) in [(1000, "random,second", "20"), (100, four, "4")] {
        let ratings = tournaments as usize * bots.split(',').count();
        let called = called_different(tournaments, bots, matches);
        println!("{bots}, {matches} matches of two that meet: {called} of {ratings}");
        assert!(called * 20 <= ratings, "{bots}: {called} of {ratings}");
    }
}
