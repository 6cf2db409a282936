//! `tournament`: every bot meets the others, and all get a rating.
//!
//! Two bots that meet play a few matches with seats that go round and seeds in pairs. In a round
//! robin everybody meets everybody; in a Swiss one, for many bots, those with as many points meet,
//! round after round. Points and ratings follow from the lines of the matches alone, so a file of results
//! has all of it.

#[cfg(test)]
mod equals;
pub(crate) mod ratings;
mod schedule;
pub(crate) mod standings;

use greenroom::Games;
use greenroom::room::log::Log;
use serde::Serialize;

use crate::headless::{BotCommand, Common, Driver, Logs, Series, Shard, Swept, Task};
use crate::headless::{json, known_bots, mix, print};
use crate::results::{Header, Made, MatchLine};
use schedule::{Meeting, Schedule};
use standings::{BOTS_MAX, Standings};

/// Arguments of `tournament`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Who takes part, each once: hunter,random. All bots of the game unless said otherwise
    #[arg(long)]
    bots: Option<String>,
    /// Matches of two bots that meet, as many as it takes for all seats to go round, or a multiple
    #[arg(long)]
    matches: Option<u64>,
    /// Seats of each of two bots that meet
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    each: u16,
    /// A Swiss tournament of so many rounds; otherwise everybody meets everybody
    #[arg(long, value_name = "ROUNDS", value_parser = clap::value_parser!(u32).range(1..=1000))]
    swiss: Option<u32>,
}

/// What is said at the end.
#[derive(Serialize)]
struct Summary<'a> {
    tournament: &'a str,
    matches: u64,
    ticks: u64,
    hash: String,
    standings: &'a Standings,
    #[serde(flatten)]
    made: &'a Made,
}

/// Plays the tournament and prints who is where.
pub fn run(args: &Args, games: &Games) -> Result<(), String> {
    let commands = args.common.commands()?;
    let bots = args.bots(games, &commands)?;
    if args.swiss.is_some() && args.common.shard != Shard::default() {
        return Err("--shard: who meets in a round of a Swiss tournament depends on the round \
                    before: play it in one place, or a round robin in several"
            .to_owned());
    }
    let mut tournament = Tournament { args, games, commands: &commands, bots: &bots };
    // A mistake in the options is told before anything is played.
    let first = tournament.series(Meeting { round: 1, pair: (0, 1) })?;
    let name =
        args.swiss.map_or("round robin".to_owned(), |rounds| format!("Swiss, {rounds} rounds"));
    let header = Header {
        tournament: Some(name.clone()),
        each: Some(args.each),
        paired: true,
        ..args.common.header(&first, bots.clone())
    };
    let mut schedule = Schedule::new(bots.len(), args.swiss);
    let shard = args.common.shard;
    let meetings = (0..schedule.meetings()).filter(|number| shard.has(*number)).count() as u64;
    let mut driver = args.common.driver(&header, meetings * first.matches(), true)?;
    let mut logs = args.common.log.as_ref().map(|dir| Logs::new(dir, None, &bots[0]));
    let mut standings = Standings::new(&header)?;
    let (mut matches, mut ticks, mut hash) = (0, 0, 0);
    while let Some(meetings) = schedule.next(&standings) {
        let outcome = tournament.play(&meetings, matches, &mut driver, |line, log| {
            standings.add(line)?;
            if let Some(logs) = &mut logs {
                logs.add(line, &args.common.log_name("", line.index), log)?;
            }
            (matches, ticks, hash) =
                (matches + 1, ticks + u64::from(line.ticks), mix(hash ^ line.hash));
            Ok(())
        });
        if let Err(error) = outcome {
            // What was played counts.
            standings.rate();
            if matches > 0 && !args.common.json {
                print(standings.to_text())?;
            }
            return Err(error);
        }
    }
    standings.rate();
    driver.end()?;
    let (hash, made) = (format!("{hash:016x}"), &header.made);
    match args.common.json {
        true => {
            let standings = &standings;
            print(json(&Summary { tournament: &name, matches, ticks, hash, standings, made })?)
        }
        false => print(standings.to_text_of(&name, (matches, ticks, &hash))),
    }
}

struct Tournament<'a> {
    args: &'a Args,
    games: &'a Games,
    commands: &'a [BotCommand],
    bots: &'a [String],
}

