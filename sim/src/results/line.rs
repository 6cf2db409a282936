//! One match.

use greenroom::proto::PlayerId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::metrics::numbers;
use crate::headless::{Forfeit, Played, Seat, Swept};

/// What the bytes of frames are called among the metrics.
const BYTES: &str = "bytes_per_tick";

/// What came of a match.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct MatchLine {
    #[serde(rename = "match")]
    pub(crate) index: u64,
    /// The round of a tournament, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) round: Option<u32>,
    pub(crate) seed: u64,
    pub(crate) ticks: u32,
    #[serde(with = "hex")]
    pub(crate) hash: u64,
    pub(crate) seats: Vec<Seat>,
    pub(crate) result: Value,
    /// Bytes of the frames of each seat, if they were counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) bytes: Vec<u64>,
    /// Bots that were out before the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) forfeits: Vec<Forfeit>,
    /// Options that are swept.
    #[serde(default, skip_serializing_if = "Swept::is_empty")]
    pub(crate) swept: Swept,
}

impl MatchLine {
    pub(crate) fn new(index: u64, round: Option<u32>, swept: &Swept, played: Played) -> Self {
        MatchLine {
            index,
            round,
            seed: played.seed,
            ticks: played.ticks,
            hash: played.hash,
            seats: played.seats,
            result: serde_json::from_str(&played.result).unwrap_or(Value::Null),
            bytes: played.bytes,
            forfeits: played.forfeits,
            swept: swept.clone(),
        }
    }

    /// The seat that won, `Some(None)` for a draw; `None` if the game's result does not say. Whoever
    /// forfeits does not win; the others do if they are one bot and nobody else has won.
    pub(crate) fn winner(&self) -> Option<Option<&Seat>> {
        let is_out = |seat: &&Seat| self.forfeits.iter().any(|out| out.player == seat.player);
        let named = self.result.get("winner").and_then(|winner| {
            let seats = &mut self.seats.iter();
            let seat = seats.find(|seat| winner.as_u64() == Some(seat.player.0.into()));
            (seat.is_some() || winner.is_null()).then_some(seat)
        });
        if self.forfeits.is_empty() || named.flatten().is_some_and(|seat| !is_out(&seat)) {
            return named;
        }
        let mut left = self.seats.iter().filter(|seat| !is_out(seat));
        let first = left.next();
        Some(first.filter(|first| left.all(|seat| seat.bot == first.bot)))
    }

    /// The points of one of two bots: 1, ½ or 0; `None` if the game's result does not say.
    pub(crate) fn points_of(&self, bot: &str) -> Option<f64> {
        Some(match self.winner()? {
            Some(seat) if seat.bot == bot => 1.0,
            Some(_) => 0.0,
            None => 0.5,
        })
    }

    /// What was counted: of whom, what, how many.
    pub(crate) fn numbers(&self) -> Vec<(PlayerId, String, f64)> {
        let mut numbers = numbers(&self.result);
        let ticks = f64::from(self.ticks.max(1));
        numbers.extend(
            self.seats
                .iter()
                .zip(&self.bytes)
                .map(|(seat, bytes)| (seat.player, BYTES.to_owned(), *bytes as f64 / ticks)),
        );
        numbers
    }

    pub(crate) fn to_text(&self) -> String {
        let winner = match self.winner() {
            Some(Some(seat)) => format!("{} ({}) wins: ", seat.player, seat.bot),
            Some(None) => "nobody wins: ".to_owned(),
            None => String::new(),
        };
        let MatchLine { index, seed, ticks, hash, result, .. } = self;
        let out: String = self.forfeits.iter().map(|out| format!("; {out}")).collect();
        format!(
            "match {index}, seed {seed}, {ticks} ticks, hash {hash:016x}: {winner}{result}{out}"
        )
    }
}

/// Hashes as 16 hexadecimal digits: JavaScript numbers have 53 bits.
mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(hash: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{hash:016x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        u64::from_str_radix(&String::deserialize(from)?, 16).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(result: &str, bots: &[&str], out: &[u32]) -> MatchLine {
        let seats = (1..).zip(bots);
        let seats = seats.map(|(n, bot)| Seat { player: PlayerId(n), bot: (*bot).to_owned() });
        let forfeits = out.iter().map(|player| Forfeit {
            player: PlayerId(*player),
            bot: "x".to_owned(),
            tick: 3,
            why: "it is gone".to_owned(),
        });
        MatchLine {
            index: 0,
            round: None,
            seed: 1,
            ticks: 9,
            hash: u64::MAX - 1,
            seats: seats.collect(),
            result: serde_json::from_str(result).unwrap(),
            bytes: Vec::new(),
            forfeits: forfeits.collect(),
            swept: Swept::default(),
        }
    }

    #[test]
    fn who_forfeits_does_not_win() {
        let winner = |result, bots: &[&str], out: &[u32]| {
            let line = line(result, bots, out);
            line.winner().map(|seat| seat.map(|seat| seat.player.0))
        };
        let (won, drawn, unsaid) = (r#"{"winner":1}"#, r#"{"winner":null}"#, "null");
        assert_eq!(winner(won, &["a", "b"], &[]), Some(Some(1)));
        assert_eq!(winner(drawn, &["a", "b"], &[]), Some(None));
        assert_eq!(winner(unsaid, &["a", "b"], &[]), None);
        for result in [won, drawn, unsaid] {
            assert_eq!(winner(result, &["a", "b"], &[1]), Some(Some(2)), "{result}");
            assert_eq!(winner(result, &["a", "b"], &[1, 2]), Some(None), "{result}");
        }
        // Two of the others are not one bot.
        assert_eq!(winner(unsaid, &["a", "b", "c"], &[1]), Some(None));
        assert_eq!(winner(won, &["a", "b", "c"], &[2]), Some(Some(1)));
    }

    #[test]
    fn a_line_reads_as_it_was_written() {
        let line = line(r#"{"winner":2,"mass":0.30000000000000004}"#, &["a", "b"], &[1]);
        let text = serde_json::to_string(&line).unwrap();
        assert!(text.contains("\"hash\":\"fffffffffffffffe\""), "{text}");
        assert_eq!(serde_json::from_str::<MatchLine>(&text).unwrap(), line);
    }
}
