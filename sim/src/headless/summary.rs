//! What came of all matches of a series.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::rating::{Elo, Points, Rate, Sprt, Verdict};
use super::series::{mix, two_sides};
use super::sweep::Swept;
use crate::results::{Header, Made, MatchLine, Metrics};

/// All of them.
#[derive(Serialize, Default)]
pub(crate) struct Summary {
    pub(crate) matches: u64,
    pub(crate) ticks: u64,
    ticks_per_sec: u64,
    seconds: f64,
    jobs: usize,
    pub(crate) hash: String,
    /// By bot, if the game's results name a `winner`.
    wins: BTreeMap<String, u64>,
    /// The same as shares of the matches in which the bot had a seat and that say who won.
    pub(crate) rates: BTreeMap<String, Rate>,
    /// What the game counts, by bot.
    #[serde(skip_serializing_if = "Metrics::is_empty")]
    pub(crate) metrics: Metrics,
    /// Matches that bots were out of before the end, by bot.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) forfeits: BTreeMap<String, u64>,
    /// Where two bots with as many seats played each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) versus: Option<Versus>,
    /// Options that are swept.
    #[serde(skip_serializing_if = "Swept::is_empty")]
    swept: Swept,
    #[serde(flatten)]
    made: Made,
    #[serde(skip)]
    mixed: u64,
}

/// Two bots compared.
#[derive(Serialize)]
pub(crate) struct Versus {
    /// Whose points are counted: the bot that was named first.
    pub(crate) bot: String,
    pub(crate) against: String,
    #[serde(flatten)]
    pub(crate) elo: Option<Elo>,
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

impl Summary {
    /// Of no match yet.
    pub(crate) fn new(header: &Header, swept: Swept, sprt: Option<Sprt>) -> Self {
        let versus = two_sides(&header.bots).map(|(bot, against)| Versus {
            bot: bot.to_owned(),
            against: against.to_owned(),
            elo: None,
            verdict: sprt.map(|_| Verdict::Open),
            points: Points::default(),
            open: Vec::new(),
            round: if header.paired { header.bots.len() } else { 1 },
            sprt,
        });
        Summary { swept, versus, made: header.made.clone(), ..Summary::default() }
    }

    /// Options that are swept, with their values.
    pub(crate) fn swept(&self) -> &Swept {
        &self.swept
    }

    /// All have been played, in this time, on so many threads.
    pub(crate) fn done_in(&mut self, time: std::time::Duration, jobs: usize) {
        self.seconds = time.as_secs_f64();
        self.ticks_per_sec = (self.ticks as f64 / self.seconds.max(1e-9)) as u64;
        self.jobs = jobs;
    }

    /// One more match. Returns whether more are needed.
    pub(crate) fn add(&mut self, line: &MatchLine) -> bool {
        self.matches += 1;
        self.ticks += u64::from(line.ticks);
        self.mixed = mix(self.mixed ^ line.hash);
        self.hash = format!("{:016x}", self.mixed);
        self.metrics.add(line);
        let out: BTreeSet<&str> = line.forfeits.iter().map(|out| out.bot.as_str()).collect();
        for bot in out {
            *self.forfeits.entry(bot.to_owned()).or_default() += 1;
        }
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

    pub(crate) fn to_text(&self) -> String {
        let Summary { matches, ticks, ticks_per_sec, seconds, jobs, hash, .. } = self;
        let swept: String =
            self.swept.iter().map(|(key, value)| format!("{key} {value}: ")).collect();
        let pace = match jobs {
            0 => String::new(), // read from a file
            _ => format!(" in {seconds:.2} s ({ticks_per_sec} ticks/s, threads: {jobs})"),
        };
        let mut text = format!("{swept}{matches} matches, {ticks} ticks{pace}, hash {hash}");
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
        text += &self.metrics.to_text();
        for (bot, matches) in &self.forfeits {
            text += &format!("\n{bot} was out before the end, matches: {matches}");
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

    pub(crate) fn to_text(&self) -> String {
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
