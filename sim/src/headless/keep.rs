//! Which logs are kept: all, or those of a few matches.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use greenroom::room::log::Log;

use crate::results::MatchLine;

/// The metric by which matches with the same outcome differ.
const SCORE: &str = "score";

/// Logs of so many matches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Keep {
    which: Which,
    count: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Which {
    /// The ones that the first bot lost, then drew; of those with one outcome the lowest `score`.
    Worst,
    /// The other way round.
    Best,
    Longest,
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (which, count) = text.split_once(':').unwrap_or((text, "5"));
        let which = match which {
            "worst" => Which::Worst,
            "best" => Which::Best,
            "longest" => Which::Longest,
            _ => return Err("write worst:5, best:5 or longest:5".to_owned()),
        };
        match count.parse() {
            Ok(count @ 1..=10_000) => Ok(Keep { which, count }),
            _ => Err("how many? Choose 1 to 10000".to_owned()),
        }
    }
}

/// A directory of logs.
pub(crate) struct Logs {
    dir: PathBuf,
    keep: Option<Keep>,
    /// The bot that is looked at.
    bot: String,
    /// What is kept, the last to go first.
    kept: Vec<(f64, PathBuf)>,
}

impl Logs {
    pub(crate) fn new(dir: &Path, keep: Option<Keep>, bot: &str) -> Self {
        Logs { dir: dir.to_owned(), keep, bot: bot.to_owned(), kept: Vec::new() }
    }

    /// One more match; `None` if its log was written before. The error is a sentence.
    pub(crate) fn add(
        &mut self,
        line: &MatchLine,
        name: &str,
        log: Option<&Log>,
    ) -> Result<(), String> {
        let path = self.dir.join(name);
        let gone = match self.keep {
            None => None,
            Some(keep) => {
                let rank = rank(keep.which, line, &self.bot);
                // Of equals the earlier one is kept, so that it depends on nothing else.
                let place = self.kept.partition_point(|(other, _)| *other >= rank);
                if place >= keep.count {
                    return Ok(());
                }
                self.kept.insert(place, (rank, path.clone()));
                (self.kept.len() > keep.count).then(|| self.kept.pop()).flatten()
            }
        };
        if let Some(log) = log {
            let written = std::fs::create_dir_all(&self.dir)
                .and_then(|()| std::fs::write(&path, log.to_bytes()));
            written.map_err(|error| {
                let file = path.display();
                format!("--log: {file} cannot be written: {error}: choose another directory")
            })?;
        }
        match gone {
            // It may be gone already, if this was interrupted right here.
            Some((_, path)) => match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(format!("--log: {} cannot be taken away: {error}", path.display()))
                }
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }
}

/// Higher is kept rather.
fn rank(which: Which, line: &MatchLine, bot: &str) -> f64 {
    let fares = || {
        let seats = || line.seats.iter().filter(|seat| seat.bot == bot);
        let scores = line.numbers();
        let scores = scores.iter().filter(|(player, name, _)| {
            name == SCORE && seats().any(|seat| seat.player == *player)
        });
        let score: f64 = scores.map(|(_, _, score)| score.clamp(-1e9, 1e9)).sum();
        1e13 * line.points_of(bot).unwrap_or(0.5) + score
    };
    match which {
        Which::Worst => -fares(),
        Which::Best => fares(),
        Which::Longest => f64::from(line.ticks),
    }
}
