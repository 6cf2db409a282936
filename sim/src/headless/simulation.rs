//! What to play: which game, which bots, how often, from which seed.

use std::fmt::Display;
use std::marker::PhantomData;
use std::ops::ControlFlow;

use greenroom::bot::Bot;
use greenroom::{Game, Games, Options};
use serde::de::DeserializeOwned;

use super::command::BotCommand;
use super::jobs;
use super::lag::Latency;
use super::play::{MatchLimits, Played};
use super::series::{Series, SimulationError, known_bots, line_up};

/// Bot matches, to be set up and played: of a game that is known by its type,
///
/// ```
/// use greenroom::games::connect4::{Connect4, Connect4Options, bots};
/// use greenroom_sim::Simulation;
///
/// let all = Simulation::of::<Connect4>()
///     .bot("planner", bots::Planner::new)
///     .bot("random", |seed| bots::Random::new(seed))
///     .options(&Connect4Options { turn_secs: 5 })
///     .seed(7)
///     .matches(10)
///     .run()?;
/// let winners = all.iter().filter_map(|played| played.bot_of(played.result?.winner?));
/// assert!(winners.filter(|bot| *bot == "planner").count() >= 8);
/// # Ok::<(), greenroom_sim::headless::SimulationError>(())
/// ```
///
/// or by its name only, with results as JSON:
///
/// ```
/// use greenroom::Games;
/// use greenroom_sim::Simulation;
///
/// let games = Games::builtin();
/// let series = Simulation::new(&games, "arena")
///     .bots("hunter,random")
///     .config(r#"{"max_players": 2, "time_limit_secs": 10}"#)
///     .seed(7)
///     .matches(2)
///     .prepare()?;
/// let first = series.play(0)?;
/// assert_eq!(first.hash, series.play(0)?.hash);
/// assert_eq!(first.seats[0].bot, "hunter");
/// assert_eq!(series.play(1)?.seats[0].bot, "random"); // seats go round
/// # Ok::<(), greenroom_sim::headless::SimulationError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Simulation<G = Named> {
    games: Games,
    game: String,
    /// As it was asked for; else each of `own`, or two of the default bot.
    bots: Option<String>,
    /// Names of the bots that were made known here.
    own: Vec<&'static str>,
    config: String,
    seed: u64,
    matches: u64,
    limits: MatchLimits,
    ends_at_ms: Option<u64>,
    paired: bool,
    logs: bool,
    bytes: bool,
    latency: Option<Latency>,
    commands: Vec<BotCommand>,
    jobs: usize,
    of: PhantomData<fn() -> G>,
}

/// What a [`Simulation`] plays: a [`Game`], or one of which only the name is known.
pub trait Playable {
    /// How a match of it ends.
    type Result: DeserializeOwned;
}

/// A game of which only the name is known.
#[derive(Clone, Copy, Debug)]
pub enum Named {}

impl<G: Game> Playable for G {
    type Result = G::Result;
}

impl Playable for Named {
    type Result = serde_json::Value;
}

impl Simulation {
    /// A game by its name among these: one match of two of its default bots, with its default options
    /// and seed 1.
    pub fn new(games: &Games, game: &str) -> Self {
        Self::set_up(games.clone(), game)
    }

    /// A game by its type: one match with a seat for each [`bot`](Simulation::bot), with the game's
    /// default options and seed 1.
    ///
    /// # Panics
    /// As [`Games::add`] does.
    pub fn of<G: Game>() -> Simulation<G> {
        Simulation::set_up(Games::new().add::<G>(), G::NAME)
    }

    /// A game by its type, with the bots that these have for it.
    pub fn typed<G: Game>(games: &Games) -> Simulation<G> {
        Simulation::set_up(games.clone(), G::NAME)
    }
}

impl<G: Game> Simulation<G> {
    /// Makes a bot known by this name, and gives it a seat, unless [`Simulation::bots`] says who has
    /// one. It is made anew for each match and seat, from a seed of its own.
    ///
    /// # Panics
    /// When there is a bot of this name already: say `bots("hunter:4")` for four of one kind.
    pub fn bot<B: Bot<Game = G>>(
        mut self,
        name: &'static str,
        make: impl Fn(u64) -> B + Send + Sync + 'static,
    ) -> Self {
        self.games = self.games.bot(name, make);
        self.own.push(name);
        self
    }

    /// The game's options.
    pub fn options(self, options: &G::Options) -> Self {
        self.config(&options.to_json())
    }
}

