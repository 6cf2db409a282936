//! A series of matches: who sits where in each, from which seed.

use greenroom::registry::{Entry, RoomPlan, UnknownGame};

use super::command::BotCommand;
use super::lag::Latency;
use super::play::{MatchError, MatchLimits, Played, play};
use super::shard::Shard;
use crate::costs::StepTimes;

/// A series of matches that can be played, each by itself and in any order.
pub struct Series {
    pub(super) entry: Entry,
    pub(super) plan: RoomPlan,
    pub(super) limits: MatchLimits,
    pub(super) ends_at_ms: Option<u64>,
    pub(super) logs: bool,
    pub(super) bytes: bool,
    pub(super) latency: Option<Latency>,
    pub(super) commands: Vec<BotCommand>,
    pub(super) bots: Vec<String>,
    pub(super) seed: u64,
    pub(super) matches: u64,
    pub(super) paired: bool,
}

impl Series {
    /// How many matches.
    #[must_use]
    pub fn matches(&self) -> u64 {
        self.matches
    }

    /// The options of the rooms, complete.
    #[must_use]
    pub fn plan(&self) -> &RoomPlan {
        &self.plan
    }

    /// The seed of a match, of at most 53 bits from the second on: whoever reads results as
    /// JavaScript numbers gets it whole.
    #[must_use]
    pub fn seed_of(&self, index: u64) -> u64 {
        let number = index / self.matches_of_one_seed() as u64;
        if number == 0 { self.seed } else { mix(self.seed ^ mix(number)) >> 11 }
    }

    /// So many matches one after the other share a seed: 1, or as many as there are seats.
    #[must_use]
    pub fn matches_of_one_seed(&self) -> usize {
        if self.paired { self.bots.len() } else { 1 }
    }

    /// Its bots by seat, in the first match.
    #[must_use]
    pub fn line_up(&self) -> &[String] {
        &self.bots
    }

    /// The game.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The matches of one of so many shards, by number: whole rounds of seats, so that in each of
    /// them every bot has had every seat.
    pub fn shard(&self, shard: Shard) -> impl Iterator<Item = u64> {
        let round = self.bots.len() as u64;
        (0..self.matches).filter(move |index| shard.has(index / round))
    }

    /// The bots of a match by seat. They move on by one seat from match to match, so that over a
    /// series nobody has the better one.
    #[must_use]
    pub fn bots_of(&self, index: u64) -> Vec<&str> {
        let first = (index % self.bots.len() as u64) as usize;
        self.bots[first..].iter().chain(&self.bots[..first]).map(String::as_str).collect()
    }

    /// Plays one match. The same index always gives the same match.
    pub fn play(&self, index: u64) -> Result<Played, SimulationError> {
        self.play_timed(index, None)
    }

    /// The same, and how long each step takes.
    pub(super) fn play_timed(
        &self,
        index: u64,
        times: Option<&mut StepTimes>,
    ) -> Result<Played, SimulationError> {
        let error = |error| SimulationError::Match { index, error };
        play(self, &self.bots_of(index), self.seed_of(index), times).map_err(error)
    }
}

/// The two bots, if only two of them play, each in as many seats.
pub(crate) fn two_sides(bots: &[String]) -> Option<(&str, &str)> {
    let first = bots.first()?;
    let (own, others): (Vec<_>, Vec<_>) = bots.iter().partition(|bot| *bot == first);
    let second = others.first()?;
    let two = own.len() == others.len() && others.iter().all(|bot| bot == second);
    two.then_some((first.as_str(), second.as_str()))
}

/// A series cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// There is no such game.
    #[error(transparent)]
    Game(#[from] UnknownGame),
    /// The game does not have these options.
    #[error("--config: {0}")]
    Options(String),
    /// A bot that is a process has a name that is taken.
    #[error("--bot-cmd {command}: {why}")]
    Command {
        /// What was asked for.
        command: String,
        /// What is wrong with it.
        why: String,
    },
    /// The line-up does not read.
    #[error("--bots {text}: {why}")]
    Bots {
        /// What was asked for.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// More bots than seats.
    #[error(
        "--bots: {bots} bots, but a room with these options has {seats} seats: choose fewer, or \
         other options with --config"
    )]
    TooManyBots {
        /// How many.
        bots: usize,
        /// Seats in a room.
        seats: u32,
    },
    /// A match did not come to its end.
    #[error("match {index}: {error}")]
    Match {
        /// Which of the series.
        index: u64,
        /// What happened.
        error: MatchError,
    },
    /// The game's `Result` does not read what it wrote.
    #[error("match {index}: its result does not read as the game's: {why}")]
    Result {
        /// Which of the series.
        index: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// Bots that a line-up may have; no game seats as many.
const BOTS_MAX: usize = 10_000;

/// All bots that may play, the default first.
pub(crate) fn known_bots<'a>(
    entry: &'a Entry,
    commands: &'a [BotCommand],
) -> Result<Vec<&'a str>, SimulationError> {
    let mut known: Vec<&str> = entry.bot_names();
    for command in commands {
        let wrong = |why| SimulationError::Command { command: command.to_string(), why };
        if known.contains(&command.name()) {
            let name = command.name();
            return Err(wrong(format!("there is a bot `{name}` already: write another_name=…")));
        }
        known.push(command.name());
    }
    Ok(known)
}

