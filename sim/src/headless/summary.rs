//! What came of matches: a line for each, one over all.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::play::{Played, Seat};
use super::rating::{Elo, Points, Rate, Sprt, Verdict};
use super::series::{Series, mix};
use super::sweep::Swept;

/// A match.
#[derive(Serialize)]
pub(super) struct MatchLine {
    #[serde(rename = "match")]
    index: u64,
    seed: u64,
    ticks: u32,
    hash: String,
    seats: Vec<Seat>,
    result: Value,
    /// Options that are swept.
    #[serde(skip_serializing_if = "Swept::is_empty")]
    swept: Swept,
}

/// All of them.
#[derive(Serialize, Default)]
pub(super) struct Summary {
    pub(super) matches: u64,
    pub(super) ticks: u64,
    ticks_per_sec: u64,
    seconds: f64,
    jobs: usize,
    hash: String,
    /// By bot, if the game's results name a `winner`.
    wins: BTreeMap<String, u64>,
    /// The same as shares of the matches in which the bot had a seat and that say who won.
    pub(super) rates: BTreeMap<String, Rate>,
    /// Where two bots with as many seats played each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    versus: Option<Versus>,
    /// Options that are swept.
    #[serde(skip_serializing_if = "Swept::is_empty")]
    swept: Swept,
    #[serde(skip)]
    mixed: u64,
}

/// Two bots compared.
#[derive(Serialize)]
struct Versus {
    /// Whose points are counted: the bot that was named first.
    bot: String,
    against: String,
    #[serde(flatten)]
    elo: Option<Elo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(skip)]
    points: Points,
    /// Points of the matches of a round whose other matches are still to come.
    #[serde(skip)]
    open: Vec<f64>,
    /// Matches of a round that depend on each other: those with one seed.
    #[serde(skip)]
    round: usize,
    #[serde(skip)]
    sprt: Option<Sprt>,
}

impl MatchLine {
    pub(super) fn new(index: u64, swept: &Swept, played: Played) -> Self {
        MatchLine {
            index,
            seed: played.seed,
            ticks: played.ticks,
            hash: format!("{:016x}", played.hash),
            seats: played.seats,
            result: serde_json::from_str(&played.result).unwrap_or(Value::Null),
            swept: swept.clone(),
        }
    }

    /// The seat that won, `Some(None)` for a draw; `None` if the game's result does not say.
    fn winner(&self) -> Option<Option<&Seat>> {
        let winner = self.result.get("winner")?;
        let seat = self.seats.iter().find(|seat| winner.as_u64() == Some(seat.player.0.into()));
        (seat.is_some() || winner.is_null()).then_some(seat)
    }

    pub(super) fn to_text(&self) -> String {
        let winner = match self.winner() {
            Some(Some(seat)) => format!("{} ({}) wins: ", seat.player, seat.bot),
            Some(None) => "nobody wins: ".to_owned(),
            None => String::new(),
        };
        let MatchLine { index, seed, ticks, hash, result, .. } = self;
        format!("match {index}, seed {seed}, {ticks} ticks, hash {hash}: {winner}{result}")
    }
}

impl Summary {
    /// Of no match yet.
    pub(super) fn new(series: &Series, swept: Swept, jobs: usize, sprt: Option<Sprt>) -> Self {
        let versus = series.two_sides().map(|(bot, against)| Versus {
            bot: bot.to_owned(),
            against: against.to_owned(),
            elo: None,
            verdict: sprt.map(|_| Verdict::Open),
            points: Points::default(),
            open: Vec::new(),
            round: series.matches_of_one_seed(),
            sprt,
        });
        Summary { swept, jobs, versus, ..Summary::default() }
    }

    /// Options that are swept, with their values.
    pub(super) fn swept(&self) -> &Swept {
        &self.swept
    }

    /// All have been played, in this time.
    pub(super) fn done_in(&mut self, time: std::time::Duration) {
        self.hash = format!("{:016x}", self.mixed);
        self.seconds = time.as_secs_f64();
        self.ticks_per_sec = (self.ticks as f64 / self.seconds.max(1e-9)) as u64;
    }

    /// One more match. Returns whether more are needed.
    pub(super) fn add(&mut self, line: &MatchLine, hash: u64) -> bool {
        self.matches += 1;
        self.ticks += u64::from(line.ticks);
        self.mixed = mix(self.mixed ^ hash);
        let Some(winner) = line.winner() else { return true };
        let winner = winner.map(|seat| seat.bot.as_str());
        *self.wins.entry(winner.unwrap_or("nobody").to_owned()).or_default() += 1;
        let bots: BTreeSet<&str> = line.seats.iter().map(|seat| seat.bot.as_str()).collect();
        for bot in bots {
            let rate = self.rates.entry(bot.to_owned()).or_insert_with(|| Rate::of(0, 0));
            *rate = Rate::of(rate.wins + u64::from(winner == Some(bot)), rate.matches + 1);
        }
        self.versus.as_mut().is_none_or(|versus| versus.add(winner))
    }

    pub(super) fn to_text(&self) -> String {
        let Summary { matches, ticks, ticks_per_sec, seconds, jobs, hash, .. } = self;
        let swept: String =
            self.swept.iter().map(|(key, value)| format!("{key} {value}: ")).collect();
        let mut text = format!(
            "{swept}{matches} matches, {ticks} ticks in {seconds:.2} s ({ticks_per_sec} ticks/s, threads: \
             {jobs}), hash {hash}"
        );
        let wins: Vec<_> = self.wins.iter().map(|(bot, wins)| format!("{bot} {wins}")).collect();
        if !wins.is_empty() {
            text += &format!("; won by {}", wins.join(", "));
        }
        for (bot, Rate { wins, matches, low, high }) in &self.rates {
            let share = 100.0 * *wins as f64 / (*matches).max(1) as f64;
            let (low, high) = (100.0 * low, 100.0 * high);
            text += &format!(
                "\n{bot} wins {share:.1} % of its matches ({low:.1} to {high:.1} % with 95 % \
                 confidence)"
            );
        }
        if let Some(versus) = &self.versus {
            text += &versus.to_text();
        }
        text
    }
}

impl Versus {
    fn add(&mut self, winner: Option<&str>) -> bool {
        self.open.push(match winner {
            Some(bot) if bot == self.bot => 1.0,
            Some(_) => 0.0,
            None => 0.5,
        });
        if self.open.len() < self.round {
            return true;
        }
        self.points.add(self.open.iter().sum::<f64>() / self.round as f64);
        self.open.clear();
        self.elo = self.points.elo();
        self.verdict = self.sprt.map(|sprt| sprt.verdict(&self.points));
        self.verdict.is_none_or(|verdict| verdict == Verdict::Open)
    }

    fn to_text(&self) -> String {
        let Versus { bot, against, elo, verdict, .. } = self;
        let Some(Elo { difference, low, high }) = elo else { return String::new() };
        let verdict = match verdict {
            None => "",
            Some(Verdict::Better) => ": it is better",
            Some(Verdict::NotBetter) => ": it is not better",
            Some(Verdict::Open) => ": too few matches to say whether it is better",
        };
        format!(
            "\n{bot} against {against}: {difference:+.0} Elo ({low:+.0} to {high:+.0}){verdict}"
        )
    }
}