impl Tournament<'_> {
    /// The matches of two bots that meet.
    fn series(&self, Meeting { round, pair }: Meeting) -> Result<Series, String> {
        let Args { common, each, .. } = self.args;
        let (one, other) = (&self.bots[pair.0], &self.bots[pair.1]);
        let round_of_seats = 2 * u64::from(*each);
        let matches = self.args.matches.unwrap_or(round_of_seats);
        if matches == 0 || !matches.is_multiple_of(round_of_seats) {
            return Err(format!(
                "--matches {matches}: seats go round, so choose a multiple of {round_of_seats}"
            ));
        }
        // Luck is the same for two bots that change seats, and not for others.
        let meeting = u64::from(round) << 32 | (pair.0 as u64) << 16 | pair.1 as u64;
        let simulation = common.simulation(self.games, &common.config, self.commands);
        simulation
            .bots(format_args!("{one}:{each},{other}:{each}"))
            .seed(mix(common.seed ^ mix(meeting)) >> 11)
            .matches(matches)
            .paired(true)
            .prepare()
            .map_err(|error| error.to_string())
    }

    /// Plays these meetings, the first match of which has this number.
    fn play(
        &mut self,
        meetings: &[Meeting],
        first: u64,
        driver: &mut Driver,
        mut take: impl FnMut(&MatchLine, Option<&Log>) -> Result<(), String>,
    ) -> Result<(), String> {
        let all: Vec<Series> =
            meetings.iter().map(|meeting| self.series(*meeting)).collect::<Result<_, _>>()?;
        let swept = Swept::default();
        let numbered = meetings.iter().zip(&all).flat_map(|(meeting, series)| {
            (0..series.matches()).map(move |number| (meeting.round, series, number))
        });
        // Whole meetings, so that each of them is told in one place.
        let is_played = |index: &u64| self.args.common.shard.has(index / all[0].matches());
        let tasks: Vec<Task<'_>> = (first..)
            .zip(numbered)
            .filter(|(index, _)| is_played(index))
            .map(|(index, (round, series, number))| Task {
                series,
                number,
                index,
                round: Some(round),
                swept: &swept,
            })
            .collect();
        let mut points = 0.0;
        driver.play(&tasks, |line, log| {
            take(&line, log.as_ref())?;
            match self.args.common.json {
                true => print(json(&line)?)?,
                false => tell(&line, &mut points, all[0].matches())?,
            }
            Ok(true)
        })
    }
}

/// Tells how two bots fared when they have played all their matches. `points` are those of one of them so
/// far.
fn tell(line: &MatchLine, points: &mut f64, matches: u64) -> Result<(), String> {
    let Some((one, other)) = standings::sides(line) else { return Ok(()) };
    *points += line.points_of(one).unwrap_or(0.5);
    line.forfeits.iter().try_for_each(|out| print(format!("match {}: {out}", line.index)))?;
    if !(line.index + 1).is_multiple_of(matches) {
        return Ok(());
    }
    let (round, points) = (line.round.unwrap_or_default(), std::mem::take(points));
    print(format!("round {round}: {one} {points} : {} {other}", matches as f64 - points))
}

impl Args {
    /// Who takes part.
    fn bots(&self, games: &Games, commands: &[BotCommand]) -> Result<Vec<String>, String> {
        let entry = games.get(&self.common.game).map_err(|error| error.to_string())?;
        let known = known_bots(entry, commands).map_err(|error| error.to_string())?;
        let Some(text) = &self.bots else {
            let all: Vec<String> = known.into_iter().map(str::to_owned).collect();
            return match all.len() {
                0 | 1 => Err(format!("--bots: {} has fewer than two bots", self.common.game)),
                _ => Ok(all),
            };
        };
        let bots: Vec<String> = text.split(',').map(|bot| bot.trim().to_owned()).collect();
        let wrong = |why: String| Err(format!("--bots {text}: {why}"));
        if let Some(bot) = bots.iter().find(|bot| !known.contains(&bot.as_str())) {
            return wrong(format!("there is no bot `{bot}`: choose from {}", known.join(", ")));
        }
        if let Some((_, bot)) = bots.iter().enumerate().find(|(n, bot)| bots[..*n].contains(bot)) {
            return wrong(format!("`{bot}` is named twice"));
        }
        match bots.len() {
            0 | 1 => wrong("a tournament has two bots or more".to_owned()),
            2..=BOTS_MAX => Ok(bots),
            _ => wrong(format!("more than {BOTS_MAX} bots: choose fewer")),
        }
    }
}