/// `8` or `hunter:4,random:4` as the bot of each seat.
pub(super) fn line_up(
    text: &str,
    known: &[&str],
    game: &str,
) -> Result<Vec<String>, SimulationError> {
    let wrong = |why: String| SimulationError::Bots { text: text.to_owned(), why };
    let default = *known
        .first()
        .ok_or_else(|| wrong(format!("{game} has no bots: add some with `Games::bot`")))?;
    let mut bots = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (name, count) = match part.split_once(':') {
            Some((name, count)) => (name.trim(), count.trim().parse().ok()),
            None if part.starts_with(|c: char| c.is_ascii_digit()) => (default, part.parse().ok()),
            None => (part, Some(1)),
        };
        let count: usize = count
            .filter(|count| (1..=BOTS_MAX).contains(count) && bots.len() + count <= BOTS_MAX)
            .ok_or_else(|| wrong(format!("how many is `{part}`? Write 8 or {default}:4")))?;
        if !known.contains(&name) {
            let known = known.join(", ");
            return Err(wrong(format!("there is no bot `{name}`: choose from {known}")));
        }
        bots.extend(std::iter::repeat_n(name.to_owned(), count));
    }
    Ok(bots)
}

/// Bits well mixed: the finaliser of SplitMix64 (Steele, Lea, Flood: "Fast Splittable
/// Pseudorandom Number Generators", 2014).
pub(crate) fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use greenroom::Games;

    use super::super::Simulation;
    use super::*;

    fn prepare(game: &str, bots: &str, config: &str) -> Result<Series, String> {
        let games = Games::builtin();
        let simulation = Simulation::new(&games, game).bots(bots).config(config).seed(5);
        simulation.prepare().map_err(|error| error.to_string())
    }

    fn error(game: &str, bots: &str, config: &str) -> String {
        prepare(game, bots, config).err().expect("an error")
    }

    #[test]
    fn bots_are_named_or_counted_and_move_on_by_a_seat_per_match() {
        let bots = |text| prepare("arena", text, "").unwrap().bots;
        assert_eq!(bots("3"), ["hunter", "hunter", "hunter"]);
        assert_eq!(bots("random, hunter:2"), ["random", "hunter", "hunter"]);
        let series = prepare("arena", "hunter:2,random", "").unwrap();
        assert_eq!(series.bots_of(1), ["hunter", "random", "hunter"]);
        assert_eq!(series.bots_of(5), ["random", "hunter", "hunter"]);
        assert_eq!(series.seed_of(0), 5);
        assert_ne!(series.seed_of(1), series.seed_of(2));
    }

    #[test]
    fn two_bots_with_as_many_seats_are_two_sides() {
        let sides = |bots| {
            let series = prepare("arena", bots, "").unwrap();
            two_sides(series.line_up()).map(|(one, two)| format!("{one} {two}"))
        };
        assert_eq!(sides("random:2,hunter:2").as_deref(), Some("random hunter"));
        assert_eq!(sides("hunter,random,hunter,random").as_deref(), Some("hunter random"));
        assert_eq!((sides("hunter:2,random"), sides("hunter:4")), (None, None));
    }

    #[test]
    fn paired_matches_share_a_seed_and_shards_have_whole_rounds() {
        let games = Games::builtin();
        let simulation = Simulation::new(&games, "arena").bots("hunter,random:2").matches(14);
        let series = simulation.paired(true).prepare().unwrap();
        let seeds: Vec<_> = (0..6).map(|index| series.seed_of(index)).collect();
        assert!(seeds[..3].iter().all(|seed| *seed == 1) && seeds[3] != 1);
        assert_eq!((seeds[4], seeds[5]), (seeds[3], seeds[3]));
        let shard = |text: &str| series.shard(text.parse().unwrap()).collect::<Vec<_>>();
        assert_eq!(
            (shard("1/2"), shard("2/2")),
            (vec![0, 1, 2, 6, 7, 8, 12, 13], vec![3, 4, 5, 9, 10, 11])
        );
        assert_eq!(shard("1/1").len(), 14);
    }

    #[test]
    fn what_cannot_be_played_is_said_in_a_sentence() {
        assert_eq!(
            error("go", "2", ""),
            "there is no game `go`: choose from arena, cards, connect4, swarm"
        );
        assert_eq!(
            error("arena", "8,best", ""),
            "--bots 8,best: there is no bot `best`: choose from hunter, random"
        );
        assert_eq!(
            error("connect4", "3", ""),
            "--bots: 3 bots, but a room with these options has 2 seats: choose fewer, or other \
             options with --config"
        );
        for bots in ["", "0", "hunter:x", "hunter:-1", "99999999999999999999", "9999,9999"] {
            assert!(error("arena", bots, "").starts_with("--bots"), "{bots}");
        }
        assert_eq!(
            error("arena", "2", r#"{"tick_hz": 0}"#),
            "--config: tick_hz is 0: choose 1 to 128"
        );
    }
}
