//! Points and ratings, from the lines of the matches.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::ratings::{Rating, Unit, ratings};
use crate::headless::align;
use crate::results::{Header, MatchLine};

/// Bots at most: a round robin of 200 is 19,900 meetings, and ratings take their cube in steps.
pub(super) const BOTS_MAX: usize = 200;

/// Who is where.
#[derive(Clone, Debug)]
pub(crate) struct Standings {
    bots: Vec<String>,
    rows: Vec<Row>,
    /// Whether sitting out is worth a point: in a round robin all do so as often.
    swiss: bool,
    /// The rounds in which each took part.
    rounds: Vec<BTreeSet<u32>>,
    round: u32,
    /// By round, pair and seed: matches with one seed depend on each other.
    units: BTreeMap<(u32, Pair, u64), Tally>,
    pairs: BTreeSet<Pair>,
}

/// Two bots by number, the lower one first.
pub(super) type Pair = (usize, usize);

/// Points that the first of two bots made in so many matches.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) points: f64,
    pub(crate) matches: u32,
}

impl Tally {
    fn add(&mut self, Tally { points, matches }: Tally) {
        self.points += points;
        self.matches += matches;
    }

    /// The same for the other of the two.
    fn turned(self) -> Tally {
        Tally { points: f64::from(self.matches) - self.points, ..self }
    }

    fn share(self) -> f64 {
        self.points / f64::from(self.matches.max(1))
    }
}

/// Of each bot against each other; `None` where two never met.
pub(crate) type Table = Vec<Vec<Option<Tally>>>;

/// How one bot fared.
#[derive(Clone, Default, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) bot: String,
    pub(crate) wins: u64,
    pub(crate) draws: u64,
    pub(crate) losses: u64,
    /// Rounds in which nobody was left to meet.
    pub(crate) byes: u32,
    /// Of each meeting the share of its matches, a draw half.
    pub(crate) points: f64,
    #[serde(flatten)]
    pub(crate) rating: Rating,
}

/// The two bots of a match, in alphabetical order; `None` where there are not two.
pub(crate) fn sides(line: &MatchLine) -> Option<(&str, &str)> {
    let bots: BTreeSet<&str> = line.seats.iter().map(|seat| seat.bot.as_str()).collect();
    let mut bots = bots.into_iter();
    match (bots.next(), bots.next(), bots.next()) {
        (Some(one), Some(other), None) => Some((one, other)),
        _ => None,
    }
}

impl Standings {
    /// Before the first match of this tournament. The error is a sentence.
    pub(crate) fn new(header: &Header) -> Result<Self, String> {
        if header.bots.len() > BOTS_MAX {
            return Err(format!("more than {BOTS_MAX} bots: choose fewer"));
        }
        let swiss = header.tournament.as_deref().is_some_and(|name| name.starts_with("Swiss"));
        Ok(Standings { swiss, ..Standings::of(header.bots.clone()) })
    }

    pub(crate) fn of(bots: Vec<String>) -> Self {
        let row = |bot: &String| Row { bot: bot.clone(), ..Row::default() };
        Standings {
            rows: bots.iter().map(row).collect(),
            rounds: vec![BTreeSet::new(); bots.len()],
            bots,
            swiss: true,
            round: 0,
            units: BTreeMap::new(),
            pairs: BTreeSet::new(),
        }
    }

    /// One more match. The error is a sentence.
    pub(crate) fn add(&mut self, line: &MatchLine) -> Result<(), String> {
        let place = |bot: &str| self.bots.iter().position(|other| other == bot);
        let pair = sides(line).and_then(|(one, other)| Some((place(one)?, place(other)?)));
        let Some(pair) = pair.map(|(one, other)| (one.min(other), one.max(other))) else {
            return Err(format!("match {} is not one of this tournament", line.index));
        };
        let points = line.points_of(&self.bots[pair.0]).ok_or_else(|| {
            format!(
                "match {}: its result does not say who has won: a tournament is for games whose \
                 results have a `winner`, a player or null",
                line.index
            )
        })?;
        self.met(line.round.unwrap_or(1), pair, line.seed, points);
        Ok(())
    }