impl<G: Playable> Simulation<G> {
    fn set_up(games: Games, game: &str) -> Self {
        Simulation {
            games,
            game: game.to_owned(),
            bots: None,
            own: Vec::new(),
            config: String::new(),
            seed: 1,
            matches: 1,
            limits: MatchLimits::default(),
            ends_at_ms: None,
            paired: false,
            logs: false,
            bytes: false,
            latency: None,
            commands: Vec::new(),
            jobs: 0,
            of: PhantomData,
        }
    }

    /// Who plays: a number of the game's default bot (`8`), or names with numbers
    /// (`hunter:4,random:4`), in the order of the seats in the first match.
    pub fn bots(mut self, bots: impl Display) -> Self {
        self.bots = Some(bots.to_string());
        self
    }

    /// The game's options, as a JSON object.
    pub fn config(mut self, json: &str) -> Self {
        json.clone_into(&mut self.config);
        self
    }

    /// What all chance in the series comes from. The first match has this very seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many matches.
    pub fn matches(mut self, matches: u64) -> Self {
        self.matches = matches;
        self
    }

    /// When to give a match up.
    pub fn limits(mut self, limits: MatchLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Ends each match after so many seconds of its room's time, with the result `null`: for a
    /// world that has no end of its own.
    pub fn secs(mut self, secs: u32) -> Self {
        self.ends_at_ms = Some(u64::from(secs) * 1000);
        self
    }

    /// Matches in which the same bots have moved on by a seat have the same seed: what luck gives one
    /// it gives the other, too, and fewer matches tell two bots apart.
    pub fn paired(mut self, paired: bool) -> Self {
        self.paired = paired;
        self
    }

    /// Keep the log of each match.
    pub fn logs(mut self, keep: bool) -> Self {
        self.logs = keep;
        self
    }

    /// Count the bytes of the frames that clients would get.
    pub fn bytes(mut self, count: bool) -> Self {
        self.bytes = count;
        self
    }

    /// Puts a way between bots and room: they see old frames, and what they do comes late. In virtual
    /// time, so that a seed still decides everything.
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = Some(latency);
        self
    }

    /// Adds a bot that is a process: it is started for each match.
    pub fn bot_command(mut self, command: BotCommand) -> Self {
        self.commands.push(command);
        self
    }

    /// Checks everything that can be checked before playing.
    pub fn prepare(&self) -> Result<Series, SimulationError> {
        let entry = self.games.get(&self.game)?;
        let plan = entry.game.plan(&self.config).map_err(SimulationError::Options)?;
        let bots = match &self.bots {
            Some(bots) => bots.clone(),
            None if self.own.is_empty() => "2".to_owned(),
            None => self.own.join(","),
        };
        let bots = line_up(&bots, &known_bots(entry, &self.commands)?, entry.game.name())?;
        if bots.len() > plan.seats as usize {
            return Err(SimulationError::TooManyBots { bots: bots.len(), seats: plan.seats });
        }
        Ok(Series {
            entry: entry.clone(),
            plan,
            bots,
            seed: self.seed,
            matches: self.matches,
            limits: self.limits,
            ends_at_ms: self.ends_at_ms,
            paired: self.paired,
            logs: self.logs,
            bytes: self.bytes,
            latency: self.latency,
            commands: self.commands.clone(),
        })
    }

    /// How many threads [`Simulation::run`] plays on; 0, if not said: one for each core. What comes of
    /// the matches is the same on any number.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs;
        self
    }

    /// Plays all matches and returns what came of them, in their order; the first that does not come to
    /// its end is the error. A result is `None` where it is `null` as JSON: where [`Simulation::secs`]
    /// ended the match, or all bots were out.
    pub fn run(&self) -> Result<Vec<Played<Option<G::Result>>>, SimulationError> {
        let series = self.prepare()?;
        let count = usize::try_from(series.matches()).unwrap_or(usize::MAX);
        let (mut all, mut outcome) = (Vec::new(), Ok(()));
        let play = |place| series.play(place as u64);
        jobs::in_order(jobs::threads(self.jobs), count, play, |place, played| {
            match played.and_then(|played| with_result(place as u64, played)) {
                Ok(played) => {
                    all.push(played);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    outcome = Err(error);
                    ControlFlow::Break(())
                }
            }
        });
        outcome.map(|()| all)
    }
}

/// The match with its result as a value of its type.
fn with_result<R: DeserializeOwned>(
    index: u64,
    played: Played,
) -> Result<Played<Option<R>>, SimulationError> {
    let result = serde_json::from_str(&played.result)
        .map_err(|error| SimulationError::Result { index, why: error.to_string() })?;
    Ok(played.with(result))
}
