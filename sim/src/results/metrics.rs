//! What a game counts, by bot.
//!
//! The names are those in the game's result: numbers in an object that has a `player`, and pairs of
//! a player and a number. `{"winner": 1, "scores": [{"player": 1, "hits": 7}], "points": [[1, 20]]}`
//! has the metrics `hits` and `points`; numbers further down have paths, as `damage.laser`.

use std::collections::BTreeMap;

use greenroom::proto::PlayerId;
use serde::Serialize;
use serde_json::Value;

use super::MatchLine;

/// Names that are counted at most; what a game counts is some ten.
const NAMES_MAX: usize = 64;
/// How far down in a result numbers are looked for.
const DEPTH_MAX: usize = 6;

/// The numbers of one match: of whom, what, how many.
pub(super) fn numbers(result: &Value) -> Vec<(PlayerId, String, f64)> {
    let mut found = Vec::new();
    find(result, "", DEPTH_MAX, &mut found);
    found
}

/// Looks for players in a part of a result.
fn find(value: &Value, name: &str, depth: usize, found: &mut Vec<(PlayerId, String, f64)>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::Object(fields) => match fields.get("player").and_then(player) {
            Some(player) => {
                for (name, value) in fields.iter().filter(|(name, _)| *name != "player") {
                    of_player(player, value, name.clone(), depth, found);
                }
            }
            None => fields.iter().for_each(|(name, value)| find(value, name, depth, found)),
        },
        Value::Array(items) => {
            for item in items {
                match item.as_array().map(Vec::as_slice) {
                    Some([first, Value::Number(number)]) if player(first).is_some() => {
                        let pair = player(first).zip(number.as_f64());
                        found
                            .extend(pair.map(|(player, number)| (player, name.to_owned(), number)));
                    }
                    _ => find(item, name, depth, found),
                }
            }
        }
        _ => {}
    }
}

/// The numbers under one player.
fn of_player(
    player: PlayerId,
    value: &Value,
    path: String,
    depth: usize,
    found: &mut Vec<(PlayerId, String, f64)>,
) {
    match (value, depth.checked_sub(1)) {
        (Value::Number(number), _) => {
            found.extend(number.as_f64().map(|number| (player, path, number)));
        }
        (Value::Object(fields), Some(depth)) => {
            for (name, value) in fields {
                of_player(player, value, format!("{path}.{name}"), depth, found);
            }
        }
        _ => {}
    }
}

fn player(value: &Value) -> Option<PlayerId> {
    value.as_u64().and_then(|player| player.try_into().ok()).map(PlayerId)
}

/// Means by bot and name, over matches.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Metrics(BTreeMap<String, BTreeMap<String, Mean>>);

/// Of numbers of one kind.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub(crate) struct Mean {
    pub(crate) count: u64,
    pub(crate) mean: f64,
    /// Between what the mean is with 95 % confidence, were the numbers independent.
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// Sum of the squares of the distances from the mean.
    #[serde(skip)]
    squares: f64,
}

impl Metrics {
    pub(crate) fn add(&mut self, line: &MatchLine) {
        for (player, name, number) in line.numbers() {
            let Some(seat) = line.seats.iter().find(|seat| seat.player == player) else { continue };
            let of_bot = self.0.entry(seat.bot.clone()).or_default();
            if of_bot.len() < NAMES_MAX || of_bot.contains_key(&name) {
                of_bot.entry(name).or_default().add(number);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Name by name, with the mean of each bot.
    pub(crate) fn by_name(&self) -> BTreeMap<&str, Vec<(&str, Mean)>> {
        let mut all: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for (bot, means) in &self.0 {
            for (name, mean) in means {
                all.entry(name).or_default().push((bot.as_str(), *mean));
            }
        }
        all
    }

    pub(crate) fn to_text(&self) -> String {
        let line = |(bot, means): (&String, &BTreeMap<String, Mean>)| {
            let means: Vec<_> = means
                .iter()
                .map(|(name, Mean { mean, low, .. })| {
                    format!("{name} {mean:.1} ± {:.1}", mean - low)
                })
                .collect();
            format!("\n{bot} has in a match: {}", means.join(", "))
        };
        self.0.iter().map(line).collect()
    }
}

impl Mean {
    /// One more (B. P. Welford's way, 1962: no large sums whose difference is small).
    fn add(&mut self, number: f64) {
        (self.least, self.most) = match self.count {
            0 => (number, number),
            _ => (self.least.min(number), self.most.max(number)),
        };
        self.count += 1;
        let n = self.count as f64;
        let from_mean = number - self.mean;
        self.mean += from_mean / n;
        self.squares += from_mean * (number - self.mean);
        let width = match self.count {
            1 => 0.0,
            _ => crate::headless::rating::Z * (self.squares / (n - 1.0) / n).sqrt(),
        };
        (self.low, self.high) = (self.mean - width, self.mean + width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_beside_their_players() {
        let of = |result: &str| -> Vec<(u32, String, f64)> {
            let found = numbers(&serde_json::from_str(result).unwrap());
            found.into_iter().map(|(player, name, number)| (player.0, name, number)).collect()
        };
        let hit = |player, name: &str, number| (player, name.to_owned(), number);
        let result = r#"{"winner":1,"moves":12,"scores":[{"player":2,"hits":7,"name":"x",
            "damage":{"laser":1.5}},{"player":1,"hits":0}],"points":[[1,20],[2,3]]}"#;
        assert_eq!(
            of(result),
            [
                hit(1, "points", 20.0),
                hit(2, "points", 3.0),
                hit(2, "damage.laser", 1.5),
                hit(2, "hits", 7.0),
                hit(1, "hits", 0.0),
            ]
        );
        assert_eq!(of("null"), []);
        assert_eq!(of(r#"{"size":[1,2,3],"deep":[[[[[[[[[1,2]]]]]]]]]}"#), []);
    }

    #[test]
    fn means_have_their_intervals() {
        let mut mean = Mean::default();
        [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().for_each(|number| mean.add(number));
        assert_eq!((mean.count, mean.mean, mean.least, mean.most), (8, 5.0, 2.0, 9.0));
        assert!((mean.high - mean.mean - 1.959_964 * (32.0f64 / 7.0 / 8.0).sqrt()).abs() < 1e-9);
    }
}