    /// Two bots have played a match, of which the first has these points.
    pub(super) fn met(&mut self, round: u32, pair: Pair, seed: u64, points: f64) {
        self.round = self.round.max(round);
        for (bot, points) in [(pair.0, points), (pair.1, 1.0 - points)] {
            self.rounds[bot].insert(round);
            let row = &mut self.rows[bot];
            match points {
                1.0 => row.wins += 1,
                0.0 => row.losses += 1,
                _ => row.draws += 1,
            }
        }
        self.pairs.insert(pair);
        self.units.entry((round, pair, seed)).or_default().add(Tally { points, matches: 1 });
    }

    pub(super) fn have_met(&self, one: usize, other: usize) -> bool {
        self.pairs.contains(&(one.min(other), one.max(other)))
    }

    /// Rounds in which a bot sat out.
    pub(super) fn byes(&self, bot: usize) -> u32 {
        self.round.saturating_sub(self.rounds[bot].len() as u32)
    }

    /// Of each meeting the share of its matches, and for each round in which a bot of a Swiss
    /// tournament sat out a point.
    pub(super) fn points(&self, bot: usize) -> f64 {
        let mut meetings: BTreeMap<(u32, Pair), Tally> = BTreeMap::new();
        for ((round, pair, _), tally) in &self.units {
            if pair.0 == bot || pair.1 == bot {
                let own = if pair.0 == bot { *tally } else { tally.turned() };
                meetings.entry((*round, *pair)).or_default().add(own);
            }
        }
        let shares: f64 = meetings.values().map(|tally| tally.share()).sum();
        shares + if self.swiss { f64::from(self.byes(bot)) } else { 0.0 }
    }

    /// Works out points and ratings, and sorts: by points, then by rating. Nothing is added afterwards.
    pub(crate) fn rate(&mut self) {
        let units = self.units.iter();
        let units = units.map(|((_, pair, _), tally)| Unit { pair: *pair, share: tally.share() });
        let ratings = ratings(self.bots.len(), &units.collect::<Vec<_>>());
        let mut rows = std::mem::take(&mut self.rows);
        for ((bot, row), rating) in rows.iter_mut().enumerate().zip(ratings) {
            (row.points, row.byes, row.rating) = (self.points(bot), self.byes(bot), rating);
        }
        rows.sort_by(|one, other| {
            let points = other.points.total_cmp(&one.points);
            points.then(other.rating.elo.total_cmp(&one.rating.elo))
        });
        self.rows = rows;
    }

    /// Rows, the best first, once they are rated.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The bots as they were named, and how each did against each other.
    pub(crate) fn table(&self) -> (&[String], Table) {
        let bots = self.bots.len();
        let mut table = vec![vec![None; bots]; bots];
        for ((_, (one, other), _), tally) in &self.units {
            table[*one][*other].get_or_insert_with(Tally::default).add(*tally);
            table[*other][*one].get_or_insert_with(Tally::default).add(tally.turned());
        }
        (&self.bots, table)
    }

    pub(crate) fn to_text(&self) -> String {
        let head = ["", "bot", "points", "Elo", "95 %", "won", "drawn", "lost"];
        let mut cells = vec![head.map(str::to_owned).to_vec()];
        for (place, row) in (1..).zip(&self.rows) {
            let Rating { elo, low, high } = row.rating.rounded();
            cells.push(vec![
                format!("{place}."),
                row.bot.clone(),
                format!("{:.2}", row.points),
                format!("{elo:+.0}"),
                format!("{low:+.0} to {high:+.0}"),
                row.wins.to_string(),
                row.draws.to_string(),
                row.losses.to_string(),
            ]);
        }
        align(&cells)
    }

    /// The table, and over how many matches and ticks with which hash it is.
    pub(crate) fn to_text_of(&self, name: &str, over: (u64, u64, &str)) -> String {
        let (matches, ticks, hash) = over;
        let text = self.to_text();
        format!("{text}\n{name}: {matches} matches, {ticks} ticks, hash {hash}")
    }

    #[cfg(test)]
    pub(super) fn first(&self) -> &str {
        &self.rows[0].bot
    }
}

impl Serialize for Standings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.rows.len()))?;
        for row in &self.rows {
            rows.serialize_element(row)?;
        }
        rows.end()
    }
}
